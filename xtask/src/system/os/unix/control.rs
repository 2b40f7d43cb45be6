//! The control socket: where it is, who may connect, how long it waits.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Stream};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{is_readable_within, user_id};
use crate::system::os::HAS_SOCKET_MODES;

/// Where the supervisor with this state directory listens: a socket file in it.
pub(crate) fn control_endpoint(directory: &Path) -> PathBuf {
    directory.join("control")
}

/// Whether the other end sends something, or ends, within `patience`.
pub(crate) fn receives_within(stream: &Stream, patience: Duration) -> bool {
    let Stream::UdSocket(socket) = stream;
    is_readable_within(socket, patience)
}

/// Whether the other end has closed the connection.
///
/// Source: poll(2), POLLHUP, which is reported unasked; `unix_poll` in net/unix/af_unix.c.
pub(crate) fn has_hung_up(stream: &Stream) -> bool {
    let Stream::UdSocket(socket) = stream;
    let mut ends = [PollFd::new(socket, PollFlags::empty())];
    poll(&mut ends, Some(&Timespec::default())).is_ok_and(|n| n > 0) && ends[0].revents().contains(PollFlags::HUP)
}

/// How long a write to the other end may wait; `None` means forever.
pub(crate) fn set_send_timeout(stream: &Stream, patience: Option<Duration>) -> io::Result<()> {
    stream.set_send_timeout(patience)
}

/// Allows only the user to connect. Where the system does not let a socket have a mode before it has a path, the private
/// directory alone does, and [`is_same_user`].
pub(crate) fn private_socket(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    if HAS_SOCKET_MODES { options.mode(0o600) } else { options }
}

/// Whether the process that listens is the one that is meant. Only who may enter the directory of the socket can listen
/// there.
pub(crate) fn is_trusted_server(_: &Stream) -> bool {
    true
}

/// Whether the peer of the socket is this user or root.
pub(crate) fn is_same_user(stream: &Stream) -> bool {
    let peer = stream.peer_creds().ok().and_then(|creds| creds.euid());
    peer.is_some_and(|peer| peer == user_id() || peer == 0)
}

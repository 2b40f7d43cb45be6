//! The control socket: where it is, who may connect, how long it waits.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Stream};
use interprocess::os::unix::local_socket::ListenerOptionsExt;

use super::user_id;

/// Where the supervisor with this state directory listens: a socket file in it.
pub(crate) fn control_endpoint(directory: &Path) -> PathBuf {
    directory.join("control")
}

/// Reads what the other end has sent; waits for it at most `patience`, or forever.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`] if nothing has come, or an error of the system.
pub(crate) fn receive(mut stream: &Stream, buffer: &mut [u8], patience: Option<Duration>) -> io::Result<usize> {
    stream.set_recv_timeout(patience)?;
    stream.read(buffer)
}

/// How long a write to the other end may wait.
pub(crate) fn set_send_timeout(stream: &Stream, patience: Duration) -> io::Result<()> {
    stream.set_send_timeout(Some(patience))
}

/// Allows only the user to connect.
pub(crate) fn private_socket(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options.mode(0o600)
}

/// Whether the peer of the socket is this user or root.
pub(crate) fn is_same_user(stream: &Stream) -> bool {
    let peer = stream.peer_creds().ok().and_then(|creds| creds.euid());
    peer.is_some_and(|peer| peer == user_id() || peer == 0)
}

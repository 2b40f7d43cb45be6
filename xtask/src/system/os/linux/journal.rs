//! Messages to journald that are too long for a datagram.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use socket2::Socket;

/// Most Linux systems have journald; whether it runs shows when lines are sent.
pub(crate) const HAS_JOURNAL: bool = true;

/// Sends the descriptor of a file in memory with this content, which nobody can change any more.
///
/// Source: systemd.io/JOURNAL_NATIVE_PROTOCOL, "a sealed memory file descriptor"; Linux 3.17.
pub(crate) fn send_in_file(socket: &Socket, content: &[u8]) -> io::Result<()> {
    let mut file = File::from(memfd_create(
        "devtasks",
        MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
    )?);
    file.write_all(content)?;
    fcntl_add_seals(
        &file,
        SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL,
    )?;
    let descriptors = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(socket, &[IoSlice::new(&[])], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

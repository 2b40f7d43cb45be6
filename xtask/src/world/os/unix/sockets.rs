//! Sockets for services: which descriptors they have in a new process.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::{dup2, fcntl_dupfd_cloexec};

/// Source: sd_listen_fds(3), `SD_LISTEN_FDS_START`.
const FIRST: RawFd = 3;

/// What has to be there at the moment a process is spawned.
pub(crate) type Held = Vec<OwnedFd>;

/// Lets the command's process have these as its descriptors from 3 on. What is returned has to be held until it was spawned.
///
/// # Errors
/// The system has no more descriptors.
#[expect(unsafe_code, reason = "std passes on the three standard streams only")]
pub(crate) fn pass_on(command: &mut Command, sockets: &[impl AsFd]) -> io::Result<Held> {
    let end = FIRST + RawFd::try_from(sockets.len()).map_err(io::Error::other)?;
    let beyond = |socket: &_| fcntl_dupfd_cloexec(socket, end);
    let beyond = sockets.iter().map(beyond).collect::<Result<Vec<_>, _>>()?;
    // The descriptor by which std's child reports that exec failed must not be one of those that are replaced.
    let mut taken = Vec::new();
    loop {
        let null = open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        if null.as_raw_fd() >= end {
            break;
        }
        taken.push(null);
    }
    let pass = move || {
        for (number, socket) in (FIRST..).zip(&beyond) {
            // SAFETY: whatever has this number is of no use to the program that is about to run.
            let mut number = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
            dup2(socket, &mut number)?;
        }
        Ok(())
    };
    // SAFETY: after the fork only these system calls are made; nothing is allocated, locked or freed.
    unsafe { command.pre_exec(pass) };
    Ok(taken)
}

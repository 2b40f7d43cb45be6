//! Pseudo-terminals for services.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{QueueSelector, Winsize, tcflush, tcsetwinsize};

use crate::system::terminal::Size;

/// Terminals understand colours.
pub(crate) fn enable_colours() -> bool {
    true
}

/// Discards what has been typed at the terminal of stdin, so that it does not answer the next question.
///
/// Source: man 3 tcflush: this includes an unfinished line. Does nothing if stdin is not a terminal.
pub(crate) fn forget_typed() {
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}

/// Reads the next line typed at the terminal of stdin, or an incomplete one at its end. Unlike `std::io::stdin`, it
/// does not buffer later input, which would answer the next question.
///
/// # Errors
/// The terminal is gone.
pub(crate) fn read_line() -> io::Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.last() != Some(&b'\n') {
        match rustix::io::read(io::stdin(), &mut byte) {
            Ok(0) => break,
            Ok(_) => line.extend(byte),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Creates a pseudo-terminal: our side of it, and the side for a program. Neither is inherited by other programs.
///
/// # Errors
/// The system has no more terminals, or does not support them.
pub(crate) fn open_terminal(size: Size) -> io::Result<(File, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // macOS has no flag for it. Only the driver's thread starts processes, so none can inherit it meanwhile.
    fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name, flags, Mode::empty())?;
    let ours = File::from(ours);
    resize_terminal(&ours, size)?;
    Ok((ours, File::from(theirs)))
}

/// Changes the size of a terminal through our side. The kernel notifies its foreground processes.
///
/// # Errors
/// It is not a terminal.
pub(crate) fn resize_terminal(ours: &File, size: Size) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(ours, size)?)
}

/// Makes the command the leader of a new session and process group, with `terminal` as its controlling terminal.
///
/// Source: man 2 setsid: it fails for the leader of a group, so it cannot be combined with
/// [`spawn_group`](super::spawn_group).
#[expect(unsafe_code, reason = "std sets no controlling terminal")]
pub(crate) fn lead_own_session(command: &mut Command, terminal: File) {
    let lead = move || {
        setsid()?;
        ioctl_tiocsctty(&terminal)?;
        Ok(())
    };
    // SAFETY: after the fork only these two system calls are made; nothing is allocated, locked or freed.
    unsafe { command.pre_exec(lead) };
}

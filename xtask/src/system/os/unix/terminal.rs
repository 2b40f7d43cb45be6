//! Terminals for services: the pseudo-terminals of Unix.

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

/// What was typed at the terminal of stdin so far is nobody's answer any more.
///
/// Source: man 3 tcflush: also a line that is not finished. Of any other stdin nothing is taken.
pub(crate) fn forget_typed() {
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}

/// The next line that is typed at the terminal of stdin, or what there is of it at its end. Nothing that comes after it is
/// taken: `std::io::stdin` would keep it as the answer to the next question.
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

/// A new terminal: our side of it, and the one for a program. No program inherits either.
///
/// # Errors
/// The system has no more of them, or none at all.
pub(crate) fn open_terminal(size: Size) -> io::Result<(File, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // macOS has no flag for it. No other thread than the driver's starts processes meanwhile.
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

/// Changes the size of a terminal, by our side of it. The kernel tells those in its foreground.
///
/// # Errors
/// It is no terminal.
pub(crate) fn resize_terminal(ours: &File, size: Size) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(ours, size)?)
}

/// Makes the command the leader of a session of its own, and so of a process group of its own, with this as its
/// controlling terminal.
///
/// Source: man 2 setsid: who leads a group already cannot, so [`new_process_group`](super::new_process_group) would be in the
/// way.
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

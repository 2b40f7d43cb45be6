//! What Linux and macOS share: signals, process groups, waiting, private folders and sockets, terminals.

mod limit;
mod sockets;
mod terminal;

use std::fs::{DirBuilder, File, Metadata};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Stream};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::{Heard, Signal};
use crate::supervise::Status;
use crate::world::terminal::Output;
pub(crate) use limit::{limit_as_called, make_room, open_files_at_most};
pub(crate) use sockets::{Held, pass_on};
pub(crate) use terminal::{lead_own_session, open_terminal, resize_terminal};

/// Where container engines listen for all users.
///
/// Source: man 1 dockerd, `--host`; podman-system-service(1).
pub(crate) const ENGINE_SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/// Hands every signal that concerns us to `hear`, on a thread of its own, until the program ends.
///
/// # Errors
/// The system allows no handler or no thread.
pub(crate) fn hear_signals(hear: impl Fn(Heard) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGCHLD, SIGWINCH])?;
    // `nohup` means it.
    if !super::ignores_hangup() {
        signals.add_signal(SIGHUP)?;
    }
    let listen = move || {
        for signal in signals.forever() {
            hear(match signal {
                SIGCHLD => Heard::ChildEnded,
                SIGWINCH => Heard::Resized,
                SIGHUP => Heard::HangUp,
                _ => Heard::Interrupt,
            });
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .stack_size(128 * 1024)
        .spawn(listen)
        .map(|_| ())
}

/// A descriptor as std's types for pipes give it.
pub(crate) type Descriptor = std::os::fd::OwnedFd;

/// Makes the command the leader of a process group of its own.
pub(crate) fn lead_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Signals a whole group. The caller knows that the number is still its own.
pub(crate) fn signal_group(group: u32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group.cast_signed()) {
        // Gone already, or somebody else's by setuid: the count that follows tells.
        let _ = rustix::process::kill_process_group(group, native(signal));
    }
}

/// The program that runs now, even if its file was replaced meanwhile.
pub(crate) fn own_program() -> io::Result<std::path::PathBuf> {
    // Source: man 5 proc_pid_exe: the link can be opened and run even when its file is gone.
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        Ok(link.to_owned())
    } else {
        std::env::current_exe()
    }
}

/// How the command's process is called in process lists.
pub(crate) fn call(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// Leaves the terminal's session, so that nothing typed there and no hang-up reaches us.
pub(crate) fn leave_session() {
    // The leader of a group cannot, and is out of reach of the terminal's group anyway.
    let _ = rustix::process::setsid();
}

/// Closes every descriptor that we inherited besides the standard streams: whoever waits for the end of such a pipe
/// would wait for ours. For the first thing that a process does.
///
/// Source: man 5 proc_pid_fd; `/dev/fd` is the same on macOS.
pub(crate) fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    let inherited: Vec<RawFd> = numbers.filter(|number| *number > 2).collect();
    // Without that of the folder itself, which is closed by now.
    let is_open = |descriptor: &RawFd| Path::new(&format!("/dev/fd/{descriptor}")).symlink_metadata().is_ok();
    for descriptor in inherited.into_iter().filter(is_open) {
        #[expect(
            unsafe_code,
            reason = "nothing has been opened yet, so nobody owns what is closed here"
        )]
        // SAFETY: see the reason above.
        unsafe {
            rustix::io::close(descriptor);
        }
    }
}

/// A file that holds nothing.
///
/// # Errors
/// The system, or this process, has no descriptor for it.
pub(crate) fn nothing() -> io::Result<File> {
    File::open("/dev/null")
}

/// Waits for one child; one that was reaped already is not waited for.
pub(crate) fn wait_for_child(pid: u32) {
    let _ = rustix::process::waitpid(Pid::from_raw(pid.cast_signed()), WaitOptions::empty());
}

/// Takes the status of every child that has ended.
pub(crate) fn reap() -> Vec<(u32, Status)> {
    let next = || rustix::process::wait(WaitOptions::NOHANG).ok().flatten();
    std::iter::from_fn(next)
        .map(|(pid, status)| (pid.as_raw_nonzero().get().cast_unsigned(), ended(status)))
        .collect()
}

fn ended(status: WaitStatus) -> Status {
    Status {
        code: status.exit_status(),
        signal: status.terminating_signal(),
    }
}

pub(crate) fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Makes a folder, and those above it, that only the user may enter.
///
/// # Errors
/// It cannot be made, or it is there already and belongs to somebody else.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let there = std::fs::symlink_metadata(path)?;
    if !there.is_dir() || there.uid() != user_id() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if is_open_to_others(&there) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700))?;
    }
    Ok(())
}

fn is_open_to_others(folder: &Metadata) -> bool {
    folder.mode() & 0o077 != 0
}

/// Only the user may connect.
pub(crate) fn private_socket(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options.mode(0o600)
}

/// Is the other end of the socket this user, or root?
pub(crate) fn is_same_user(stream: &Stream) -> bool {
    let peer = stream.peer_creds().ok().and_then(|creds| creds.euid());
    peer.is_some_and(|peer| peer == user_id() || peer == 0)
}

/// May we ask the terminal at stdin? A job in the background would be suspended by the attempt.
pub(crate) fn is_in_foreground() -> bool {
    rustix::termios::tcgetpgrp(io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

pub(super) fn native(signal: Signal) -> rustix::process::Signal {
    match signal {
        Signal::Term => rustix::process::Signal::TERM,
        Signal::Int => rustix::process::Signal::INT,
        Signal::Quit => rustix::process::Signal::QUIT,
        Signal::Hup => rustix::process::Signal::HUP,
        Signal::Usr1 => rustix::process::Signal::USR1,
        Signal::Usr2 => rustix::process::Signal::USR2,
        Signal::Cont => rustix::process::Signal::CONT,
        Signal::Kill => rustix::process::Signal::KILL,
    }
}

/// Waits until a stream takes something, or will never do so again.
///
/// # Errors
/// It cannot be waited for.
pub(crate) fn wait_until_writable(output: Output) -> io::Result<()> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let mut ends = [match output {
        Output::Stdout => PollFd::new(&stdout, PollFlags::OUT),
        Output::Stderr => PollFd::new(&stderr, PollFlags::OUT),
    }];
    match poll(&mut ends, None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Calls `closed` when nobody can read our stdout any more; waits for it on a thread of its own.
///
/// A write would tell too, but a stack whose services are silent may not write for hours.
///
/// Source: poll(2): the writing end of a pipe reports POLLERR once its last reader has closed. Files never do.
pub(crate) fn when_stdout_closes(closed: impl FnOnce() + Send + 'static) {
    let is_pipe = rustix::fs::fstat(io::stdout()).is_ok_and(|stdout| {
        matches!(
            FileType::from_raw_mode(stdout.st_mode),
            FileType::Fifo | FileType::Socket
        )
    });
    let wait = move || {
        let stdout = io::stdout();
        let mut ends = [PollFd::new(&stdout, PollFlags::empty())];
        while poll(&mut ends, None) == Err(Errno::INTR) {}
        closed();
    };
    if is_pipe {
        // Without the thread the next line that is written tells.
        let _ = std::thread::Builder::new()
            .name("stdout".into())
            .stack_size(64 * 1024)
            .spawn(wait);
    }
}

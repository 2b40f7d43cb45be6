//! What Linux and macOS share: signals, process groups, waiting, private directories and sockets, terminals.

mod limit;
mod mask;
mod sockets;
mod terminal;

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Stream};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, FlockOperation, OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::{Signal, SignalEvent};
use crate::diagnose::ExitStatus;
use crate::system::terminal::Output;
use crate::system::threads::{self, Stack};
pub(crate) use limit::{limit_as_called, make_room, open_files_at_most, open_files_now, widen_descriptor_table};
pub(crate) use mask::unblock_signals;
pub(crate) use sockets::{InheritedFds, pass_on};
pub(crate) use terminal::{forget_typed, lead_own_session, open_terminal, read_line, resize_terminal};

/// Where container engines listen for all users.
///
/// Source: man 1 dockerd, `--host`; podman-system-service(1).
pub(crate) const ENGINE_SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/// Hands every signal that concerns us to `hear`, on a thread of its own, until the program ends.
///
/// # Errors
/// The system allows no handler or no thread.
pub(crate) fn on_signals(hear: impl Fn(SignalEvent) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGCHLD, SIGWINCH])?;
    // `nohup` means it.
    if !super::ignores_hangup() {
        signals.add_signal(SIGHUP)?;
    }
    let listen = move || {
        for signal in signals.forever() {
            hear(match signal {
                SIGCHLD => SignalEvent::ChildEnded,
                SIGWINCH => SignalEvent::Resized,
                SIGHUP => SignalEvent::HangUp,
                _ => SignalEvent::Interrupt,
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
pub(crate) fn new_process_group(command: &mut Command) {
    command.process_group(0);
}

/// Signals a whole group. The caller knows that the number is still its own.
pub(crate) fn signal_group(group: u32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group.cast_signed()) {
        // Gone already, or somebody else's by setuid: the count that follows tells.
        let _ = rustix::process::kill_process_group(group, native(signal));
    }
}

/// Signals a child of ours that was not waited for: until then its pid is nobody else's. Needs no descriptor.
pub(crate) fn signal_child(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        // As above.
        let _ = rustix::process::kill_process(pid, native(signal));
    }
}

/// What stands in a pipe now, without a wait for its end, which a process that left its group may keep open. At most so
/// many bytes.
pub(crate) fn read_at_once(pipe: impl AsFd, at_most: usize) -> Vec<u8> {
    let mut bytes = vec![0; at_most];
    let mut length = 0;
    // Source: pipe(7): this end has a description of its own, so nobody else's reads stop waiting.
    if fcntl_setfl(&pipe, OFlags::NONBLOCK).is_ok() {
        while let Ok(read @ 1..) = rustix::io::read(&pipe, &mut bytes[length..]) {
            length += read;
        }
    }
    bytes.truncate(length);
    bytes
}

/// The program that runs now, even if its file was replaced meanwhile.
pub(crate) fn current_exe() -> io::Result<std::path::PathBuf> {
    // Source: man 5 proc_pid_exe: the link can be opened and run even when its file is gone.
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        Ok(link.to_owned())
    } else {
        std::env::current_exe()
    }
}

/// How the command's process is called in process lists.
pub(crate) fn set_arg0(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// Makes the command the leader of a session of its own, without a terminal: nothing typed at ours and no hang-up
/// reaches it, from its first moment on.
#[expect(unsafe_code, reason = "std starts no session")]
pub(crate) fn lead_session(command: &mut Command) {
    let lead = || {
        rustix::process::setsid()?;
        Ok(())
    };
    // SAFETY: after the fork only this system call is made; nothing is allocated, locked or freed.
    unsafe { command.pre_exec(lead) };
}

/// Is there something to read within that time, be it the end?
pub(crate) fn is_readable_within(from: &impl AsFd, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(from, PollFlags::IN)], left.as_ref()) {
            Ok(n_ready) => return n_ready > 0,
            Err(Errno::INTR) => {}
            // Reading says what is wrong with it.
            Err(_) => return true,
        }
    }
}

/// From now on a write into this pipe fails rather than wait until somebody reads.
///
/// Source: man 7 pipe, `O_NONBLOCK`: what is written at once is written whole or not at all up to `PIPE_BUF`, 4096
/// bytes.
pub(crate) fn write_without_waiting(pipe: &impl AsFd) {
    // A pipe takes the flag.
    let _ = fcntl_setfl(pipe, OFlags::WRONLY | OFlags::NONBLOCK);
}

/// The number by which the two ends of a pipe are known as one.
pub(crate) fn pipe_number(end: &impl AsFd) -> Option<u64> {
    rustix::fs::fstat(end).ok().map(|pipe| pipe.st_ino)
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
    // Without that of the directory itself, which is closed by now.
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

/// Whoever reads our stdout hears its end; what we write there from now on goes where stderr goes. Needs no descriptor.
pub(crate) fn hang_up_stdout() {
    // Both are open, so there is nothing that could fail.
    let _ = rustix::stdio::dup2_stdout(io::stderr());
}

/// A file that holds nothing.
///
/// # Errors
/// The system, or this process, has no descriptor for it.
pub(crate) fn nothing() -> io::Result<File> {
    File::open("/dev/null")
}

/// Takes the status of every child that has ended.
pub(crate) fn reap() -> Vec<(u32, ExitStatus)> {
    let next = || rustix::process::wait(WaitOptions::NOHANG).ok().flatten();
    std::iter::from_fn(next)
        .map(|(pid, status)| (pid.as_raw_nonzero().get().cast_unsigned(), ended(status)))
        .collect()
}

fn ended(status: WaitStatus) -> ExitStatus {
    ExitStatus {
        code: status.exit_status(),
        signal: status.terminating_signal(),
    }
}

pub(crate) fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

/// As whom files are opened and made.
pub(crate) fn effective_user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whose file it is.
pub(crate) fn owner(file: &Metadata) -> Option<u32> {
    Some(file.uid())
}

/// The directory at `path` or, where there is none, the nearest above it, if that is another user's. Above it, root's
/// is nobody's in particular: such as `/tmp`.
pub(crate) fn anothers(path: &Path) -> Option<(std::path::PathBuf, u32)> {
    const ROOT: u32 = 0;
    let (there, owner) = path
        .ancestors()
        .find_map(|directory| Some((directory, directory.metadata().ok()?.uid())))?;
    let is_ours = owner == effective_user_id() || (owner == ROOT && there != path);
    (!is_ours).then(|| (there.to_owned(), owner))
}

/// Where temporary files lie, whatever the environment says.
///
/// Source: Filesystem Hierarchy Standard 3.0, `/tmp`; macOS links it.
pub(crate) fn short_directory() -> std::path::PathBuf {
    "/tmp".into()
}

/// Makes a directory, and those above it, that only the user may enter.
///
/// # Errors
/// It cannot be made, or it is there already and is a link or another user's.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let there = std::fs::symlink_metadata(path)?;
    if !there.is_dir() {
        return Err(io::Error::other("it is a link, not a directory"));
    }
    if there.uid() != effective_user_id() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if is_open_to_others(&there) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700))?;
    }
    Ok(())
}

fn is_open_to_others(directory: &Metadata) -> bool {
    directory.mode() & 0o077 != 0
}

/// Opens a file for reading. A pipe without a writer does not hold us up, and a terminal does not become ours.
///
/// Source: open(2), `O_NONBLOCK`, `O_NOCTTY`; fifo(7).
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

pub(crate) fn is_pipe(file: std::fs::FileType) -> bool {
    file.is_fifo()
}

/// What a file is that is neither a regular one nor a directory.
pub(crate) fn kind(file: std::fs::FileType) -> &'static str {
    if is_pipe(file) {
        "named pipe"
    } else if file.is_socket() {
        "socket"
    } else {
        "device"
    }
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
        let _ = threads::start("stdout", Stack::Small, wait);
    }
}

/// Waits for the exclusive lock of a file. The system lets go of it when the last descriptor of this opening is closed.
///
/// Source: flock(2).
pub(crate) fn lock(file: &File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, FlockOperation::LockExclusive)?)
}

/// The same without waiting; `false` if another process has the lock.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

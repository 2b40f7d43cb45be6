//! Shared by Linux and macOS: signals, process groups, waiting, private directories and sockets, terminals.

mod append;
mod bind;
mod children;
mod control;
mod hosts;
mod keys;
mod limit;
mod mask;
mod readable;
mod replace;
mod sockets;
mod spawn;
mod terminal;
mod write;

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, FlockOperation, OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::{Signal, SignalError, SignalEvent};
use crate::diagnose::ExitStatus;
use crate::system::terminal::Output;
use crate::system::threads::{self, Stack};
pub(crate) use append::append_private;
pub(crate) use bind::{excluded_range, set_reuse};
pub(crate) use children::{ends_within, kill_half_started};
pub(crate) use control::{
    control_endpoint, has_hung_up, is_same_user, is_trusted_server, private_socket, receives_within, set_send_timeout,
};
pub(crate) use hosts::HOSTS_FILE;
pub(crate) use keys::{KeyMode, change_typing, fail_in_background, leave_key_mode, read_keys};
pub(crate) use limit::{limit_as_called, make_room, open_files_at_most, open_files_now, widen_descriptor_table};
pub(crate) use mask::undo_inherited;
pub(crate) use readable::{is_open_to_others, is_readable_by_all};
pub(crate) use replace::{exit_status, replace};
pub(crate) use sockets::{InheritedFds, pass_on};
pub(crate) use spawn::{add_arguments, keep_groups, spawn_group, spawn_session, spawn_with_us};
pub(crate) use terminal::{enable_colours, forget_typed, lead_own_session, open_terminal, read_line, resize_terminal};
pub(crate) use write::create_new;

/// Whether a process that we have not started can be asked to end.
pub(crate) const CAN_ASK_OTHERS: bool = true;

/// Sockets of container engines for all users.
///
/// Source: man 1 dockerd, `--host`; podman-system-service(1).
pub(crate) const ENGINE_SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/// Calls `hear` for every relevant signal, on a separate thread, until the program ends.
///
/// # Errors
/// The system refuses a handler or a thread.
pub(crate) fn on_signals(hear: impl Fn(SignalEvent) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGCHLD, SIGWINCH])?;
    // `nohup` asks us to ignore SIGHUP.
    if !super::ignores_hangup() {
        signals.add_signal(SIGHUP)?;
    }
    let listen = move || {
        for signal in signals.forever() {
            hear(match signal {
                SIGCHLD => SignalEvent::ChildEnded,
                SIGWINCH => SignalEvent::Resized,
                SIGHUP => SignalEvent::HangUp,
                SIGTERM => SignalEvent::Terminate,
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

/// A descriptor as std's pipe types contain it.
pub(crate) type Descriptor = std::os::fd::OwnedFd;

/// Signals a process group. The caller guarantees that the number still denotes that group.
pub(crate) fn signal_group(group: u32, signal: Signal) {
    if let Some(group) = Pid::from_raw(group.cast_signed()) {
        // Fails if the group is gone or its processes run as another user (setuid); the caller checks what is left.
        let _ = rustix::process::kill_process_group(group, native(signal));
    }
}

/// Signals a child that has not been reaped, so its pid cannot have been reused. Needs no descriptor.
pub(crate) fn signal_child(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        // As in `signal_group`.
        let _ = rustix::process::kill_process(pid, native(signal));
    }
}

/// Reads what a pipe contains now, at most `at_most` bytes. Does not wait for its end, because a process that left its
/// group may keep it open.
pub(crate) fn read_at_once(pipe: impl AsFd, at_most: usize) -> Vec<u8> {
    let mut bytes = vec![0; at_most];
    let mut length = 0;
    // Source: pipe(7): this end has its own open file description, so reads by others still block.
    if fcntl_setfl(&pipe, OFlags::NONBLOCK).is_ok() {
        while let Ok(read @ 1..) = rustix::io::read(&pipe, &mut bytes[length..]) {
            length += read;
        }
    }
    bytes.truncate(length);
    bytes
}

/// A running program may be replaced.
pub(crate) fn let_builds_replace_us() {}

/// The running program, even if its file has been replaced.
pub(crate) fn current_exe() -> io::Result<std::path::PathBuf> {
    // Source: man 5 proc_pid_exe: the link can be opened and executed even if the file is gone.
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        Ok(link.to_owned())
    } else {
        std::env::current_exe()
    }
}

/// Sets the name that process lists show for the command.
pub(crate) fn set_arg0(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// Whether a message did not fit into a datagram.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error())
}

/// Whether `from` becomes readable within `patience`; the end of the input counts as readable.
pub(crate) fn is_readable_within(from: &impl AsFd, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(from, PollFlags::IN)], left.as_ref()) {
            Ok(n_ready) => return n_ready > 0,
            Err(Errno::INTR) => {}
            // Reading reports the error.
            Err(_) => return true,
        }
    }
}

/// Makes writes into this pipe fail when it is full, instead of waiting for the reader.
///
/// Source: man 7 pipe, `O_NONBLOCK`: up to `PIPE_BUF`, 4096 bytes, a write is complete or fails.
pub(crate) fn write_without_waiting(pipe: &impl AsFd) {
    // The flag can be set on any pipe.
    let _ = fcntl_setfl(pipe, OFlags::WRONLY | OFlags::NONBLOCK);
}

/// A number that both ends of a pipe share: its inode.
pub(crate) fn pipe_number(end: &impl AsFd) -> Option<u64> {
    rustix::fs::fstat(end).ok().map(|pipe| pipe.st_ino)
}

/// Closes all inherited descriptors except the standard streams: another process may wait for the end of such a pipe.
/// Must run first in a process.
///
/// Source: man 5 proc_pid_fd; `/dev/fd` is the same on macOS.
pub(crate) fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    let inherited: Vec<RawFd> = numbers.filter(|number| *number > 2).collect();
    // Skips the descriptor of the directory itself, which is closed by now.
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

/// Closes our stdout, so that its reader sees the end; later output goes to stderr. Needs no descriptor.
pub(crate) fn hang_up_stdout() {
    // Both are open, so this cannot fail.
    let _ = rustix::stdio::dup2_stdout(io::stderr());
}

/// An empty file.
///
/// # Errors
/// The system or this process has no descriptor left.
pub(crate) fn nothing() -> io::Result<File> {
    File::open("/dev/null")
}

/// Reaps every child that has exited; returns pids and statuses.
pub(crate) fn reap() -> Vec<(u32, ExitStatus)> {
    let _none = spawn::no_start();
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

/// The user as whom files are opened and created.
pub(crate) fn effective_user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The owner of a file.
pub(crate) fn owner(file: &Metadata) -> Option<u32> {
    Some(file.uid())
}

/// If the directory at `path`, or its nearest existing ancestor, belongs to another user: that directory and its owner.
/// An ancestor that belongs to root, such as `/tmp`, does not count.
pub(crate) fn anothers(path: &Path) -> Option<(std::path::PathBuf, u32)> {
    const ROOT: u32 = 0;
    let (there, owner) = path
        .ancestors()
        .find_map(|directory| Some((directory, directory.metadata().ok()?.uid())))?;
    let is_ours = owner == effective_user_id() || (owner == ROOT && there != path);
    (!is_ours).then(|| (there.to_owned(), owner))
}

/// The directory for temporary files, independent of the environment.
///
/// Source: Filesystem Hierarchy Standard 3.0, `/tmp`; on macOS a link.
pub(crate) fn short_directory() -> std::path::PathBuf {
    "/tmp".into()
}

/// Creates a directory and its ancestors with access for the user only.
///
/// # Errors
/// It cannot be created, or it exists and is a link or belongs to another user.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let there = std::fs::symlink_metadata(path)?;
    if !there.is_dir() {
        return Err(io::Error::other("it is a link, not a directory"));
    }
    if there.uid() != effective_user_id() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if is_directory_open(&there) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700))?;
    }
    Ok(())
}

fn is_directory_open(directory: &Metadata) -> bool {
    directory.mode() & 0o077 != 0
}

/// Opens a file for reading. Does not wait for the writer of a pipe, and does not make a terminal our controlling one.
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

pub(crate) fn stdout_is_pipe() -> bool {
    rustix::fs::fstat(rustix::stdio::stdout()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// The kind of a file that is neither a regular file nor a directory.
pub(crate) fn kind(file: std::fs::FileType) -> &'static str {
    if is_pipe(file) {
        "named pipe"
    } else if file.is_socket() {
        "socket"
    } else {
        "device"
    }
}

/// Whether we may read from the terminal at stdin. A background job would be suspended by the attempt.
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

/// Why a signal was not delivered.
///
/// Source: man 2 kill, `pidfd_send_signal`.
pub(super) fn refusal(error: Errno) -> SignalError {
    match error {
        Errno::SRCH => SignalError::Gone,
        Errno::PERM => SignalError::Denied,
        error => SignalError::Failed(error.raw_os_error()),
    }
}

/// Waits until a stream is writable or has failed for good.
///
/// # Errors
/// Waiting is not possible.
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

/// Calls `closed` once the last reader of our stdout has closed it; waits on a separate thread.
///
/// A write would detect it too, but a stack with silent services may not write for hours.
///
/// Source: poll(2): the writing end of a pipe reports POLLERR once its last reader has closed, on macOS POLLHUP, and there
/// only if asked for it (bsd/kern/sys_generic.c, `poll_nocancel`). Files never do.
pub(crate) fn when_stdout_closes(closed: impl FnOnce() + Send + 'static) {
    let is_pipe = rustix::fs::fstat(io::stdout()).is_ok_and(|stdout| {
        matches!(
            FileType::from_raw_mode(stdout.st_mode),
            FileType::Fifo | FileType::Socket
        )
    });
    let wait = move || {
        let stdout = io::stdout();
        let mut ends = [PollFd::new(&stdout, PollFlags::HUP)];
        while poll(&mut ends, None) == Err(Errno::INTR) {}
        closed();
    };
    if is_pipe {
        // Without the thread, the next write detects it.
        let _ = threads::start("stdout", Stack::Small, wait);
    }
}

/// Waits for the exclusive lock on a file. The kernel releases it when the last duplicate of this descriptor is closed.
///
/// Source: flock(2).
pub(crate) fn lock(file: &File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, FlockOperation::LockExclusive)?)
}

/// Takes the lock without waiting; `false` if another process holds it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

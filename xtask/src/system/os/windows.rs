//! Windows: what is known of it, and stand-ins for what `unix` does elsewhere. What it lacks besides is in
//! `unsupported`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use interprocess::local_socket::{ListenerOptions, Stream};

use super::{Signal, SignalEvent};
use crate::diagnose::ExitStatus;
use crate::system::terminal::{Output, Size};

/// `SO_REUSEADDR` would take a port that somebody listens on.
///
/// Source: Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// Where container engines listen for all users.
///
/// Source: docs.docker.com, `DOCKER_HOST` on Windows.
pub(crate) const ENGINE_SOCKETS: [&str; 1] = [r"\\.\pipe\docker_engine"];

/// A bind that is forbidden means a range that the system excludes, and no lack of privilege.
///
/// Source: microsoft/WSL#5514; `netsh int ipv4 show excludedportrange tcp`.
pub(crate) const HAS_EXCLUDED_PORTS: bool = true;

/// WSAEAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 10047;

pub(super) const SYSTEM: &str = "Windows";

/// # Errors
/// Always: not supported yet.
pub(crate) fn on_signals(_: impl Fn(SignalEvent) + Send + 'static) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Signals are not held back here.
pub(crate) fn unblock_signals() {}

/// A handle as std's types for pipes give it.
pub(crate) type Descriptor = std::os::windows::io::OwnedHandle;

/// Not supported yet: nothing is started here.
pub(crate) fn new_process_group(_: &mut Command) {}

/// # Errors
/// Always: not supported yet.
pub(crate) fn open_terminal(_: Size) -> io::Result<(File, File)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// # Errors
/// Always: not supported yet.
pub(crate) fn resize_terminal(_: &File, _: Size) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported yet: nobody is asked here.
pub(crate) fn forget_typed() {}

/// # Errors
/// Always: not supported yet.
pub(crate) fn read_line() -> io::Result<String> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported yet: nothing is started here.
pub(crate) fn lead_own_session(_: &mut Command, _: File) {}

/// Not supported yet: nothing was started here.
pub(crate) fn signal_group(_: u32, _: Signal) {}

/// Nothing is started, so there is no child.
pub(crate) fn signal_child(_: u32, _: Signal) {}

/// Not supported yet: nothing was started here.
pub(crate) fn reap() -> Vec<(u32, ExitStatus)> {
    Vec::new()
}

/// Not supported yet: nothing was started here.
pub(crate) fn read_at_once<T>(_: T, _: usize) -> Vec<u8> {
    Vec::new()
}

pub(crate) fn current_exe() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// A process is called by its file here.
pub(crate) fn set_arg0(_: &mut Command, _: &str) {}

/// There are no sessions of terminals here.
pub(crate) fn lead_session(_: &mut Command) {}

/// Reading waits.
pub(crate) fn is_readable_within<T>(_: &T, _: Duration) -> bool {
    true
}

/// Not supported yet: nothing is started here.
pub(crate) fn write_without_waiting<T>(_: &T) {}

/// Not supported yet: nothing is started here.
pub(crate) fn pipe_number<T>(_: &T) -> Option<u64> {
    None
}

/// Handles are inherited only where that was asked for.
pub(crate) fn close_inherited() {}

/// There is no such limit.
pub(crate) fn open_files_at_most() -> Option<u64> {
    None
}

/// There is no such limit.
pub(crate) fn open_files_now() -> usize {
    usize::MAX
}

/// There is no such limit.
pub(crate) fn make_room(_: u64) {}

/// There is no such table.
pub(crate) fn widen_descriptor_table() {}

/// There is no such limit.
pub(crate) fn limit_as_called(_: &mut Command) {}

/// A file that holds nothing.
///
/// # Errors
/// The system has no handle for it.
pub(crate) fn nothing() -> io::Result<File> {
    File::open("NUL")
}

/// Not supported yet: nothing runs in the background here.
pub(crate) fn hang_up_stdout() {}

/// Users have no numbers here.
pub(crate) fn user_id() -> u32 {
    0
}

/// Users have no numbers here.
pub(crate) fn effective_user_id() -> u32 {
    0
}

/// Not known: users have no numbers here.
pub(crate) fn owner(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Not known: users have no numbers here.
pub(crate) fn anothers(_: &Path) -> Option<(std::path::PathBuf, u32)> {
    None
}

/// Where temporary files lie.
pub(crate) fn short_directory() -> std::path::PathBuf {
    std::env::temp_dir()
}

/// # Errors
/// It cannot be made.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    // A directory below the user's profile is the user's own by inheritance.
    std::fs::create_dir_all(path)
}

/// What could hold us up lies not among files here.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// They have names of their own.
pub(crate) fn is_pipe(_: std::fs::FileType) -> bool {
    false
}

/// What a file is that is neither a regular one nor a directory.
pub(crate) fn kind(_: std::fs::FileType) -> &'static str {
    "device"
}

/// Not supported yet: nobody listens here.
pub(crate) fn private_socket(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options
}

/// Not supported yet: nobody is let in.
pub(crate) fn is_same_user(_: &Stream) -> bool {
    false
}

/// There are no background jobs of a terminal here.
pub(crate) fn is_in_foreground() -> bool {
    true
}

/// # Errors
/// Always: no stream is made non-blocking here.
pub(crate) fn wait_until_writable(_: Output) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported yet: the next line that is written tells.
pub(crate) fn when_stdout_closes(_: impl FnOnce() + Send + 'static) {}

/// What has to be there at the moment a process is spawned.
pub(crate) type InheritedFds = Vec<std::os::windows::io::OwnedHandle>;

/// # Errors
/// Always: sockets are not handed over yet.
pub(crate) fn pass_on<T>(_: &mut Command, _: &[T], _: &str) -> io::Result<InheritedFds> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn lock(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn try_lock(_: &File) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

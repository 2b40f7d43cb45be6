//! Windows: constants, and stand-ins for the functions of `unix`. Functions that macOS lacks too are in `unsupported`.

use std::fs::File;
use std::io;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use interprocess::local_socket::{ListenerOptions, Stream};

use super::{Signal, SignalEvent};
use crate::diagnose::ExitStatus;
use crate::system::new_file::Readers;
use crate::system::terminal::{Output, Size, Typing};

/// `SO_REUSEADDR` would take over a port on which a process listens.
///
/// Source: Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// The pipe of container engines for all users.
///
/// Source: docs.docker.com, `DOCKER_HOST` on Windows.
pub(crate) const ENGINE_SOCKETS: [&str; 1] = [r"\\.\pipe\docker_engine"];

/// Whether a forbidden bind means a range excluded by the system, and not a lack of privilege.
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

/// Windows has no signal mask.
pub(crate) fn unblock_signals() {}

/// A handle as std's pipe types contain it.
pub(crate) type Descriptor = std::os::windows::io::OwnedHandle;

/// Adds the arguments of a program. `cmd` takes what follows `/C` as it stands, so that is not quoted as for others.
///
/// Source: `cmd /?`: with `/S`, the first and the last quotation mark are removed and the rest is the command.
pub(crate) fn add_arguments(command: &mut Command, arguments: &[String]) {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    match arguments {
        [flag, text] if program.eq_ignore_ascii_case("cmd") && flag.eq_ignore_ascii_case("/C") => {
            command.raw_arg(format!("/D /S /C \"{text}\""));
        }
        _ => drop(command.args(arguments)),
    }
}

/// # Errors
/// Always: not supported yet.
pub(crate) fn spawn_group(_: &mut Command) -> io::Result<Child> {
    Err(io::ErrorKind::Unsupported.into())
}

/// # Errors
/// Always: not supported yet.
pub(crate) fn spawn_session(_: &mut Command) -> io::Result<Child> {
    Err(io::ErrorKind::Unsupported.into())
}

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

/// Not supported yet: no question is asked.
pub(crate) fn forget_typed() {}

/// # Errors
/// Always: not supported yet.
pub(crate) fn read_line() -> io::Result<String> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Stands for a mode of keys that Windows cannot have yet.
#[derive(Debug)]
pub(crate) struct KeyMode;

impl KeyMode {
    /// # Errors
    /// Always: not supported yet.
    pub(crate) fn enter(_: Typing, _: impl Fn(bool) + Send + 'static) -> io::Result<KeyMode> {
        Err(no_keys())
    }
}

/// Not supported yet: no key is read.
pub(crate) fn change_typing(_: Typing) {}

/// Not supported yet: no key is read.
pub(crate) fn leave_key_mode() {}

/// # Errors
/// Always: not supported yet.
pub(crate) fn read_keys() -> io::Result<Vec<u8>> {
    Err(no_keys())
}

/// Windows has no background jobs of a terminal.
pub(crate) fn fail_in_background() {}

fn no_keys() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "keys and `attach` are not there on Windows yet",
    )
}

/// Opens a URL, with its first argument.
///
/// Source: `cmd /?`, `start`; rundll32 opens a URL without a shell that could interpret it.
pub(crate) const BROWSER_OPENERS: [[&str; 2]; 1] = [["rundll32", "url.dll,FileProtocolHandler"]];

/// Not supported yet: no process is started.
pub(crate) fn lead_own_session(_: &mut Command, _: File) {}

/// Not supported yet: no process was started.
pub(crate) fn signal_group(_: u32, _: Signal) {}

/// Not supported yet: no process was started.
pub(crate) fn signal_child(_: u32, _: Signal) {}

/// Not supported yet: no process was started.
pub(crate) fn reap() -> Vec<(u32, ExitStatus)> {
    Vec::new()
}

/// Not supported yet: no process was started.
pub(crate) fn read_at_once<T>(_: T, _: usize) -> Vec<u8> {
    Vec::new()
}

pub(crate) fn current_exe() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// Windows shows a process under the name of its file.
pub(crate) fn set_arg0(_: &mut Command, _: &str) {}

/// Whether a message did not fit into a datagram: `WSAEMSGSIZE`.
///
/// Source: learn.microsoft.com, "Windows Sockets Error Codes".
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(10_040)
}

/// Reading blocks.
pub(crate) fn is_readable_within<T>(_: &T, _: Duration) -> bool {
    true
}

/// Not supported yet: no process is started.
pub(crate) fn write_without_waiting<T>(_: &T) {}

/// Not supported yet: no process is started.
pub(crate) fn pipe_number<T>(_: &T) -> Option<u64> {
    None
}

/// Handles are inherited only on request.
pub(crate) fn close_inherited() {}

/// Windows has no such limit.
pub(crate) fn open_files_at_most() -> Option<u64> {
    None
}

/// Windows has no such limit.
pub(crate) fn open_files_now() -> usize {
    usize::MAX
}

/// Windows has no such limit.
pub(crate) fn make_room(_: u64) {}

/// Windows has no such table.
pub(crate) fn widen_descriptor_table() {}

/// Windows has no such limit.
pub(crate) fn limit_as_called(_: &mut Command) {}

/// An empty file.
///
/// # Errors
/// The system has no handle left.
pub(crate) fn nothing() -> io::Result<File> {
    File::open("NUL")
}

/// Not supported yet: no supervisor runs in the background.
pub(crate) fn hang_up_stdout() {}

/// Windows users have no numeric id.
pub(crate) fn user_id() -> u32 {
    0
}

/// Windows users have no numeric id.
pub(crate) fn effective_user_id() -> u32 {
    0
}

/// Unknown: Windows users have no numeric id.
pub(crate) fn owner(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Unknown: Windows users have no numeric id.
pub(crate) fn anothers(_: &Path) -> Option<(std::path::PathBuf, u32)> {
    None
}

/// How a child that std waited for has ended.
pub(crate) fn exit_status(status: std::process::ExitStatus) -> ExitStatus {
    ExitStatus {
        code: status.code(),
        signal: None,
    }
}

/// Runs the command to its end: Windows cannot replace a program.
///
/// # Errors
/// The command cannot be run.
pub(crate) fn replace(mut command: Command) -> io::Result<ExitStatus> {
    command.status().map(exit_status)
}

/// Unknown: access is decided by lists.
pub(crate) fn is_readable_by_all(_: &Path) -> bool {
    false
}

/// A file has the permissions of its directory.
pub(crate) fn is_open_to_others(_: &Path) -> bool {
    false
}

/// The directory for temporary files.
pub(crate) fn short_directory() -> std::path::PathBuf {
    std::env::temp_dir()
}

/// # Errors
/// The directory cannot be created.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    // A directory in the user's profile inherits its permissions.
    std::fs::create_dir_all(path)
}

/// Windows has no files whose opening blocks.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Named pipes are not in the file system.
pub(crate) fn is_pipe(_: std::fs::FileType) -> bool {
    false
}

/// The kind of a file that is neither a regular file nor a directory.
pub(crate) fn kind(_: std::fs::FileType) -> &'static str {
    "device"
}

/// Where the supervisor with this state directory listens: a named pipe, for Windows has no socket files here.
pub(crate) fn control_endpoint(directory: &Path) -> std::path::PathBuf {
    let number = crate::hash::fnv(directory.as_os_str().as_encoded_bytes().iter().copied());
    format!(r"\\.\pipe\devtasks-{number:016x}").into()
}

/// Not supported yet: no stream is open.
pub(crate) fn receives_within(_: &Stream, _: Duration) -> bool {
    true
}

/// Named pipes have no timeouts: a write waits for its reader.
///
/// Source: the crate `interprocess`, `os::windows::named_pipe`.
pub(crate) fn set_send_timeout(_: &Stream, _: Option<Duration>) -> io::Result<()> {
    Ok(())
}

/// Not supported yet: nobody is attached.
pub(crate) fn has_hung_up(_: &Stream) -> bool {
    false
}

/// Not supported yet: devtasks does not listen.
pub(crate) fn private_socket(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options
}

/// Not supported yet: no client is accepted.
pub(crate) fn is_same_user(_: &Stream) -> bool {
    false
}

/// Windows has no background jobs of a terminal.
pub(crate) fn is_in_foreground() -> bool {
    true
}

/// # Errors
/// Always: no stream is made non-blocking.
pub(crate) fn wait_until_writable(_: Output) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported yet: the next write detects it.
pub(crate) fn when_stdout_closes(_: impl FnOnce() + Send + 'static) {}

/// Handles that must stay open until a process is spawned.
pub(crate) type InheritedFds = Vec<std::os::windows::io::OwnedHandle>;

/// # Errors
/// Always: sockets cannot be passed yet.
pub(crate) fn pass_on<T>(_: &mut Command, _: &[T], _: &str) -> io::Result<InheritedFds> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn lock(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn try_lock(_: &File) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn stdout_is_pipe() -> bool {
    false
}

/// Makes a file that does not exist yet. Who may read it follows from its directory.
pub(crate) fn create_new(path: &Path, _: Readers) -> io::Result<File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

//! Windows. What it has no counterpart for is here too, and says so.

mod console;
mod files;
mod groups;
mod handle;
mod jobs;
mod pipes;
mod processes;
mod program;
mod sockets;
#[cfg(feature = "metrics")]
mod usage;
mod users;

use std::fs::File;
use std::io;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use windows_sys::Win32::System::Threading::INFINITE;

use crate::diagnose::ExitStatus;
use crate::system::terminal::{Output, Size};
pub(crate) use console::{
    KeyMode, change_typing, enable_colours, fail_in_background, forget_typed, hang_up_stdout, leave_key_mode,
    on_signals, read_keys, read_line, stdout_is_pipe, undo_inherited,
};
pub(crate) use files::*;
pub(crate) use groups::*;
pub(crate) use handle::{Handle, wait_all};
pub(crate) use pipes::{Poller, is_readable_within, read_at_once};
pub(crate) use processes::*;
pub(crate) use program::let_builds_replace_us;
pub(crate) use sockets::*;
#[cfg(feature = "metrics")]
pub(crate) use usage::{open_descriptors, started_at, usage};
pub(crate) use users::*;

/// `SO_REUSEADDR` would take over a port on which a process listens.
///
/// Source: Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE", for the next constants too.
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

pub(crate) const REUSE_SHOWS_SAME_ADDRESS: bool = false;

/// The kernel's table decides: see [`BINDS_BESIDE_WILDCARD`].
pub(crate) const V6_BINDS_BESIDE_V4: bool = false;

/// Whether a bind may succeed beside a socket that would answer there: to a specific address beside the wildcard.
pub(crate) const BINDS_BESIDE_WILDCARD: bool = true;

/// Whether a forbidden bind means a range excluded by the system or a port in exclusive use, and not a lack of privilege.
///
/// Source: microsoft/WSL#5514.
pub(crate) const HAS_EXCLUDED_PORTS: bool = true;

/// Opens a URL, with its first argument.
///
/// Source: `cmd /?`, `start`; rundll32 opens a URL without a shell that could interpret it.
pub(crate) const BROWSER_OPENERS: [[&str; 2]; 1] = [["rundll32", "url.dll,FileProtocolHandler"]];

/// WSAEAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 10047;

/// The longest name of a named pipe.
///
/// Source: Microsoft, "CreateNamedPipeA function", `lpName`.
pub(crate) const MAX_SOCKET_PATH_BYTES: usize = 256;

/// The pipe of container engines for all users.
///
/// Source: docs.docker.com, `DOCKER_HOST` on Windows.
pub(crate) const ENGINE_SOCKETS: [&str; 1] = [r"\\.\pipe\docker_engine"];

/// The file that leads `localhost` to this machine: none is needed.
///
/// Source: the comment in the `hosts` file that Windows brings: "localhost name resolution is handled within DNS itself".
pub(crate) const HOSTS_FILE: Option<&str> = None;

/// Whether a process that we have not started can be asked to end. Windows has console events for our own groups alone.
pub(crate) const CAN_ASK_OTHERS: bool = false;

/// A handle as std's pipe types contain it.
pub(crate) type Descriptor = std::os::windows::io::OwnedHandle;

/// Handles that must stay open until a process is spawned.
pub(crate) type InheritedFds = Vec<Descriptor>;

/// The result of a Win32 function that returns 0 for a failure.
fn check(result: i32) -> io::Result<()> {
    if result == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// A time limit as Win32 functions take it, in whole milliseconds and never too short.
fn milliseconds(patience: Duration) -> u32 {
    u32::try_from(patience.as_nanos().div_ceil(1_000_000)).map_or(INFINITE - 1, |time| time.min(INFINITE - 1))
}

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
/// Always: std cannot start a process on a pseudoconsole (rust-lang/rust#114854).
pub(crate) fn open_terminal(_: Size) -> io::Result<(File, File)> {
    let why = "none is opened on this system; remove `tty`";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// # Errors
/// Always: there is no terminal.
pub(crate) fn resize_terminal(_: &File, _: Size) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never called: there is no terminal.
pub(crate) fn lead_own_session(_: &mut Command, _: File) {}

/// # Errors
/// Always: a program cannot be told by numbers which handles are its sockets.
pub(crate) fn pass_on<T>(_: &mut Command, _: &[T], _: &str) -> io::Result<InheritedFds> {
    let why = "this system has no way of doing so; remove `listen`";
    Err(io::Error::new(io::ErrorKind::Unsupported, why))
}

/// How a child that std waited for has ended.
pub(crate) fn exit_status(status: std::process::ExitStatus) -> ExitStatus {
    ExitStatus {
        code: status.code(),
        signal: None,
    }
}

/// Runs the command to its end, for Windows cannot replace a program. Keys such as Ctrl-C are for the command alone.
///
/// # Errors
/// The command cannot be run.
pub(crate) fn replace(mut command: Command) -> io::Result<ExitStatus> {
    console::ignore_keys();
    spawn_with_us(&mut command)?.wait().map(exit_status)
}

pub(crate) fn current_exe() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Windows shows a process under the name of its file.
pub(crate) fn set_arg0(_: &mut Command, _: &str) {}

/// Whether a message did not fit into a datagram: WSAEMSGSIZE.
pub(crate) fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(10_040)
}

/// A write waits, but the pipe takes some thousand lines of the few that are written to it.
pub(crate) fn write_without_waiting<T>(_: &T) {}

/// None: nobody can open a pipe of another process.
pub(crate) fn pipe_number<T>(_: &T) -> Option<u64> {
    None
}

/// Handles are inherited only on request.
pub(crate) fn close_inherited() {}

/// Windows has no limit on handles that anybody reaches; so for the next four.
pub(crate) fn open_files_at_most() -> Option<u64> {
    None
}

pub(crate) fn open_files_now() -> usize {
    usize::MAX
}

pub(crate) fn make_room(_: u64) {}

pub(crate) fn widen_descriptor_table() {}

pub(crate) fn limit_as_called(_: &mut Command) {}

/// Windows has no background jobs of a terminal.
pub(crate) fn is_in_foreground() -> bool {
    true
}

/// # Errors
/// Always: no stream is made non-blocking.
pub(crate) fn wait_until_writable(_: Output) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing tells when the reader of a pipe closes it; the next write does.
pub(crate) fn when_stdout_closes(_: impl FnOnce() + Send + 'static) {}

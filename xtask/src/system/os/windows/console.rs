//! The console: its signals, colours and questions.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::io;
use std::sync::{Mutex, PoisonError};

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_PIPE, GetFileType};
use windows_sys::Win32::System::Console::*;

use super::check;
use crate::system::os::SignalEvent;
use crate::system::terminal::Typing;

type Hear = Box<dyn Fn(SignalEvent) + Send>;

static HEAR: Mutex<Option<Hear>> = Mutex::new(None);

/// Calls `hear` for every relevant event, on a separate thread, until the program ends.
///
/// # Errors
/// The system refuses the handler.
pub(crate) fn on_signals(hear: impl Fn(SignalEvent) + Send + 'static) -> io::Result<()> {
    *HEAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hear));
    // SAFETY: the handler is a function of this program. It is removed first, or it would be called twice.
    check(unsafe {
        SetConsoleCtrlHandler(Some(handle), 0);
        SetConsoleCtrlHandler(Some(handle), 1)
    })
}

/// Tells whoever called [`on_signals`].
pub(super) fn announce(event: SignalEvent) {
    if let Some(hear) = &*HEAR.lock().unwrap_or_else(PoisonError::into_inner) {
        hear(event);
    }
}

/// Source: learn.microsoft.com, `HandlerRoutine`: it runs on a thread of its own. Once it has returned from the closing of
/// the window, a log-off or a shutdown, the program is ended; some seconds later if it does not return.
// SAFETY: nothing is asked of the caller; the signature is the system's.
unsafe extern "system" fn handle(event: u32) -> i32 {
    announce(match event {
        CTRL_C_EVENT => SignalEvent::Interrupt,
        CTRL_CLOSE_EVENT => SignalEvent::HangUp,
        _ => SignalEvent::Terminate,
    });
    if event >= CTRL_CLOSE_EVENT {
        loop {
            std::thread::park();
        }
    }
    1
}

/// Makes us ignore Ctrl-C and Ctrl-Break, unlike what we start.
pub(super) fn ignore_keys() {
    // SAFETY: as for `handle`.
    unsafe extern "system" fn ignore(event: u32) -> i32 {
        (event < CTRL_CLOSE_EVENT).into()
    }
    // SAFETY: the handler is a function of this program.
    unsafe { SetConsoleCtrlHandler(Some(ignore), 1) };
}

/// Makes the console of stdout and stderr, if there is one, understand colours; `false` if it does not.
///
/// Source: learn.microsoft.com, "Console Virtual Terminal Sequences": since Windows 10, off in the classic console.
pub(crate) fn enable_colours() -> bool {
    [STD_OUTPUT_HANDLE, STD_ERROR_HANDLE].into_iter().all(|stream| {
        let mut mode = 0;
        // SAFETY: a handle that is no console is refused.
        unsafe {
            let console = GetStdHandle(stream);
            let is_console = GetConsoleMode(console, &raw mut mode) != 0;
            !is_console || SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0
        }
    })
}

/// Keeps our standard handles, which were inherited, from being inherited by all that we start. std gives a program copies of
/// those that are meant for it; with ours, it would keep the pipe of whoever reads what we write open.
///
/// Source: learn.microsoft.com, `SetHandleInformation`; rust-lang/rust, library/std/src/sys/process/windows.rs.
pub(crate) fn undo_inherited() {
    for stream in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE] {
        // SAFETY: a handle that is missing is refused.
        unsafe { SetHandleInformation(GetStdHandle(stream), HANDLE_FLAG_INHERIT, 0) };
    }
}

/// Discards what has been typed at the console, so that it does not answer the next question.
pub(crate) fn forget_typed() {
    // SAFETY: a handle that is no console is refused.
    unsafe { FlushConsoleInputBuffer(GetStdHandle(STD_INPUT_HANDLE)) };
}

/// Reads the next line typed at the console. It hands out one line at a time, so none is read ahead.
///
/// # Errors
/// The console is gone.
pub(crate) fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map(|_| line)
}

pub(crate) fn stdout_is_pipe() -> bool {
    // SAFETY: an invalid handle is refused.
    unsafe { GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)) == FILE_TYPE_PIPE }
}

/// Closes our stdout, so that its reader sees the end; later output goes to stderr.
pub(crate) fn hang_up_stdout() {
    // SAFETY: std asks for the handle at each write, so nobody uses the closed one.
    unsafe {
        let stdout = GetStdHandle(STD_OUTPUT_HANDLE);
        SetStdHandle(STD_OUTPUT_HANDLE, GetStdHandle(STD_ERROR_HANDLE));
        CloseHandle(stdout);
    }
}

/// Stands for a mode of keys that is not there yet.
#[derive(Debug)]
pub(crate) enum KeyMode {}

impl KeyMode {
    /// # Errors
    /// Always: keys are not read one at a time on Windows yet.
    pub(crate) fn enter(_: Typing, _: impl Fn(bool) + Send + 'static) -> io::Result<KeyMode> {
        Err(no_keys())
    }
}

/// No key is read.
pub(crate) fn change_typing(_: Typing) {}

/// No key is read.
pub(crate) fn leave_key_mode() {}

/// # Errors
/// Always: see [`KeyMode`].
pub(crate) fn read_keys() -> io::Result<Vec<u8>> {
    Err(no_keys())
}

/// Windows has no background jobs of a terminal.
pub(crate) fn fail_in_background() {}

fn no_keys() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "keys are not read one at a time on Windows yet",
    )
}

//! What is typed at the terminal of stdin: keys one at a time, every key, or lines.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::Signal;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use super::is_in_foreground;
use crate::system::terminal::{LEAVE, Typing};

/// The terminal as we found it, and how it is now.
static BEFORE: Mutex<Option<(Termios, Typing)>> = Mutex::new(None);

fn before() -> MutexGuard<'static, Option<(Termios, Typing)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until it is dropped, what is typed reaches us in another way. While we are suspended, the terminal is as we found it.
///
/// Source: termios(3), "Canonical and noncanonical mode".
#[derive(Debug)]
pub(crate) struct KeyMode {
    signals: Handle,
}

impl KeyMode {
    /// `pause` is called with `true` right before we are suspended by Ctrl-Z, and with `false` when we go on.
    ///
    /// # Errors
    /// Stdin is no terminal, or the system has no room for a thread.
    pub(crate) fn enter(typing: Typing, pause: impl Fn(bool) + Send + 'static) -> io::Result<KeyMode> {
        *before() = Some((tcgetattr(io::stdin())?, typing));
        let mut signals = Signals::new([SIGTSTP, SIGCONT])?;
        let mode = KeyMode {
            signals: signals.handle(),
        };
        set()?;
        let wait = move || {
            for signal in signals.forever() {
                if signal == SIGTSTP {
                    pause(true);
                    restore();
                    // Suspends us; SIGCONT ends it.
                    let _ = emulate_default_handler(SIGTSTP);
                } else if is_in_foreground() && set().is_ok() {
                    pause(false);
                }
            }
        };
        thread::Builder::new()
            .name("suspend".into())
            .stack_size(64 * 1024)
            .spawn(wait)?;
        Ok(mode)
    }
}

impl Drop for KeyMode {
    fn drop(&mut self) {
        self.signals.close();
        leave_key_mode();
    }
}

/// Makes the terminal as we found it, for good.
pub(crate) fn leave_key_mode() {
    restore();
    *before() = None;
}

/// Changes how what is typed reaches us, while there is a [`KeyMode`].
pub(crate) fn change_typing(typing: Typing) {
    if let Some((_, now)) = &mut *before() {
        *now = typing;
    }
    // The terminal may be gone.
    let _ = set();
}

fn restore() {
    if let Some((before, _)) = &*before() {
        // The terminal may be gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
}

fn set() -> io::Result<()> {
    if let Some((mut mode, typing)) = before().clone() {
        match typing {
            Typing::Keys => mode.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO),
            Typing::Raw => mode.make_raw(),
            Typing::Lines => mode.special_codes[SpecialCodeIndex::VEOL] = LEAVE,
        }
        if typing != Typing::Lines {
            // How many bytes a read waits for, and how long.
            mode.special_codes[SpecialCodeIndex::VMIN] = 1;
            mode.special_codes[SpecialCodeIndex::VTIME] = 0;
        }
        tcsetattr(io::stdin(), OptionalActions::Now, &mode)?;
    }
    Ok(())
}

/// The bytes of the keys that are pressed next, or of a line, at most 4096; a key such as an arrow is several bytes. Empty at the end of the
/// input.
///
/// # Errors
/// EIO while we are in the background, or when the terminal is gone.
pub(crate) fn read_keys() -> io::Result<Vec<u8>> {
    let mut bytes = [0; 4096];
    let n = rustix::io::retry_on_intr(|| rustix::io::read(io::stdin(), &mut bytes))?;
    Ok(bytes[..n].to_vec())
}

/// Makes a read of the calling thread from the terminal fail instead of suspending us, while we are in the background.
///
/// Source: termios(3), setpgid(2) and POSIX, "Terminal Access Control": EIO if SIGTTIN is blocked.
#[expect(unsafe_code, reason = "neither std nor rustix sets the mask of a thread")]
pub(crate) fn fail_in_background() {
    let mut signals = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initializes the set before it is read, and a mask concerns only this thread.
    unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), Signal::TTIN.as_raw());
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut());
    }
}

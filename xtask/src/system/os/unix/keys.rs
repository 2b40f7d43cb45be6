//! Keys of the terminal at stdin, one at a time.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::Signal;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;

use super::is_in_foreground;

/// The terminal as we found it, while keys are read one at a time.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

fn before() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until it is dropped, the terminal hands over each key at once and does not show it. Ctrl-C, Ctrl-Z and line ends of the
/// output work as before. While we are suspended, the terminal is as we found it.
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
    pub(crate) fn enter(pause: impl Fn(bool) + Send + 'static) -> io::Result<KeyMode> {
        *before() = Some(tcgetattr(io::stdin())?);
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

fn restore() {
    if let Some(before) = &*before() {
        // The terminal may be gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
}

fn set() -> io::Result<()> {
    if let Some(mut mode) = before().clone() {
        mode.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        mode.special_codes[SpecialCodeIndex::VMIN] = 1;
        mode.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &mode)?;
    }
    Ok(())
}

/// The bytes of the keys that are pressed next, at most 64; a key such as an arrow is several bytes. Empty at the end of the
/// input.
///
/// # Errors
/// EIO while we are in the background, or when the terminal is gone.
pub(crate) fn read_keys() -> io::Result<Vec<u8>> {
    let mut bytes = [0; 64];
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

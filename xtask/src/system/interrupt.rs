//! Records Ctrl-C, SIGTERM and SIGHUP, and ends the program even if its main thread is blocked.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{os, threads};

/// How long a command may take to exit after an interrupt. Waiting code notices at once; a blocked look-up never does.
const EXIT_TIMEOUT: Duration = Duration::from_millis(500);

/// What the command is doing, which determines the effect of an interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Read-only work, which can be ended at any point.
    Looking,
    /// Signalling processes. The command itself reports survivors, unless it is interrupted twice.
    Signalling,
    /// Supervising: the state machine decides and takes each interrupt. If it is blocked, it takes none.
    Supervising,
}

#[derive(Debug)]
struct InterruptState {
    work: Work,
    heard: usize,
    /// How many of them the state machine has taken.
    taken: usize,
}

impl InterruptState {
    fn new() -> Self {
        InterruptState {
            work: Work::Looking,
            heard: 0,
            taken: 0,
        }
    }

    fn ends_the_program(&self) -> bool {
        match self.work {
            Work::Looking => true,
            Work::Signalling => self.heard > 1,
            // Starting may block on a disk that does not respond. The watchdog then stops what was started.
            Work::Supervising => self.heard > self.taken + 1,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Interrupt {
    state: Mutex<InterruptState>,
    changed: Condvar,
}

impl Default for Interrupt {
    fn default() -> Self {
        Interrupt {
            state: Mutex::new(InterruptState::new()),
            changed: Condvar::new(),
        }
    }
}

impl Interrupt {
    /// Records an interrupt. Calls `tell` at once, and `end` if the program must end and has not done so in time.
    pub(crate) fn hear(&self, tell: impl FnOnce(), end: impl FnOnce()) {
        self.lock().heard += 1;
        tell();
        let state = self.lock();
        let waited = self
            .changed
            .wait_timeout_while(state, EXIT_TIMEOUT, |state| state.ends_the_program());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_to_end = state.ends_the_program();
        drop(state);
        if is_to_end {
            end();
        }
    }

    pub(crate) fn was_heard(&self) -> bool {
        self.lock().heard > 0
    }

    /// Marks all interrupts so far as taken by the state machine.
    pub(crate) fn take(&self) {
        let mut state = self.lock();
        state.taken = state.heard;
        drop(state);
        self.changed.notify_all();
    }

    /// The work that was interrupted has ended, and other work begins.
    pub(crate) fn forget(&self) {
        let mut state = self.lock();
        *state = InterruptState::new();
        drop(state);
        self.changed.notify_all();
    }

    /// Marks the time until the guard drops as signalling processes.
    pub(crate) fn signalling(&self) -> Signalling<'_> {
        Signalling {
            interrupt: self,
            before: self.turn_to(Work::Signalling),
        }
    }

    /// Marks the beginning of a run.
    pub(crate) fn supervise(&self) {
        self.turn_to(Work::Supervising);
    }

    fn turn_to(&self, work: Work) -> Work {
        let before = std::mem::replace(&mut self.lock().work, work);
        self.changed.notify_all();
        before
    }

    fn lock(&self) -> MutexGuard<'_, InterruptState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Signalling<'a> {
    interrupt: &'a Interrupt,
    before: Work,
}

impl Drop for Signalling<'_> {
    fn drop(&mut self) {
        self.interrupt.turn_to(self.before);
    }
}

/// Ends the program immediately. `last_words` gets little time: a blocked thread may hold a lock that it needs.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the main thread is blocked, so `main` cannot end"
)]
pub(crate) fn end(exit: u8, last_words: impl FnOnce() + Send + 'static) {
    const MOMENT: Duration = Duration::from_millis(100);
    // A forked child that has not reached its exec would survive without a record.
    os::kill_half_started();
    os::leave_key_mode();
    // Without a thread, the program ends without its last words.
    let _ = threads::within("last words", MOMENT, last_words);
    std::process::exit(exit.into());
}

#[cfg(test)]
mod tests;

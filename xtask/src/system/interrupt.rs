//! Ctrl-C, SIGTERM and a hang-up, for commands that do not supervise: remembered, and obeyed even by who is blocked.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{os, threads};

/// How long a command may take to end by itself. Whoever waits for something hears at once; a look-up that blocks never
/// does.
const EXIT_TIMEOUT: Duration = Duration::from_millis(500);

/// What a command does, for as long as it hears interrupts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Nothing is half done: it can be ended anywhere.
    Looking,
    /// Processes are told to end. It says itself who survives, unless it is told twice.
    Signalling,
    /// What an interrupt means is for the run's machine to decide, which takes each. One that is blocked takes none.
    Supervising,
}

#[derive(Debug)]
struct InterruptState {
    work: Work,
    heard: usize,
    /// Of those the machine has taken so many.
    taken: usize,
}

impl InterruptState {
    fn ends_the_program(&self) -> bool {
        match self.work {
            Work::Looking => true,
            Work::Signalling => self.heard > 1,
            // A start may wait for a disk that does not answer. Its watchdog ends what has been started.
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
        let state = InterruptState {
            work: Work::Looking,
            heard: 0,
            taken: 0,
        };
        Interrupt {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }
}

impl Interrupt {
    /// One has come: from now on that is known. `tell` is called at once, and `end` if the program is to end and has not done
    /// so in time.
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

    /// All that have come are known to the run's machine.
    pub(crate) fn take(&self) {
        let mut state = self.lock();
        state.taken = state.heard;
        drop(state);
        self.changed.notify_all();
    }

    /// Processes are about to be signalled, until this is dropped.
    pub(crate) fn signalling(&self) -> Signalling<'_> {
        Signalling {
            interrupt: self,
            before: self.turn_to(Work::Signalling),
        }
    }

    /// A run is about to begin.
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

/// Ends the program here and now. `last_words` are given a moment: whoever is blocked may hold what they need.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the main thread is blocked, so `main` cannot end"
)]
pub(crate) fn end(exit: u8, last_words: impl FnOnce() + Send + 'static) {
    const MOMENT: Duration = Duration::from_millis(100);
    // What was just being started would go on without anybody who knows of it.
    os::kill_half_started();
    // Without room for a thread it ends without a word.
    let _ = threads::within("last words", MOMENT, last_words);
    std::process::exit(exit.into());
}

#[cfg(test)]
mod tests;

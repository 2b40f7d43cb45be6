//! The watchdog of the run: started before the first service, told what it needs, and replaced if it is killed.

use std::time::Duration;

use super::{Driver, InitialRequest, Message};
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{self, OnExit};
use crate::run::reexec::{GREETING_TIMEOUT, Heard};
use crate::run::watchdog::{Told, Watchdog};

/// What the watchdog knows and each replacement is told.
#[derive(Debug, Default)]
pub(super) struct Guarding {
    told: Told,
    /// When to try again after it could not be replaced.
    again_at: Option<Duration>,
    /// The user has been warned.
    has_warned: bool,
}

/// The pause before another attempt to start one.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How often Ctrl-C is checked while we wait for the first one.
const INTERRUPT_POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Driver<'_> {
    /// Prepares the first request while the watchdog starts; nothing else is started before that has greeted.
    ///
    /// # Errors
    /// The watchdog could not be started.
    pub(super) fn begin(&mut self, first: InitialRequest) -> Result<(), Diagnostic> {
        // If we were told to stop already, nothing is started.
        self.receive_all();
        self.watchdog = Some(self.new_watchdog()?);
        match first {
            InitialRequest::Plan {
                services,
                conflicts,
                give_up_after,
                prepared,
            } => {
                self.count_conflicts(conflicts);
                let names = services.iter().map(|service| service.name.clone()).collect();
                self.await_start(Some(prepared), names);
                self.enlist(services, &[], give_up_after);
            }
            InitialRequest::Request(request, reply) => self.handle_request(request, reply),
        }
        let meanwhile = self.await_watchdog()?;
        meanwhile.into_iter().for_each(|message| self.receive(message));
        Ok(())
    }

    /// The messages that arrived while we waited.
    fn await_watchdog(&mut self) -> Result<Vec<Message>, Diagnostic> {
        let until = self.clock.now() + GREETING_TIMEOUT;
        let mut meanwhile = Vec::new();
        let Some(mut watchdog) = self.watchdog.take() else {
            return Ok(meanwhile);
        };
        loop {
            let heard = watchdog.heard(INTERRUPT_POLL_INTERVAL);
            meanwhile.extend(self.inbox.try_iter());
            let is_interrupt = |message: &Message| matches!(message, Message::Signal(heard) if heard.is_interrupt());
            if meanwhile.iter().any(is_interrupt) {
                watchdog.dismiss();
                return Err(Diagnostic::new("interrupted before anything was started").exit(Exit::Interrupted));
            }
            match heard {
                Heard::Greeted => {
                    self.watchdog = Some(watchdog);
                    return Ok(meanwhile);
                }
                Heard::Nothing if self.clock.now() < until => {}
                heard => return Err(watchdog.absent(heard)),
            }
        }
    }

    fn new_watchdog(&self) -> Result<Watchdog, Diagnostic> {
        Watchdog::start(
            &self.record.run,
            &self.record.checkout,
            self.on_exit,
            &self.guarding.told,
        )
    }

    /// The watchdog was killed. Starts another one, immediately unless the last did not even greet.
    pub(super) fn watchdog_ended(&mut self) {
        let Some(mut last) = self.watchdog.take() else { return };
        match last.heard(Duration::ZERO) {
            Heard::Greeted => {
                self.guarding.has_warned = false;
                self.replace_watchdog();
            }
            Heard::SomethingElse | Heard::Ended | Heard::Nothing => {
                self.go_unguarded(Diagnostic::new("the watchdog of this run has died before it was there"));
            }
        }
    }

    /// Starts a watchdog if there is none and the pause is over.
    pub(super) fn guard_again(&mut self) {
        if self.guarding.again_at.is_some_and(|at| at <= self.clock.now()) {
            self.replace_watchdog();
        }
    }

    pub(super) fn guards_again_at(&self) -> Option<Duration> {
        self.guarding.again_at
    }

    fn replace_watchdog(&mut self) {
        match self.new_watchdog() {
            Ok(watchdog) => {
                self.guarding.again_at = None;
                self.watchdog = Some(watchdog);
            }
            Err(problem) => self.go_unguarded(problem),
        }
    }

    fn go_unguarded(&mut self, why: Diagnostic) {
        self.guarding.again_at = Some(self.clock.now() + RETRY_INTERVAL);
        if !std::mem::replace(&mut self.guarding.has_warned, true) {
            let meaning = "if this supervisor is killed now, its services are left running; another watchdog is tried every second";
            self.sink
                .trouble(Diagnostic::new(format!("{}: {meaning}", why.message)));
        }
    }

    /// The watchdog gives every service the longest grace period of all.
    pub(super) fn raise_grace_period(&mut self, services: &[plan::Service]) {
        let longest = services.iter().map(|service| service.stop_grace_period).max();
        if let Some(longest) = longest.filter(|longest| *longest > self.guarding.told.grace) {
            self.guarding.told.grace = longest;
            if let Some(watchdog) = &mut self.watchdog {
                watchdog.raise_grace_period(longest);
            }
        }
    }

    /// If the project keeps services running, the watchdog continues to read these pipes after our exit.
    pub(super) fn hand_on(&mut self, pipes: impl IntoIterator<Item = Option<u64>>) {
        if self.on_exit == OnExit::Stop {
            return;
        }
        for pipe in pipes.into_iter().flatten() {
            self.guarding.told.pipes.push(pipe);
            if let Some(watchdog) = &mut self.watchdog {
                watchdog.hand_on(pipe);
            }
        }
    }
}

//! The watchdog of the run: there before the first service, told what it has to know, replaced when it was killed.

use std::time::Duration;

use super::{Driver, InitialRequest, Message};
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{self, OnExit};
use crate::run::reexec::{GREETING_TIMEOUT, Heard};
use crate::run::watchdog::{Told, Watchdog};

/// What the watchdog knows, and every later one is told again.
#[derive(Debug, Default)]
pub(super) struct Guarding {
    told: Told,
    /// There is none, and it could not be replaced: when that is tried again.
    again_at: Option<Duration>,
    /// That was said.
    has_warned: bool,
}

/// How long one that cannot be had is not tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long Ctrl-C may wait while the first one is waited for.
const INTERRUPT_POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Driver<'_> {
    /// Prepares all that is asked for first, beside the watchdog that is just starting: nothing else is started before that
    /// is there.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) fn begin(&mut self, first: InitialRequest) -> Result<(), Diagnostic> {
        // Whoever was told to end before it has begun starts nothing.
        self.receive_all();
        self.watchdog = Some(self.new_watchdog()?);
        match first {
            InitialRequest::Plan {
                services,
                give_up_after,
            } => self.enlist(services, give_up_after),
            InitialRequest::Request(request, reply) => self.handle_request(request, reply),
        }
        let meanwhile = self.await_watchdog()?;
        meanwhile.into_iter().for_each(|message| self.receive(message));
        Ok(())
    }

    /// What has come in while it was waited for.
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

    /// It was killed. Another one comes at once, and in a while if not even this was there.
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

    /// If there is none, and it is time.
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

    /// The watchdog gives each service as long as the most patient one wants.
    pub(super) fn raise_grace_period(&mut self, services: &[plan::Service]) {
        let longest = services.iter().map(|service| service.stop_grace_period).max();
        if let Some(longest) = longest.filter(|longest| *longest > self.guarding.told.grace) {
            self.guarding.told.grace = longest;
            if let Some(watchdog) = &mut self.watchdog {
                watchdog.raise_grace_period(longest);
            }
        }
    }

    /// It reads on in these pipes where we do not any more, if the project says so.
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

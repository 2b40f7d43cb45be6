//! The guardian of the run: there before the first service, told what it has to know, replaced when it was killed.

use std::time::Duration;

use super::{Driver, First, Message};
use crate::error::{Exit, Problem};
use crate::plan::{self, OnExit};
use crate::world::guardian::{Guardian, Told};
use crate::world::reexec::{Heard, PATIENCE};

/// What the guardian knows, and those after it are told anew.
#[derive(Debug, Default)]
pub(super) struct Guarding {
    told: Told,
    /// There is none, and it could not be replaced: when that is tried again.
    again_at: Option<Duration>,
    /// That was said.
    has_warned: bool,
}

/// How long one that cannot be had is not tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long Ctrl-C may wait while the first one is waited for.
const SLICE: Duration = Duration::from_millis(50);

impl Driver<'_> {
    /// Prepares all that is asked for first, beside the guardian that is just starting: nothing else is started before that
    /// is there.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) fn begin(&mut self, first: First) -> Result<(), Problem> {
        // Whoever was told to end before it has begun starts nothing.
        self.receive_all();
        self.guardian = Some(self.new_guardian()?);
        match first {
            First::Plan {
                services,
                give_up_after,
            } => self.enlist(services, give_up_after),
            First::Request(request, reply) => self.asked(request, reply),
        }
        let meanwhile = self.await_guardian()?;
        meanwhile.into_iter().for_each(|message| self.receive(message));
        Ok(())
    }

    /// What has come in while it was waited for.
    fn await_guardian(&mut self) -> Result<Vec<Message>, Problem> {
        let until = self.clock.now() + PATIENCE;
        let mut meanwhile = Vec::new();
        let Some(mut guardian) = self.guardian.take() else {
            return Ok(meanwhile);
        };
        loop {
            let heard = guardian.heard(SLICE);
            meanwhile.extend(self.inbox.try_iter());
            let is_interrupt = |message: &Message| matches!(message, Message::Heard(heard) if heard.is_interrupt());
            if meanwhile.iter().any(is_interrupt) {
                guardian.dismiss();
                return Err(Problem::new("interrupted before anything was started").exit(Exit::Interrupted));
            }
            match heard {
                Heard::Greeted => {
                    self.guardian = Some(guardian);
                    return Ok(meanwhile);
                }
                Heard::Nothing if self.clock.now() < until => {}
                heard => return Err(guardian.absent(heard)),
            }
        }
    }

    fn new_guardian(&self) -> Result<Guardian, Problem> {
        Guardian::start(
            &self.record.run,
            &self.record.checkout,
            self.on_exit,
            &self.guarding.told,
        )
    }

    /// It was killed. Another one comes at once, and in a while if not even this was there.
    pub(super) fn guardian_ended(&mut self) {
        let Some(mut last) = self.guardian.take() else { return };
        match last.heard(Duration::ZERO) {
            Heard::Greeted => {
                self.guarding.has_warned = false;
                self.replace_guardian();
            }
            Heard::SomethingElse | Heard::Ended | Heard::Nothing => {
                self.go_unguarded(Problem::new("the guardian of this run has died before it was there"));
            }
        }
    }

    /// If there is none, and it is time.
    pub(super) fn guard_again(&mut self) {
        if self.guarding.again_at.is_some_and(|at| at <= self.clock.now()) {
            self.replace_guardian();
        }
    }

    pub(super) fn guards_again_at(&self) -> Option<Duration> {
        self.guarding.again_at
    }

    fn replace_guardian(&mut self) {
        match self.new_guardian() {
            Ok(guardian) => {
                self.guarding.again_at = None;
                self.guardian = Some(guardian);
            }
            Err(problem) => self.go_unguarded(problem),
        }
    }

    fn go_unguarded(&mut self, why: Problem) {
        self.guarding.again_at = Some(self.clock.now() + AGAIN);
        if !std::mem::replace(&mut self.guarding.has_warned, true) {
            let meaning = "if this supervisor is killed now, its services are left running; another guardian is tried every second";
            self.sink.trouble(Problem::new(format!("{}: {meaning}", why.message)));
        }
    }

    /// The guardian gives each service as long as the most patient one wants.
    pub(super) fn grant(&mut self, services: &[plan::Service]) {
        let longest = services.iter().map(|service| service.stop_grace_period).max();
        if let Some(longest) = longest.filter(|longest| *longest > self.guarding.told.grace) {
            self.guarding.told.grace = longest;
            if let Some(guardian) = &mut self.guardian {
                guardian.grant(longest);
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
            if let Some(guardian) = &mut self.guardian {
                guardian.hand_on(pipe);
            }
        }
    }
}

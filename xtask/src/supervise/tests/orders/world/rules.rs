//! Rules that always hold: which actions are allowed, and what is true after each step.

use std::time::Duration;

use super::{Real, World};
use crate::plan::Condition;
use crate::supervise::{Action, Cause, State, UnitId};

impl World {
    /// Records an action and checks that it is allowed.
    pub(super) fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn(unit) => {
                assert!(
                    !self.reals[*unit].spawning && !self.reals[*unit].lives(),
                    "{unit} is spawned twice"
                );
                assert!(!self.reals[*unit].unwanted, "{unit} is spawned although it is to end");
                let paused = self.reals[*unit].again_at.is_none_or(|at| at <= self.now);
                assert!(paused, "{unit} is spawned before its pause is over");
                for (name, condition) in &self.specs[*unit].depends_on {
                    let state = self.state_of(name).expect("what is needed is known");
                    let is_over = matches!(state, State::Exited | State::Completed);
                    let is_allowed = match condition {
                        Condition::Healthy => matches!(state, State::Running | State::Ready),
                        Condition::Started => state.is_up() || state == State::Starting || is_over,
                        Condition::Completed => state == State::Completed,
                    };
                    assert!(is_allowed, "{unit} is spawned while {name} is {}", state.name());
                }
                if self.specs[*unit].task {
                    self.check_no_dependent_is_ending(*unit);
                }
                self.reals[*unit] = Real {
                    spawning: true,
                    batch: self.reals[*unit].batch,
                    ..Real::default()
                };
            }
            Action::Probe(unit) => {
                assert!(!self.reals[*unit].asked, "{unit} is asked twice");
                self.reals[*unit].asked = true;
            }
            Action::Terminate(unit) => self.reals[*unit].terminated = true,
            Action::Kill(unit) => {
                assert!(
                    self.reals[*unit].terminated,
                    "{unit} is killed before it is asked to end"
                );
                self.reals[*unit].killed = true;
            }
            Action::CountProcesses(_) => {}
            Action::Announce { unit, state, cause } => {
                let real = &mut self.reals[*unit];
                if let Some(Cause::Again { pause, .. }) = cause {
                    assert_eq!(*state, State::Backoff);
                    assert!(!real.unwanted, "{unit} pauses although it is to end");
                    assert!(!real.spawning && !real.lives(), "{unit} pauses and lives");
                    real.again_at = Some(self.now + *pause);
                }
                if *state == State::Waiting {
                    assert!(!real.spawning && !real.lives(), "{unit} waits and lives");
                    if self.starts {
                        real.unwanted = self.n_interrupts > 0;
                        real.batch = self.n_batches - 1;
                    }
                    assert!(!real.unwanted || self.starts, "{unit} waits although it is to end");
                }
                let survived = matches!(cause, Some(Cause::Survived { .. }));
                if state.is_over() {
                    assert!(!real.spawning, "{unit} is over while it is being spawned");
                    assert!(survived || !real.lives(), "{unit} is over and lives");
                    *real = Real {
                        batch: real.batch,
                        ..Real::default()
                    };
                }
                real.state = Some(*state);
                real.since = self.now;
            }
            Action::Settled { batch, ready } => {
                assert!(!self.settled.contains(batch), "batch {batch} is settled twice");
                self.settled.push(*batch);
                let members = || self.reals.iter().filter(|real| real.batch == *batch);
                // If some were stopped and the others are up, nothing has failed.
                let is_settled = |real: &Real| match real.state {
                    Some(State::Running | State::Ready | State::Unhealthy) => real.leader,
                    Some(State::Exited | State::Completed | State::Stopped) => true,
                    Some(State::Waiting | State::Starting | State::Stopping | State::Backoff | State::Failed)
                    | None => false,
                };
                if !ready && !members().all(is_settled) {
                    let members = self.reals.iter_mut().filter(|real| real.batch == *batch);
                    members.for_each(|real| real.unwanted = true);
                }
            }
        }
    }

    fn needs(&self, unit: UnitId, needed: UnitId) -> bool {
        let needed = &self.specs[needed].name;
        self.specs[unit].depends_on.iter().any(|(name, _)| name == needed)
    }

    fn state_of(&self, name: &str) -> Option<State> {
        self.reals[name.parse::<usize>().unwrap()].state
    }

    /// The units that depend on a unit, also through units that do not run.
    fn dependents(&self, unit: UnitId) -> Vec<UnitId> {
        let mut all = Vec::new();
        for other in unit + 1..self.specs.len() {
            let sees_through = |other: &UnitId| !self.reals[*other].lives() && !self.reals[*other].spawning;
            let mut ways = all.iter().copied().filter(sees_through).chain([unit]);
            if ways.any(|way| self.needs(other, way)) {
                all.push(other);
            }
        }
        all
    }

    /// A task may change what its dependents use, so those that are to stop must stop before it starts.
    fn check_no_dependent_is_ending(&self, task: UnitId) {
        // Some may not have been requested yet.
        for other in self.machine.units().filter(|other| self.needs(*other, task)) {
            let is_ending = self.reals[other].unwanted || self.machine.is_to_restart(other);
            assert!(
                !is_ending || !self.reals[other].lives(),
                "{task} is spawned while {other} is yet to end"
            );
        }
    }

    /// Checks what must be true after each step.
    pub(super) fn check_rules(&self) {
        let deadline = self.machine.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "a deadline that has come is not met: {deadline:?}"
        );
        for unit in self.machine.units() {
            let real = &self.reals[unit];
            let is_needed = self.dependents(unit).into_iter().any(|other| {
                let is_to_restart = self.machine.is_to_restart(other);
                let other = &self.reals[other];
                (other.unwanted || is_to_restart)
                    && (other.lives() || other.spawning || !other.state.is_none_or(State::is_over))
            });
            let spec = &self.specs[unit];
            let pauses = |name: &String| self.state_of(name) == Some(State::Backoff);
            let is_to_restart = self.machine.is_to_restart(unit) || spec.restarts_with.iter().any(pauses);
            if (is_to_restart || real.unwanted) && real.leader && !is_needed {
                assert!(real.terminated, "{unit} is not told to end");
            }
            if self.n_interrupts > 1 && real.leader {
                assert!(real.killed, "{unit} is not killed");
            }
            if self.machine.state(unit) == State::Starting && !real.spawning && !spec.task {
                let late = real.since + spec.start_period + Duration::from_secs(1);
                assert!(self.now < late, "{unit} starts for ever");
            }
            if self.machine.state(unit) == State::Backoff {
                assert!(real.again_at.is_some_and(|at| self.now < at), "{unit} pauses for ever");
            }
            let waits_for_us = real.lives() || real.spawning || real.asked;
            let waits_for_others = self.machine.state(unit) == State::Waiting;
            let is_over = self.machine.state(unit).is_over();
            assert!(
                is_over || waits_for_us || waits_for_others || deadline.is_some(),
                "{unit} is stuck"
            );
        }
        if self.machine.is_over() {
            assert_eq!(self.settled.len(), self.n_batches, "a batch was never settled");
        }
    }
}

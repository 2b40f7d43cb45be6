//! [`Machine`]: what each event changes. `settle` derives what follows from the new state.

use std::collections::BTreeMap;
use std::time::Duration;

use super::unit::{Phase, ProbeSchedule, Unit};
use super::{Action, Cause, Condition, Elapsed, Event, ProbeResult, State, UnitId};
use crate::diagnose::ExitStatus;
use crate::diagnostic::Exit;

/// All services of a run. The same events at the same times give the same actions.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(super) units: Vec<Unit>,
    pub(super) batches: Vec<Batch>,
    by_name: BTreeMap<String, UnitId>,
    /// Set by the first Ctrl-C: nothing starts after it.
    pub(super) interrupted: bool,
    /// Set by the second: everything is killed without a grace period, including units stopped later.
    pub(super) without_grace: bool,
    /// All failures so far, in order.
    pub(super) failures: Vec<(UnitId, Cause)>,
}

/// Units that were requested together.
#[derive(Debug)]
pub(super) struct Batch {
    /// All were ready once, or one has failed. From then on each unit is independent.
    pub(super) settled: bool,
    pub(super) since: Elapsed,
    /// The deadline for all of them to become ready.
    pub(super) give_up_at: Option<Elapsed>,
}

impl Machine {
    /// Handles an event; the actions are to be performed in the order returned.
    pub(crate) fn step(&mut self, now: Elapsed, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        self.take(now, event, &mut actions);
        self.settle(now, &mut actions);
        actions
    }

    /// When [`Event::Tick`] is due if no other event comes first.
    pub(crate) fn next_deadline(&self) -> Option<Elapsed> {
        let units = self.units.iter().filter_map(Unit::deadline);
        units.chain(self.batch_deadlines()).min()
    }

    pub(crate) fn unit(&self, name: &str) -> Option<UnitId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn state(&self, unit: UnitId) -> State {
        self.units[unit].state()
    }

    pub(crate) fn units(&self) -> std::ops::Range<UnitId> {
        0..self.units.len()
    }

    /// What a unit that is not ready waits for, as text for the user.
    pub(crate) fn waiting_for(&self, unit: UnitId) -> Vec<String> {
        match &self.units[unit].phase {
            Phase::Waiting => self.blocked_by(unit).map(str::to_owned).collect(),
            Phase::Starting { detail, .. } if !detail.is_empty() => vec![detail.clone()],
            Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => Vec::new(),
            Phase::Stopping(_) | Phase::Backoff { .. } | Phase::Finished { .. } => Vec::new(),
        }
    }

    /// It is a task that has completed.
    pub(crate) fn is_done(&self, unit: UnitId) -> bool {
        self.units[unit].satisfies(Condition::Completed)
    }

    /// Nothing runs, waits to run, or would start again after a change of its files.
    pub(crate) fn is_over(&self) -> bool {
        let mut units = self.units();
        units.all(|unit| self.units[unit].is_over() && !self.awaits_change(unit))
    }

    /// The exit code of the run as far as its services determine it.
    pub(crate) fn exit(&self) -> Exit {
        Exit::worst(self.failures.iter().map(|(_, cause)| cause.exit()))
    }

    fn take(&mut self, now: Elapsed, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Start { specs, give_up_after } => {
                self.batches.push(Batch {
                    settled: false,
                    since: now,
                    give_up_at: give_up_after.map(|after| now + after),
                });
                for spec in specs {
                    self.admit(spec, actions);
                }
            }
            Event::Spawned { unit } => self.spawned(now, unit, actions),
            Event::SpawnFailed { unit, message, exit } if self.units[unit].phase == Phase::Spawning => {
                let cause = Cause::NotSpawned { message, exit };
                let (state, cause) = match self.may_restart(unit, &cause) {
                    true => self.backoff_or_not(now, unit, cause),
                    false => (State::Failed, Some(cause)),
                };
                self.finish(now, unit, state, cause, actions);
            }
            Event::SpawnFailed { .. } => {}
            Event::Probed { unit, answer } => self.probed(now, unit, answer, actions),
            Event::Exited {
                unit,
                status,
                diagnosis,
            } => self.exited(now, unit, status, diagnosis, actions),
            Event::Swept { unit, left } => self.swept(now, unit, left, actions),
            Event::Stop { units } => {
                for unit in units.unwrap_or_else(|| self.units().collect()) {
                    self.units[unit].stop = true;
                }
            }
            Event::Restart { units } => {
                for unit in units {
                    self.restart(unit, actions);
                }
            }
            Event::FilesChanged { unit, files } => self.files_changed(unit, files, actions),
            Event::Watched { unit, watched } => self.units[unit].spec.watched = watched,
            Event::Change { specs } => {
                let mut changed = Vec::new();
                for spec in specs {
                    if let Some(unit) = self.unit(&spec.name) {
                        self.units[unit].next = Some(Box::new(spec));
                        changed.push(unit);
                    }
                }
                for unit in self.restarted_with(&changed) {
                    self.restart(unit, actions);
                }
            }
            Event::Interrupt => self.interrupt(now, actions),
            Event::Tick => {}
        }
    }

    /// Starts a finished unit again; one that runs or is about to is left alone.
    fn admit(&mut self, spec: super::Spec, actions: &mut Vec<Action>) {
        let fresh = Unit {
            batch: self.batches.len() - 1,
            phase: Phase::Waiting,
            stop: self.interrupted,
            restart_requested: false,
            changed: None,
            n_spawned: 0,
            consecutive_restarts: 0,
            starting_since: None,
            spec,
            next: None,
        };
        let unit = match self.by_name.get(&fresh.spec.name) {
            Some(&unit) if !self.units[unit].is_over() => return,
            Some(&unit) => {
                self.units[unit] = fresh;
                self.failures.retain(|(failed, _)| *failed != unit);
                unit
            }
            None => {
                let unit = self.units.len();
                self.by_name.insert(fresh.spec.name.clone(), unit);
                self.units.push(fresh);
                unit
            }
        };
        announce(unit, State::Waiting, None, actions);
    }

    fn spawned(&mut self, now: Elapsed, unit: UnitId, actions: &mut Vec<Action>) {
        let Unit { spec, phase, .. } = &self.units[unit];
        if *phase != Phase::Spawning {
            return;
        }
        if spec.task {
            let batch = &self.batches[self.units[unit].batch];
            let give_up_at = batch.give_up_at.filter(|_| !batch.settled);
            self.units[unit].phase = Phase::TaskRunning { since: now, give_up_at };
            announce(unit, State::Starting, None, actions);
        } else if spec.probed {
            self.units[unit].starting_since.get_or_insert(now);
            // A unit that is spawned late is probed at least once.
            let give_up_at = self.give_up_at(now, unit).max(now);
            let phase = Phase::Starting {
                since: now,
                give_up_at,
                probe: ProbeSchedule::At(now),
                detail: String::new(),
            };
            self.units[unit].phase = phase;
            announce(unit, State::Starting, None, actions);
        } else {
            self.units[unit].starting_since = None;
            self.units[unit].phase = Phase::Running {
                since: now,
                ready_since: now,
                probe: ProbeSchedule::Never,
                failures: 0,
                unhealthy: false,
            };
            announce(unit, State::Running, None, actions);
        }
    }

    fn probed(&mut self, now: Elapsed, unit: UnitId, answer: ProbeResult, actions: &mut Vec<Action>) {
        let Unit { spec, phase, .. } = &mut self.units[unit];
        match (phase, answer) {
            (Phase::Starting { since, .. }, ProbeResult::Passed { .. }) => {
                let since = *since;
                let probe = spec
                    .interval
                    .map_or(ProbeSchedule::Never, |interval| ProbeSchedule::At(now + interval));
                self.units[unit].starting_since = None;
                self.units[unit].phase = Phase::Running {
                    since,
                    ready_since: now,
                    probe,
                    failures: 0,
                    unhealthy: false,
                };
                announce(unit, State::Ready, None, actions);
            }
            (
                Phase::Starting {
                    since,
                    give_up_at,
                    probe,
                    detail,
                },
                ProbeResult::Failed { detail: new } | ProbeResult::Unasked { detail: new },
            ) => {
                if *give_up_at <= now {
                    let cause = Cause::NotReady {
                        after: now - *since,
                        detail: new,
                    };
                    self.was_not_ready(now, unit, cause, actions);
                } else {
                    *probe = ProbeSchedule::At((now + probe_interval(now - *since)).min(*give_up_at));
                    *detail = new;
                }
            }
            (
                Phase::Running {
                    ready_since,
                    probe,
                    failures,
                    unhealthy,
                    ..
                },
                ProbeResult::Passed { .. },
            ) => {
                *probe = spec
                    .interval
                    .map_or(ProbeSchedule::Never, |interval| ProbeSchedule::At(now + interval));
                *failures = 0;
                if std::mem::replace(unhealthy, false) {
                    *ready_since = now;
                    announce(unit, State::Ready, None, actions);
                }
            }
            (
                Phase::Running {
                    probe,
                    failures,
                    unhealthy,
                    ..
                },
                ProbeResult::Failed { detail },
            ) => {
                *probe = spec
                    .interval
                    .map_or(ProbeSchedule::Never, |interval| ProbeSchedule::At(now + interval));
                *failures += 1;
                if *failures >= spec.retries && !std::mem::replace(unhealthy, true) {
                    let cause = Cause::Unhealthy { detail };
                    announce(unit, State::Unhealthy, Some(cause.clone()), actions);
                    if self.may_restart(unit, &cause) {
                        self.end(now, unit, false, State::Backoff, Some(cause), actions);
                    }
                }
            }
            (Phase::Running { probe, .. }, ProbeResult::Unasked { .. }) => {
                *probe = spec
                    .interval
                    .map_or(ProbeSchedule::Never, |interval| ProbeSchedule::At(now + interval));
            }
            // The result came too late; the unit has left that phase.
            (Phase::Waiting | Phase::Spawning | Phase::TaskRunning { .. } | Phase::Stopping(_), _) => {}
            (Phase::Backoff { .. } | Phase::Finished { .. }, _) => {}
        }
    }

    fn exited(
        &mut self,
        now: Elapsed,
        unit: UnitId,
        status: ExitStatus,
        diagnosis: Option<super::Diagnosis>,
        actions: &mut Vec<Action>,
    ) {
        let (since, before_ready) = match &mut self.units[unit].phase {
            Phase::Stopping(stopping) => {
                stopping.exited = true;
                stopping.sweep = ProbeSchedule::At(now);
                return;
            }
            Phase::Starting { since, .. } => (*since, true),
            Phase::Running { since, .. } | Phase::TaskRunning { since, .. } => (*since, false),
            Phase::Waiting | Phase::Spawning | Phase::Backoff { .. } | Phase::Finished { .. } => return,
        };
        let done = status.code == Some(0) && !before_ready;
        let cause = Cause::Exited {
            status,
            after: now - since,
            before_ready,
            diagnosis,
        };
        let end = match self.may_restart(unit, &cause) {
            true => State::Backoff,
            false if done && self.units[unit].spec.task => State::Completed,
            false if done => State::Exited,
            false => State::Failed,
        };
        self.end(now, unit, true, end, Some(cause), actions);
    }

    fn interrupt(&mut self, now: Elapsed, actions: &mut Vec<Action>) {
        self.without_grace = std::mem::replace(&mut self.interrupted, true);
        for unit in self.units() {
            self.units[unit].stop = true;
            if !self.without_grace {
                continue;
            }
            match &mut self.units[unit].phase {
                Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => {
                    self.end(now, unit, false, State::Stopped, None, actions);
                }
                Phase::Stopping(stopping) if !stopping.killed => stopping.kill_at = now,
                // A unit that is being spawned is killed once its process exists.
                Phase::Stopping(_) | Phase::Waiting | Phase::Spawning => {}
                Phase::Backoff { .. } | Phase::Finished { .. } => {}
            }
        }
    }
}

pub(super) fn announce(unit: UnitId, state: State, cause: Option<Cause>, actions: &mut Vec<Action>) {
    actions.push(Action::Announce { unit, state, cause });
}

/// The pause before the next probe: a tenth of the time waited so far, within 5 to 250 ms, so that a result is at most
/// a tenth late.
pub(super) fn probe_interval(waited: Duration) -> Duration {
    (waited / 10).clamp(Duration::from_millis(5), Duration::from_millis(250))
}

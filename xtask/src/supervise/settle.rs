//! What follows from the units' states, whatever the event: starts, stops, probes and kills that are due.

use super::machine::{Batch, Machine, announce};
use super::unit::{LATE_ANSWER_TIMEOUT, Phase, ProbeSchedule, Spec, Stopping, Unit};
use super::{Action, Cause, Condition, Elapsed, State, UnitId};

impl Machine {
    pub(super) fn settle(&mut self, now: Elapsed, actions: &mut Vec<Action>) {
        self.give_up_on_answers(now, actions);
        self.give_up_on_tasks(now, actions);
        self.settle_batches(actions);
        while self.stop_what_may(now, actions)
            || self.start_what_may(now, actions)
            || self.give_up_on_others(now, actions)
        {
            self.settle_batches(actions);
        }
        for unit in self.units() {
            self.ask_what_is_due(now, unit, actions);
        }
    }

    /// A unit whose last probe gets no answer in time is not ready.
    fn give_up_on_answers(&mut self, now: Elapsed, actions: &mut Vec<Action>) {
        for unit in self.units() {
            if let Phase::Starting {
                since,
                give_up_at,
                probe: ProbeSchedule::Asked,
                detail,
            } = &self.units[unit].phase
                && *give_up_at + LATE_ANSWER_TIMEOUT <= now
            {
                let detail = match detail.as_str() {
                    "" => "no answer yet".to_owned(),
                    detail => detail.to_owned(),
                };
                let after = now - *since;
                self.was_not_ready(now, unit, Cause::NotReady { after, detail }, actions);
            }
        }
    }

    /// Tasks have no timeout of their own; the batch may have one.
    fn give_up_on_tasks(&mut self, now: Elapsed, actions: &mut Vec<Action>) {
        for unit in self.units() {
            if let Phase::TaskRunning {
                since,
                give_up_at: Some(at),
            } = self.units[unit].phase
                && at <= now
            {
                let detail = "it has not ended yet".to_owned();
                let after = now - since;
                self.was_not_ready(now, unit, Cause::NotReady { after, detail }, actions);
            }
        }
    }

    /// After the deadline of a batch, its units that wait for units of other batches have failed. Units that are
    /// starting have their own deadline and a more specific cause.
    fn give_up_on_others(&mut self, now: Elapsed, actions: &mut Vec<Action>) -> bool {
        let mut changed = false;
        for batch in 0..self.batches.len() {
            if self.batch_deadline(batch).is_none_or(|at| now < at) {
                continue;
            }
            let after = now - self.batches[batch].since;
            // A unit that waits for another unit of this list is stopped with it.
            let is_waiting = |unit: UnitId| self.units[unit].batch == batch && self.units[unit].phase == Phase::Waiting;
            let waits_here = |name: &str| self.unit(name).is_some_and(is_waiting);
            let waits_elsewhere = |unit: &UnitId| self.blocked_by(*unit).any(|name| !waits_here(name));
            let late: Vec<_> = self
                .units()
                .filter(|unit| is_waiting(*unit))
                .filter(waits_elsewhere)
                .collect();
            for unit in late {
                let names: Vec<_> = self.blocked_by(unit).map(|name| format!("`{name}`")).collect();
                let detail = format!("it waits for {}", names.join(", "));
                self.finish(
                    now,
                    unit,
                    State::Failed,
                    Some(Cause::NotReady { after, detail }),
                    actions,
                );
                changed = true;
            }
        }
        changed
    }

    pub(super) fn batch_deadlines(&self) -> impl Iterator<Item = Elapsed> {
        (0..self.batches.len()).filter_map(|batch| self.batch_deadline(batch))
    }

    /// When the waiting units of a batch give up, if they wait only for other batches.
    fn batch_deadline(&self, batch: usize) -> Option<Elapsed> {
        let Batch {
            settled, give_up_at, ..
        } = self.batches[batch];
        let members = || self.units.iter().filter(|unit| unit.batch == batch);
        let is_busy = |unit: &Unit| match unit.phase {
            Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } => true,
            Phase::Stopping(_) | Phase::Backoff { .. } => true,
            Phase::Waiting | Phase::Running { .. } | Phase::Finished { .. } => false,
        };
        let waits = members().any(|unit| unit.phase == Phase::Waiting && !unit.stop);
        give_up_at.filter(|_| !settled && waits && !members().any(is_busy))
    }

    /// What keeps a waiting unit from starting: dependencies that are not ready and, because a task may change what
    /// they use, dependents of a task that are still stopping.
    pub(super) fn blocked_by(&self, unit: UnitId) -> impl Iterator<Item = &str> {
        let Spec { name, task, .. } = &self.units[unit].spec;
        let is_missing = |needed: &str, condition| {
            let needed = self.unit(needed).map(|it| &self.units[it]);
            !needed.is_some_and(|it| it.satisfies(condition))
        };
        let of_task = |it: &Unit| it.spec.task && it.is_inactive();
        let missing = self.needs(unit, of_task).into_iter();
        let missing = missing.filter(move |(needed, condition)| is_missing(needed, *condition));
        let ending = self.units().filter(|other| *task && self.units[*other].is_to_end());
        let ending = ending.filter(move |other| self.needs(*other, of_task).iter().any(|(needed, _)| needed == name));
        let missing = missing.map(|(name, _)| name);
        missing.chain(ending.map(|other| self.units[other].spec.name.as_str()))
    }

    /// A unit's dependencies. The dependencies of one that does not run are included: a server needs the database that
    /// its completed migration has used.
    fn needs(&self, unit: UnitId, is_seen_through: impl Fn(&Unit) -> bool) -> Vec<(&str, Condition)> {
        let mut all: Vec<(&str, Condition)> = Vec::new();
        let mut left = vec![unit];
        while let Some(unit) = left.pop() {
            for (name, condition) in &self.units[unit].spec.depends_on {
                if all.contains(&(name.as_str(), *condition)) {
                    continue;
                }
                all.push((name, *condition));
                left.extend(self.unit(name).filter(|it| is_seen_through(&self.units[*it])));
            }
        }
        all
    }

    /// Stops a batch in which a unit has failed; settles one in which all are up.
    fn settle_batches(&mut self, actions: &mut Vec<Action>) {
        for batch in 0..self.batches.len() {
            if self.batches[batch].settled {
                continue;
            }
            let members = || self.units.iter().filter(|unit| unit.batch == batch);
            if members().any(has_failed) {
                self.batches[batch].settled = true;
                for unit in self.units.iter_mut().filter(|unit| unit.batch == batch) {
                    unit.stop = true;
                }
                actions.push(Action::Settled { batch, ready: false });
            } else if members().all(is_settled) {
                let ready = members().all(|unit| !matches!(unit.phase, Phase::Finished { state: State::Stopped }));
                self.batches[batch].settled = true;
                actions.push(Action::Settled { batch, ready });
            }
        }
    }

    /// Stops the units that are to be stopped, dependents first. Returns whether anything changed.
    fn stop_what_may(&mut self, now: Elapsed, actions: &mut Vec<Action>) -> bool {
        let mut needed = vec![false; self.units.len()];
        for unit in self.units().filter(|unit| self.units[*unit].is_to_end()) {
            for (name, _) in self.needs(unit, Unit::is_inactive) {
                self.unit(name).into_iter().for_each(|it| needed[it] = true);
            }
        }
        let mut changed = false;
        for unit in self.units() {
            // A unit in backoff has no process that uses its dependencies.
            let pauses = matches!(self.units[unit].phase, Phase::Backoff { .. });
            if !self.units[unit].is_to_end() || (needed[unit] && !self.without_grace && !pauses) {
                continue;
            }
            match self.units[unit].phase {
                Phase::Waiting | Phase::Backoff { .. } => self.finish(now, unit, State::Stopped, None, actions),
                Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => {
                    let end = if self.units[unit].stop {
                        State::Stopped
                    } else {
                        State::Waiting
                    };
                    self.end(now, unit, false, end, None, actions);
                }
                Phase::Spawning | Phase::Stopping(_) | Phase::Finished { .. } => continue,
            }
            changed = true;
        }
        changed
    }

    /// Starts units whose dependencies are satisfied; fails those whose dependencies never will be.
    fn start_what_may(&mut self, now: Elapsed, actions: &mut Vec<Action>) -> bool {
        let mut changed = false;
        for unit in self.units() {
            if self.units[unit].phase == Phase::Waiting
                && let Some(next) = self.units[unit].next.take()
            {
                self.units[unit].spec = *next;
            }
            let may_start = match self.units[unit].phase {
                Phase::Waiting => true,
                Phase::Backoff { until } => until <= now,
                Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => {
                    continue;
                }
                Phase::Stopping(_) | Phase::Finished { .. } => continue,
            };
            if self.units[unit].stop || !may_start {
                continue;
            }
            let waits_for: Vec<_> = self.blocked_by(unit).map(str::to_owned).collect();
            if waits_for.is_empty() {
                self.units[unit].n_spawned += 1;
                self.units[unit].phase = Phase::Spawning;
                actions.push(Action::Spawn(unit));
                changed = true;
            } else if let Some(name) = waits_for.into_iter().find(|name| self.will_never_satisfy(name)) {
                self.finish(now, unit, State::Failed, Some(Cause::Dependency { name }), actions);
                changed = true;
            } else if matches!(self.units[unit].phase, Phase::Backoff { .. }) {
                self.units[unit].phase = Phase::Waiting;
                announce(unit, State::Waiting, None, actions);
                changed = true;
            }
        }
        changed
    }

    fn will_never_satisfy(&self, name: &str) -> bool {
        self.unit(name)
            .is_none_or(|unit| self.units[unit].is_over() && !self.awaits_change(unit))
    }

    fn ask_what_is_due(&mut self, now: Elapsed, unit: UnitId, actions: &mut Vec<Action>) {
        match &mut self.units[unit].phase {
            Phase::Starting { probe, .. } | Phase::Running { probe, .. } if probe.due(now) => {
                *probe = ProbeSchedule::Asked;
                actions.push(Action::Probe(unit));
            }
            Phase::Stopping(stopping) => {
                if !stopping.killed && stopping.kill_at <= now {
                    *stopping = Stopping {
                        killed: true,
                        kill_at: now,
                        sweep: ProbeSchedule::At(now),
                        ..stopping.clone()
                    };
                    actions.push(Action::Kill(unit));
                }
                if stopping.sweep.due(now) {
                    stopping.sweep = ProbeSchedule::Asked;
                    actions.push(Action::CountProcesses(unit));
                }
            }
            Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => {}
            Phase::Waiting | Phase::Spawning | Phase::Backoff { .. } | Phase::Finished { .. } => {}
        }
    }
}

/// Up and not about to stop, or finished.
fn is_settled(unit: &Unit) -> bool {
    match &unit.phase {
        Phase::Running { .. } => !unit.is_to_end(),
        Phase::Finished { .. } => true,
        Phase::Waiting | Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } => false,
        Phase::Stopping(_) | Phase::Backoff { .. } => false,
    }
}

fn has_failed(unit: &Unit) -> bool {
    match &unit.phase {
        Phase::Finished { state } => *state == State::Failed,
        Phase::Stopping(stopping) => stopping.end == State::Failed,
        Phase::Waiting | Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } => false,
        Phase::Running { .. } | Phase::Backoff { .. } => false,
    }
}

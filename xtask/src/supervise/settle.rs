//! What follows from the state of the units, whatever event led there: starts, stops, questions and kills that are due.

use super::machine::Machine;
use super::unit::{Phase, Probe, Stopping, Unit};
use super::{Action, Cause, Condition, Now, State, UnitId};

impl Machine {
    pub(super) fn settle(&mut self, now: Now, actions: &mut Vec<Action>) {
        self.settle_batches(actions);
        while self.stop_what_may(now, actions) || self.start_what_may(actions) {
            self.settle_batches(actions);
        }
        for unit in self.units() {
            self.ask_what_is_due(now, unit, actions);
        }
    }

    /// The dependencies that keep a waiting unit from starting.
    pub(super) fn open_dependencies(&self, unit: UnitId) -> impl Iterator<Item = (&str, Condition)> {
        self.units[unit].spec.depends_on.iter().filter_map(|(name, condition)| {
            let satisfied = self
                .unit(name)
                .is_some_and(|dependency| self.units[dependency].satisfies(*condition));
            (!satisfied).then_some((name.as_str(), *condition))
        })
    }

    /// A batch of which one has failed is stopped as a whole; one whose units are all up is done with.
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
            } else if members().all(|unit| matches!(unit.phase, Phase::Running { .. } | Phase::Over { .. })) {
                let ready = members().all(|unit| !matches!(unit.phase, Phase::Over { state: State::Stopped }));
                self.batches[batch].settled = true;
                actions.push(Action::Settled { batch, ready });
            }
        }
    }

    /// Stops the units that are to stop, dependents first. `true` if anything changed.
    fn stop_what_may(&mut self, now: Now, actions: &mut Vec<Action>) -> bool {
        let mut needed = vec![false; self.units.len()];
        for unit in self.units.iter().filter(|unit| unit.stop && !unit.is_over()) {
            for dependency in unit.spec.depends_on.iter().filter_map(|(name, _)| self.unit(name)) {
                needed[dependency] = true;
            }
        }
        let mut changed = false;
        for unit in self.units() {
            if !self.units[unit].stop || needed[unit] {
                continue;
            }
            match self.units[unit].phase {
                Phase::Waiting => self.finish(unit, State::Stopped, None, actions),
                Phase::Starting { .. } | Phase::Running { .. } => {
                    self.end(now, unit, false, State::Stopped, None, actions);
                }
                Phase::Spawning | Phase::Stopping(_) | Phase::Over { .. } => continue,
            }
            changed = true;
        }
        changed
    }

    /// Starts the units whose dependencies allow it; those whose dependencies never will have failed.
    fn start_what_may(&mut self, actions: &mut Vec<Action>) -> bool {
        let mut changed = false;
        for unit in self.units() {
            if self.units[unit].stop || self.units[unit].phase != Phase::Waiting {
                continue;
            }
            let open: Vec<_> = self.open_dependencies(unit).map(|(name, _)| name.to_owned()).collect();
            if open.is_empty() {
                self.units[unit].phase = Phase::Spawning;
                actions.push(Action::Spawn(unit));
                changed = true;
            } else if let Some(name) = open.into_iter().find(|name| self.will_never_satisfy(name)) {
                self.finish(unit, State::Failed, Some(Cause::Dependency { name }), actions);
                changed = true;
            }
        }
        changed
    }

    fn will_never_satisfy(&self, name: &str) -> bool {
        self.unit(name).is_none_or(|unit| self.units[unit].is_over())
    }

    fn ask_what_is_due(&mut self, now: Now, unit: UnitId, actions: &mut Vec<Action>) {
        match &mut self.units[unit].phase {
            Phase::Starting { probe, .. } | Phase::Running { probe, .. } if probe.due(now) => {
                *probe = Probe::Asked;
                actions.push(Action::Probe(unit));
            }
            Phase::Stopping(stopping) => {
                if !stopping.killed && stopping.kill_at <= now {
                    *stopping = Stopping {
                        killed: true,
                        kill_at: now,
                        sweep: Probe::At(now),
                        ..stopping.clone()
                    };
                    actions.push(Action::Kill(unit));
                }
                if stopping.sweep.due(now) {
                    stopping.sweep = Probe::Asked;
                    actions.push(Action::Sweep(unit));
                }
            }
            Phase::Starting { .. } | Phase::Running { .. } => {}
            Phase::Waiting | Phase::Spawning | Phase::Over { .. } => {}
        }
    }
}

fn has_failed(unit: &Unit) -> bool {
    match &unit.phase {
        Phase::Over { state } => *state == State::Failed,
        Phase::Stopping(stopping) => stopping.end == State::Failed,
        Phase::Waiting | Phase::Spawning | Phase::Starting { .. } | Phase::Running { .. } => false,
    }
}

//! Whether a stopped unit is restarted, and after which pause.

use std::time::Duration;

use super::machine::{Machine, announce};
use super::unit::{Phase, Unit};
use super::{Action, Cause, ChangedFiles, Elapsed, State, UnitId};
use crate::config::MAX_RESTARTS;
use crate::diagnose::ExitStatus;
use crate::diagnose::FailureKind;
use crate::diagnostic::Exit;
use crate::hash::fnv;
use crate::plan::Restart;

/// A unit that was ready for this long without interruption starts counting from zero.
const BACKOFF_RESET: Duration = Duration::from_secs(10);

/// The same for a unit that was killed from outside, which does not mean that it is broken.
const BACKOFF_RESET_IF_KILLED: Duration = Duration::from_secs(1);

/// The second pause. The first restart is immediate, because it usually is the only one.
const SECOND_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(30);

impl Machine {
    /// Whether the restart policy allows another start and that start could succeed.
    pub(super) fn may_restart(&self, unit: UnitId, cause: &Cause) -> bool {
        let Unit { spec, stop, .. } = &self.units[unit];
        let could_help = match cause {
            Cause::Exited {
                status: ExitStatus { code: Some(0), .. },
                ..
            } => spec.restart == Restart::Always,
            // A signal came from outside, whatever the output says.
            Cause::Exited { status, diagnosis, .. } => {
                status.signal.is_some() || diagnosis.as_ref().is_none_or(|it| !it.kind.is_permanent())
            }
            Cause::NotReady { .. } | Cause::Unhealthy { .. } => true,
            // It could be started before, so a system resource may be exhausted temporarily.
            Cause::NotSpawned { exit, .. } => *exit == Exit::Missing && self.units[unit].consecutive_restarts > 0,
            Cause::Dependency { .. } | Cause::Survived { .. } | Cause::Unverified { .. } => false,
            Cause::Again { .. } | Cause::GaveUp { .. } | Cause::FilesChanged(_) => false,
        };
        !stop && spec.restart != Restart::No && could_help
    }

    /// The state of a unit after a failure that permits a restart: `Backoff`, or `Failed` if it was restarted too often
    /// or cannot become ready in time.
    pub(super) fn backoff_or_not(&mut self, now: Elapsed, unit: UnitId, last: Cause) -> (State, Option<Cause>) {
        let Unit {
            phase,
            consecutive_restarts,
            ..
        } = &mut self.units[unit];
        let quiet = if was_killed(&last) {
            BACKOFF_RESET_IF_KILLED
        } else {
            BACKOFF_RESET
        };
        if let Phase::Running { ready_since, .. } = phase
            && now - *ready_since >= quiet
        {
            *consecutive_restarts = 0;
        }
        let n_restarts = *consecutive_restarts;
        if n_restarts >= MAX_RESTARTS {
            let last = Box::new(last);
            return (State::Failed, Some(Cause::GaveUp { last, n_restarts }));
        }
        *consecutive_restarts += 1;
        self.units[unit].starting_since.get_or_insert(now);
        let pause = backoff(&self.units[unit].spec.name, n_restarts);
        let is_too_late = now + pause >= self.give_up_at(now, unit);
        if is_too_late && !self.batches[self.units[unit].batch].settled {
            return (State::Failed, Some(last));
        }
        let last = Box::new(last);
        (State::Backoff, Some(Cause::Again { last, pause }))
    }

    /// A starting unit did not become ready in time.
    pub(super) fn was_not_ready(&mut self, now: Elapsed, unit: UnitId, cause: Cause, actions: &mut Vec<Action>) {
        let end = match self.may_restart(unit, &cause) {
            true => State::Backoff,
            false => State::Failed,
        };
        self.end(now, unit, false, end, Some(cause), actions);
    }

    /// The deadline for a unit that starts now to become ready. Until its batch is settled, all its attempts share one
    /// start period, and the deadline of the batch applies too.
    pub(super) fn give_up_at(&self, now: Elapsed, unit: UnitId) -> Elapsed {
        let Unit {
            spec,
            batch,
            starting_since,
            ..
        } = &self.units[unit];
        let batch = &self.batches[*batch];
        if batch.settled {
            return now + spec.start_period;
        }
        let own = starting_since.unwrap_or(now) + spec.start_period;
        batch.give_up_at.map_or(own, |at| own.min(at))
    }

    /// Stops a unit and lets it wait again; a finished one starts again. A unit that is being stopped stays stopped.
    pub(super) fn restart(&mut self, unit: UnitId, actions: &mut Vec<Action>) {
        let it = &mut self.units[unit];
        if self.interrupted || (it.stop && !it.is_over()) {
            return;
        }
        let is_inactive = match &mut it.phase {
            Phase::Waiting => return,
            Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => false,
            Phase::Stopping(stopping) => {
                (stopping.end, stopping.cause) = (State::Waiting, None);
                false
            }
            Phase::Backoff { .. } | Phase::Finished { .. } => true,
        };
        (it.n_spawned, it.consecutive_restarts) = (0, 0);
        if is_inactive {
            (it.phase, it.stop, it.starting_since) = (Phase::Waiting, false, None);
            self.failures.retain(|(failed, _)| *failed != unit);
            let cause = self.units[unit].changed.take().map(Cause::FilesChanged);
            announce(unit, State::Waiting, cause, actions);
        } else {
            it.restart_requested = true;
        }
    }

    /// Whether a change of a unit's files restarts it now. A unit that waits, or stops to start again, will read the files
    /// as they are now.
    pub(crate) fn heeds_changes(&self, unit: UnitId) -> bool {
        let it = &self.units[unit];
        match &it.phase {
            _ if self.interrupted || it.stop || it.restart_requested => false,
            Phase::Finished { .. } => self.awaits_change(unit),
            Phase::Stopping(stopping) => is_end_by_itself(stopping.end),
            Phase::Spawning | Phase::Starting { .. } | Phase::Running { .. } | Phase::Backoff { .. } => true,
            Phase::Waiting | Phase::TaskRunning { .. } => false,
        }
    }

    /// It has ended by itself, and a change of its files will start it again: an edit broke it, and the next may repair
    /// it. A unit whose batch has failed, or that was told to stop, stays as it is.
    pub(crate) fn awaits_change(&self, unit: UnitId) -> bool {
        let it = &self.units[unit];
        let ended_by_itself = matches!(it.phase, Phase::Finished { state } if is_end_by_itself(state));
        it.spec.watched && ended_by_itself && !it.stop && !self.interrupted
    }

    /// It waits for a unit that awaits a change, or for one that does.
    pub(crate) fn waits_for_change(&self, unit: UnitId) -> bool {
        let mut names = self.blocked_by(unit).filter_map(|name| self.unit(name));
        let is_waiting = self.units[unit].phase == Phase::Waiting;
        is_waiting && names.any(|needed| self.awaits_change(needed) || self.waits_for_change(needed))
    }

    /// Files of a unit have changed. The units that are restarted with it have no cause of their own.
    pub(super) fn files_changed(&mut self, unit: UnitId, files: ChangedFiles, actions: &mut Vec<Action>) {
        if !self.heeds_changes(unit) {
            return;
        }
        for restarted in self.restarted_with(&[unit]) {
            if restarted == unit {
                self.units[unit].changed = Some(files.clone());
            }
            self.restart(restarted, actions);
        }
    }

    /// Restarts the dependents that asked to be restarted with this unit.
    pub(super) fn restart_dependents(&mut self, unit: UnitId) {
        for dependent in self.dependents_restarted_with(unit) {
            let it = &mut self.units[dependent];
            let runs = match it.phase {
                Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => true,
                // These wait for it anyway, or have finished.
                Phase::Waiting | Phase::Stopping(_) | Phase::Backoff { .. } | Phase::Finished { .. } => false,
            };
            if runs && !it.stop && !it.restart_requested {
                it.restart_requested = true;
                self.restart_dependents(dependent);
            }
        }
    }

    /// The units restarted if none is named; completed tasks are not run again.
    pub(crate) fn restarted_by_itself(&self) -> Vec<UnitId> {
        self.units().filter(|unit| !self.is_done(*unit)).collect()
    }

    /// `units`, the units restarted with them, and finished dependencies that would block them.
    pub(crate) fn restarted_with(&self, units: &[UnitId]) -> Vec<UnitId> {
        let mut all = Vec::new();
        let mut left = units.to_vec();
        while let Some(unit) = left.pop() {
            if all.contains(&unit) {
                continue;
            }
            all.push(unit);
            let lives = |unit: &UnitId| !self.units[*unit].is_over();
            left.extend(self.dependents_restarted_with(unit).into_iter().filter(lives));
            let missing = self.blocked_by(unit).filter_map(|name| self.unit(name));
            left.extend(missing.filter(|unit| self.units[*unit].is_over()));
        }
        all.sort_unstable();
        all
    }

    fn dependents_restarted_with(&self, unit: UnitId) -> Vec<UnitId> {
        let name = &self.units[unit].spec.name;
        let dependents = self
            .units()
            .filter(|other| self.units[*other].spec.restarts_with.contains(name));
        dependents.collect()
    }

    /// When a unit in backoff is restarted.
    pub(crate) fn next_try(&self, unit: UnitId) -> Option<Elapsed> {
        match self.units[unit].phase {
            Phase::Backoff { until } => Some(until),
            Phase::Waiting | Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } => None,
            Phase::Running { .. } | Phase::Stopping(_) | Phase::Finished { .. } => None,
        }
    }

    /// It was told to restart and has not stopped yet.
    pub(crate) fn is_to_restart(&self, unit: UnitId) -> bool {
        self.units[unit].restart_requested
    }

    /// How often it was restarted since it was requested.
    pub(crate) fn restarts(&self, unit: UnitId) -> u32 {
        self.units[unit].n_spawned.saturating_sub(1)
    }
}

fn is_end_by_itself(end: State) -> bool {
    match end {
        State::Failed | State::Exited | State::Backoff => true,
        State::Waiting | State::Starting | State::Running | State::Ready | State::Unhealthy => false,
        State::Stopping | State::Completed | State::Stopped => false,
    }
}

/// By a user or another program, not by the kernel or its own fault.
fn was_killed(last: &Cause) -> bool {
    let Cause::Exited { status, diagnosis, .. } = last else {
        return false;
    };
    // These numbers are the same on all systems: SIGHUP, SIGINT, SIGKILL, SIGTERM.
    let is_asked_for = matches!(status.signal, Some(1 | 2 | 9 | 15));
    is_asked_for && diagnosis.as_ref().is_none_or(|it| it.kind == FailureKind::Killed)
}

/// The pause before restart number `n`, counted from 0: none, then doubled each time. Up to a quarter is added,
/// depending on name and `n`, so that units that exited together do not restart together.
fn backoff(name: &str, n: u32) -> Duration {
    let Some(doubled) = n.checked_sub(1) else {
        return Duration::ZERO;
    };
    let pause = SECOND_PAUSE
        .saturating_mul(2_u32.saturating_pow(doubled))
        .min(MAX_PAUSE);
    // Any even distribution would do.
    let spread = fnv(name.bytes().chain(doubled.to_le_bytes()));
    let per_mille = u32::try_from(spread % 251).expect("it is below 251");
    (pause + pause * per_mille / 1000).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests;

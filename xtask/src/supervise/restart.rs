//! Whether a unit that ended is started again, and after which pause.

use std::time::Duration;

use super::machine::{Machine, announce};
use super::unit::{Phase, Unit};
use super::{Action, Cause, Elapsed, State, UnitId};
use crate::diagnose::ExitStatus;
use crate::diagnose::FailureKind;
use crate::diagnostic::Exit;
use crate::plan::Restart;

/// So often in a row a unit is started again.
const MAX_RESTARTS: u32 = 5;

/// A unit that was ready for so long without a break counts from zero again.
const BACKOFF_RESET: Duration = Duration::from_secs(10);

/// The same for one that somebody killed, which says nothing of how well it works.
const BACKOFF_RESET_IF_KILLED: Duration = Duration::from_secs(1);

/// The second pause; the first restart comes at once, for it is most often the only one.
const SECOND_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(30);

impl Machine {
    /// Does its policy ask for another start, and could that end otherwise than this one?
    pub(super) fn may_restart(&self, unit: UnitId, cause: &Cause) -> bool {
        let Unit { spec, stop, .. } = &self.units[unit];
        let could_help = match cause {
            Cause::Exited {
                status: ExitStatus { code: Some(0), .. },
                ..
            } => spec.restart == Restart::Always,
            // A signal came from outside, whatever was said before.
            Cause::Exited { status, diagnosis, .. } => {
                status.signal.is_some() || diagnosis.as_ref().is_none_or(|it| !it.kind.is_permanent())
            }
            Cause::NotReady { .. } | Cause::Unhealthy { .. } => true,
            // It could be started before: the system was out of something, and may have it again.
            Cause::NotSpawned { exit, .. } => *exit == Exit::Missing && self.units[unit].consecutive_restarts > 0,
            Cause::Dependency { .. } | Cause::Survived { .. } | Cause::Unverified { .. } => false,
            Cause::Again { .. } | Cause::GaveUp { .. } => false,
        };
        !stop && spec.restart != Restart::No && could_help
    }

    /// What a unit becomes that is to be started again: it has failed if that was tried too often, or if it could not be
    /// ready in time any more.
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

    /// A starting unit has had its time.
    pub(super) fn was_not_ready(&mut self, now: Elapsed, unit: UnitId, cause: Cause, actions: &mut Vec<Action>) {
        let end = match self.may_restart(unit, &cause) {
            true => State::Backoff,
            false => State::Failed,
        };
        self.end(now, unit, false, end, Some(cause), actions);
    }

    /// When a unit that starts now has failed if it is not ready. As long as the start of the whole is under way, all its
    /// attempts share one start period, and the time of the whole is a limit too.
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

    /// Stops a unit and lets it wait again; one that is over starts again. One that is to be stopped stays so.
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
            announce(unit, State::Waiting, None, actions);
        } else {
            it.restart_requested = true;
        }
    }

    /// A unit is about to be started again: so are those that asked to be restarted with it.
    pub(super) fn restart_dependents(&mut self, unit: UnitId) {
        for dependent in self.dependents_restarted_with(unit) {
            let it = &mut self.units[dependent];
            let runs = match it.phase {
                Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } | Phase::Running { .. } => true,
                // These wait for it anyway, or have ended.
                Phase::Waiting | Phase::Stopping(_) | Phase::Backoff { .. } | Phase::Finished { .. } => false,
            };
            if runs && !it.stop && !it.restart_requested {
                it.restart_requested = true;
                self.restart_dependents(dependent);
            }
        }
    }

    /// What is restarted where nobody is named: a task that is done has nothing to do again.
    pub(crate) fn restarted_by_itself(&self) -> Vec<UnitId> {
        self.units().filter(|unit| !self.is_done(*unit)).collect()
    }

    /// These, what is restarted with them, and those of their dependencies that are over and would keep them waiting.
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

    /// When a pausing unit is started again.
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

    /// How often it was started again since it was asked for.
    pub(crate) fn restarts(&self, unit: UnitId) -> u32 {
        self.units[unit].n_spawned.saturating_sub(1)
    }
}

/// By a person or another program, not by the kernel and not by a fault of its own.
fn was_killed(last: &Cause) -> bool {
    let Cause::Exited { status, diagnosis, .. } = last else {
        return false;
    };
    // The same numbers everywhere: SIGHUP, SIGINT, SIGKILL, SIGTERM.
    let is_asked_for = matches!(status.signal, Some(1 | 2 | 9 | 15));
    is_asked_for && diagnosis.as_ref().is_none_or(|it| it.kind == FailureKind::Killed)
}

/// The pause before a unit is started for the `n`th time again, from 0: none, and then doubled each time, and up to a quarter
/// longer, by name and `n`, so that those that ended together do not come back together.
fn backoff(name: &str, n: u32) -> Duration {
    let Some(doubled) = n.checked_sub(1) else {
        return Duration::ZERO;
    };
    let pause = SECOND_PAUSE
        .saturating_mul(2_u32.saturating_pow(doubled))
        .min(MAX_PAUSE);
    // FNV-1a: any even spread will do, and it is the same in every build.
    let spread = name
        .bytes()
        .chain(doubled.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let per_mille = u32::try_from(spread % 251).expect("it is below 251");
    (pause + pause * per_mille / 1000).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests;

//! How a unit stops: its processes are signalled and counted until none is left; then it has stopped or starts again.

use std::time::Duration;

use super::machine::{Machine, announce, probe_interval};
use super::unit::{Phase, ProbeSchedule, Stopping};
use super::{Action, Cause, Elapsed, State, UnitId};

impl Machine {
    /// Processes that could not be counted may still exist.
    pub(super) fn swept(&mut self, now: Elapsed, unit: UnitId, left: Result<usize, String>, actions: &mut Vec<Action>) {
        let Phase::Stopping(stopping) = &mut self.units[unit].phase else {
            return;
        };
        let Stopping { exited, end, cause, .. } = stopping.clone();
        if exited && left == Ok(0) {
            self.finish(now, unit, end, cause, actions);
        } else if stopping.killed && now >= stopping.kill_at + SURVIVOR_TIMEOUT {
            let cause = match left {
                // The main process may be the only one left, dead but not reported yet.
                Ok(left) => Cause::Survived { left: left.max(1) },
                Err(detail) => Cause::Unverified { detail },
            };
            self.finish(now, unit, State::Failed, Some(cause), actions);
        } else {
            stopping.sweep = ProbeSchedule::At(now + probe_interval(now - stopping.began).min(MAX_COUNT_INTERVAL));
        }
    }

    /// Stops a unit's processes. It enters `end` when none is left; a pointless `Backoff` becomes `Failed`.
    pub(super) fn end(
        &mut self,
        now: Elapsed,
        unit: UnitId,
        exited: bool,
        end: State,
        cause: Option<Cause>,
        actions: &mut Vec<Action>,
    ) {
        let (end, cause) = match (end, cause) {
            _ if self.units[unit].restart_requested && !self.units[unit].stop => (State::Waiting, None),
            (State::Backoff, Some(cause)) => self.backoff_or_not(now, unit, cause),
            same => same,
        };
        if end == State::Backoff {
            self.restart_dependents(unit);
        }
        let kill_at = match self.without_grace {
            true => now,
            false => now + self.units[unit].spec.grace,
        };
        // Counting the others is useless before the main process has exited.
        let sweep = if exited {
            ProbeSchedule::At(now)
        } else {
            ProbeSchedule::Never
        };
        let stopping = Stopping {
            exited,
            kill_at,
            killed: false,
            sweep,
            began: now,
            end,
            cause,
        };
        self.units[unit].phase = Phase::Stopping(stopping);
        actions.push(Action::Terminate(unit));
        // For a unit that exited on its own, only the final state is announced.
        if !exited {
            let changed = self.units[unit].changed.take().filter(|_| end == State::Waiting);
            announce(unit, State::Stopping, changed.map(Cause::FilesChanged), actions);
        }
    }

    /// No process of a unit is left: it enters its final state, or one from which it starts again.
    pub(super) fn finish(
        &mut self,
        now: Elapsed,
        unit: UnitId,
        state: State,
        cause: Option<Cause>,
        actions: &mut Vec<Action>,
    ) {
        self.units[unit].phase = match (state, &cause) {
            (State::Backoff | State::Waiting, _) if self.units[unit].stop => {
                return self.finish(now, unit, State::Stopped, None, actions);
            }
            (State::Backoff, Some(Cause::Again { pause, .. })) => Phase::Backoff { until: now + *pause },
            (State::Waiting, _) => Phase::Waiting,
            (state, _) => Phase::Finished { state },
        };
        self.units[unit].restart_requested = false;
        // One that had exited was not announced as stopping.
        let changed = self.units[unit].changed.take().filter(|_| state == State::Waiting);
        let cause = cause.or(changed.map(Cause::FilesChanged));
        if state == State::Waiting {
            self.units[unit].starting_since = None;
        }
        if let (State::Failed, Some(cause)) = (state, &cause) {
            self.failures.push((unit, cause.clone()));
        }
        announce(unit, state, cause, actions);
    }
}

/// How long a unit may outlive SIGKILL before it counts as a survivor; uninterruptible sleep can last a while.
const SURVIVOR_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum pause between counts after the main process has exited.
const MAX_COUNT_INTERVAL: Duration = Duration::from_millis(50);

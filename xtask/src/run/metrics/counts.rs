//! What the driver counts for each service: a few integers, cheap enough to be counted always.

use std::time::Duration;

use crate::diagnose::ExitStatus;
use crate::supervise::{Cause, State};

/// Why a service was started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RestartCause {
    /// By `restart` or `up`, or together with a service that it depends on.
    #[default]
    Requested,
    /// Its main process exited.
    Exit,
    /// Its main process was ended by a signal.
    Signal,
    /// It did not become ready in time.
    NotReady,
    Unhealthy,
    /// Its process could not be started.
    NotSpawned,
    FilesChanged,
}

impl RestartCause {
    /// All of them, in the order of [`Counts::restarts`].
    pub(crate) const ALL: [RestartCause; 7] = [
        RestartCause::Requested,
        RestartCause::Exit,
        RestartCause::Signal,
        RestartCause::NotReady,
        RestartCause::Unhealthy,
        RestartCause::NotSpawned,
        RestartCause::FilesChanged,
    ];

    /// The label; its texts are a stable interface.
    pub(crate) fn name(self) -> &'static str {
        match self {
            RestartCause::Requested => "requested",
            RestartCause::Exit => "exit",
            RestartCause::Signal => "signal",
            RestartCause::NotReady => "not_ready",
            RestartCause::Unhealthy => "unhealthy",
            RestartCause::NotSpawned => "not_spawned",
            RestartCause::FilesChanged => "files_changed",
        }
    }

    /// Why a service starts again after it was announced with this cause; `None` if that says nothing new.
    fn after(cause: &Cause) -> Option<RestartCause> {
        Some(match cause {
            Cause::Again { last, .. } => return RestartCause::after(last),
            Cause::Exited {
                status: ExitStatus { signal: Some(_), .. },
                ..
            } => RestartCause::Signal,
            Cause::Exited { .. } => RestartCause::Exit,
            Cause::NotReady { .. } => RestartCause::NotReady,
            Cause::Unhealthy { .. } => RestartCause::Unhealthy,
            Cause::NotSpawned { .. } => RestartCause::NotSpawned,
            Cause::FilesChanged(_) => RestartCause::FilesChanged,
            Cause::Dependency { .. } | Cause::Survived { .. } | Cause::Unverified { .. } | Cause::GaveUp { .. } => {
                return None;
            }
        })
    }
}

/// The counts of one service, for the whole run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// By cause, in the order of [`RestartCause::ALL`].
    pub(crate) restarts: [u64; RestartCause::ALL.len()],
    pub(crate) checks_passed: u64,
    pub(crate) checks_failed: u64,
    /// How long they took.
    pub(crate) checks: Durations,
    /// How long the last start took until it was ready; `None` while it is not.
    pub(crate) ready_after: Option<Duration>,
    has_started: bool,
    /// Of the current process, since the supervisor started.
    started_at: Duration,
    /// Why the next start is one.
    next: RestartCause,
}

impl Counts {
    /// A process was started.
    pub(crate) fn started(&mut self, now: Duration) {
        let cause = std::mem::take(&mut self.next);
        if std::mem::replace(&mut self.has_started, true) {
            self.restarts[cause as usize] += 1;
        }
        (self.started_at, self.ready_after) = (now, None);
    }

    /// It has entered a state.
    pub(crate) fn entered(&mut self, now: Duration, state: State, cause: Option<&Cause>) {
        match state {
            State::Ready | State::Running => {
                self.ready_after.get_or_insert(now.saturating_sub(self.started_at));
            }
            // It failed before; what starts it now is a command.
            _ if state.is_over() => self.next = RestartCause::default(),
            State::Backoff | State::Stopping | State::Waiting => {
                self.next = cause.and_then(RestartCause::after).unwrap_or(self.next);
            }
            State::Starting | State::Unhealthy => {}
            State::Exited | State::Completed | State::Failed | State::Stopped => {}
        }
    }

    /// A health check has an answer.
    pub(crate) fn checked(&mut self, passed: bool, took: Duration) {
        match passed {
            true => self.checks_passed += 1,
            false => self.checks_failed += 1,
        }
        self.checks.add(took);
    }
}

/// The upper bounds of the durations of health checks, in seconds: those of Prometheus's own clients, and three below, for
/// most services here answer in less than 5 ms.
pub(crate) const BOUNDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// A histogram.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durations {
    /// For each of [`BOUNDS`], those above the one before; then those above all.
    pub(crate) counts: [u64; BOUNDS.len() + 1],
    pub(crate) sum: Duration,
}

impl Durations {
    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let at = BOUNDS.iter().position(|bound| seconds <= *bound);
        self.counts[at.unwrap_or(BOUNDS.len())] += 1;
        self.sum += took;
    }
}

#[cfg(test)]
mod tests;

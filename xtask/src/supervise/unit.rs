//! One service inside the machine: what it needs, and the phase it is in with that phase's deadlines.

use std::time::Duration;

use super::{Cause, Now, State};
use crate::plan;
use crate::plan::{Condition, Restart};

/// What the machine has to know of a service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: String,
    /// It runs to its end, once, instead of being ready.
    pub(crate) task: bool,
    pub(crate) depends_on: Vec<(String, Condition)>,
    /// Those of its dependencies that it is restarted with.
    pub(crate) restarts_with: Vec<String>,
    /// It has a port or a health check: it is ready when a probe says so, not when it was spawned.
    pub(crate) probed: bool,
    /// Pause between health checks of a ready service; `None` without a health check.
    pub(crate) interval: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) start_period: Duration,
    pub(crate) restart: Restart,
    pub(crate) grace: Duration,
}

impl From<&plan::Service> for Spec {
    fn from(service: &plan::Service) -> Self {
        Spec {
            name: service.name.clone(),
            task: service.task,
            depends_on: service.depends_on.clone(),
            restarts_with: service.restarts_with.clone(),
            probed: !service.ports.is_empty() || service.health.is_some(),
            interval: service.health.as_ref().map(|health| health.interval),
            retries: service.health.as_ref().map_or(1, |health| health.retries),
            start_period: service.start_period,
            restart: service.restart,
            grace: service.stop_grace_period,
        }
    }
}

/// How long after its time a starting unit may still answer the question that was asked last.
pub(super) const LAST_ANSWER: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) spec: Spec,
    /// What it will be when it starts again.
    pub(super) next: Option<Box<Spec>>,
    /// Units that were asked for together.
    pub(super) batch: usize,
    pub(super) phase: Phase,
    /// It is to end as soon as the units that depend on it, and are to end too, have ended.
    pub(super) stop: bool,
    /// The same, and then it waits for its dependencies and starts again.
    pub(super) again: bool,
    /// How often it was spawned since it was asked for.
    pub(super) n_spawned: u32,
    /// How often in a row, without a quiet time between.
    pub(super) in_a_row: u32,
    /// Since when it tries to be ready; `None` once it is.
    pub(super) tries_since: Option<Now>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    Waiting,
    /// The driver was told to spawn it and has not answered yet.
    Spawning,
    Starting {
        since: Now,
        give_up_at: Now,
        probe: Probe,
        detail: String,
    },
    /// A task runs; it is done when its process has ended.
    AtWork {
        since: Now,
        give_up_at: Option<Now>,
    },
    Running {
        since: Now,
        /// Ready, or ready again, since then.
        ready_since: Now,
        probe: Probe,
        failures: u32,
        unhealthy: bool,
    },
    Stopping(Stopping),
    /// It has ended, and nothing of it is left.
    Backoff {
        until: Now,
    },
    Over {
        state: State,
    },
}

/// Its processes are being ended; it is over when a sweep finds none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stopping {
    /// Its own process has ended; what may be left are its children.
    pub(super) exited: bool,
    pub(super) kill_at: Now,
    pub(super) killed: bool,
    pub(super) sweep: Probe,
    pub(super) began: Now,
    /// What it becomes, and why.
    pub(super) end: State,
    pub(super) cause: Option<Cause>,
}

/// A question to the driver that is asked again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Probe {
    Never,
    At(Now),
    /// Asked; the answer is on its way.
    Asked,
}

impl Probe {
    pub(super) fn due(self, now: Now) -> bool {
        matches!(self, Probe::At(at) if at <= now)
    }

    pub(super) fn deadline(self) -> Option<Now> {
        match self {
            Probe::At(at) => Some(at),
            Probe::Never | Probe::Asked => None,
        }
    }
}

impl Unit {
    pub(super) fn state(&self) -> State {
        match &self.phase {
            Phase::Waiting => State::Waiting,
            Phase::Spawning | Phase::Starting { .. } | Phase::AtWork { .. } => State::Starting,
            Phase::Running { unhealthy: false, .. } => State::Ready,
            Phase::Running { unhealthy: true, .. } => State::Unhealthy,
            Phase::Stopping(_) => State::Stopping,
            Phase::Backoff { .. } => State::Backoff,
            Phase::Over { state } => *state,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over { .. })
    }

    /// Nothing of it runs.
    pub(super) fn is_at_rest(&self) -> bool {
        match self.phase {
            Phase::Waiting | Phase::Backoff { .. } | Phase::Over { .. } => true,
            Phase::Spawning | Phase::Starting { .. } | Phase::AtWork { .. } => false,
            Phase::Running { .. } | Phase::Stopping(_) => false,
        }
    }

    /// It is not over, and it is to end.
    pub(super) fn is_to_end(&self) -> bool {
        (self.stop || self.again) && !self.is_over()
    }

    /// Does it let a dependent start that waits for `condition`? One that is about to end does not.
    pub(super) fn satisfies(&self, condition: Condition) -> bool {
        if self.is_to_end() {
            return false;
        }
        match (&self.phase, condition) {
            (Phase::Running { unhealthy, .. }, Condition::Healthy) => !unhealthy,
            (Phase::Running { .. } | Phase::Starting { .. } | Phase::AtWork { .. }, Condition::Started) => true,
            (Phase::Over { state: State::Exited }, Condition::Started) => true,
            (Phase::Over { state: State::Exited }, Condition::Completed) => self.spec.task,
            (Phase::Running { .. }, Condition::Completed) => false,
            (Phase::Starting { .. } | Phase::AtWork { .. }, Condition::Healthy | Condition::Completed) => false,
            (Phase::Waiting | Phase::Spawning | Phase::Stopping(_), _) => false,
            (Phase::Backoff { .. } | Phase::Over { .. }, _) => false,
        }
    }

    pub(super) fn deadline(&self) -> Option<Now> {
        match &self.phase {
            Phase::Waiting | Phase::Spawning | Phase::Over { .. } => None,
            Phase::Backoff { until } => Some(*until),
            Phase::AtWork { give_up_at, .. } => *give_up_at,
            Phase::Starting {
                probe: Probe::Asked,
                give_up_at,
                ..
            } => Some(*give_up_at + LAST_ANSWER),
            Phase::Starting { probe, .. } | Phase::Running { probe, .. } => probe.deadline(),
            Phase::Stopping(stopping) => {
                let kill = (!stopping.killed).then_some(stopping.kill_at);
                [kill, stopping.sweep.deadline()].into_iter().flatten().min()
            }
        }
    }
}

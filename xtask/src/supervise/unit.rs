//! A service inside the machine: its settings, and its phase with that phase's deadlines.

use std::time::Duration;

use super::{Cause, ChangedFiles, Elapsed, State};
use crate::plan;
use crate::plan::{Condition, Restart, Runs};
use crate::preflight::reloader::reloader;

/// What the machine needs to know about a service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: String,
    /// It runs to completion instead of becoming ready.
    pub(crate) task: bool,
    pub(crate) depends_on: Vec<(String, Condition)>,
    /// The dependencies that it is restarted with.
    pub(crate) restarts_with: Vec<String>,
    /// It has a port or a health check, so a probe decides when it is ready. Otherwise it is ready once spawned.
    pub(crate) probed: bool,
    /// Pause between health checks of a ready service; `None` without a health check.
    pub(crate) interval: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) start_period: Duration,
    pub(crate) restart: Restart,
    pub(crate) grace: Duration,
    /// A change of its files restarts it.
    pub(crate) watched: bool,
}

impl From<&plan::Service> for Spec {
    fn from(service: &plan::Service) -> Self {
        let interval = match &service.health {
            Some(health) => Some(health.interval),
            None => (service.runs != Runs::Command).then_some(BESIDE_INTERVAL),
        };
        Spec {
            name: service.name.clone(),
            task: service.task,
            depends_on: service.depends_on.clone(),
            restarts_with: service.restarts_with.clone(),
            probed: !service.ports.is_empty() || interval.is_some(),
            interval,
            retries: service.health.as_ref().map_or(BESIDE_RETRIES, |health| health.retries),
            start_period: service.start_period,
            restart: service.restart,
            grace: service.stop_grace_period,
            watched: service.watch.is_some() && reloader(service).is_none(),
        }
    }
}

/// How often a service that is not a process of ours is looked at without a health check of its own.
const BESIDE_INTERVAL: Duration = Duration::from_secs(10);

/// How often in a row that may fail; one without a check has no such failures.
const BESIDE_RETRIES: u32 = 3;

/// How long after its deadline a starting unit may still answer the last probe.
pub(super) const LATE_ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) spec: Spec,
    /// The settings of its next start.
    pub(super) next: Option<Box<Spec>>,
    /// The index of its batch.
    pub(super) batch: usize,
    pub(super) phase: Phase,
    /// To be stopped once its dependents that are to be stopped have stopped.
    pub(super) stop: bool,
    /// The same, but then it waits for its dependencies and starts again.
    pub(super) restart_requested: bool,
    /// The changed files that it is restarted for, until that is announced.
    pub(super) changed: Option<ChangedFiles>,
    /// How often it was spawned since it was requested.
    pub(super) n_spawned: u32,
    /// How often in a row, without a long enough ready time between.
    pub(super) consecutive_restarts: u32,
    /// When it began trying to become ready; `None` once it is.
    pub(super) starting_since: Option<Elapsed>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    Waiting,
    /// The driver was told to spawn it and has not replied yet.
    Spawning,
    Starting {
        since: Elapsed,
        give_up_at: Elapsed,
        probe: ProbeSchedule,
        detail: String,
    },
    /// A task is running; it is done when its process exits.
    TaskRunning {
        since: Elapsed,
        give_up_at: Option<Elapsed>,
    },
    Running {
        since: Elapsed,
        /// When it last became ready.
        ready_since: Elapsed,
        probe: ProbeSchedule,
        failures: u32,
        unhealthy: bool,
    },
    Stopping(Stopping),
    /// It has exited, and no process is left.
    Backoff {
        until: Elapsed,
    },
    Finished {
        state: State,
    },
}

/// Its processes are being stopped; it has stopped when a count finds none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stopping {
    /// Its main process has exited; its children may remain.
    pub(super) exited: bool,
    pub(super) kill_at: Elapsed,
    pub(super) killed: bool,
    pub(super) sweep: ProbeSchedule,
    pub(super) began: Elapsed,
    /// The state that it enters, and the cause.
    pub(super) end: State,
    pub(super) cause: Option<Cause>,
}

/// When a repeated probe or count is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ProbeSchedule {
    Never,
    At(Elapsed),
    /// It is under way.
    Asked,
}

impl ProbeSchedule {
    pub(super) fn due(self, now: Elapsed) -> bool {
        matches!(self, ProbeSchedule::At(at) if at <= now)
    }

    pub(super) fn deadline(self) -> Option<Elapsed> {
        match self {
            ProbeSchedule::At(at) => Some(at),
            ProbeSchedule::Never | ProbeSchedule::Asked => None,
        }
    }
}

impl Unit {
    pub(super) fn state(&self) -> State {
        match &self.phase {
            Phase::Waiting => State::Waiting,
            Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } => State::Starting,
            Phase::Running { .. } if !self.spec.probed => State::Running,
            Phase::Running { unhealthy: false, .. } => State::Ready,
            Phase::Running { unhealthy: true, .. } => State::Unhealthy,
            Phase::Stopping(_) => State::Stopping,
            Phase::Backoff { .. } => State::Backoff,
            Phase::Finished { state } => *state,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Finished { .. })
    }

    /// No process of it runs.
    pub(super) fn is_inactive(&self) -> bool {
        match self.phase {
            Phase::Waiting | Phase::Backoff { .. } | Phase::Finished { .. } => true,
            Phase::Spawning | Phase::Starting { .. } | Phase::TaskRunning { .. } => false,
            Phase::Running { .. } | Phase::Stopping(_) => false,
        }
    }

    /// It is not over, but is to be stopped or restarted.
    pub(super) fn is_to_end(&self) -> bool {
        (self.stop || self.restart_requested) && !self.is_over()
    }

    /// Whether a dependent that waits for `condition` may start. A unit that is to stop satisfies none.
    pub(super) fn satisfies(&self, condition: Condition) -> bool {
        if self.is_to_end() {
            return false;
        }
        match (&self.phase, condition) {
            (Phase::Running { unhealthy, .. }, Condition::Healthy) => !unhealthy,
            (Phase::Running { .. } | Phase::Starting { .. } | Phase::TaskRunning { .. }, Condition::Started) => true,
            (
                Phase::Finished {
                    state: State::Exited | State::Completed,
                },
                Condition::Started,
            ) => true,
            (
                Phase::Finished {
                    state: State::Completed,
                },
                Condition::Completed,
            ) => true,
            (Phase::Running { .. }, Condition::Completed) => false,
            (Phase::Starting { .. } | Phase::TaskRunning { .. }, Condition::Healthy | Condition::Completed) => false,
            (Phase::Waiting | Phase::Spawning | Phase::Stopping(_), _) => false,
            (Phase::Backoff { .. } | Phase::Finished { .. }, _) => false,
        }
    }

    pub(super) fn deadline(&self) -> Option<Elapsed> {
        match &self.phase {
            Phase::Waiting | Phase::Spawning | Phase::Finished { .. } => None,
            Phase::Backoff { until } => Some(*until),
            Phase::TaskRunning { give_up_at, .. } => *give_up_at,
            Phase::Starting {
                probe: ProbeSchedule::Asked,
                give_up_at,
                ..
            } => Some(*give_up_at + LATE_ANSWER_TIMEOUT),
            Phase::Starting { probe, .. } | Phase::Running { probe, .. } => probe.deadline(),
            Phase::Stopping(stopping) => {
                let kill = (!stopping.killed).then_some(stopping.kill_at);
                [kill, stopping.sweep.deadline()].into_iter().flatten().min()
            }
        }
    }
}

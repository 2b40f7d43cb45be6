//! The supervisor's state machine: [`Machine::step`] takes the time and an event, and returns actions.
//!
//! It has no clock, and starts and signals nothing: `run::driver` performs the actions and reports the results. Every
//! deadline is part of a unit's state, so there are no timers to cancel.

pub(crate) mod change_loop;
mod machine;
mod restart;
mod settle;
pub(crate) mod steps;
mod stopping;
pub(crate) mod timings;
mod unit;

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnose::advice::advice;
use crate::diagnose::{Diagnosis, ExitStatus};
use crate::diagnostic::{Exit, Hint};
use crate::plan::{Condition, Service};
pub(crate) use machine::Machine;
pub(crate) use unit::Spec;

/// Time since the supervisor started.
pub(crate) type Elapsed = Duration;

/// The index of a unit; valid for the life of the machine.
pub(crate) type UnitId = usize;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Starts these as a batch: all become ready, or the batch has failed.
    Start {
        specs: Vec<Spec>,
        give_up_after: Option<Duration>,
    },
    Spawned {
        unit: UnitId,
    },
    SpawnFailed {
        unit: UnitId,
        message: String,
        exit: Exit,
    },
    /// The result of [`Action::Probe`].
    Probed {
        unit: UnitId,
        answer: ProbeResult,
    },
    /// The unit's main process has exited.
    Exited {
        unit: UnitId,
        status: ExitStatus,
        diagnosis: Option<Diagnosis>,
    },
    /// The result of [`Action::CountProcesses`]: the number of remaining processes, or why they could not be counted.
    Swept {
        unit: UnitId,
        left: Result<usize, String>,
    },
    /// Stops these units, or all.
    Stop {
        units: Option<Vec<UnitId>>,
    },
    /// Stops and restarts these units; dependents start after their dependencies.
    Restart {
        units: Vec<UnitId>,
    },
    /// Files that a unit watches have changed: restarts it, if it runs or may run again.
    FilesChanged {
        unit: UnitId,
        files: ChangedFiles,
    },
    /// Whether the files of a unit are really watched: it cannot await a change otherwise.
    Watched {
        unit: UnitId,
        watched: bool,
    },
    /// Restarts these units, if they run or restart with one that does, with new settings.
    Change {
        specs: Vec<Spec>,
    },
    /// Ctrl-C: the first stops all units, the second kills them.
    Interrupt,
    /// A deadline has passed.
    Tick,
}

/// To be performed in the order returned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Spawn(UnitId),
    /// Check whether the unit is ready or healthy.
    Probe(UnitId),
    /// Send the stop signal to all processes of the unit.
    Terminate(UnitId),
    Kill(UnitId),
    /// Count the remaining processes of the unit.
    CountProcesses(UnitId),
    /// Report the new state to all observers.
    Announce {
        unit: UnitId,
        state: State,
        cause: Option<Cause>,
    },
    /// All units of a batch are ready, or the batch has failed.
    Settled {
        batch: usize,
        ready: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ProbeResult {
    Passed {
        detail: String,
    },
    Failed {
        detail: String,
    },
    /// The probe could not run because a system resource is exhausted. This does not make a ready service unhealthy.
    Unasked {
        detail: String,
    },
}

/// A unit's state, with the names of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Waiting,
    Starting,
    /// Started; nothing shows whether it is ready.
    Running,
    Ready,
    Unhealthy,
    Stopping,
    /// It has exited and is restarted after a pause.
    Backoff,
    Exited,
    /// A task that has exited with code 0.
    Completed,
    Failed,
    Stopped,
}

impl State {
    /// The name in JSON and on the screen.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Starting => "starting",
            State::Running => "running",
            State::Ready => "ready",
            State::Unhealthy => "unhealthy",
            State::Stopping => "stopping",
            State::Backoff => "backoff",
            State::Exited => "exited",
            State::Completed => "completed",
            State::Failed => "failed",
            State::Stopped => "stopped",
        }
    }

    /// Nothing of the unit runs, and nothing will start on its own.
    pub(crate) fn is_over(self) -> bool {
        match self {
            State::Exited | State::Completed | State::Failed | State::Stopped => true,
            State::Waiting | State::Starting | State::Running | State::Ready | State::Unhealthy => false,
            State::Stopping | State::Backoff => false,
        }
    }

    /// Processes of the unit may exist.
    pub(crate) fn is_alive(self) -> bool {
        match self {
            State::Starting | State::Running | State::Ready | State::Unhealthy | State::Stopping => true,
            State::Waiting | State::Backoff | State::Exited | State::Completed | State::Failed | State::Stopped => {
                false
            }
        }
    }

    /// A service that has started completely, even if it is unhealthy by now.
    pub(crate) fn is_up(self) -> bool {
        match self {
            State::Running | State::Ready | State::Unhealthy => true,
            State::Waiting | State::Starting | State::Stopping | State::Backoff => false,
            State::Exited | State::Completed | State::Failed | State::Stopped => false,
        }
    }
}

/// Why a unit is in a state that needs a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// Its main process exited; `after` is the time since its start.
    Exited {
        status: ExitStatus,
        after: Duration,
        before_ready: bool,
        diagnosis: Option<Diagnosis>,
    },
    NotReady {
        after: Duration,
        detail: String,
    },
    NotSpawned {
        message: String,
        exit: Exit,
    },
    /// A dependency failed or is not started.
    Dependency {
        name: String,
    },
    Unhealthy {
        detail: String,
    },
    /// The number of its processes that survived SIGKILL.
    Survived {
        left: usize,
    },
    /// It is unknown whether all of its processes have exited.
    Unverified {
        detail: String,
    },
    /// It is restarted after this pause.
    Again {
        last: Box<Cause>,
        pause: Duration,
    },
    /// Files that it watches have changed.
    FilesChanged(ChangedFiles),
    /// It was restarted too often in a row.
    GaveUp {
        last: Box<Cause>,
        n_restarts: u32,
    },
}

/// Files that have changed at about the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangedFiles {
    /// The first of them by name, relative to the working directory; at least one.
    pub(crate) names: Vec<String>,
    /// How many there are in all.
    pub(crate) total: usize,
}

impl Cause {
    /// What the user can do about it, if known.
    pub(crate) fn advice(&self, service: &Service, checkout: &Path) -> Vec<Hint> {
        match self.last() {
            Cause::Exited {
                status,
                before_ready,
                diagnosis,
                ..
            } => advice(service, *status, *before_ready, diagnosis.as_ref(), checkout),
            _ => Vec::new(),
        }
    }

    /// The exit code of `up` that it causes.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Cause::Exited {
                diagnosis: Some(diagnosis),
                ..
            } => diagnosis.exit,
            Cause::Exited { diagnosis: None, .. } | Cause::Dependency { .. } | Cause::Unhealthy { .. } => Exit::Failed,
            Cause::NotReady { .. } => Exit::NotReady,
            Cause::NotSpawned { exit, .. } => *exit,
            Cause::Survived { .. } | Cause::Unverified { .. } => Exit::Survived,
            Cause::FilesChanged(_) => Exit::Done,
            Cause::Again { last, .. } | Cause::GaveUp { last, .. } => last.exit(),
        }
    }

    /// Why its process ended, if that is known.
    pub(crate) fn diagnosis(&self) -> Option<&Diagnosis> {
        match self.last() {
            Cause::Exited { diagnosis, .. } => diagnosis.as_ref(),
            _ => None,
        }
    }

    /// The original cause, without the restarts that followed.
    pub(crate) fn last(&self) -> &Cause {
        match self {
            Cause::Again { last, .. } | Cause::GaveUp { last, .. } => last.last(),
            Cause::Exited { .. } | Cause::NotReady { .. } | Cause::NotSpawned { .. } => self,
            Cause::Dependency { .. } | Cause::Unhealthy { .. } | Cause::Survived { .. } | Cause::Unverified { .. } => {
                self
            }
            Cause::FilesChanged(_) => self,
        }
    }
}

#[cfg(test)]
mod tests;

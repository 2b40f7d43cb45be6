//! The supervisor as a value: [`Machine::step`] takes the time and an event and answers with actions.
//!
//! It starts nothing, signals nobody and knows no clock: `run::driver` performs the actions and reports back.
//! Every deadline is part of a unit's state, so there are no timers to cancel.

mod machine;
mod restart;
mod settle;
pub(crate) mod steps;
mod stopping;
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

/// Time since the supervisor began.
pub(crate) type Elapsed = Duration;

/// Which unit of the machine; stays valid for the machine's life.
pub(crate) type UnitId = usize;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Start these together; they are ready together, or the batch has failed.
    Start {
        specs: Vec<Spec>,
        give_up_after: Option<Duration>,
    },
    Spawned {
        unit: UnitId,
        pid: u32,
    },
    SpawnFailed {
        unit: UnitId,
        message: String,
        exit: Exit,
    },
    /// The answer to [`Action::Probe`].
    Probed {
        unit: UnitId,
        answer: ProbeResult,
    },
    /// The unit's own process has ended.
    Exited {
        unit: UnitId,
        status: ExitStatus,
        diagnosis: Option<Diagnosis>,
    },
    /// The answer to [`Action::CountProcesses`]: so many of its processes are left, or why they could not be counted.
    Swept {
        unit: UnitId,
        left: Result<usize, String>,
    },
    /// Stop these units, or all of them.
    Stop {
        units: Option<Vec<UnitId>>,
    },
    /// Stop these and start them again, what depends on another after it.
    Restart {
        units: Vec<UnitId>,
    },
    /// The same for units that run, and for what is restarted with them; these start again with other settings.
    Change {
        specs: Vec<Spec>,
    },
    /// Ctrl-C: the first stops, the second kills.
    Interrupt,
    /// A deadline has come.
    Tick,
}

/// What to do about it, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Spawn(UnitId),
    /// Is it ready, is it healthy?
    Probe(UnitId),
    /// Ask all its processes to end.
    Terminate(UnitId),
    Kill(UnitId),
    /// Count the processes it has left.
    CountProcesses(UnitId),
    /// Tell everybody who watches.
    Announce {
        unit: UnitId,
        state: State,
        cause: Option<Cause>,
    },
    /// A batch is ready as a whole, or will never be.
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
    /// It could not be asked: the system is out of something. Of a service that was ready that says nothing.
    Unasked {
        detail: String,
    },
}

/// A unit's state, by the names of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Waiting,
    Starting,
    Ready,
    Unhealthy,
    Stopping,
    /// It has ended, and is started again after a pause.
    Backoff,
    Exited,
    Failed,
    Stopped,
}

impl State {
    /// As it stands in JSON and on the screen.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Starting => "starting",
            State::Ready => "ready",
            State::Unhealthy => "unhealthy",
            State::Stopping => "stopping",
            State::Backoff => "backoff",
            State::Exited => "exited",
            State::Failed => "failed",
            State::Stopped => "stopped",
        }
    }

    /// Nothing of it runs, and nothing will without being asked.
    pub(crate) fn is_over(self) -> bool {
        match self {
            State::Exited | State::Failed | State::Stopped => true,
            State::Waiting | State::Starting | State::Ready | State::Unhealthy => false,
            State::Stopping | State::Backoff => false,
        }
    }

    /// There may be processes of it.
    pub(crate) fn is_alive(self) -> bool {
        match self {
            State::Starting | State::Ready | State::Unhealthy | State::Stopping => true,
            State::Waiting | State::Backoff | State::Exited | State::Failed | State::Stopped => false,
        }
    }
}

/// Why a unit is in a state that needs a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// Its process ended; `after` counts from its start.
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
    /// A dependency will not come up.
    Dependency {
        name: String,
    },
    Unhealthy {
        detail: String,
    },
    /// So many of its processes outlived SIGKILL.
    Survived {
        left: usize,
    },
    /// Whether all of its processes have ended could not be determined.
    Unverified {
        detail: String,
    },
    /// It is started again after this pause.
    Again {
        last: Box<Cause>,
        pause: Duration,
    },
    /// It was started again so often in a row that it is not any more.
    GaveUp {
        last: Box<Cause>,
        n_restarts: u32,
    },
}

impl Cause {
    /// What to do about it, where that is known.
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

    /// What `up` ends with because of it.
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
            Cause::Again { last, .. } | Cause::GaveUp { last, .. } => last.exit(),
        }
    }

    /// How it ended, whatever followed from that.
    pub(crate) fn last(&self) -> &Cause {
        match self {
            Cause::Again { last, .. } | Cause::GaveUp { last, .. } => last.last(),
            Cause::Exited { .. } | Cause::NotReady { .. } | Cause::NotSpawned { .. } => self,
            Cause::Dependency { .. } | Cause::Unhealthy { .. } | Cause::Survived { .. } | Cause::Unverified { .. } => {
                self
            }
        }
    }
}

#[cfg(test)]
mod tests;

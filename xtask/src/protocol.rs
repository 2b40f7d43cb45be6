//! What a supervisor and later commands say to each other, and what is known of a run: one shape for the socket, for text
//! and for JSON.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnose::ExitStatus;
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan;
use crate::preflight::mismatch::Mismatch;
use crate::process::left_alone::LeftAlone;
use crate::process::{Identity, ProcessRef};
use crate::supervise::steps::Running;
use crate::supervise::{Cause, State};

/// What is known of a run to whoever comes later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) run: String,
    pub(crate) project: String,
    pub(crate) checkout: PathBuf,
    pub(crate) supervisor: Identity,
    /// Where it runs; runs of older versions were all in the foreground.
    #[serde(default)]
    pub(crate) mode: Mode,
    pub(crate) started_at: Timestamp,
    pub(crate) socket: PathBuf,
}

/// Where a supervisor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// In a terminal, which shows its log.
    #[default]
    Foreground,
    /// On its own, after `up --detach`.
    Background,
}

impl Mode {
    /// As it stands in JSON and on the screen.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Foreground => "foreground",
            Mode::Background => "background",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Status,
    /// The services as they were started.
    Services,
    /// Why one service is in its state.
    Why {
        service: String,
    },
    /// Start those that do not run yet, restart those that run with other settings, and say when `names` are ready.
    Up {
        services: Vec<plan::Service>,
        names: Vec<String>,
        give_up_after: Option<Duration>,
    },
    /// Stop these, or everything if empty, start them again, and say when they are ready.
    Restart {
        services: Vec<String>,
    },
    /// Stop these, or everything if empty.
    Down {
        services: Vec<String>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Status(Snapshot),
    Services(Vec<Running>),
    /// `None`: there is no such service in this run.
    Why(Option<Box<Explanation>>),
    Transition(Transition),
    Progress(Vec<ServiceProgress>),
    Done {
        exit: Exit,
        snapshot: Snapshot,
        /// What is left although it was told to end.
        survivors: Vec<Diagnostic>,
    },
    Refused(Diagnostic),
    /// The run is just ending and takes nothing new, or its supervisor is gone.
    Ending,
}

impl Reply {
    /// Does it end the conversation?
    pub(crate) fn is_last(&self) -> bool {
        match self {
            Reply::Transition(_) | Reply::Progress(_) => false,
            Reply::Status(_) | Reply::Services(_) | Reply::Why(_) | Reply::Done { .. } => true,
            Reply::Refused(_) | Reply::Ending => true,
        }
    }
}

/// A run as its supervisor sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) record: Record,
    /// In the order of their start.
    pub(crate) services: Vec<ServiceStatus>,
    /// What services started and the run does not end.
    #[serde(default)]
    pub(crate) left_alone: Vec<LeftAlone>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServiceStatus {
    pub(crate) name: String,
    pub(crate) task: bool,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    /// When it came into this state; `None` for a service that nobody runs.
    pub(crate) since: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) exit: Option<LastExit>,
    pub(crate) cause: Option<Cause>,
    pub(crate) ports: Vec<plan::Port>,
    pub(crate) health: Option<plan::Health>,
    pub(crate) url: Option<String>,
    /// What the last probe said.
    pub(crate) probed: Option<Probed>,
    pub(crate) waiting_for: Vec<String>,
    /// The declared port that another process was seen to have, when readiness was looked at last.
    pub(crate) lost_port: Option<u16>,
    /// How often it was started again.
    #[serde(default)]
    pub(crate) restarts: u32,
}

impl ServiceStatus {
    /// Of a service that nobody runs.
    pub(crate) fn stopped(service: &plan::Service) -> Self {
        ServiceStatus {
            name: service.name.clone(),
            task: service.task,
            state: State::Stopped,
            pid: None,
            since: None,
            started_at: None,
            exit: None,
            cause: None,
            ports: service.ports.clone(),
            health: service.health.clone(),
            url: service.url(),
            probed: None,
            waiting_for: Vec::new(),
            lost_port: None,
            restarts: 0,
        }
    }
}

/// All that is known of one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Explanation {
    pub(crate) record: Record,
    pub(crate) service: ServiceStatus,
    pub(crate) restart: plan::Restart,
    /// What its probes said, the oldest first.
    pub(crate) answers: Vec<ProbeRecord>,
    pub(crate) next_try_at: Option<Timestamp>,
    /// The end of its log.
    pub(crate) tail: Vec<String>,
}

/// The same answer of a probe, once or more in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProbeRecord {
    /// The last time.
    pub(crate) at: Timestamp,
    pub(crate) times: u32,
    pub(crate) probed: Probed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) passed: bool,
    pub(crate) detail: String,
}

/// How a service's process ended last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastExit {
    pub(crate) status: ExitStatus,
    pub(crate) at: Timestamp,
    /// What followed from that; `None` until it is settled.
    #[serde(default)]
    pub(crate) cause: Option<Cause>,
}

/// A service came into a state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transition {
    pub(crate) at: Timestamp,
    pub(crate) service: String,
    pub(crate) task: bool,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    pub(crate) cause: Option<Cause>,
    /// Where a person reaches its main port.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// What kept it from being ready, if that was it.
    pub(crate) mismatch: Option<Box<Mismatch>>,
    /// The end of its log, if it has failed.
    #[serde(default)]
    pub(crate) tail: Vec<String>,
}

/// A service that is about to come into another state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServiceProgress {
    pub(crate) service: String,
    pub(crate) task: bool,
    pub(crate) state: State,
    /// How long it has been in this state.
    pub(crate) elapsed: Duration,
    /// What a starting service waits for.
    pub(crate) waiting_for: Vec<String>,
    /// Who is still connected to a service that takes its time to stop.
    pub(crate) clients: Vec<ProcessRef>,
}

/// A run, or a checkout without one, with what was seen of its services just now.
#[derive(Debug, Clone)]
pub(crate) struct RunStatus {
    pub(crate) project: String,
    pub(crate) checkout: PathBuf,
    /// `None`: nothing runs.
    pub(crate) record: Option<Record>,
    pub(crate) services: Vec<ObservedService>,
}

/// What the supervisor knows of a service, and what the kernel and the service itself said.
#[derive(Debug, Clone)]
pub(crate) struct ObservedService {
    pub(crate) status: ServiceStatus,
    /// In the order of `status.ports`.
    pub(crate) ports: Vec<PortStatus>,
    pub(crate) health: HealthReport,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct PortStatus {
    pub(crate) name: String,
    pub(crate) number: u16,
    pub(crate) listening: bool,
    pub(crate) ours: bool,
    pub(crate) clients: usize,
    /// It is an earlier run of this checkout that listens.
    #[serde(skip)]
    pub(crate) left_over: bool,
    /// Where the service listens that does not listen here.
    pub(crate) elsewhere: Vec<SocketAddr>,
    /// The number that it should have, also where it has moved; `None` where it has that of `auto`.
    pub(crate) declared: Option<u16>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct HealthReport {
    pub(crate) status: HealthStatus,
    pub(crate) detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    Ok,
    Failing,
    Unknown,
    None,
}

impl RunStatus {
    /// Every service that is shown is ready, every task has completed, and there is one of them.
    pub(crate) fn is_ready(&self) -> bool {
        let is_well = |it: &ServiceStatus| match it.state {
            State::Ready => true,
            State::Exited => it.task,
            State::Waiting | State::Starting | State::Unhealthy | State::Stopping => false,
            State::Backoff | State::Failed | State::Stopped => false,
        };
        !self.services.is_empty() && self.services.iter().all(|it| is_well(&it.status))
    }
}

//! The messages between a supervisor and later commands, and the status of a run: the same types for the socket, for
//! text and for JSON.

mod attach;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnose::ExitStatus;
use crate::diagnose::start_trouble::StartTrouble;
use crate::diagnostic::{Code, Diagnostic, Exit};
use crate::plan;
use crate::process::left_alone::LeftAlone;
use crate::process::{Identity, ProcessRef};
use crate::supervise::steps::Running;
use crate::supervise::timings::Prepared;
use crate::supervise::{Cause, ChangedFiles, State};
pub(crate) use attach::{Bytes, Input, Size};

/// The record of a run, for later commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) run: String,
    pub(crate) project: String,
    pub(crate) checkout: PathBuf,
    pub(crate) supervisor: Identity,
    /// Where it runs; runs of older versions were always in the foreground.
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
    /// In the background, after `up --detach`.
    Background,
}

impl Mode {
    /// The name in JSON and on the screen.
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
    /// The services with the settings that they were started with.
    Services,
    /// Metrics as text.
    Metrics {
        /// Without those of the supervisor's own process.
        for_node_exporter: bool,
    },
    /// Explain the state of one service.
    Why {
        service: String,
    },
    /// Start services that do not run, restart those that run with other settings, and reply when `names` are ready.
    Up {
        services: Vec<plan::Service>,
        /// Those of them that are restarted even if their settings are the same: their packages have changed.
        #[serde(default)]
        again: Vec<String>,
        names: Vec<String>,
        /// Ports that were taken before, by service.
        #[serde(default)]
        conflicts: Vec<(String, Code)>,
        give_up_after: Option<Duration>,
        /// For a supervisor that begins with this request.
        #[serde(default)]
        log_export: Vec<plan::LogTarget>,
        #[serde(default)]
        prepared: Option<Prepared>,
    },
    /// Stop these services, or all if empty, start them again, and reply when they are ready.
    Restart {
        services: Vec<String>,
    },
    /// Stop these services, or all if empty.
    Down {
        services: Vec<String>,
    },
    /// Show what a service writes, and take what is typed into it: each further line is an [`Input`].
    Attach {
        service: String,
        /// Of the client's terminal, if it has one.
        size: Option<Size>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Status(Snapshot),
    Services(Vec<Running>),
    Metrics(String),
    /// `None` if there is no such service in this run.
    Why(Option<Box<Explanation>>),
    Transition(Transition),
    Progress(Vec<ServiceProgress>),
    StartNotice(StartNotice),
    /// The first reply to a client that attaches.
    Attached {
        /// The service has a terminal.
        tty: bool,
    },
    /// The service has written this.
    Output(Bytes),
    /// What an attached client should know.
    Remark(Diagnostic),
    Done {
        exit: Exit,
        snapshot: Snapshot,
        /// What is left although it was told to stop.
        survivors: Vec<Diagnostic>,
    },
    Refused(Diagnostic),
    /// The run is shutting down and takes no requests, or its supervisor is gone.
    Ending,
}

impl Reply {
    /// Whether it is the last reply to a request.
    pub(crate) fn is_last(&self) -> bool {
        match self {
            Reply::Transition(_) | Reply::Progress(_) | Reply::StartNotice(_) => false,
            Reply::Attached { .. } | Reply::Output(_) | Reply::Remark(_) => false,
            Reply::Status(_) | Reply::Services(_) | Reply::Metrics(_) | Reply::Why(_) | Reply::Done { .. } => true,
            Reply::Refused(_) | Reply::Ending => true,
        }
    }
}

/// A run as its supervisor knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) record: Record,
    /// In start order.
    pub(crate) services: Vec<ServiceStatus>,
    /// Processes that services started and the run does not stop.
    #[serde(default)]
    pub(crate) left_alone: Vec<LeftAlone>,
    #[serde(default)]
    pub(crate) log_export: Vec<LogExportStatus>,
}

/// How a log target fares. The lines that services have written are sent, waiting or dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogExportStatus {
    /// As `LogTarget` is displayed.
    pub(crate) target: String,
    /// Lines that the target has taken.
    pub(crate) sent: u64,
    pub(crate) waiting: u64,
    /// Lines that it refused, that found no room, or that were left at the end of the run.
    pub(crate) dropped: u64,
    /// Why lines wait, or were refused last.
    pub(crate) trouble: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServiceStatus {
    pub(crate) name: String,
    pub(crate) task: bool,
    pub(crate) runs: plan::Runs,
    /// It ran before, or somebody else runs it: stopping the stack leaves it running.
    pub(crate) left_running: bool,
    pub(crate) state: State,
    /// Of a container: of its helper.
    pub(crate) pid: Option<u32>,
    /// When it entered this state; `None` for a service that is not part of a run.
    pub(crate) since: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) exit: Option<LastExit>,
    pub(crate) cause: Option<Cause>,
    pub(crate) ports: Vec<plan::Port>,
    pub(crate) health: Option<plan::Health>,
    pub(crate) url: Option<String>,
    /// The result of the last probe.
    pub(crate) probed: Option<Probed>,
    pub(crate) waiting_for: Vec<String>,
    /// The declared port that another process had at the last readiness check.
    pub(crate) lost_port: Option<u16>,
    /// The number of restarts.
    #[serde(default)]
    pub(crate) restarts: u32,
    #[serde(default)]
    pub(crate) restarted: Option<LastRestart>,
}

impl ServiceStatus {
    /// The status of a service that is not part of a run.
    pub(crate) fn stopped(service: &plan::Service) -> Self {
        ServiceStatus {
            name: service.name.clone(),
            task: service.task,
            runs: service.runs.clone(),
            left_running: false,
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
            restarted: None,
        }
    }
}

/// Everything that the supervisor knows about one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Explanation {
    pub(crate) record: Record,
    pub(crate) service: ServiceStatus,
    pub(crate) restart: plan::Restart,
    /// The results of its probes, oldest first.
    pub(crate) answers: Vec<ProbeRecord>,
    pub(crate) next_try_at: Option<Timestamp>,
    /// The end of its log.
    pub(crate) tail: Vec<String>,
}

/// The same probe result, once or more in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProbeRecord {
    /// The time of the last one.
    pub(crate) at: Timestamp,
    pub(crate) times: u32,
    pub(crate) probed: Probed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) passed: bool,
    pub(crate) detail: String,
}

/// How a service's process last ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastExit {
    pub(crate) status: ExitStatus,
    pub(crate) at: Timestamp,
    /// The consequence; `None` until it is determined.
    #[serde(default)]
    pub(crate) cause: Option<Cause>,
}

/// When a service was last restarted because files had changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LastRestart {
    pub(crate) at: Timestamp,
    pub(crate) files: ChangedFiles,
}

/// A service entered a state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transition {
    pub(crate) at: Timestamp,
    pub(crate) service: String,
    pub(crate) task: bool,
    pub(crate) state: State,
    /// As in [`ServiceStatus`].
    pub(crate) left_running: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) cause: Option<Cause>,
    /// The URL of its main port.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// What kept it from becoming ready, if that was seen.
    pub(crate) trouble: Option<Box<StartTrouble>>,
    /// The end of its log, if it has failed.
    #[serde(default)]
    pub(crate) tail: Vec<String>,
}

/// A service takes long to start, and this was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StartNotice {
    pub(crate) at: Timestamp,
    pub(crate) trouble: StartTrouble,
}

/// A service that is about to enter another state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServiceProgress {
    pub(crate) service: String,
    pub(crate) task: bool,
    pub(crate) state: State,
    /// How long it has been in this state.
    pub(crate) elapsed: Duration,
    /// What a starting service waits for.
    pub(crate) waiting_for: Vec<String>,
    /// The processes still connected to a service that is slow to stop.
    pub(crate) clients: Vec<ProcessRef>,
    /// What a task, or Compose for a container, wrote last while it was starting.
    #[serde(default)]
    pub(crate) last_line: Option<String>,
}

/// A run, or a checkout without one, with the currently observed state of its services.
#[derive(Debug, Clone)]
pub(crate) struct RunStatus {
    pub(crate) project: String,
    pub(crate) checkout: PathBuf,
    /// `None` if nothing runs.
    pub(crate) record: Option<Record>,
    pub(crate) services: Vec<ObservedService>,
    pub(crate) log_export: Vec<LogExportStatus>,
}

/// The supervisor's data for a service, with what the kernel and the service itself report.
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
    /// An earlier run of this checkout listens on it.
    #[serde(skip)]
    pub(crate) left_over: bool,
    /// The addresses at which the service listens instead.
    pub(crate) elsewhere: Vec<SocketAddr>,
    /// Its declared number, even if it was reassigned; `None` if it has its `auto` number.
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
    /// Every listed service is ready or running, every task has completed, and the list is not empty.
    pub(crate) fn is_ready(&self) -> bool {
        let is_well = |it: &ServiceStatus| match it.state {
            State::Running | State::Ready | State::Completed => true,
            State::Exited => false,
            State::Waiting | State::Starting | State::Unhealthy | State::Stopping => false,
            State::Backoff | State::Failed | State::Stopped => false,
        };
        !self.services.is_empty() && self.services.iter().all(|it| is_well(&it.status))
    }
}

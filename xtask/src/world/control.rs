//! The conversation between a running supervisor and later commands: a socket file, one JSON document a line.
//!
//! A client sends one [`Request`]; the supervisor answers with [`Reply`]s until `Done` or `Refused`.

mod client;
mod server;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::runs::Record;
use crate::error::{Exit, Problem};
use crate::plan;
use crate::preflight::left_alone::LeftAlone;
use crate::preflight::verdict::Mismatch;
use crate::supervise::steps::Running;
use crate::supervise::{Cause, ExitStatus, State};
pub(crate) use client::{Client, REPLY_TIMEOUT, ask, listen};
pub(crate) use server::{Server, first_client};

/// Raised when a change would make an older client or supervisor misunderstand.
const PROTOCOL: u32 = 8;

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
    UnderWay(Vec<ServiceProgress>),
    Done {
        exit: Exit,
        snapshot: Snapshot,
        /// What is left although it was told to end.
        survivors: Vec<Problem>,
    },
    Refused(Problem),
    /// The run is just ending and takes nothing new, or its supervisor is gone.
    Ending,
}

impl Reply {
    /// Does it end the conversation?
    fn is_last(&self) -> bool {
        match self {
            Reply::Transition(_) | Reply::UnderWay(_) => false,
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
    pub(crate) services: Vec<Service>,
    /// What services started and the run does not end.
    #[serde(default)]
    pub(crate) left_alone: Vec<LeftAlone>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) task: bool,
    pub(crate) state: State,
    pub(crate) pid: Option<u32>,
    /// When it came into this state.
    pub(crate) since: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) exit: Option<LastExit>,
    pub(crate) cause: Option<Cause>,
    pub(crate) ports: Vec<plan::Port>,
    pub(crate) health: Option<plan::Health>,
    pub(crate) url: Option<String>,
    /// What the last probe said.
    pub(crate) probed: Option<Probed>,
    pub(crate) waiting_for: Vec<String>,
    /// How often it was started again.
    #[serde(default)]
    pub(crate) restarts: u32,
}

/// All that is known of one service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Explanation {
    pub(crate) record: Record,
    pub(crate) service: Service,
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
    /// In this state.
    pub(crate) for_so_long: Duration,
    /// What it waits for; may be empty.
    pub(crate) waits_for: String,
}

#[derive(Serialize, Deserialize)]
struct Envelope<R> {
    protocol: u32,
    request: R,
}

/// What is read of an envelope first: another version's request may make no sense.
#[derive(Deserialize)]
struct Version {
    protocol: u32,
}

fn other_version(why: &str) -> Problem {
    Problem::new(format!("the running supervisor is of another version: {why}"))
        .hint("end it as it was started, or with SIGTERM to its pid, which stops its services; then start it again")
}

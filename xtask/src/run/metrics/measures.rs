//! What the driver hands out at a scrape: its own numbers, copied, and what is needed to read the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Counts;
use crate::diagnostic::Code;
use crate::process::Identity;
use crate::run::logs::LogCounts;
use crate::supervise::State;

/// How often a port of a service was found taken before a start, by service and finding code.
pub(crate) type Conflicts = BTreeMap<(String, Code), u64>;

#[derive(Debug, Clone)]
pub(crate) struct Measures {
    pub(crate) project: String,
    /// The id of the run.
    pub(crate) run: String,
    /// In start order.
    pub(crate) services: Vec<ServiceMeasures>,
    pub(crate) conflicts: Conflicts,
    /// Lines that no log target got; `None` without log targets.
    pub(crate) dropped_lines: Option<u64>,
    /// Children of ours that belong to no service: the watchdog and running checks.
    pub(crate) helpers: Vec<u32>,
    /// Processes that services started and that are theirs no more.
    pub(crate) left_alone: Vec<Identity>,
}

#[derive(Debug, Clone)]
pub(crate) struct ServiceMeasures {
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) counts: Counts,
    pub(crate) has_health_check: bool,
    pub(crate) log: LogCounts,
    /// The TCP ports that it declares, each once.
    pub(crate) ports: Vec<u16>,
    /// Its processes are below us: it is neither a container nor external.
    pub(crate) is_ours: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) group: Option<u32>,
    /// Counts its processes.
    pub(crate) generation: u32,
}

impl ServiceMeasures {
    pub(crate) fn ready_after(&self) -> Option<Duration> {
        self.counts.ready_after.filter(|_| self.state.is_alive())
    }
}

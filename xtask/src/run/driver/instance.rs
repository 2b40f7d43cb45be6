//! The driver's data for a service: settings, process, pipes and probe results.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnose::ExitStatus;
use crate::diagnose::OomKills;
use crate::diagnose::start_trouble::StartTrouble;
use crate::diagnostic::Diagnostic;
use crate::plan;
use crate::ports::Endpoint;
use crate::preflight::mismatch::Mismatch;
use crate::process::ProcessRef;
use crate::protocol::{LastExit, LastRestart, ProbeRecord, Probed};
use crate::run::logs::Log;
use crate::run::metrics::Counts;
use crate::run::sockets::{Hold, Sockets};
use crate::supervise::change_loop::ChangeLoop;
use crate::supervise::{Cause, State};
use crate::system::attribution::Leader;
use crate::system::clock::wall;

/// A service and its current process.
pub(super) struct ServiceInstance {
    pub(super) service: plan::Service,
    /// The settings of its next start.
    pub(super) next: Option<Box<plan::Service>>,
    pub(super) log: Arc<Log>,
    pub(super) pid: Option<u32>,
    /// The process group of its last process; it may outlive that process.
    pub(super) group: Option<u32>,
    /// That process when it was started, if it could be read.
    pub(super) leader: Option<Leader>,
    /// Counts its processes: a result for an earlier one is dropped.
    pub(super) generation: u32,
    pub(super) open_pipes: usize,
    /// The sockets opened for it, or why they could not be opened.
    pub(super) sockets: Option<Result<Sockets, Diagnostic>>,
    /// Holds the ports of its next process until right before that starts.
    pub(super) hold: Option<Hold>,
    /// Its processes were seen listening on its ports in this run.
    pub(super) has_listened: bool,
    /// Stopping the stack does not stop it: it ran before, or somebody else runs it.
    pub(super) is_left_running: bool,
    /// The address at which its main port answered at the last readiness check.
    pub(super) answers_at: Option<SocketAddr>,
    /// The counters when its process was started.
    pub(super) oom_kills: OomKills,
    /// Its main process has exited; its last output may not have been read.
    pub(super) ending: Option<(ExitStatus, Duration)>,
    /// No process is left; its last output may not have been read.
    pub(super) swept: Option<Duration>,
    pub(super) since: jiff::Timestamp,
    pub(super) started_at: Option<jiff::Timestamp>,
    pub(super) in_state_since: Duration,
    /// The states that it entered last, and when.
    pub(super) states: VecDeque<(Duration, State)>,
    /// While it stops: its clients, and when they were looked up.
    pub(super) clients: Option<(Duration, Vec<ProcessRef>)>,
    pub(super) exit: Option<LastExit>,
    pub(super) cause: Option<Cause>,
    pub(super) probed: Option<Probed>,
    /// The last probe results; equal ones in a row are stored once.
    pub(super) answers: VecDeque<ProbeRecord>,
    /// The mismatch that its last probe found.
    pub(super) mismatch: Option<Mismatch>,
    /// The HTTP status that made its last probe fail.
    pub(super) http_status: Option<u16>,
    /// While it starts: when its trouble was looked for, and what was found last.
    pub(super) looked_at: Option<Duration>,
    pub(super) trouble: Option<StartTrouble>,
    /// The declared port that another process had at the last readiness check.
    pub(super) lost_port: Option<u16>,
    /// Why and when it was last restarted for changed files.
    pub(super) restarted: Option<LastRestart>,
    pub(super) change_loop: ChangeLoop,
    /// It changed its own files too often.
    pub(super) is_unwatched: bool,
    pub(super) counts: Counts,
}

/// How long to wait for the end of a service's pipes after it has exited. A child that keeps them open would delay it
/// forever.
pub(super) const PIPE_DRAIN_TIMEOUT: Duration = Duration::from_millis(100);

/// The maximum number of stored probe results.
const MAX_PROBE_RESULTS: usize = 5;

/// The maximum number of stored states: more than a start has, even with every restart that is allowed.
const MAX_STATES: usize = 100;

impl ServiceInstance {
    /// Prepares a new start, perhaps with other settings; discards the past.
    pub(super) fn restart_with(&mut self, service: plan::Service) {
        self.service = service;
        self.next = None;
        self.forget_the_last();
    }

    /// Opens the sockets of `listen = true` as early as possible, so that no other process can take the port.
    pub(super) fn open_sockets(&mut self) {
        let fit = match &self.sockets {
            Some(Ok(sockets)) => sockets.are_for(&self.service),
            Some(Err(_)) | None => false,
        };
        if !fit {
            // Close the old ones first: the new ones may use the same port at another address.
            self.sockets = None;
            self.sockets = self.service.listen.then(|| Sockets::open(&self.service));
        }
    }

    /// Holds the ports of other services from the request until right before the process starts. Ports that the current
    /// process has or is about to open are left to it.
    pub(super) fn reserve(&mut self, is_alive: bool) {
        let wanted = self.wanted();
        let has_sockets = matches!(&self.sockets, Some(Ok(sockets)) if sockets.are_for(wanted));
        let present = &self.service.ports;
        let is_present = |port: &plan::Port| {
            let mut same = present.iter().filter(|it| it.protocol == port.protocol);
            is_alive && same.any(|it| it.number == port.number)
        };
        let is_external = wanted.runs == plan::Runs::External;
        let ports = wanted
            .ports
            .iter()
            .filter(|port| !has_sockets && !is_external && !is_present(port));
        let ports: Vec<Endpoint> = ports.map(Endpoint::from).collect();
        if !self.hold.as_ref().is_some_and(|hold| hold.is_of(&ports)) {
            // Close the old ones first, as above.
            self.hold = None;
            self.hold = Some(Hold::of(ports));
        }
    }

    /// The most recently requested settings.
    pub(super) fn wanted(&self) -> &plan::Service {
        self.next.as_deref().unwrap_or(&self.service)
    }

    /// Discards how it last ended.
    pub(super) fn forget_the_last(&mut self) {
        self.exit = None;
        self.probed = None;
        self.answers.clear();
    }

    /// The URL of its main port: where it was seen listening, or should listen.
    pub(super) fn url(&self) -> Option<String> {
        match self.answers_at {
            Some(address) => self.service.url_at(address),
            None => self.service.url(),
        }
    }

    /// What kept it from becoming ready. A mismatch may be known before it is told.
    pub(super) fn start_trouble(&self) -> Option<StartTrouble> {
        let mismatch = || Some(StartTrouble::mismatch(self.mismatch.as_ref()?, &self.service));
        self.trouble.clone().or_else(mismatch)
    }

    pub(super) fn note_state(&mut self, now: Duration, state: State) {
        self.in_state_since = now;
        self.states.push_back((now, state));
        if self.states.len() > MAX_STATES {
            self.states.pop_front();
        }
    }

    pub(super) fn note_answer(&mut self, probed: Probed) {
        match self.answers.back_mut().filter(|last| last.probed == probed) {
            Some(last) => (last.at, last.times) = (wall(), last.times.saturating_add(1)),
            None => self.answers.push_back(ProbeRecord {
                at: wall(),
                times: 1,
                probed: probed.clone(),
            }),
        }
        if self.answers.len() > MAX_PROBE_RESULTS {
            self.answers.pop_front();
        }
        self.probed = Some(probed);
    }
}

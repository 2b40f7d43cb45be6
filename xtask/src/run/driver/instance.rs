//! What the driver keeps of a service: its settings, its process, its pipes and what its probes said.

use std::collections::VecDeque;
use std::fs::File;
use std::net::SocketAddr;
use std::process::ChildStdin;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnose::ExitStatus;
use crate::diagnose::OomKills;
use crate::diagnostic::Diagnostic;
use crate::plan;
use crate::ports::Endpoint;
use crate::preflight::mismatch::Mismatch;
use crate::process::ProcessRef;
use crate::protocol::{LastExit, ProbeRecord, Probed};
use crate::run::logs::Log;
use crate::run::sockets::{Hold, Sockets};
use crate::supervise::Cause;
use crate::system::attribution::Leader;
use crate::system::clock::wall;

/// A service and its present process.
pub(super) struct ServiceInstance {
    pub(super) service: plan::Service,
    /// What it will be when it is started again.
    pub(super) next: Option<Box<plan::Service>>,
    pub(super) log: Arc<Log>,
    pub(super) pid: Option<u32>,
    /// The process group of its last process, which may outlive that.
    pub(super) group: Option<u32>,
    /// That process as it was started, where the system showed it.
    pub(super) leader: Option<Leader>,
    /// Counts its processes: an answer about an earlier one is dropped.
    pub(super) generation: u32,
    pub(super) open_pipes: usize,
    /// Where its input could come from: nothing is written, and it has no end while we hold this.
    pub(super) stdin: Option<ChildStdin>,
    /// Our side of its terminal. One that closes it and lives on would be hung up without this (SIGHUP).
    pub(super) terminal: Option<Arc<File>>,
    /// What it listens on, if that is opened for it; and why it could not be.
    pub(super) sockets: Option<Result<Sockets, Diagnostic>>,
    /// What its next process is to listen on, until right before that starts.
    pub(super) hold: Option<Hold>,
    /// Its processes were seen to listen on its ports, in this run.
    pub(super) has_listened: bool,
    /// And there its main port answered.
    pub(super) answers_at: Option<SocketAddr>,
    /// So it was when its process was started.
    pub(super) oom_kills: OomKills,
    /// Its process has ended; its last lines may still be on their way.
    pub(super) ending: Option<(ExitStatus, Duration)>,
    /// Nothing of it is left; the same of its last lines, until then.
    pub(super) swept: Option<Duration>,
    pub(super) since: jiff::Timestamp,
    pub(super) started_at: Option<jiff::Timestamp>,
    pub(super) in_state_since: Duration,
    /// While it stops: who is connected, and when that was looked up.
    pub(super) clients: Option<(Duration, Vec<ProcessRef>)>,
    pub(super) exit: Option<LastExit>,
    pub(super) cause: Option<Cause>,
    pub(super) probed: Option<Probed>,
    /// The last of what its probes said; repeated answers are one.
    pub(super) answers: VecDeque<ProbeRecord>,
    /// What its last probe found, if that was it.
    pub(super) mismatch: Option<Mismatch>,
    /// The declared port that another process was seen to have, when readiness was looked at last.
    pub(super) lost_port: Option<u16>,
}

/// How long the pipes of a service that has ended may take to end, which a child that still holds them would delay for
/// ever.
pub(super) const PIPE_DRAIN_TIMEOUT: Duration = Duration::from_millis(100);

/// So many different answers of its probes are kept.
const MAX_PROBE_RESULTS: usize = 5;

impl ServiceInstance {
    /// It is asked for again, perhaps with other settings: what was before does not matter any more.
    pub(super) fn restart_with(&mut self, service: plan::Service) {
        self.service = service;
        self.next = None;
        self.forget_the_last();
    }

    /// Those of `listen = true`, as early as can be: from then on nobody else has the port.
    pub(super) fn open_sockets(&mut self) {
        let fit = match &self.sockets {
            Some(Ok(sockets)) => sockets.are_for(&self.service),
            Some(Err(_)) | None => false,
        };
        if !fit {
            // The old ones first: the new ones may be on the same port at another address.
            self.sockets = None;
            self.sockets = self.service.listen.then(|| Sockets::open(&self.service));
        }
    }

    /// Those of all others, from when it is asked for until right before its next process starts. What the present one
    /// has, or is about to open, is left to that.
    pub(super) fn reserve(&mut self, is_alive: bool) {
        let wanted = self.wanted();
        let has_sockets = matches!(&self.sockets, Some(Ok(sockets)) if sockets.are_for(wanted));
        let present = &self.service.ports;
        let is_present = |port: &plan::Port| {
            let mut same = present.iter().filter(|it| it.protocol == port.protocol);
            is_alive && same.any(|it| it.number == port.number)
        };
        let ports = wanted.ports.iter().filter(|port| !has_sockets && !is_present(port));
        let ports: Vec<Endpoint> = ports.map(Endpoint::from).collect();
        if !self.hold.as_ref().is_some_and(|hold| hold.is_of(&ports)) {
            // The old ones first, as above.
            self.hold = None;
            self.hold = Some(Hold::of(ports));
        }
    }

    /// As it was asked for last.
    pub(super) fn wanted(&self) -> &plan::Service {
        self.next.as_deref().unwrap_or(&self.service)
    }

    /// How it ended does not matter any more.
    pub(super) fn forget_the_last(&mut self) {
        self.exit = None;
        self.probed = None;
        self.answers.clear();
    }

    /// Where a person reaches its main port: where it was seen to listen, or should.
    pub(super) fn url(&self) -> Option<String> {
        let url = self.service.url()?;
        Some(self.answers_at.map_or(url, |address| format!("http://{address}")))
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

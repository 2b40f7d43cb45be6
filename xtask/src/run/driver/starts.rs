//! What `up` has asked for, until it is there or has failed: then the timings of that start are noted.

use std::sync::mpsc::Sender;
use std::time::Duration;

use super::instance::ServiceInstance;
use super::{Driver, Reply, Request, UnitId};
use crate::diagnostic::Code;
use crate::plan;
use crate::run::last_start;
use crate::supervise::Event;
use crate::supervise::timings::{Prepared, Track, timings};
use crate::system::clock::wall;

/// The first request of a run.
pub(crate) enum InitialRequest {
    Plan {
        services: Vec<plan::Service>,
        /// Ports that were taken before.
        conflicts: Vec<(String, Code)>,
        give_up_after: Option<Duration>,
        prepared: Prepared,
    },
    /// The request of the client that started a background supervisor.
    Request(Request, Sender<Reply>),
}

/// A start that is not over.
pub(super) struct PendingStart {
    prepared: Prepared,
    /// How long that took.
    preflight: Duration,
    requested: Duration,
    names: Vec<String>,
}

impl Driver<'_> {
    /// These services are about to start, or run already.
    pub(super) fn await_start(&mut self, prepared: Option<Prepared>, names: Vec<String>) {
        let now = wall();
        // A client of another version does not say.
        let prepared = prepared.unwrap_or(Prepared {
            began: now,
            venvs: None,
        });
        self.starts.push(PendingStart {
            prepared,
            preflight: Duration::try_from(now.duration_since(prepared.began)).unwrap_or_default(),
            requested: self.clock.now(),
            names,
        });
    }

    /// Notes the starts that are over. The machine may not know of the last one yet.
    pub(super) fn note_starts(&mut self) {
        if self.starts.is_empty() || self.events.iter().any(|event| matches!(event, Event::Start { .. })) {
            return;
        }
        let starts = std::mem::take(&mut self.starts);
        let is_over = |start: &PendingStart| {
            let mut units = start.names.iter().map(|name| self.machine.unit(name));
            units.all(|unit| unit.is_some_and(|unit| self.has_arrived(unit)))
        };
        let (over, pending): (Vec<_>, Vec<_>) = starts.into_iter().partition(is_over);
        self.starts = pending;
        for start in over {
            let services: Vec<_> = start.names.iter().filter_map(|name| self.track(name)).collect();
            let PendingStart {
                prepared,
                preflight,
                requested,
                ..
            } = &start;
            if let Some(timings) = timings(&self.record.run, prepared, *preflight, *requested, &services) {
                last_start::note(self.directory, &timings);
            }
        }
    }

    /// It is up, or over, and not about to start again.
    pub(super) fn has_arrived(&self, unit: UnitId) -> bool {
        let state = self.machine.state(unit);
        let is_up = state.is_up() && !self.machine.is_to_restart(unit);
        is_up || state.is_over() || self.machine.waits_for_change(unit)
    }

    fn track(&self, name: &str) -> Option<Track<'_>> {
        let ServiceInstance { service, states, .. } = &self.services[self.machine.unit(name)?];
        Some(Track {
            name: &service.name,
            task: service.task,
            depends_on: &service.depends_on,
            states: states.iter().copied().collect(),
        })
    }
}

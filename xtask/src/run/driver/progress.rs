//! Progress: what a starting service waits for, and which clients delay a stopping one.

use std::time::Duration;

use super::membership::pids;
use super::{Driver, REDRAW_INTERVAL, Reply, ServiceProgress, UnitId};
use crate::plan::Runs;
use crate::ports::Endpoint;
use crate::process::ProcessRef;
use crate::supervise::State;
use crate::system::owners;

/// The clients of a service that takes longer than this to stop are looked up, and again after each interval.
const SLOW_STOP_INTERVAL: Duration = Duration::from_secs(1);

impl Driver<'_> {
    pub(super) fn is_under_way(&self, unit: UnitId) -> bool {
        matches!(self.machine.state(unit), State::Starting | State::Stopping)
    }

    pub(super) fn tells_progress(&self) -> bool {
        self.audience.tells_progress() || !self.waiters.is_empty()
    }

    pub(super) fn show_progress(&mut self) {
        if !self.tells_progress() {
            return;
        }
        let units: Vec<_> = self.machine.units().filter(|unit| self.is_under_way(*unit)).collect();
        // Many services may start at once; redrawing for each would not be visible.
        let now = self.clock.now();
        if !units.is_empty() && now < self.shown_at + REDRAW_INTERVAL {
            return;
        }
        self.shown_at = now;
        let under_way: Vec<_> = units.into_iter().map(|unit| self.under_way(unit)).collect();
        self.audience.progress(&under_way);
        for waiter in &self.waiters {
            // The client may have disconnected.
            let _ = waiter.reply.send(Reply::Progress(under_way.clone()));
        }
    }

    fn under_way(&mut self, unit: UnitId) -> ServiceProgress {
        let state = self.machine.state(unit);
        let (waiting_for, clients) = match state {
            State::Stopping => (Vec::new(), self.remaining_clients(unit)),
            _ => (self.machine.waiting_for(unit), Vec::new()),
        };
        let instance = &self.services[unit];
        // A task may install something, and Compose may download an image. What servers write says less.
        let says_what_it_does = instance.service.task || matches!(instance.service.runs, Runs::Compose(_));
        let last_line = || instance.log.tail().pop();
        ServiceProgress {
            service: instance.service.name.clone(),
            task: instance.service.task,
            state,
            elapsed: self.clock.now().saturating_sub(instance.in_state_since),
            waiting_for,
            clients,
            last_line: (state == State::Starting && says_what_it_does)
                .then(last_line)
                .flatten(),
        }
    }

    /// The clients of a service that is slow to stop, looked up once per interval.
    fn remaining_clients(&mut self, unit: UnitId) -> Vec<ProcessRef> {
        let now = self.clock.now();
        let instance = &self.services[unit];
        let seen_at = instance.clients.as_ref().map_or(instance.in_state_since, |(at, _)| *at);
        if !instance.service.ports.is_empty() && seen_at + SLOW_STOP_INTERVAL <= now {
            let ports: Vec<_> = instance.service.ports.iter().map(Endpoint::from).collect();
            // This is only a remark: if clients cannot be looked up, none are named.
            let own = pids(&self.members(unit).unwrap_or_default());
            let clients = owners::clients_of(&ports, &own);
            self.services[unit].clients = Some((now, clients));
        }
        let seen = self.services[unit].clients.as_ref();
        seen.map_or(Vec::new(), |(_, clients)| clients.clone())
    }
}

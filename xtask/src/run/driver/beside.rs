//! Services whose processes are not below us: containers, and what somebody else runs.

use std::net::SocketAddr;

use super::{Driver, UnitId};
use crate::diagnose::ExitStatus;
use crate::diagnostic::Diagnostic;
use crate::plan::{Port, Protocol, Runs};
use crate::ports::Endpoint;
use crate::process::compose::are_up;
use crate::run::container::{self, ContainerNote, Speed};
use crate::run::health::{self, usual_address};
use crate::supervise::{Event, ProbeResult, State};
use crate::system::owners;

impl Driver<'_> {
    /// The address of its main port, if what runs elsewhere is up as far as others say.
    ///
    /// # Errors
    /// What is still missing, as text for the user.
    pub(super) fn stands_beside(&mut self, unit: UnitId) -> Result<Option<SocketAddr>, String> {
        let instance = &self.services[unit];
        let service = &instance.service;
        if let Runs::Compose(_) = service.runs {
            let note = ContainerNote::read(&self.directory.container_note(&service.name));
            let note = note.ok_or("Compose has not been asked yet")?;
            let ports: Vec<_> = service.ports.iter().map(|port| (port.number, port.protocol)).collect();
            are_up(&note.containers, &ports)?;
            // Only what we started must leave its ports free at the end.
            let instance = &mut self.services[unit];
            (instance.has_listened, instance.is_left_running) = (note.has_started, !note.has_started);
        }
        Ok(self.main_port(unit).map(usual_address))
    }

    /// Asks a service without a health check: whether its main port has a listener, or else accepts a connection. A
    /// published port may be a rule of the kernel instead of a socket, and a connection is noise in the log of a server.
    pub(super) fn probe_beside(&mut self, unit: UnitId) {
        let is_up = self.machine.state(unit) == State::Ready;
        let service = &self.services[unit].service;
        // The engine reports the end of a container.
        let needs_no_port = is_up && matches!(service.runs, Runs::Compose(_));
        let Some(port) = self.main_port(unit).filter(|_| !needs_no_port).cloned() else {
            return self.answer(unit, ProbeResult::Passed { detail: String::new() });
        };
        if owners::listening(&[Endpoint::from(&port)]).is_ok_and(|found| !found.is_empty()) {
            return self.answer(unit, ProbeResult::Passed { detail: String::new() });
        }
        let address = usual_address(&port);
        let waits = match service.runs {
            Runs::External => format!("nothing answers at {address}; somebody else starts it"),
            Runs::Command | Runs::Compose(_) => format!("nothing answers at {address} yet"),
        };
        self.ask(unit, move || {
            health::tcp(address, CONNECT_TIMEOUT)
                .map(|_| String::new())
                .map_err(|_| waits)
        });
    }

    fn main_port(&self, unit: UnitId) -> Option<&Port> {
        let main = self.services[unit].service.ports.first();
        main.filter(|port| port.protocol == Protocol::Tcp)
    }

    /// It has no process, so nothing is signalled: it has left the run.
    pub(super) fn part_from_external(&mut self, unit: UnitId) {
        self.events.push_back(Event::Exited {
            unit,
            status: ExitStatus {
                code: Some(0),
                signal: None,
            },
            diagnosis: None,
        });
    }

    /// Stops containers whose helpers were killed; returns what may still run.
    pub(super) fn end_containers(&self) -> Vec<Diagnostic> {
        let left = container::of(self.directory);
        let ended = left
            .iter()
            .map(|it| container::end(it, &self.record.checkout, Speed::AtOnce));
        ended.filter_map(Result::err).collect()
    }
}

/// How long the main port may take to accept a connection.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

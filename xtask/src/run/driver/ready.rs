//! Readiness: the service's own processes own the listening socket, and the health check passes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::membership::pids;
use super::{Driver, Message, UnitId};
use crate::diagnostic::Diagnostic;
use crate::plan::{Check, Port, Protocol, Runs};
use crate::ports::Endpoint;
use crate::preflight::mismatch::{Mismatch, serves};
use crate::protocol::Probed;
use crate::run::health::{self, HealthFailure, usual_address};
use crate::supervise::{Event, ProbeResult, State};
use crate::system::clock::Clock;
use crate::system::os::Socket;
use crate::system::owners;
use crate::system::threads::{self, Stack};

impl Driver<'_> {
    pub(super) fn probe(&mut self, unit: UnitId) {
        let is_ours = self.services[unit].service.runs == Runs::Command;
        let address = match self.machine.state(unit) {
            _ if !is_ours => match self.stands_beside(unit) {
                Ok(address) => address,
                Err(detail) => return self.answer(unit, ProbeResult::Failed { detail }),
            },
            State::Starting => match self.listens(unit) {
                Ok(address) => {
                    let instance = &mut self.services[unit];
                    (instance.has_listened, instance.answers_at) = (true, address);
                    address
                }
                Err(detail) => {
                    self.services[unit].answers_at = None;
                    return self.answer(unit, ProbeResult::Failed { detail });
                }
            },
            // It was seen to own its sockets; now only its health is checked.
            _ => self.services[unit].answers_at,
        };
        let instance = &self.services[unit];
        let Some(check) = &instance.service.health else {
            if !is_ours {
                return self.probe_beside(unit);
            }
            return self.answer(unit, ProbeResult::Passed { detail: String::new() });
        };
        let timeout = check.timeout;
        match check.check.clone() {
            Check::HttpPath(path) => {
                let address = address.expect("config asks for a port beside a path");
                let url = format!("http://{address}{path}");
                self.ask_http(unit, url, timeout);
            }
            Check::HttpUrl(url) => self.ask_http(unit, url, timeout),
            Check::Tcp => {
                let address = address.expect("config asks for a port beside `tcp`");
                self.ask(unit, move || health::tcp(address, timeout));
            }
            Check::Command(words) => self.start_check(unit, &words, timeout),
        }
    }

    fn ask_http(&mut self, unit: UnitId, url: String, timeout: Duration) {
        let log = Arc::clone(&self.services[unit].log);
        let sent = Arc::clone(&log);
        self.ask(unit, move || {
            let answer = health::http(&url, timeout, move |from, path| sent.check_sent(from, path));
            answer.inspect_err(|_| log.check_failed())
        });
    }

    /// Runs a probe on its own thread, because it may take time. A probe that cannot be started has no answer.
    pub(super) fn ask(
        &mut self,
        unit: UnitId,
        question: impl FnOnce() -> Result<String, HealthFailure> + Send + 'static,
    ) {
        let (sender, generation) = (self.sender.clone(), self.services[unit].generation);
        let ask = move || {
            let clock = Clock::start();
            let (answer, status) = match question() {
                Ok(detail) => (ProbeResult::Passed { detail }, None),
                Err(HealthFailure { detail, status }) => (ProbeResult::Failed { detail }, status),
            };
            // The driver may have ended.
            let _ = sender.send(Message::Probed {
                unit,
                generation,
                answer,
                status,
                took: clock.now(),
            });
        };
        if let Err(Diagnostic { message: detail, .. }) = threads::start("health", Stack::Usual, ask) {
            self.answer(unit, ProbeResult::Unasked { detail });
        }
    }

    pub(super) fn answer(&mut self, unit: UnitId, mut answer: ProbeResult) {
        if let (ProbeResult::Failed { detail }, Runs::External) = (&mut answer, &self.services[unit].service.runs) {
            detail.push_str("; somebody else runs it");
        }
        let (passed, detail) = match &answer {
            ProbeResult::Passed { detail } => (true, detail.clone()),
            ProbeResult::Failed { detail } | ProbeResult::Unasked { detail } => (false, detail.clone()),
        };
        self.services[unit].note_answer(Probed { passed, detail });
        if !passed {
            self.look_for_trouble(unit);
        }
        self.events.push_back(Event::Probed { unit, answer });
    }

    /// The address of its main port, once its own processes listen on all its ports.
    ///
    /// # Errors
    /// What is still missing, as text for the user.
    fn listens(&mut self, unit: UnitId) -> Result<Option<SocketAddr>, String> {
        (self.services[unit].mismatch, self.services[unit].lost_port) = (None, None);
        let ports = self.services[unit].service.ports.clone();
        if ports.is_empty() {
            return Ok(None);
        }
        let refs: Vec<Endpoint> = ports.iter().map(Endpoint::from).collect();
        let sockets = owners::listening(&refs).map_err(|problem| problem.message)?;
        let mut members = Vec::new();
        let mut main = None;
        for port in &ports {
            let here: Vec<&Socket> = sockets.iter().filter(|socket| matches(port, socket)).collect();
            if members.is_empty() && !here.is_empty() {
                members = pids(&self.members(unit).map_err(|problem| problem.message)?);
            }
            let mut ours: Vec<SocketAddr> = Vec::new();
            for socket in &here {
                if owners::holds(&members, socket.inode).map_err(|problem| problem.message)? {
                    ours.push(answering(port, socket));
                }
            }
            let Some(first) = ours.first() else {
                if let Some(elsewhere) = self.elsewhere(unit, port) {
                    return Err(elsewhere);
                }
                if here.is_empty() {
                    return Err(format!("nothing listens on {} yet", port.number));
                }
                self.services[unit].lost_port = Some(port.number);
                return Err(format!("port {} is held by another process", port.number));
            };
            // Of several sockets, prefer the one at the usual address.
            let usual = ours.iter().find(|address| **address == usual_address(port));
            main = main.or(Some(*usual.unwrap_or(first)));
        }
        Ok(main)
    }

    /// Where it listens instead of on `port`, as text, once it has had time to open that.
    fn elsewhere(&mut self, unit: UnitId, port: &Port) -> Option<String> {
        let instance = &self.services[unit];
        if port.protocol != Protocol::Tcp || self.clock.now() - instance.in_state_since < MISMATCH_DELAY {
            return None;
        }
        // This is only a remark: without it, the error is that nothing listens.
        let members = pids(&self.members(unit).ok()?);
        let listens = owners::addresses_of(&members).ok()?;
        let instance = &mut self.services[unit];
        instance.mismatch = Mismatch::new(&instance.service.ports, port, &listens);
        instance.mismatch.as_ref().map(Mismatch::words)
    }
}

/// Many servers first open a port for a debugger or reloader, and the declared one later.
const MISMATCH_DELAY: Duration = Duration::from_secs(1);

fn matches(port: &Port, socket: &Socket) -> bool {
    socket.protocol == port.protocol && serves(port, socket.address)
}

/// The address at which `socket` answers: the usual one if possible.
fn answering(port: &Port, socket: &Socket) -> SocketAddr {
    let usual = usual_address(port);
    match owners::answers(socket, usual.ip()) {
        true => usual,
        false => health::reachable(socket.address),
    }
}

//! Why a service that runs does not become ready, as far as its sockets, its health check and its log show.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::advice::by_kind;
use super::{Diagnosis, FailureKind, Line, from_log, is_calm, is_exception};
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Level};
use crate::plan::{Check, Service};
use crate::ports::{Endpoint, Finding, Subject};
use crate::preflight::mismatch::Mismatch;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StartTrouble {
    service: String,
    port: Option<Endpoint>,
    problem: Diagnostic,
}

impl StartTrouble {
    pub(crate) fn finding(&self) -> Finding {
        self.problem.clone().about(Subject {
            port: self.port,
            ..Subject::service(&self.service)
        })
    }

    pub(crate) fn message(&self) -> &str {
        &self.problem.message
    }

    /// It listens elsewhere than declared.
    pub(crate) fn mismatch(mismatch: &Mismatch, service: &Service) -> StartTrouble {
        StartTrouble {
            service: service.name.clone(),
            port: Some(Endpoint::from(&mismatch.port)),
            problem: mismatch.problem(service),
        }
    }

    /// It answers the health check with this HTTP status. A server that is still starting may answer 500 and above.
    pub(crate) fn answer(status: u16, service: &Service) -> Option<StartTrouble> {
        let target = match &service.health.as_ref()?.check {
            Check::HttpPath(target) | Check::HttpUrl(target) => target,
            Check::Tcp | Check::Command(_) => return None,
        };
        if !(400..500).contains(&status) {
            return None;
        }
        let name = &service.name;
        let problem = not_ready(format!("`{name}` answers `{target}` with {status}"), service);
        let hint = format!("correct `http` in the `healthcheck` of `{name}`, or let it answer there with 200");
        Some(StartTrouble::of(service, problem.hint(hint)))
    }

    /// It does not listen, and its log ends with an error, as that of a reloader does while it waits for an edit.
    pub(crate) fn written(tail: &[String], service: &Service, checkout: &Path) -> Option<StartTrouble> {
        let name = &service.name;
        let port = service.ports.first()?.number;
        let problem = |evidence: &str, why: String| {
            let written = evidence.trim();
            not_ready(
                format!("`{name}` does not listen on {port}, and has written `{written}`{why}"),
                service,
            )
        };
        if let Some(found) = from_log(None, tail) {
            let evidence: Vec<&str> = found.evidence.lines().map(str::trim).collect();
            let problem = problem(&evidence.join(": "), format!(": {}", found.kind.words()));
            let mut hints = by_kind(service, &found, checkout);
            if !hints.is_empty() {
                hints.extend(afterwards(service, &found));
            }
            return Some(StartTrouble::of(service, problem.hints(hints)));
        }
        let lines: Vec<Line> = tail.iter().map(|line| Line::new(line)).collect();
        let exception = lines
            .iter()
            .rfind(|line| is_exception(&line.text) && !is_calm(&line.text))?;
        let hint = "correct it and save: a reloader then starts it again";
        Some(StartTrouble::of(
            service,
            problem(&exception.text, String::new()).hint(hint),
        ))
    }

    fn of(service: &Service, problem: Diagnostic) -> StartTrouble {
        StartTrouble {
            service: service.name.clone(),
            port: None,
            problem,
        }
    }
}

/// What makes the repair take effect: a reloader watches the code and nothing else.
fn afterwards(service: &Service, found: &Diagnosis) -> Option<Hint> {
    match found.kind {
        FailureKind::VariableMissing => Some(
            Hint::run("then, in another terminal, type", "up")
                .then(": a save of the code does not read variables again"),
        ),
        FailureKind::ApplicationMissing => Some(Hint::run("then, in another terminal, type", "up")),
        FailureKind::PythonModuleMissing | FailureKind::NodeModuleMissing | FailureKind::LibraryMissing => {
            let restart = Hint::run("then, in another terminal, type", format!("restart {}", service.name));
            Some(restart.then(", or `up` if you have edited devtasks.toml"))
        }
        _ => None,
    }
}

fn not_ready(message: String, service: &Service) -> Diagnostic {
    Diagnostic::new(message)
        .code(Code::ServiceNotReady)
        .level(Level::Warn)
        .exit(Exit::NotReady)
        .at(&service.place)
}

#[cfg(test)]
mod tests;

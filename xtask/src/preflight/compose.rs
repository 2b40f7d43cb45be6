//! Findings about services of a Compose file: a program and an engine that answer, a file with that service, and ports
//! that its own container already publishes.

use super::machine::engine::start;
use super::{ComposeFact, ComposeState, Facts};
use crate::config::suggest::did_you_mean;
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Exit, Level};
use crate::plan::{ComposeService, Port, Protocol, Runs, Service};
use crate::ports::{BindProbe, BindResult, Endpoint, Finding, PortFact, Subject};
use crate::process::compose::{ComposeProblem, publishes};

/// Why Compose cannot start the service, or not as declared.
pub(super) fn findings(service: &Service, fact: &ComposeFact) -> Vec<Finding> {
    match (&service.runs, fact) {
        (Runs::Compose(compose), Err(problem)) => {
            let finding = unusable(compose, problem).at(&service.command.place);
            vec![finding.about(Subject::service(&service.name))]
        }
        (Runs::Compose(compose), Ok(state)) => {
            let declared = state.declared.as_ref();
            let is_missing = |port: &&Port| declared.is_some_and(|them| !them.contains(&(port.number, port.protocol)));
            let missing = service.ports.iter().filter(is_missing);
            missing
                .map(|port| not_published(service, compose, port, state))
                .collect()
        }
        (Runs::Command | Runs::External, _) => Vec::new(),
    }
}

/// The Compose file publishes other ports than this one.
fn not_published(service: &Service, compose: &ComposeService, port: &Port, state: &ComposeState) -> Finding {
    let others = state.declared.iter().flatten().map(|(number, _)| number.to_string());
    let others: Vec<String> = others.collect();
    let publishes = match others.as_slice() {
        [] => "publishes no port".to_owned(),
        others => format!("publishes {}", others.join(" ")),
    };
    let (name, number) = (&compose.name, port.number);
    let message = format!(
        "`{name}` of the Compose file {publishes}, and `{}` has port {number}",
        service.name
    );
    let written = match &port.variable {
        Some(variable) => format!("${{{variable}:-{}}}", port.declared()),
        None => number.to_string(),
    };
    let hint = format!("write `ports: [\"{written}:…\"]` there, with the port inside the container for `…`");
    let subject = Subject {
        service: Some(service.name.clone()),
        port: Some(Endpoint::from(port)),
        owners: Vec::new(),
    };
    let finding = Diagnostic::new(message).code(Code::PortMismatch).exit(Exit::Usage);
    finding.at(&port.place).hint(hint).about(subject)
}

/// Why Compose cannot run the service, and what to do about it.
pub(crate) fn unusable(service: &ComposeService, problem: &ComposeProblem) -> Diagnostic {
    let missing = |message: String| Diagnostic::new(message).code(Code::CommandNotFound).exit(Exit::Missing);
    match problem {
        ComposeProblem::NotInstalled => {
            missing("neither `docker compose`, `podman compose` nor `docker-compose` was found".to_owned())
                .hint("install Docker with its Compose plugin, or Podman with `docker-compose`")
                .hint("or set `external = true` in place of `compose`, if somebody else runs it")
        }
        ComposeProblem::NoEngine { program, said } => {
            missing(format!("no container engine answers `{program}`: {said}"))
                .hint(start(program))
                .hint("or check the permission and `DOCKER_HOST`, if it runs: `docker version` asks the same engine")
        }
        ComposeProblem::Incompatible { program } => missing(format!(
            "`{program}` has no `ps --all --format json`: it is too old, or another program"
        ))
        .hint("install Docker Compose 2 or newer as `docker-compose`, which Podman uses as well"),
        ComposeProblem::Refused { program, said, known } => {
            let invalid = Diagnostic::new(format!("`{program}` refuses service `{}`: {said}", service.name));
            let invalid = invalid.code(Code::ComposeInvalid).exit(Exit::Usage);
            let nearest = did_you_mean(&service.name, known.iter().map(String::as_str));
            let file = service.file.as_ref().map(|file| format!(" --file {}", file.display()));
            let file = file.unwrap_or_default();
            invalid.hint(match (nearest, known.as_slice()) {
                (Some(nearest), _) => nearest,
                (None, []) => format!("look at the whole message with `{program}{file} config`"),
                (None, known) => format!("name one of its services: {}", known.join(", ")),
            })
        }
    }
}

/// The finding about a port that the service's own running container publishes: it is busy, as it should be.
pub(crate) fn own_port(service: &Service, port: &Port, facts: &Facts) -> Option<Finding> {
    let containers = &facts.compose.get(&service.name)?.as_ref().ok()?.containers;
    if !publishes(containers, (port.number, port.protocol)) {
        return None;
    }
    let message = format!(
        "port {} is published by container `{}` of `{}`, which already runs",
        port.number, containers[0].name, service.name
    );
    let subject = Subject {
        service: Some(service.name.clone()),
        port: Some(Endpoint::from(port)),
        owners: Vec::new(),
    };
    let finding = Diagnostic::new(message).code(Code::PortBusy(ConflictKind::OwnRunning));
    Some(finding.level(Level::Ok).exit(Exit::Done).at(&port.place).about(subject))
}

/// The warning of `doctor` that nobody listens on a port of an external service.
pub(crate) fn absent(service: &Service, port: &Port, fact: &PortFact) -> Option<Finding> {
    let is_free = |it: &BindProbe| it.answer == BindResult::Free;
    if port.protocol == Protocol::Udp || !fact.probes.iter().all(is_free) {
        return None;
    }
    let (name, number) = (&service.name, port.number);
    let message = format!("nothing listens on port {number}: `up` waits for `{name}`, which somebody else starts");
    let subject = Subject {
        service: Some(name.clone()),
        port: Some(Endpoint::from(port)),
        owners: Vec::new(),
    };
    let finding = Diagnostic::new(message).code(Code::PortFree).level(Level::Warn);
    Some(finding.exit(Exit::Done).at(&port.place).about(subject))
}

#[cfg(test)]
mod tests;

//! The health of a service for a report: asked of the service itself, or what its supervisor knows.

use std::net::SocketAddr;

use super::PortFacts;
use crate::plan::{Check, Health, Runs};
use crate::ports::Endpoint;
use crate::protocol::{HealthReport, HealthStatus, ServiceStatus};
use crate::run::health::{self, HealthFailure, usual_address};
use crate::supervise::State;

/// Where the health of a service comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HealthSource {
    /// The service itself, now.
    Service,
    /// The last health check of the supervisor: for whoever looks often.
    Supervisor,
}

/// Checks the service itself if that is quick and harmless; for a command, uses the supervisor's last result.
pub(super) fn health_of(
    service: &ServiceStatus,
    health: &Health,
    source: HealthSource,
    facts: &PortFacts,
    run: &str,
) -> HealthReport {
    if !service.state.is_up() && service.state != State::Starting {
        return HealthReport {
            status: HealthStatus::Unknown,
            detail: None,
        };
    }
    let answer = match source {
        HealthSource::Service => ask(service, health, facts, run),
        HealthSource::Supervisor => last_answer(service),
    };
    match answer {
        Some(Ok(detail)) => HealthReport {
            status: HealthStatus::Ok,
            detail: Some(detail),
        },
        Some(Err(detail)) => HealthReport {
            status: HealthStatus::Failing,
            detail: Some(detail),
        },
        None => HealthReport {
            status: HealthStatus::Unknown,
            detail: None,
        },
    }
}

fn ask(service: &ServiceStatus, health: &Health, facts: &PortFacts, run: &str) -> Option<Result<String, String>> {
    let nobody = || Err(format!("`{}` does not listen", service.name));
    let detail = |failure: HealthFailure| failure.detail;
    match &health.check {
        Check::HttpUrl(url) => Some(health::http(url, health.timeout, |_, _| {}).map_err(detail)),
        Check::HttpPath(path) => Some(match address(service, facts, run) {
            Some(address) => {
                let url = format!("http://{address}{path}");
                health::http(&url, health.timeout, |_, _| {}).map_err(detail)
            }
            None => nobody(),
        }),
        Check::Tcp => Some(match address(service, facts, run) {
            Some(address) => health::tcp(address, health.timeout).map_err(detail),
            None => nobody(),
        }),
        Check::Command(_) => last_answer(service),
    }
}

fn last_answer(service: &ServiceStatus) -> Option<Result<String, String>> {
    let last = service.probed.as_ref()?;
    Some(if last.passed {
        Ok(last.detail.clone())
    } else {
        Err(last.detail.clone())
    })
}

/// The address at which the service's own process listens on its main port.
fn address(service: &ServiceStatus, facts: &PortFacts, run: &str) -> Option<SocketAddr> {
    let port = service.ports.first()?;
    if service.runs != Runs::Command {
        return Some(usual_address(port));
    }
    let fact = facts.get(&Endpoint::from(port))?;
    let ours = fact
        .owners
        .iter()
        .filter(|owner| owner.process.tag.as_ref().is_some_and(|tag| tag.run == run));
    ours.flat_map(|owner| &owner.addresses)
        .next()
        .map(|address| health::reachable(*address))
}

//! Everything there is to say of a plan before its start, in the order in which it is told.

use super::Facts;
use super::compose::own_port;
use super::duplicate::duplicates;
use super::limit::open_files;
use super::needs::needs;
use super::reloader::reloaders;
use crate::plan::{Plan, Port, PortId, Runs, Service};
use crate::ports::conflict::{CallerContext, finding, split};
use crate::ports::{Endpoint, Finding};

/// A finding, and the port that it judges. A remark about a port judges none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PortFinding {
    pub(crate) port: Option<PortId>,
    pub(crate) finding: Finding,
}

pub(crate) fn check(plan: &Plan, facts: &Facts, ours: &CallerContext) -> Vec<PortFinding> {
    let no_port = |finding| PortFinding { port: None, finding };
    // In a run that is joined, the limit of its supervisor counts.
    let limit = || open_files(plan, facts);
    let limit = ours.live_run.is_none().then(limit).flatten();
    let needs = duplicates(plan).into_iter().chain(limit).chain(needs(plan, facts));
    let needs = needs.chain(reloaders(plan));
    let mut findings: Vec<PortFinding> = needs.map(no_port).collect();
    // A taken port is what an external service expects.
    for service in plan.services.iter().filter(|it| it.runs != Runs::External) {
        for port in &service.ports {
            findings.push(PortFinding {
                port: Some(PortId::new(&service.name, &port.key)),
                finding: port_finding(service, port, facts, ours),
            });
        }
        for port in &service.ports {
            let (asked, ours) = (Endpoint::from(port), ours.for_service(&service.name, port));
            findings.extend(split(&asked, &facts.ports[&asked], &ours).map(no_port));
        }
    }
    findings
}

/// The finding about one port of a service that is not external.
pub(crate) fn port_finding(service: &Service, port: &Port, facts: &Facts, ours: &CallerContext) -> Finding {
    let own = own_port(service, port, facts);
    own.unwrap_or_else(|| {
        let (asked, ours) = (Endpoint::from(port), ours.for_service(&service.name, port));
        finding(&asked, &facts.ports[&asked], &ours)
    })
}

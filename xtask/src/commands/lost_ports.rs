//! The current holders of ports that a service needed and did not get.

use crate::diagnostic::{Exit, Hint, Level};
use crate::plan;
use crate::ports::conflict::{CallerContext, finding};
use crate::ports::{Endpoint, Finding};
use crate::protocol::Record;
use crate::protocol::ServiceStatus;
use crate::supervise::{Cause, State};
use crate::system::os;
use crate::system::owners::{self, Addresses};

/// The current state of a service's lost ports.
#[derive(Default)]
pub(super) struct LostPorts {
    /// One for each port with something to report.
    pub(super) facts: Vec<String>,
    pub(super) hints: Vec<Hint>,
    /// Another process has one of them.
    pub(super) is_taken: bool,
}

/// Looks up ports only if one may be what keeps the service from becoming ready.
pub(super) fn now(service: &ServiceStatus, record: &Record) -> LostPorts {
    let is_held = service.lost_port.is_some();
    let (may_be, was) = match service.cause.as_ref().map(Cause::last) {
        Some(cause @ Cause::Exited { .. }) => (found_port_busy(cause), found_port_busy(cause)),
        Some(Cause::NotSpawned { exit, .. }) => (*exit == Exit::PortBusy, *exit == Exit::PortBusy),
        Some(Cause::NotReady { .. }) => (true, is_held),
        Some(
            Cause::Dependency { .. } | Cause::Unhealthy { .. } | Cause::Survived { .. } | Cause::Unverified { .. },
        ) => (false, false),
        Some(Cause::Again { .. } | Cause::GaveUp { .. } | Cause::FilesChanged(_)) | None => {
            let waits = service.state == State::Starting && is_held;
            (waits, waits)
        }
    };
    if !may_be {
        return LostPorts::default();
    }
    let mut findings = judged(service, record, Addresses::Service);
    if !findings.iter().any(is_anothers) {
        // It may bind another address than the declared one, such as `::1`.
        findings.extend(judged(service, record, Addresses::All).into_iter().filter(is_anothers));
    }
    let taken: Vec<&Finding> = findings.iter().filter(|it| is_anothers(it)).collect();
    if taken.is_empty() {
        let free = findings.iter().filter(|it| was && it.level == Level::Ok);
        return LostPorts {
            facts: free.map(|it| it.message.clone()).collect(),
            ..LostPorts::default()
        };
    }
    let look = |port: Endpoint| Hint::run("look at it with", format!("port who {}", port.typed()));
    LostPorts {
        facts: taken.iter().map(|it| it.message.clone()).collect(),
        hints: taken.iter().filter_map(|it| it.subject.port).map(look).collect(),
        is_taken: true,
    }
}

fn is_anothers(finding: &Finding) -> bool {
    finding.code.is_port_taken() && finding.level == Level::Fail
}

fn judged(service: &ServiceStatus, record: &Record, addresses: Addresses) -> Vec<Finding> {
    let run = Some(record.run.clone());
    let caller = CallerContext::new(&record.project, &record.checkout, run, os::user_id());
    judge(&service.name, &service.ports, &caller, addresses)
}

/// The findings about a service's ports now. With [`Addresses::All`], also at addresses that it does not declare.
pub(super) fn judge(service: &str, ports: &[plan::Port], caller: &CallerContext, addresses: Addresses) -> Vec<Finding> {
    let asked: Vec<Endpoint> = ports.iter().map(Endpoint::from).collect();
    let facts = owners::look_up(&asked, addresses);
    let judge = |port: &plan::Port| {
        let caller = match addresses {
            Addresses::Service => caller.for_service(service, port),
            Addresses::All => caller.clone(),
        };
        let asked = Endpoint::from(port);
        let mut found = finding(&asked, &facts[&asked], &caller).at(&port.place);
        found.subject.service = Some(service.to_owned());
        found
    };
    ports.iter().map(judge).collect()
}

/// The service's own output says that its port is busy.
pub(super) fn found_port_busy(cause: &Cause) -> bool {
    cause.diagnosis().is_some_and(|it| it.exit == Exit::PortBusy)
}

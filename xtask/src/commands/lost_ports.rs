//! What has become of the ports of a service that did not get one of them: who has it now, or that nobody has.

use crate::commands::Context;
use crate::error::Exit;
use crate::plan;
use crate::preflight::verdict::{CallerContext, finding};
use crate::preflight::{Endpoint, Finding, Level};
use crate::supervise::{Cause, State};
use crate::world::control::Service;
use crate::world::driver::held_by_another;
use crate::world::os;
use crate::world::owners::{self, Addresses};
use crate::world::runs::Record;

/// How it is now.
#[derive(Default)]
pub(super) struct LostPorts {
    /// One for each port that there is something to say about.
    pub(super) facts: Vec<String>,
    pub(super) hints: Vec<String>,
    /// Somebody else has one of them.
    pub(super) is_taken: bool,
}

/// Looked up only where a port may be what keeps the service from being ready.
pub(super) fn now(service: &Service, record: &Record, context: &Context) -> LostPorts {
    let held = |detail: &str| service.ports.iter().any(|port| detail == held_by_another(port.number));
    let (may_be, was) = match service.cause.as_ref().map(Cause::last) {
        Some(Cause::Exited { diagnosis, .. }) => {
            let found_busy = diagnosis.as_ref().is_some_and(|it| it.exit == Exit::PortBusy);
            (found_busy, found_busy)
        }
        Some(Cause::NotSpawned { exit, .. }) => (*exit == Exit::PortBusy, *exit == Exit::PortBusy),
        Some(Cause::NotReady { detail, .. }) => (true, held(detail)),
        Some(
            Cause::Dependency { .. } | Cause::Unhealthy { .. } | Cause::Survived { .. } | Cause::Unverified { .. },
        ) => (false, false),
        Some(Cause::Again { .. } | Cause::GaveUp { .. }) | None => {
            let waits = service.state == State::Starting && service.waiting_for.iter().any(|it| held(it));
            (waits, waits)
        }
    };
    if !may_be {
        return LostPorts::default();
    }
    let mut findings = judged(service, record, Addresses::Service, context);
    if !findings.iter().any(is_anothers) {
        // It may bind where nobody else of the program asks: at `::1`, say.
        findings.extend(
            judged(service, record, Addresses::All, context)
                .into_iter()
                .filter(is_anothers),
        );
    }
    let taken: Vec<&Finding> = findings.iter().filter(|it| is_anothers(it)).collect();
    if taken.is_empty() {
        let free = findings.iter().filter(|it| was && it.level == Level::Ok);
        return LostPorts {
            facts: free.map(|it| it.message.clone()).collect(),
            ..LostPorts::default()
        };
    }
    let program = &context.program;
    let look = |port: Endpoint| format!("look at it with `{program} port who {}`", port.typed());
    LostPorts {
        facts: taken.iter().map(|it| it.message.clone()).collect(),
        hints: taken.iter().filter_map(|it| it.port).map(look).collect(),
        is_taken: true,
    }
}

fn is_anothers(finding: &Finding) -> bool {
    finding.is_taken() && finding.level == Level::Fail
}

fn judged(service: &Service, record: &Record, addresses: Addresses, context: &Context) -> Vec<Finding> {
    let ports: Vec<Endpoint> = service.ports.iter().map(Endpoint::from).collect();
    let facts = owners::look_up(&ports, addresses);
    let ours = CallerContext::new(
        &record.project,
        &record.checkout,
        Some(record.run.clone()),
        os::user_id(),
    );
    let judge = |port: &plan::Port| {
        let ours = match addresses {
            Addresses::Service => ours.for_service(&service.name, port),
            Addresses::All => ours.clone(),
        };
        let port = Endpoint::from(port);
        finding(&port, &facts[&port], &ours, &context.program)
    };
    service.ports.iter().map(judge).collect()
}

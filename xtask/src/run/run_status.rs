//! The live run of a checkout: found by its record and socket, queried, and compared with the kernel's data.

mod health_report;

use super::container::{self, ContainerNote};
use super::control::{Client, REPLY_TIMEOUT};
use crate::diagnostic::Diagnostic;
use crate::plan::{self, Origin, Protocol, Runs};
use crate::ports::{Endpoint, Owner, PortFact, SocketState};
use crate::preflight::mismatch::Mismatch;
use crate::process::Tag;
use crate::process::compose::publishes;
use crate::protocol::{
    Explanation, HealthReport, HealthStatus, ObservedService, PortStatus, Record, Reply, Request, RunStatus,
    ServiceStatus, Snapshot,
};
use crate::supervise::steps::Running;
use crate::system::runs::{StateDir, lives};
use crate::system::{attribution, owners, threads};
pub(crate) use health_report::HealthSource;
use health_report::health_of;
use std::collections::BTreeMap;
use std::path::Path;

/// A connection to the supervisor of this checkout, if that is alive.
pub(crate) fn client(directory: &StateDir) -> Option<(Client, Record)> {
    let record = directory.record().ok()??;
    // The socket of a dying supervisor may exist a moment longer.
    if !lives(&record.supervisor) {
        return None;
    }
    Some((Client::connect(&record.socket)?, record))
}

/// The services of the live run, if the supervisor takes requests: asked before one is sent whose reply may take time.
/// None of a supervisor of another version.
///
/// # Errors
/// It takes none.
pub(crate) fn responding(directory: &StateDir) -> Result<Vec<Running>, Diagnostic> {
    let Some((mut client, _)) = client(directory) else {
        return Ok(Vec::new());
    };
    client.send(&Request::Services);
    match client.receive(Some(REPLY_TIMEOUT))? {
        Reply::Services(running) => Ok(running),
        _ => Ok(Vec::new()),
    }
}

/// The id of the live run.
pub(crate) fn run(checkout: &Path) -> Option<String> {
    let directory = StateDir::existing(checkout)?;
    client(&directory).map(|(_, record)| record.run)
}

/// The current state of the live run: states from its supervisor, ports freshly checked.
///
/// # Errors
/// The supervisor does not reply, or its reply is invalid.
pub(crate) fn status(checkout: &Path, health: HealthSource) -> Result<Option<RunStatus>, Diagnostic> {
    match answer_to(checkout, &Request::Status)? {
        Some((Reply::Status(snapshot), _)) => Ok(Some(observe_with(&snapshot, health))),
        Some(_) => Err(another_answer()),
        None => Ok(None),
    }
}

/// The services of the live run with their settings at the start, and the run's record.
///
/// # Errors
/// The supervisor does not reply, or its reply is invalid.
pub(crate) fn running(checkout: &Path) -> Result<Option<(Vec<Running>, Record)>, Diagnostic> {
    match answer_to(checkout, &Request::Services)? {
        Some((Reply::Services(running), record)) => Ok(Some((running, record))),
        Some(_) => Err(another_answer()),
        None => Ok(None),
    }
}

/// The services alone; none without a live run.
///
/// # Errors
/// As [`running`].
pub(crate) fn running_services(checkout: &Path) -> Result<Vec<Running>, Diagnostic> {
    Ok(running(checkout)?.map_or_else(Vec::new, |(services, _)| services))
}

/// Ports that the supervisor may have reserved for these services: those of all that have not finished.
pub(crate) fn reserved<'a>(running: impl IntoIterator<Item = &'a Running>) -> Vec<(Endpoint, String)> {
    let services = running
        .into_iter()
        .filter(|it| !it.state.is_over())
        .map(|it| &it.service);
    let ports = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    ports
        .map(|(service, port)| (Endpoint::from(port), service.name.clone()))
        .collect()
}

/// What the supervisor knows about one service; `None` without a supervisor, or if its run has no such service.
///
/// # Errors
/// The supervisor does not reply, or its reply is invalid.
pub(crate) fn why(checkout: &Path, service: &str) -> Result<Option<Box<Explanation>>, Diagnostic> {
    let service = service.to_owned();
    match answer_to(checkout, &Request::Why { service })? {
        Some((Reply::Why(why), _)) => Ok(why),
        Some(_) => Err(another_answer()),
        None => Ok(None),
    }
}

/// The metrics of the live run, as text; `None` without one.
///
/// # Errors
/// The supervisor does not reply, its reply is invalid, or its build has no metrics.
pub(crate) fn metrics(checkout: &Path, for_node_exporter: bool) -> Result<Option<String>, Diagnostic> {
    match answer_to(checkout, &Request::Metrics { for_node_exporter })? {
        Some((Reply::Metrics(text), _)) => Ok(Some(text)),
        Some(_) => Err(another_answer()),
        None => Ok(None),
    }
}

/// Sends a request that is answered immediately; `None` if no supervisor is alive, or it is shutting down.
fn answer_to(checkout: &Path, request: &Request) -> Result<Option<(Reply, Record)>, Diagnostic> {
    let Some((mut client, record)) = StateDir::existing(checkout).and_then(|directory| client(&directory)) else {
        return Ok(None);
    };
    client.send(request);
    match client.receive(Some(REPLY_TIMEOUT))? {
        Reply::Refused(problem) => Err(problem),
        Reply::Ending => Ok(None),
        reply => Ok(Some((reply, record))),
    }
}

fn another_answer() -> Diagnostic {
    Diagnostic::new("the supervisor gave another answer than asked for")
}

/// Services of this checkout that do not run, whatever else its live run has: stopped, with their ports as the kernel
/// reports them.
pub(crate) fn at_rest(services: &[plan::Service], checkout: &Path, run: Option<&str>) -> Vec<ObservedService> {
    let ports: Vec<Endpoint> = services
        .iter()
        .flat_map(|service| &service.ports)
        .map(Endpoint::from)
        .collect();
    let facts = owners::look_up_passive(&ports);
    let containers = StateDir::existing(checkout).map_or(Vec::new(), |directory| container::of(&directory));
    let is_publisher = |service: &plan::Service, port: &plan::Port| {
        let mut left = containers.iter().filter(|it| it.service == service.name);
        left.any(|it| publishes(&it.note.containers, (port.number, port.protocol)))
    };
    let status = |service: &plan::Service| ObservedService {
        status: ServiceStatus::stopped(service),
        ports: service
            .ports
            .iter()
            .map(|port| PortStatus {
                left_over: is_left_over(port, &facts, checkout, run) || is_publisher(service, port),
                ..seen_port(port, &facts, None)
            })
            .collect(),
        health: NO_HEALTH,
    };
    services.iter().map(status).collect()
}

const NO_HEALTH: HealthReport = HealthReport {
    status: HealthStatus::None,
    detail: None,
};

/// A snapshot together with the kernel's data and health checks.
pub(crate) fn observe(snapshot: &Snapshot) -> RunStatus {
    observe_with(snapshot, HealthSource::Service)
}

fn observe_with(snapshot: &Snapshot, source: HealthSource) -> RunStatus {
    let ports: Vec<Endpoint> = snapshot
        .services
        .iter()
        .flat_map(|service| &service.ports)
        .map(Endpoint::from)
        .collect();
    let facts = owners::look_up_passive(&ports);
    // Services without a check need no thread.
    let n_checks = snapshot
        .services
        .iter()
        .filter(|service| service.health.is_some())
        .count();
    let healths = threads::share(&snapshot.services, n_checks, |service| {
        let health = service.health.as_ref();
        health.map_or(NO_HEALTH, |health| {
            health_of(service, health, source, &facts, &snapshot.record.run)
        })
    });
    let record = &snapshot.record;
    let observed = |(status, health): (&ServiceStatus, HealthReport)| ObservedService {
        status: status.clone(),
        ports: status
            .ports
            .iter()
            .map(|port| PortStatus {
                left_over: is_left_over(port, &facts, &record.checkout, Some(&record.run)),
                ..match &status.runs {
                    Runs::Command => seen_port(port, &facts, Some((&record.run, &status.name))),
                    Runs::Compose(_) | Runs::External => seen_beside(port, &facts, status, record),
                }
            })
            .collect(),
        health,
    };
    let mut services: Vec<_> = snapshot.services.iter().zip(healths).map(observed).collect();
    look_elsewhere(&mut services, &record.run);
    RunStatus {
        project: record.project.clone(),
        checkout: record.checkout.clone(),
        record: Some(record.clone()),
        services,
        log_export: snapshot.log_export.clone(),
    }
}

/// Finds where services listen if not on their port. This is only a remark, so what cannot be read is left out.
fn look_elsewhere(services: &mut [ObservedService], run: &str) {
    let astray = |it: &ObservedService| it.status.pid.is_some() && it.ports.iter().any(|port| !port.ours);
    if !services.iter().any(astray) {
        return;
    }
    let mut members = attribution::members().unwrap_or_default();
    members.retain(|member| member.tag.run == run);
    for ObservedService { status, ports, .. } in services.iter_mut().filter(|it| astray(it)) {
        let its = members.iter().filter(|member| member.tag.service == status.name);
        let pids: Vec<u32> = its.map(|member| member.process.identity.pid).collect();
        let listens = owners::addresses_of(&pids).unwrap_or_default();
        for (port, seen) in status.ports.iter().zip(ports).filter(|(_, seen)| !seen.ours) {
            let mismatch = Mismatch::new(&status.ports, port, &listens);
            seen.elsewhere = mismatch.map(|it| it.listens).unwrap_or_default();
        }
    }
}

type PortFacts = BTreeMap<Endpoint, PortFact>;

/// `ours` is the run and the service that should listen. Its supervisor may hold the port for it, which does not tell
/// who listens at another address.
fn seen_port(port: &plan::Port, facts: &PortFacts, ours: Option<(&str, &str)>) -> PortStatus {
    let fact = facts.get(&Endpoint::from(port));
    let owners = || {
        fact.into_iter()
            .flat_map(|fact| &fact.owners)
            .filter(|owner| owner.holds_by != SocketState::Connection)
    };
    let unseen = || fact.into_iter().flat_map(|fact| &fact.unowned);
    let is_its = |owner: &Owner, is_of: &dyn Fn(&Tag, &str) -> bool| {
        let tag = owner.process.tag.as_ref().zip(ours);
        tag.is_some_and(|(tag, (run, service))| tag.run == run && is_of(tag, service))
    };
    let is_own = |owner: &&Owner| is_its(owner, &|tag, service| tag.service == service);
    let is_kept_by = |owner: &&Owner| is_its(owner, &|tag, _| tag.is_supervisor());
    let listens = |owner: &&Owner| owner.holds_by == SocketState::Listening;
    let is_anothers = |owner: &&Owner| listens(owner) && !is_own(owner) && !is_kept_by(owner);
    let unseen_listens = unseen().any(|socket| socket.state == SocketState::Listening);
    // A reserved UDP socket is connected to itself.
    let everybody = || fact.into_iter().flat_map(|fact| &fact.owners);
    let is_held = owners().any(|owner| is_own(&owner)) || everybody().any(|owner| is_kept_by(&owner));
    PortStatus {
        name: port.key.clone(),
        number: port.number,
        // A UDP port that our supervisor reserves at all addresses looks like a listener.
        listening: owners().any(|owner| listens(&owner) && !(port.protocol == Protocol::Udp && is_kept_by(&owner)))
            || unseen_listens,
        ours: owners().any(|owner| listens(&owner) && is_own(&owner))
            || is_held && !unseen_listens && !owners().any(|owner| is_anothers(&owner)),
        clients: owners().map(|owner| owner.clients.len()).max().unwrap_or(0),
        left_over: false,
        elsewhere: Vec::new(),
        declared: match port.origin {
            Origin::Declared => Some(port.number),
            Origin::Moved { from } => Some(from),
            Origin::Auto => None,
        },
    }
}

/// The same for a service without processes of ours: a port of a container is its own if Compose says that the container
/// publishes it, and that of an external service never is.
fn seen_beside(port: &plan::Port, facts: &PortFacts, service: &ServiceStatus, record: &Record) -> PortStatus {
    let note = || {
        let directory = StateDir::existing(&record.checkout)?;
        let note = ContainerNote::read(&directory.container_note(&service.name))?;
        (Some(note.helper) == service.pid).then_some(note)
    };
    let is_up = service.state.is_alive();
    let published = || note().is_some_and(|note| publishes(&note.containers, (port.number, port.protocol)));
    let seen = seen_port(port, facts, None);
    match &service.runs {
        Runs::Compose(_) if is_up && published() => PortStatus {
            // A rule of the kernel has no socket.
            listening: true,
            ours: true,
            ..seen
        },
        Runs::Compose(_) | Runs::Command | Runs::External => seen,
    }
}

/// Whether an earlier run of this checkout still listens on the port.
fn is_left_over(port: &plan::Port, facts: &PortFacts, checkout: &Path, run: Option<&str>) -> bool {
    let owners = facts
        .get(&Endpoint::from(port))
        .into_iter()
        .flat_map(|fact| &fact.owners);
    let mut tags = owners
        .filter(|owner| owner.holds_by == SocketState::Listening)
        .filter_map(|owner| owner.process.tag.as_ref());
    tags.any(|tag| tag.checkout == checkout && run.is_none_or(|run| tag.run != run))
}

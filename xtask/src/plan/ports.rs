//! Port numbers. They are determined first, because other settings may refer to them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::IpAddr;

use super::env_files::ProjectFiles;
use super::scope::{Address, Scope, ServiceAddresses};
use super::{Allocation, DeclaredNumber, DeclaredPort, PlanInputs, Port, PortId, Scheme, project_name};
use crate::config::template::{Otherwise, Piece};
use crate::config::{self, AUTO, Config, Located, Service, Template};
use crate::diagnostic::{Diagnostic, Exit};

/// The ports of all services of the file, without numbers.
pub(super) struct DeclaredPorts<'a> {
    /// Services that start come first: their value of a shared variable wins.
    services: Vec<ServicePorts<'a>>,
}

struct ServicePorts<'a> {
    service: &'a Service,
    is_started: bool,
    ports: Result<Vec<DeclaredPort>, Vec<Diagnostic>>,
}

/// The ports of all services of the file, with numbers.
pub(super) struct Numbers {
    pub(super) by_service: BTreeMap<String, Vec<Port>>,
    pub(super) addresses: ServiceAddresses,
    /// The variables that name a port, with its final number.
    pub(super) exported: BTreeMap<String, String>,
}

/// Reads all ports of the file.
pub(super) fn declared<'a>(
    config: &'a Config,
    start_set: &[&Service],
    files: &ProjectFiles,
    inputs: &PlanInputs,
) -> DeclaredPorts<'a> {
    let is_started = |service: &Service| start_set.iter().any(|started| started.name == service.name);
    let (started, others): (Vec<&Service>, Vec<&Service>) =
        config.services.iter().partition(|service| is_started(service));
    let project = project_name(config, inputs.checkout);
    let ports = |service: &'a Service| ServicePorts {
        service,
        is_started: is_started(service),
        ports: of_service(service, &project, files, inputs),
    };
    DeclaredPorts {
        services: started.into_iter().chain(others).map(ports).collect(),
    }
}

impl DeclaredPorts<'_> {
    pub(super) fn declared(&self) -> Vec<DeclaredPort> {
        let ports = self.services.iter().filter_map(|it| it.ports.as_ref().ok());
        ports.flatten().cloned().collect()
    }
}

/// All ports with their numbers. Problems of services that do not start are ignored.
pub(super) fn numbers(
    declared: &DeclaredPorts,
    allocation: &Allocation,
    outside: &PlanInputs,
) -> (Numbers, Vec<Diagnostic>) {
    let mut numbers = Numbers {
        by_service: BTreeMap::new(),
        addresses: ServiceAddresses::new(),
        exported: BTreeMap::new(),
    };
    let mut problems = Vec::new();
    for it in &declared.services {
        let Err(more) = &it.ports else { continue };
        let address = match it.is_started {
            true => Address::Told,
            false => Address::Untold(more.first().map(|problem| problem.message.clone()).unwrap_or_default()),
        };
        numbers.addresses.insert(it.service.name.clone(), address);
        problems.extend(more.iter().filter(|_| it.is_started).cloned());
    }
    problems.extend(allocation.problem.clone());
    for it in &declared.services {
        let Ok(ports) = &it.ports else { continue };
        let ports = it.service.ports.iter().zip(ports);
        let ports = ports.map(|(port, declared)| numbered(it.service, port, declared, allocation));
        let told = numbers.add(it.service, ports.collect(), outside);
        problems.extend(told.into_iter().filter(|_| it.is_started));
    }
    (numbers, problems)
}

fn numbered(service: &Service, port: &config::Port, declared: &DeclaredPort, allocation: &Allocation) -> Port {
    let given = allocation.get(&declared.id).expect("every declared port was allocated");
    Port {
        key: declared.id.key.clone(),
        number: given.number,
        origin: given.origin,
        host: declared.host,
        protocol: declared.protocol,
        on_conflict: port.on_conflict.unwrap_or(service.on_conflict),
        variable: declared.variable.clone(),
        place: port.number.place.clone(),
    }
}

impl Numbers {
    /// If a variable names two ports, the first one is kept.
    fn add(&mut self, service: &Service, ports: Vec<Port>, outside: &PlanInputs) -> Vec<Diagnostic> {
        let name = &service.name;
        let mut problems = Vec::new();
        for port in &ports {
            // Every service has its own `PORT`.
            let Some(variable) = port.variable.as_ref().filter(|name| *name != "PORT") else {
                continue;
            };
            let number = port.number.to_string();
            let first = self.exported.entry(variable.clone()).or_insert_with(|| number.clone());
            if *first != number {
                let problem = Diagnostic::new(format!("`{variable}` names two ports: {first} and {number}"));
                problems.push(
                    problem
                        .at(&port.place)
                        .hint(format!("give `{name}` a variable of its own"))
                        .exit(Exit::Usage),
                );
            }
        }
        let address = Address::Known {
            ports: ports.iter().map(|port| (port.key.clone(), port.number)).collect(),
            main: ports.first().map(|port| (outside.address)(service, port)),
            scheme: Scheme::of(service, &ports).map(|scheme| scheme.name),
        };
        self.addresses.insert(name.clone(), address);
        self.by_service.insert(name.clone(), ports);
        problems
    }
}

fn of_service(
    service: &Service,
    project: &str,
    files: &ProjectFiles,
    outside: &PlanInputs,
) -> Result<Vec<DeclaredPort>, Vec<Diagnostic>> {
    let own = files.of_service(service, outside)?;
    let nothing = ServiceAddresses::new();
    let scope = Scope {
        exported: BTreeMap::new(),
        calling: outside.calling,
        files: files.last_first(&own),
        addresses: &nothing,
        settable: files.settable(),
    };
    let mut problems = Vec::new();
    let mut ports = Vec::new();
    for port in &service.ports {
        let id = PortId::new(&service.name, &port.key);
        let number = written(port, &scope, || (outside.default_base)(project, &id));
        let host = match &port.host {
            Some(host) => scope
                .fill(host)
                .and_then(|text| address(&text, host).map_err(|it| vec![it]))
                .map(Some),
            None => Ok(None),
        };
        match (number, host) {
            (Ok(number), Ok(host)) => ports.push(DeclaredPort {
                id,
                protocol: port.protocol,
                host,
                variable: variable(port).map(str::to_owned),
                number,
            }),
            (number, host) => problems.extend(number.err().into_iter().chain(host.err()).flatten()),
        }
    }
    if problems.is_empty() { Ok(ports) } else { Err(problems) }
}

/// `auto` starts at a base, but a number that the user sets for this call is used exactly.
fn written(
    port: &config::Port,
    scope: &Scope,
    default_base: impl FnOnce() -> u16,
) -> Result<DeclaredNumber, Vec<Diagnostic>> {
    let filled = |template: &Located<Template>| {
        let text = scope.fill(template)?;
        number(&text, template).map_err(|problem| vec![problem])
    };
    let is_set = |number: &Located<Template>| {
        let value = named_by(&number.value).and_then(|name| scope.calling.get(OsStr::new(name)));
        value.is_some_and(|value| !value.is_empty())
    };
    let text = scope.fill(&port.number)?;
    if text.trim() != AUTO {
        let number = filled(&port.number)?;
        return Ok(match is_set(&port.number) {
            true => DeclaredNumber::Set(number),
            false => DeclaredNumber::Fixed(number),
        });
    }
    let Some(base) = &port.base else {
        return Ok(DeclaredNumber::Auto {
            base: default_base(),
            is_written: false,
        });
    };
    match is_set(base) {
        true => filled(base).map(DeclaredNumber::Set),
        false => filled(base).map(|base| DeclaredNumber::Auto { base, is_written: true }),
    }
}

/// The variable in which every service gets the number.
fn variable(port: &config::Port) -> Option<&str> {
    let base = || port.base.as_ref().and_then(|base| named_by(&base.value));
    named_by(&port.number.value).or_else(base)
}

/// The variable that is the whole number: `"${VAR}"`, not `"80${VAR}"`.
fn named_by(number: &Template) -> Option<&str> {
    match number.pieces.as_slice() {
        [Piece::Variable { name, otherwise, .. }] => match otherwise {
            Otherwise::Nothing | Otherwise::Default(_) | Otherwise::Message(_) => Some(name),
            Otherwise::Instead(_) => None,
        },
        _ => None,
    }
}

fn number(text: &str, written: &Located<Template>) -> Result<u16, Diagnostic> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| {
        wrong(text, written, "a port number").hint(match written.value.first_variable() {
            Some(variable) => format!("set `{variable}` to a number from 1 to 65535"),
            None => "use a number from 1 to 65535".to_owned(),
        })
    })
}

fn address(text: &str, written: &Located<Template>) -> Result<IpAddr, Diagnostic> {
    let text = if text == "localhost" { "127.0.0.1" } else { text };
    text.parse().map_err(|_| {
        wrong(text, written, "an IP address").hint(match written.value.first_variable() {
            Some(variable) => format!("set `{variable}` to an address such as `127.0.0.1` or `::1`"),
            None => "write an address such as `127.0.0.1` or `::1`".to_owned(),
        })
    })
}

/// The value of a variable is not shown: it may be a misplaced secret.
fn wrong(text: &str, written: &Located<Template>, what: &str) -> Diagnostic {
    let message = match written.value.first_variable() {
        Some(variable) if text.is_empty() => format!("`{variable}` is empty, not {what}"),
        Some(variable) => format!("the value of `{variable}` is not {what}"),
        None => format!("`{text}` is not {what}"),
    };
    Diagnostic::new(message).at(&written.place).exit(Exit::Usage)
}

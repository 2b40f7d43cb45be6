//! Port numbers first: everything else may refer to them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::scope::{Address, Addresses, Scope};
use super::services::ProjectFiles;
use super::{Outside, Port, url};
use crate::config::template::{Otherwise, Piece};
use crate::config::{At, Config, Service, Template};
use crate::error::{Exit, Problem};

/// The ports of every service of the file.
pub(super) struct Numbers {
    pub(super) by_service: BTreeMap<String, Vec<Port>>,
    pub(super) addresses: Addresses,
    /// The variables that name a port, with the number that is finally used.
    pub(super) exported: BTreeMap<String, String>,
}

/// Works out all ports; problems of services outside the start set are of no concern.
pub(super) fn numbers(
    config: &Config,
    start_set: &[&Service],
    files: &ProjectFiles,
    outside: &Outside,
) -> (Numbers, Vec<Problem>) {
    let mut numbers = Numbers {
        by_service: BTreeMap::new(),
        addresses: Addresses::new(),
        exported: BTreeMap::new(),
    };
    let mut problems = Vec::new();
    let is_started = |service: &Service| start_set.iter().any(|started| started.name == service.name);
    for service in config.services.iter().filter(|service| is_started(service)) {
        match ports(service, files, outside) {
            Ok(ports) => problems.extend(numbers.add(&service.name, ports)),
            Err(more) => {
                numbers.addresses.insert(service.name.clone(), Address::Told);
                problems.extend(more);
            }
        }
    }
    // Those who start have the last word about a variable that others use too.
    for service in config.services.iter().filter(|service| !is_started(service)) {
        match ports(service, files, outside) {
            Ok(ports) => drop(numbers.add(&service.name, ports)),
            Err(more) => {
                let why = more
                    .into_iter()
                    .next()
                    .map(|problem| problem.message)
                    .unwrap_or_default();
                numbers.addresses.insert(service.name.clone(), Address::Untold(why));
            }
        }
    }
    (numbers, problems)
}

impl Numbers {
    /// Where a variable names two ports, the first stays.
    fn add(&mut self, service: &str, ports: Vec<Port>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for port in &ports {
            // Every service gets a `PORT` of its own.
            let Some(variable) = port.variable.as_ref().filter(|name| *name != "PORT") else {
                continue;
            };
            let number = port.number.to_string();
            let first = self.exported.entry(variable.clone()).or_insert_with(|| number.clone());
            if *first != number {
                let problem = Problem::new(format!("`{variable}` names two ports: {first} and {number}"));
                problems.push(
                    problem
                        .at(&port.place)
                        .hint(format!("give `{service}` a variable of its own"))
                        .exit(Exit::Usage),
                );
            }
        }
        let address = Address::Known {
            ports: ports.iter().map(|port| (port.key.clone(), port.number)).collect(),
            url: url(&ports),
        };
        self.addresses.insert(service.to_owned(), address);
        self.by_service.insert(service.to_owned(), ports);
        problems
    }
}

fn ports(service: &Service, files: &ProjectFiles, outside: &Outside) -> Result<Vec<Port>, Vec<Problem>> {
    let own = files.of_service(service, outside)?;
    let nothing = Addresses::new();
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
        let number = scope
            .fill(&port.number)
            .and_then(|text| number(&text, &port.number).map_err(|it| vec![it]));
        let host = match &port.host {
            Some(host) => scope
                .fill(host)
                .and_then(|text| address(&text, host).map_err(|it| vec![it]))
                .map(Some),
            None => Ok(None),
        };
        match (number, host) {
            (Ok(number), Ok(host)) => ports.push(Port {
                key: port.key.clone(),
                number,
                host,
                protocol: port.protocol,
                on_conflict: port.on_conflict.unwrap_or(service.on_conflict),
                variable: named_by(&port.number.value).map(str::to_owned),
                place: port.number.place.clone(),
            }),
            (number, host) => problems.extend(number.err().into_iter().chain(host.err()).flatten()),
        }
    }
    if problems.is_empty() { Ok(ports) } else { Err(problems) }
}

/// The variable whose value the number is: `"${VAR}"` alone, not `"80${VAR}"`.
fn named_by(number: &Template) -> Option<&str> {
    match number.pieces.as_slice() {
        [Piece::Variable { name, otherwise, .. }] => match otherwise {
            Otherwise::Nothing | Otherwise::Default(_) | Otherwise::Message(_) => Some(name),
            Otherwise::Instead(_) => None,
        },
        _ => None,
    }
}

fn number(text: &str, written: &At<Template>) -> Result<u16, Problem> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| {
        wrong(text, written, "a port number").hint(match written.value.first_variable() {
            Some(variable) => format!("set `{variable}` to a number from 1 to 65535"),
            None => "use a number from 1 to 65535".to_owned(),
        })
    })
}

fn address(text: &str, written: &At<Template>) -> Result<IpAddr, Problem> {
    let text = if text == "localhost" { "127.0.0.1" } else { text };
    text.parse().map_err(|_| {
        wrong(text, written, "an IP address").hint(match written.value.first_variable() {
            Some(variable) => format!("set `{variable}` to an address such as `127.0.0.1` or `::1`"),
            None => "write an address such as `127.0.0.1` or `::1`".to_owned(),
        })
    })
}

/// The value of a variable is not shown: it may be in the wrong place, and a secret.
fn wrong(text: &str, written: &At<Template>, what: &str) -> Problem {
    let message = match written.value.first_variable() {
        Some(variable) if text.is_empty() => format!("`{variable}` is empty, not {what}"),
        Some(variable) => format!("the value of `{variable}` is not {what}"),
        None => format!("`{text}` is not {what}"),
    };
    Problem::new(message).at(&written.place).exit(Exit::Usage)
}

//! Port numbers first: everything else may refer to them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::scope::{Address, Addresses, Scope};
use super::services::ProjectFiles;
use super::{Outside, Port};
use crate::config::{Config, Service};
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
    for service in &config.services {
        match ports(service, files, outside) {
            Ok(ports) => numbers.add(&service.name, ports, &mut problems),
            Err(more) if start_set.iter().any(|started| started.name == service.name) => problems.extend(more),
            Err(_) => {}
        }
    }
    (numbers, problems)
}

impl Numbers {
    fn add(&mut self, service: &str, ports: Vec<Port>, problems: &mut Vec<Problem>) {
        for port in &ports {
            // Every service gets a `PORT` of its own.
            let Some(variable) = port.variable.as_ref().filter(|name| *name != "PORT") else {
                continue;
            };
            let number = port.number.to_string();
            match self.exported.insert(variable.clone(), number.clone()) {
                Some(other) if other != number => problems.push(
                    Problem::new(format!("`{variable}` names two ports: {other} and {number}"))
                        .at(&port.place)
                        .hint(format!(
                            "set `{variable}`, or use a variable of its own for `{service}`"
                        ))
                        .exit(Exit::Usage),
                ),
                Some(_) | None => {}
            }
        }
        let address = Address {
            ports: ports.iter().map(|port| (port.key.clone(), port.number)).collect(),
            url: ports.first().map(Port::url),
        };
        self.addresses.insert(service.to_owned(), address);
        self.by_service.insert(service.to_owned(), ports);
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
    };
    let mut problems = Vec::new();
    let mut ports = Vec::new();
    for port in &service.ports {
        let number = scope
            .fill(&port.number)
            .and_then(|text| number(&text).map_err(|it| vec![it.at(&port.number.place)]));
        let host = match &port.host {
            Some(host) => scope
                .fill(host)
                .and_then(|text| address(&text).map_err(|it| vec![it.at(&host.place)]))
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
                variable: port.number.value.first_variable().map(str::to_owned),
                place: port.number.place.clone(),
            }),
            (number, host) => problems.extend(number.err().into_iter().chain(host.err()).flatten()),
        }
    }
    if problems.is_empty() { Ok(ports) } else { Err(problems) }
}

fn number(text: &str) -> Result<u16, Problem> {
    text.trim().parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        Problem::new(format!("`{text}` is not a port number"))
            .hint("use a number from 1 to 65535")
            .exit(Exit::Usage)
    })
}

fn address(text: &str) -> Result<IpAddr, Problem> {
    let text = if text == "localhost" { "127.0.0.1" } else { text };
    text.parse().map_err(|_| {
        Problem::new(format!("`{text}` is not an IP address"))
            .hint("write an address such as `127.0.0.1` or `::1`")
            .exit(Exit::Usage)
    })
}

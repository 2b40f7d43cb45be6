//! Compose: what it says of the containers of a service, and what that means. Values in, values out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Protocol;
use crate::foreign::Foreign;

/// The programs that speak for Compose, in the order in which they are tried.
pub(crate) const PROGRAMS: [&[&str]; 3] = [&["docker", "compose"], &["podman", "compose"], &["docker-compose"]];

/// One container of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ComposeContainer {
    pub(crate) id: Foreign,
    pub(crate) name: Foreign,
    /// The Compose project.
    pub(crate) project: Foreign,
    pub(crate) state: ContainerState,
    pub(crate) health: ContainerHealth,
    /// The ports of this machine that lead to it.
    pub(crate) publishes: Vec<(u16, Protocol)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ContainerState {
    Running,
    /// Created, but not started yet.
    Created,
    Ended {
        code: i32,
    },
    /// In Compose's word: `paused`, `restarting`, `removing`.
    Other(Foreign),
}

/// The result of the health check of the Compose file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ContainerHealth {
    /// It has no health check.
    None,
    Starting,
    Healthy,
    Unhealthy,
}

/// Why Compose cannot run a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComposeProblem {
    /// None of the programs is there.
    NotInstalled,
    /// A program is there, but its engine does not answer.
    NoEngine { program: String, said: Foreign },
    /// A program is there, but it cannot list containers as we need it.
    Incompatible { program: String },
    /// Compose rejects the file or the service; `known` are the services of the file.
    Refused {
        program: String,
        said: Foreign,
        known: Vec<String>,
    },
}

/// The output of `ps --all --format json`; `None` if it is something else.
///
/// Source: docker/compose, cmd/formatter/container.go. Since 2.21 it is one object a line, before that one list.
pub(crate) fn containers(output: &str) -> Option<Vec<ComposeContainer>> {
    let output = output.trim();
    let entries: Vec<Entry> = match output.starts_with('[') {
        true => serde_json::from_str(output).ok()?,
        false => output
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .ok()?,
    };
    Some(entries.into_iter().map(ComposeContainer::from).collect())
}

/// Whether any of them runs, in whatever way.
pub(crate) fn is_alive(containers: &[ComposeContainer]) -> bool {
    containers.iter().any(|it| match it.state {
        ContainerState::Running | ContainerState::Other(_) => true,
        ContainerState::Created | ContainerState::Ended { .. } => false,
    })
}

/// Whether a running one publishes the port.
pub(crate) fn publishes(containers: &[ComposeContainer], port: (u16, Protocol)) -> bool {
    let running = containers.iter().filter(|it| it.state == ContainerState::Running);
    running.flat_map(|it| &it.publishes).any(|it| *it == port)
}

/// Whether they run, are healthy and publish all `ports`.
///
/// # Errors
/// What is missing, as text for the user.
pub(crate) fn are_up(containers: &[ComposeContainer], ports: &[(u16, Protocol)]) -> Result<(), String> {
    if containers.is_empty() {
        return Err("Compose has not created its container yet".to_owned());
    }
    for container in containers {
        let name = &container.name;
        match &container.state {
            ContainerState::Running => {}
            ContainerState::Created => return Err(format!("container `{name}` has not started yet")),
            ContainerState::Ended { code } => return Err(format!("container `{name}` has exited with code {code}")),
            ContainerState::Other(state) => return Err(format!("container `{name}` is {state}")),
        }
        match container.health {
            ContainerHealth::None | ContainerHealth::Healthy => {}
            ContainerHealth::Starting => {
                return Err(format!(
                    "container `{name}` runs, and its own health check has not passed yet"
                ));
            }
            ContainerHealth::Unhealthy => return Err(format!("container `{name}` is unhealthy")),
        }
    }
    // On the network of the host, it publishes nothing and may listen anywhere.
    let is_on_host = containers.iter().all(|it| it.publishes.is_empty());
    match ports.iter().find(|port| !publishes(containers, **port)) {
        Some((number, _)) if !is_on_host => Err(not_published(containers, *number)),
        Some(_) | None => Ok(()),
    }
}

/// The ports of this machine that the Compose file gives to a service, from `config --format json`; `None` if the engine
/// chooses one, or it is on the network of the host.
///
/// Source: compose-spec, 05-services.md, `ports`: `published` is a number or a range.
pub(crate) fn declared(config: &str, service: &str) -> Option<Vec<(u16, Protocol)>> {
    let config: ConfigDocument = serde_json::from_str(config).ok()?;
    let service = config.services.get(service)?;
    if service.network_mode.as_deref() == Some("host") {
        return None;
    }
    let mut declared = Vec::new();
    for port in &service.ports {
        let (first, last) = port
            .published
            .split_once('-')
            .unwrap_or((&port.published, &port.published));
        let numbers = first.parse().ok()?..=last.parse().ok()?;
        declared.extend(numbers.map(|number| (number, protocol(&port.protocol))));
    }
    Some(declared)
}

#[derive(Deserialize)]
struct ConfigDocument {
    services: BTreeMap<String, ConfigService>,
}

#[derive(Deserialize)]
struct ConfigService {
    #[serde(default)]
    network_mode: Option<String>,
    #[serde(default)]
    ports: Vec<ConfigPort>,
}

#[derive(Deserialize)]
struct ConfigPort {
    #[serde(default)]
    published: String,
    #[serde(default)]
    protocol: String,
}

fn protocol(name: &str) -> Protocol {
    match name {
        "udp" => Protocol::Udp,
        _ => Protocol::Tcp,
    }
}

fn not_published(containers: &[ComposeContainer], wanted: u16) -> String {
    let name = &containers[0].name;
    let mut numbers: Vec<u16> = containers
        .iter()
        .flat_map(|it| &it.publishes)
        .map(|(number, _)| *number)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
    format!(
        "container `{name}` publishes {}, and {wanted} is declared",
        numbers.join(" ")
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    #[serde(default)]
    project: String,
    state: String,
    #[serde(default)]
    health: String,
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    publishers: Option<Vec<Publisher>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publisher {
    #[serde(default)]
    published_port: u16,
    #[serde(default)]
    protocol: String,
}

impl From<Entry> for ComposeContainer {
    fn from(entry: Entry) -> Self {
        let state = match entry.state.as_str() {
            "running" => ContainerState::Running,
            "created" => ContainerState::Created,
            "exited" | "dead" => ContainerState::Ended { code: entry.exit_code },
            other => ContainerState::Other(other.into()),
        };
        let health = match entry.health.as_str() {
            "starting" => ContainerHealth::Starting,
            "healthy" => ContainerHealth::Healthy,
            "unhealthy" => ContainerHealth::Unhealthy,
            _ => ContainerHealth::None,
        };
        // Each address has an entry of its own.
        let mut publishes: Vec<(u16, Protocol)> = Vec::new();
        for publisher in entry.publishers.unwrap_or_default() {
            let port = (publisher.published_port, protocol(&publisher.protocol));
            if port.0 != 0 && !publishes.contains(&port) {
                publishes.push(port);
            }
        }
        ComposeContainer {
            id: entry.id.into(),
            name: entry.name.into(),
            project: entry.project.into(),
            state,
            health,
            publishes,
        }
    }
}

#[cfg(test)]
mod tests;

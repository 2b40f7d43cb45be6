//! Container engines: asks an engine over its own socket which container publishes a port.
//!
//! Supports Docker and engines with its API: Podman, OrbStack, Colima, Rancher and Docker Desktop. Timeouts are short.

mod http;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use serde::Deserialize;

use super::os;
use super::threads::{self, Stack};
use crate::config::Protocol;
use crate::foreign::Foreign;
use crate::ports::Endpoint;
use crate::process::container::{Container, EngineReply, Runtime};

/// For all engines together: a look-up must not wait for an engine that hangs.
const ENGINE_TIMEOUT: Duration = Duration::from_millis(300);

/// The answers of the engines on this machine.
#[derive(Debug, Default)]
pub(crate) struct Engines {
    answered: Vec<Runtime>,
    containers: Vec<Listed>,
}

/// A running container and its published ports.
#[derive(Debug, Clone)]
struct Listed {
    container: Container,
    publishes: Vec<Published>,
}

#[derive(Debug, Clone, Copy)]
struct Published {
    number: u16,
    protocol: Protocol,
    /// `None`: all addresses.
    address: Option<IpAddr>,
}

impl Engines {
    /// Asks all engines in parallel.
    pub(crate) fn ask() -> Engines {
        let (sender, answers) = mpsc::channel();
        for socket in sockets() {
            let sender = sender.clone();
            let ask = move || {
                // The receiver may already have timed out.
                let _ = sender
                    .send(http::get(&socket, "/containers/json", ENGINE_TIMEOUT).and_then(|it| parse_containers(&it)));
            };
            if threads::start("engine", Stack::Usual, ask.clone()).is_err() {
                ask();
            }
        }
        drop(sender);
        let until = std::time::Instant::now() + ENGINE_TIMEOUT;
        let mut engines = Engines::default();
        while let Ok(answer) = answers.recv_timeout(until.saturating_duration_since(std::time::Instant::now())) {
            let Some((runtime, containers)) = answer else {
                continue;
            };
            engines.answered.push(runtime);
            engines.containers.extend(containers);
        }
        engines
    }

    /// Adds the details of the engine to the container `found`: by its id, or else by the port that it publishes.
    pub(crate) fn complete(&self, found: &Container, port: &Endpoint, address: Option<IpAddr>) -> Container {
        let by_id = || {
            self.containers
                .iter()
                .find(|it| found.id.is_some() && it.container.id == found.id)
        };
        let publisher = || {
            self.publisher(port, address, true)
                .or_else(|| self.publisher(port, address, false))
        };
        let listed = by_id().or_else(|| publisher().filter(|_| found.id.is_none()));
        match listed {
            Some(listed) => Container {
                is_inside: found.is_inside,
                ..listed.container.clone()
            },
            None if found.told == EngineReply::Container => found.clone(),
            None => Container {
                told: match self.answered.contains(&found.engine()) {
                    true => EngineReply::NoSuchContainer,
                    false => EngineReply::Nothing,
                },
                ..found.clone()
            },
        }
    }

    /// The container that publishes the port at this exact address, for a socket without a visible owner. A container
    /// at another address would have another socket.
    pub(crate) fn publishing(&self, port: &Endpoint, address: IpAddr) -> Option<Container> {
        self.publisher(port, Some(address), true)
            .map(|listed| listed.container.clone())
    }

    /// Several containers may publish the same number at different addresses.
    fn publisher(&self, port: &Endpoint, address: Option<IpAddr>, is_exact: bool) -> Option<&Listed> {
        let is_at = |it: &Published| {
            it.address.is_none() || it.address == address || address.is_some_and(|it| it.is_unspecified())
        };
        let is_it =
            |it: &Published| (it.number, it.protocol) == (port.number, port.protocol) && (is_at(it) || !is_exact);
        self.containers.iter().find(|listed| listed.publishes.iter().any(is_it))
    }
}

/// Sockets of engines; those configured by the user come first.
///
/// Source: docs.docker.com, "Docker contexts" and `DOCKER_HOST`; podman-system-service(1); the documentation of
/// OrbStack, Colima and Rancher Desktop.
fn sockets() -> Vec<PathBuf> {
    let named = ["DOCKER_HOST", "CONTAINER_HOST"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok());
    let named = named.filter_map(|host| {
        Some(PathBuf::from(
            host.strip_prefix("unix://").or(host.strip_prefix("npipe://"))?,
        ))
    });
    let mut sockets: Vec<PathBuf> = named.collect();
    if let Some(directory) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        sockets.extend(["docker.sock", "podman/podman.sock"].map(|name| directory.join(name)));
    }
    if let Ok(home) = etcetera::home_dir() {
        const HOMES: [&str; 5] = [
            ".docker/run/docker.sock",
            ".docker/desktop/docker.sock",
            ".orbstack/run/docker.sock",
            ".colima/default/docker.sock",
            ".rd/docker.sock",
        ];
        sockets.extend(HOMES.map(|path| home.join(path)));
    }
    sockets.extend(os::ENGINE_SOCKETS.iter().map(PathBuf::from));
    let mut seen: Vec<PathBuf> = Vec::new();
    // Desktop programs link the usual path to their own socket; each engine is asked once.
    sockets.retain(|path| {
        // A named pipe of Windows is no file.
        let real = path.starts_with(r"\\.\pipe").then(|| path.clone());
        let Some(real) = real.or_else(|| path.canonicalize().ok()) else {
            return false;
        };
        let is_new = !seen.contains(&real);
        seen.push(real);
        is_new
    });
    sockets
}

/// Source: Docker Engine API, `ContainerList`; Podman uses the same format, with its name in the `Server` header.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerEntry {
    id: Option<String>,
    #[serde(default)]
    names: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<std::collections::BTreeMap<String, String>>,
    #[serde(default)]
    ports: Option<Vec<EntryPort>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EntryPort {
    #[serde(rename = "IP")]
    ip: Option<String>,
    public_port: Option<u16>,
    #[serde(rename = "Type")]
    kind: Option<String>,
}

fn parse_containers(answer: &http::Response) -> Option<(Runtime, Vec<Listed>)> {
    let runtime = if answer.server.contains("Libpod") {
        Runtime::Podman
    } else {
        Runtime::Docker
    };
    let entries: Vec<serde_json::Value> = serde_json::from_str(&answer.body).ok()?;
    // Skips an invalid entry, but uses the others.
    let entries = entries
        .into_iter()
        .filter_map(|entry| serde_json::from_value::<ContainerEntry>(entry).ok());
    let listed = entries.map(|entry| {
        let labels = entry.labels.unwrap_or_default();
        let label = |name: &str| {
            let names = [
                format!("com.docker.compose.{name}"),
                format!("io.podman.compose.{name}"),
            ];
            names
                .iter()
                .find_map(|name| labels.get(name))
                .map(|label| label.as_str().into())
        };
        let name = entry.names.unwrap_or_default().into_iter().next();
        Listed {
            container: Container {
                runtime: Some(runtime),
                id: entry.id.map(Foreign::from),
                name: name.map(|name| name.trim_start_matches('/').into()),
                project: label("project"),
                service: label("service"),
                is_inside: false,
                told: EngineReply::Container,
            },
            publishes: entry
                .ports
                .unwrap_or_default()
                .iter()
                .filter_map(published_port)
                .collect(),
        }
    });
    Some((runtime, listed.collect()))
}

fn published_port(port: &EntryPort) -> Option<Published> {
    Some(Published {
        number: port.public_port.filter(|number| *number != 0)?,
        protocol: match port.kind.as_deref() {
            None | Some("tcp") => Protocol::Tcp,
            Some("udp") => Protocol::Udp,
            Some(_) => return None,
        },
        address: port
            .ip
            .as_ref()
            .and_then(|ip| ip.parse().ok())
            .filter(|ip: &IpAddr| !ip.is_unspecified()),
    })
}

//! Containers: the container that a process or port belongs to, and the command that stops it.

use crate::foreign::{Foreign, shell_word};

/// The container that a port belongs to, as far as its engine reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) runtime: Option<Runtime>,
    pub(crate) id: Option<Foreign>,
    pub(crate) name: Option<Foreign>,
    /// The Compose project.
    pub(crate) project: Option<Foreign>,
    pub(crate) service: Option<Foreign>,
    /// The process runs inside the container and is not a proxy outside of it.
    pub(crate) is_inside: bool,
    pub(crate) told: EngineReply,
}

impl Container {
    /// For example `docker compose -p shop stop db`; `None` if the engine did not name the container.
    pub(crate) fn stop(&self) -> Option<String> {
        let (name, runtime) = (self.name.as_ref().or(self.id.as_ref())?, self.runtime?);
        Some(match (&self.project, &self.service, runtime) {
            (Some(project), Some(service), Runtime::Docker) => {
                let [project, service] = [project, service].map(|name| shell_word(name.raw()));
                format!("docker compose -p {project} stop {service}")
            }
            (_, _, runtime) => format!("{} stop {}", runtime.command(), shell_word(name.raw())),
        })
    }

    /// ``container `shop-db-1` (compose project `shop`, service `db`)``.
    pub(crate) fn words(&self) -> String {
        /// Length of an id as engines display it.
        const SHORT: usize = 12;
        let short = |id: &Foreign| Foreign::from(id.raw().chars().take(SHORT).collect::<String>());
        let id = || self.id.as_ref().map(short);
        let Some(name) = self.name.clone().or_else(id) else {
            return "a container".to_owned();
        };
        let compose = match (&self.project, &self.service) {
            (Some(project), Some(service)) => format!(" (compose project `{project}`, service `{service}`)"),
            (_, _) => String::new(),
        };
        format!("container `{name}`{compose}")
    }

    /// The engine to ask about it; Docker if unknown.
    pub(crate) fn engine(&self) -> Runtime {
        self.runtime.unwrap_or(Runtime::Docker)
    }
}

/// The outcome of asking the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum EngineReply {
    /// The engine was not asked or did not answer.
    #[default]
    Nothing,
    /// The engine answered that no container publishes the port.
    NoSuchContainer,
    Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Runtime {
    Docker,
    Podman,
}

impl Runtime {
    /// The command, and the name in JSON.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Runtime::Docker => "docker",
            Runtime::Podman => "podman",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Runtime::Docker => "Docker",
            Runtime::Podman => "Podman",
        }
    }
}

/// The engine, from the path of a container's control group. Paths of Kubernetes do not name it.
pub(crate) fn runtime_of_group(path: &str) -> Option<Runtime> {
    match path {
        path if path.contains("libpod") => Some(Runtime::Podman),
        path if path.contains("docker") => Some(Runtime::Docker),
        _ => None,
    }
}

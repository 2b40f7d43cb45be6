//! What a process that holds a port is there for, where that decides how it is stopped: a container's port, a service of
//! a service manager, a tunnel.

#[cfg(test)]
mod tests;

use super::Process;
use super::arguments::{program, value};
use super::managed::ManagedService;
use super::protected::{Ancestry, Details, ProtectedKind, class};
use super::tunnel::{Tunnel, tunnel};
use crate::foreign::{Foreign, shell_word};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// A program that serves for itself.
    #[default]
    Server,
    Container(Container),
    Managed(ManagedService),
    Tunnel(Tunnel),
}

/// A container whose port this is, as far as its engine told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) runtime: Option<Runtime>,
    pub(crate) id: Option<Foreign>,
    pub(crate) name: Option<Foreign>,
    /// Of Compose.
    pub(crate) project: Option<Foreign>,
    pub(crate) service: Option<Foreign>,
    /// The process runs in it, rather than for it.
    pub(crate) is_inside: bool,
    pub(crate) told: EngineReply,
}

impl Container {
    /// `docker compose -p shop stop db`; `None` where the engine did not name it.
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
        /// What engines show of an id.
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

    /// Whom to ask about it.
    pub(crate) fn engine(&self) -> Runtime {
        self.runtime.unwrap_or(Runtime::Docker)
    }
}

/// What came of asking the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum EngineReply {
    /// It was not asked, or did not answer.
    #[default]
    Nothing,
    /// It answered, and knows no container that publishes the port.
    NoSuchContainer,
    Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Runtime {
    Docker,
    Podman,
}

impl Runtime {
    /// The command and the name in JSON.
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

/// The role of `process`, which holds `port`; that of a container is without what only its engine knows.
pub(crate) fn role(process: &Process, details: &Details, ours: &Ancestry, port: u16) -> Role {
    let pid = process.identity.pid;
    match class(process, details) {
        Some(ProtectedKind::Proxy | ProtectedKind::Engine) => Role::Container(for_a_container(process, details)),
        Some(ProtectedKind::Systemd) => Role::Managed(ManagedService::socket(pid != 1, None)),
        Some(ProtectedKind::Manager) if process.name.raw().starts_with("PM2 ") => {
            Role::Managed(ManagedService::pm2_cluster())
        }
        Some(ProtectedKind::Editor) => {
            let argument = details.command.raw().first().map(|word| program(word));
            Role::Tunnel(Tunnel::of_editor(argument.unwrap_or(process.name.raw())))
        }
        Some(ProtectedKind::Sshd) if is_session(process, details) => Role::Tunnel(Tunnel::of_ssh_session()),
        Some(_) => Role::Server,
        None if pid == ours.us || ours.ancestors.contains(&pid) => Role::Server,
        None => by_surroundings(process, details, port),
    }
}

fn by_surroundings(process: &Process, details: &Details, port: u16) -> Role {
    if let Some(id) = &details.container {
        return Role::Container(Container {
            runtime: details.runtime,
            id: Some(id.clone()),
            is_inside: true,
            ..Container::default()
        });
    }
    match &details.manager {
        Some(manager) => Role::Managed(manager.clone()),
        None => tunnel(process.name.raw(), details.command.raw(), port).map_or(Role::Server, Role::Tunnel),
    }
}

/// Podman's monitor says in its arguments which one it is for, and Podman's own socket is seldom open.
///
/// Source: man 8 conmon, `--cid` and `--name`.
fn for_a_container(process: &Process, details: &Details) -> Container {
    let of_monitor = |names: &[&str]| {
        let is_monitor = details
            .command
            .raw()
            .first()
            .is_some_and(|word| program(word) == "conmon");
        value(details.command.raw(), names)
            .filter(|_| is_monitor)
            .map(Foreign::from)
    };
    let name = of_monitor(&["-n", "--name"]);
    Container {
        runtime: Some(runtime(process, details)),
        id: of_monitor(&["-c", "--cid"]).or_else(|| details.container.clone()),
        told: if name.is_some() {
            EngineReply::Container
        } else {
            EngineReply::Nothing
        },
        name,
        ..Container::default()
    }
}

/// By the path of a container's control group; that of Kubernetes names neither.
pub(crate) fn runtime_of_group(path: &str) -> Option<Runtime> {
    match path {
        path if path.contains("libpod") => Some(Runtime::Podman),
        path if path.contains("docker") => Some(Runtime::Docker),
        _ => None,
    }
}

/// Everything else is Docker's or speaks its language: OrbStack, Colima, Docker Desktop.
fn runtime(process: &Process, details: &Details) -> Runtime {
    const PODMANS: &[&str] = &[
        "podman",
        "conmon",
        "rootlessport",
        "pasta",
        "passt",
        "gvproxy",
        "slirp4netns",
    ];
    let argument = details.command.raw().first().map(|word| program(word));
    let names = [Some(process.name.raw().as_str()), argument];
    let is_podmans = names
        .iter()
        .flatten()
        .any(|name| PODMANS.iter().any(|its| name.starts_with(its)));
    if is_podmans { Runtime::Podman } else { Runtime::Docker }
}

/// One that serves a login, and not the listener on port 22: `sshd: kim@pts/0`, `sshd-session`.
///
/// Source: OpenSSH, session.c and sshd-session.c, `setproctitle`.
fn is_session(process: &Process, details: &Details) -> bool {
    let title = details.command.raw().first().map_or("", String::as_str);
    let is_titled = title.starts_with("sshd: ") && !title.contains("[listener]");
    is_titled || process.name.raw().starts_with("sshd-session")
}

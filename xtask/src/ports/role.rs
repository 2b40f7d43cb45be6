//! What a process holds a port for, if that determines how to stop it: a container, a managed service, a tunnel.

#[cfg(test)]
mod tests;

use super::tunnel::{Tunnel, tunnel};
use crate::foreign::Foreign;
use crate::process::Process;
use crate::process::arguments::{program, value};
use crate::process::container::{Container, EngineReply, Runtime};
use crate::process::managed_service::{ManagedService, ServiceManager, script_manager};
use crate::process::protected::{ProtectedKind, class};
use crate::process::{Ancestry, Details};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// A program that serves by itself.
    #[default]
    Server,
    Container(Container),
    Managed(ManagedService),
    Tunnel(Tunnel),
}

/// The role of `process`, which holds `port`. For containers it lacks the details that only the engine knows.
pub(crate) fn role(process: &Process, details: &Details, ours: &Ancestry, port: u16) -> Role {
    let pid = process.identity.pid;
    match class(process, details) {
        Some(ProtectedKind::Proxy | ProtectedKind::Engine) => Role::Container(for_a_container(process, details)),
        Some(ProtectedKind::Systemd) => Role::Managed(ManagedService::socket(pid != 1, None)),
        Some(ProtectedKind::Launchd) => Role::Managed(ManagedService::launchd_socket()),
        Some(ProtectedKind::Manager) if is_pm2(process, details) => Role::Managed(ManagedService::pm2_cluster()),
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

/// The container of an engine process. Podman's monitor has it in its arguments; Podman's API is rarely available.
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

/// Everything else is Docker or compatible with it: OrbStack, Colima, Docker Desktop.
fn runtime(process: &Process, details: &Details) -> Runtime {
    const PODMANS: &[&str] = &[
        "podman",
        "conmon",
        "rootlessport",
        "pasta",
        "passt",
        "gvproxy",
        "slirp4netns",
        "win-sshproxy",
        "Podman Desktop",
        "krunkit",
    ];
    let argument = details.command.raw().first().map(|word| program(word));
    let names = [Some(process.name.raw().as_str()), argument];
    let is_podmans = names
        .iter()
        .flatten()
        .any(|name| PODMANS.iter().any(|its| name.starts_with(its)));
    if is_podmans { Runtime::Podman } else { Runtime::Docker }
}

fn is_pm2(process: &Process, details: &Details) -> bool {
    process.name.raw().starts_with("PM2 ") || script_manager(details.command.raw()) == Some(ServiceManager::Pm2)
}

/// Whether it serves one login, unlike the listener on port 22: `sshd: kim@pts/0`, `sshd-session`.
///
/// Source: OpenSSH, session.c and sshd-session.c, `setproctitle`.
fn is_session(process: &Process, details: &Details) -> bool {
    let title = details.command.raw().first().map_or("", String::as_str);
    let is_titled = title.starts_with("sshd: ") && !title.contains("[listener]");
    is_titled || process.name.raw().starts_with("sshd-session")
}

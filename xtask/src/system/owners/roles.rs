//! Roles of owners, and which of them are protected: containers, managed services, tunnels.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::details::{ProcessDetails, describe};
use crate::ports::role::role;
use crate::ports::{Endpoint, Owner, PortFact, Role, SocketState};
use crate::process::container::runtime_of_group;
use crate::process::managed_service::{ManagedService, ProcessContext, ServiceManager, manager};
use crate::process::protected::protection;
use crate::process::{Ancestry, Details};
use crate::process::{Process, ProcessRef};
use crate::system::engines::Engines;
use crate::system::{launchd, os};

/// Decides the role of an owner and whether it is protected. Our own process is looked at once at most.
#[derive(Default)]
pub(super) struct Judge {
    ours: OnceCell<Ancestry>,
    container: OnceCell<Option<String>>,
}

impl Judge {
    /// Where this program stands among the processes.
    pub(super) fn ours(&self) -> &Ancestry {
        self.ours
            .get_or_init(|| Ancestry::of(std::process::id(), unit_of_ours(), &our_line()))
    }

    /// The role of an owner of `port`, and why it is never signalled. The role of a container is without what only its
    /// engine knows.
    pub(super) fn judge(&self, described: &ProcessDetails, port: &Endpoint) -> (Role, Option<String>) {
        let (ours, container) = (self.ours(), self.container.get_or_init(container_of_ours));
        let details = details_of(described, container.as_deref(), ours);
        let role = match role(&described.process, &details, ours, port.number) {
            Role::Managed(ManagedService {
                by: ServiceManager::SystemdSocket,
                ..
            }) => {
                let is_users = described.process.identity.pid != 1;
                let unit = os::socket_unit(port, is_users, false);
                Role::Managed(ManagedService::socket(is_users, unit.as_deref()))
            }
            role => role,
        };
        (role, protection(&described.process, &details, ours))
    }
}

/// Completes roles with what only others know: engines about their containers, systemd about its sockets.
///
/// Engines are asked only if a port may be a container's.
pub(super) fn ask_around(facts: &mut BTreeMap<Endpoint, PortFact>) {
    ask_engines(facts);
    for (port, fact) in facts {
        for socket in &mut fact.unowned {
            let is_systems = socket.uid == 0 && socket.state == SocketState::Listening;
            if is_systems
                && socket.role == Role::Server
                && let Some(unit) = os::socket_unit(port, false, true)
            {
                socket.role = Role::Managed(ManagedService::socket(false, Some(&unit)));
            }
        }
    }
}

/// Unowned sockets too: a container's port may be held by a process of root that users cannot see.
fn ask_engines(facts: &mut BTreeMap<Endpoint, PortFact>) {
    let is_containers = |owner: &Owner| matches!(owner.role, Role::Container(_));
    let is_of_interest = |fact: &PortFact| {
        fact.owners.iter().any(is_containers) || fact.unowned.iter().any(|socket| socket.state.is_exclusive())
    };
    if !facts.values().any(is_of_interest) {
        return;
    }
    let engines = Engines::ask();
    for (port, fact) in facts {
        for owner in &mut fact.owners {
            if let Role::Container(found) = &owner.role {
                let address = owner.addresses.first().map(SocketAddr::ip);
                owner.role = Role::Container(engines.complete(found, port, address));
            }
        }
        for socket in fact.unowned.iter_mut().filter(|socket| socket.state.is_exclusive()) {
            if let Some(container) = engines.publishing(port, socket.address.ip()) {
                socket.role = Role::Container(container);
            }
        }
    }
}

/// The details of a process to be stopped.
pub(super) fn details(pid: u32, ours: &Ancestry) -> Details {
    match describe([pid]).remove(&pid) {
        Some(described) => details_of(&described, container_of_ours().as_deref(), ours),
        None => Details {
            unknown: os::process(pid).err().map(|problem| problem.message),
            ..Details::default()
        },
    }
}

fn details_of(described: &ProcessDetails, our_container: Option<&str>, ours: &Ancestry) -> Details {
    let (owner, pid) = (&described.info, described.process.identity.pid);
    let group = described.cgroup.as_ref();
    // A user manager is a systemd that is not process 1.
    let is_below = |parent: &ProcessRef| parent.name == "systemd" && parent.pid != 1;
    let is_users = owner.parents.iter().any(is_below) || group.is_some_and(|it| it.path.contains("/user@"));
    let (environment, label) = (OnceCell::new(), OnceCell::new());
    let lineage = ProcessContext {
        unit: owner.unit.as_ref().map(|unit| (unit.raw().as_str(), is_users)),
        parents: &owner.parents,
        uid: owner.uid,
        command: &os::command,
        directory: &os::cwd,
        variable: &|name| {
            environment
                .get_or_init(|| os::environment(pid))
                .as_ref()
                .ok()?
                .get(name)
                .cloned()
        },
        launchd_label: &|| label.get_or_init(|| launchd::label(pid)).clone(),
        our_variable: &|name| std::env::var(name).ok(),
    };
    let container = group.and_then(|group| Some((group.container.clone()?, &group.path)));
    let container = container.filter(|(id, _)| Some(id.as_str()) != our_container);
    // A process started by devtasks is managed by its supervisor, wherever that was started.
    let manager = owner.tag.is_none().then(|| manager(&lineage, ours)).flatten();
    let unread = environment.get().and_then(|environment| environment.as_ref().err());
    Details {
        exe: described.exe.clone(),
        command: owner.command.clone(),
        user: owner.user.clone(),
        manager,
        runtime: container.as_ref().and_then(|(_, path)| runtime_of_group(path)),
        container: container.map(|(id, _)| id.into()),
        unknown: described
            .unknown
            .as_ref()
            .or(unread)
            .map(|problem| problem.message.clone()),
    }
}

/// Our own process and its ancestors.
fn our_line() -> Vec<Process> {
    let mut line: Vec<Process> = Vec::new();
    let mut next = std::process::id();
    // A reused pid could produce a cycle.
    while line.iter().all(|process| process.identity.pid != next)
        && let Ok(Some(process)) = os::process(next)
    {
        next = process.parent;
        line.push(process);
    }
    line
}

fn container_of_ours() -> Option<String> {
    os::cgroup(std::process::id())
        .ok()
        .flatten()
        .and_then(|cgroup| cgroup.container)
}

pub(super) fn unit_of_ours() -> Option<String> {
    os::cgroup(std::process::id())
        .ok()
        .flatten()
        .and_then(|cgroup| cgroup.unit)
}

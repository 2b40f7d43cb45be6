//! Hints about a busy port. Every command in them must exist and apply to the case.

use super::{ConflictKind, PortCheck};
use crate::diagnostic::Hint;
use crate::foreign::shell_word;
use crate::ports::{Owner, Role, SocketState, VisibilityLimit};
use crate::process::ProcessState;
use crate::process::container::Runtime;
use crate::process::managed_service::ManagedService;

/// In the order in which they should be tried.
pub(super) fn hints(case: &PortCheck<'_>, why: ConflictKind, lead: Option<&Owner>) -> Vec<Hint> {
    let mut hints = Vec::new();
    match why {
        ConflictKind::Protected => hints.extend(lead.and_then(by_hand).map(Hint::from)),
        ConflictKind::Container | ConflictKind::SystemService | ConflictKind::Tunnel => {
            let unseen = || {
                case.fact
                    .unowned
                    .iter()
                    .find(|socket| case.unowned_conflict(socket) == why)
            };
            let role = lead
                .map(|owner| &owner.role)
                .or_else(|| unseen().map(|socket| &socket.role));
            hints.extend(role.and_then(|role| stop_via_manager(case, role)));
        }
        ConflictKind::Hidden => hints.push(look_as_root(case)),
        ConflictKind::OtherProject | ConflictKind::OtherCheckout => {
            hints.extend(lead.and_then(down_there));
            let is_reserved = lead.is_some_and(|owner| case.supervisor(owner).is_some());
            if !is_reserved {
                let kill = format!("port kill {} --foreign", case.port.typed());
                hints.push(Hint::run("stop it anyway with", kill).or_after(&hints));
            }
        }
        ConflictKind::OwnRunning => {
            hints.push(Hint::run("look at it with", "status"));
            hints.extend(lead.and_then(|owner| down(case, owner)));
        }
        ConflictKind::OwnLeftover => {
            hints.push(Hint::run("run", "up").then(", which ends it"));
            hints.push(Hint::run("end it with", "down --leftovers").or_after(&hints));
            return hints;
        }
        ConflictKind::Foreign | ConflictKind::Bound => {
            hints.extend(lead.into_iter().flat_map(|owner| stop(case, owner)))
        }
        ConflictKind::Connection => {
            hints.push("wait until that connection is closed: it uses the port as its ephemeral port".into());
        }
        ConflictKind::NoOwner => hints.extend(nothing_to_stop(case)),
    }
    let is_running = why == ConflictKind::OwnRunning && lead.is_none_or(|owner| case.is_its_own(owner));
    if !is_running {
        hints.extend(another_port(case).map(|hint| hint.or_after(&hints)));
    }
    hints
}

pub(super) fn privilege(case: &PortCheck<'_>) -> Vec<Hint> {
    let number = case.port.number;
    let mut hints: Vec<Hint> = another_port(case).into_iter().collect();
    if number < 1024 {
        let allow = format!("let every user bind it with `sudo sysctl net.ipv4.ip_unprivileged_port_start={number}`");
        hints.push(Hint::from(allow).or_after(&hints));
    }
    hints
}

pub(super) fn excluded(case: &PortCheck<'_>) -> Vec<Hint> {
    let look = "look at the ranges with `netsh interface ipv4 show excludedportrange protocol=tcp`";
    another_port(case).into_iter().chain([look.into()]).collect()
}

fn stop(case: &PortCheck<'_>, owner: &Owner) -> Vec<Hint> {
    let is_suspended = match owner.process.state {
        ProcessState::Suspended => true,
        ProcessState::Running | ProcessState::Zombie => false,
    };
    let mut hints = Vec::new();
    if is_suspended && let Some(terminal) = &owner.process.terminal {
        hints.push(format!("type `fg` in `{terminal}` to resume it, then Ctrl-C to end it").into());
    }
    let kill = Hint::run("stop it with", format!("port kill {}", case.port.typed()));
    hints.push(kill.or_after(&hints));
    hints
}

/// A hint to stop the service of devtasks that owns the port; only if the check is not for a service.
fn down(case: &PortCheck<'_>, owner: &Owner) -> Option<Hint> {
    let tag = owner.process.tag.as_ref()?;
    let asked_for_itself = case.ours.service.is_none();
    let service = match tag.is_supervisor() {
        true => case.reserved_for().map(str::to_owned),
        false => Some(tag.service.to_string()),
    };
    asked_for_itself.then(|| match service {
        None => Hint::run("or stop it with", "down"),
        Some(service) => Hint::run("or stop it with", format!("down {service}")),
    })
}

fn down_there(owner: &Owner) -> Option<Hint> {
    let checkout = owner.process.tag.as_ref()?.checkout.raw().to_str()?;
    let directory = shell_word(checkout);
    Some(Hint::run_after(
        "stop it there with",
        format!("cd {directory} && "),
        "down",
    ))
}

/// How to stop it by its container engine, service manager or tunnel.
fn stop_via_manager(case: &PortCheck<'_>, role: &Role) -> Option<Hint> {
    let port = case.port.typed();
    let hint = match role {
        Role::Server => return None,
        Role::Container(container) => match (container.stop(), container.is_inside, container.engine()) {
            (Some(stop), _, _) => format!("stop it with `{stop}`"),
            // The kernel does not show which command stops, for example, a Kubernetes container.
            (None, true, _) => return None,
            (None, false, Runtime::Podman) => {
                format!("find the container that publishes {port} with `podman ps`, then `podman stop` it")
            }
            (None, false, Runtime::Docker) => {
                format!("find the container with `docker ps --filter publish={port}`, then `docker stop` it")
            }
        },
        Role::Managed(ManagedService { by, name: None, stop }) => {
            format!("find its name with `{}`, then stop it with `{stop}`", by.list())
        }
        Role::Managed(manager) => format!("stop it with `{}`", manager.stop),
        Role::Tunnel(tunnel) => match &tunnel.close {
            Some(close) => close.clone(),
            None => {
                let kill = Hint::run("close it with", format!("port kill {port}"));
                return Some(kill.then(", if it is no longer needed"));
            }
        },
    };
    Some(hint.into())
}

/// How to turn off a protected owner.
fn by_hand(owner: &Owner) -> Option<&'static str> {
    match owner.process.name.raw().as_str() {
        "ControlCenter" => Some("turn off AirPlay Receiver in System Settings > General > AirDrop & Handoff"),
        "wslrelay" => Some("stop the server inside WSL, or all of WSL with `wsl --shutdown`"),
        "System" => Some("see which program it serves with `netsh http show servicestate`"),
        _ => None,
    }
}

fn nothing_to_stop(case: &PortCheck<'_>) -> Vec<Hint> {
    let is_waiting = case.fact.unowned.iter().any(|socket| match socket.state {
        SocketState::TimeWait { .. } => true,
        SocketState::Listening | SocketState::Bound | SocketState::Connection => false,
    });
    if is_waiting {
        let left = case.time_left();
        return vec![format!("wait {left}, or use a server that sets `SO_REUSEADDR`").into()];
    }
    let again = match case.ours.uid {
        0 => Hint::run("try", format!("port who {}", case.port.typed())).then(" once more"),
        _ => look_as_root(case),
    };
    match case.fact.visibility_limit {
        Some(VisibilityLimit::Wsl) => {
            vec!["look on the Windows side, which cannot be seen from here: `netstat.exe -ano`".into()]
        }
        Some(VisibilityLimit::Container) => vec![again, OUTSIDE.into()],
        None => vec![again],
    }
}

/// For a container that shares the network of its host.
const OUTSIDE: &str = "or look outside of this container: from here only its own processes can be seen";

fn look_as_root(case: &PortCheck<'_>) -> Hint {
    match case.ours.uid {
        0 => "look from the host, or give this container the capability `SYS_PTRACE`".into(),
        _ => Hint::run_after("look with", "sudo ", format!("port who {}", case.port.typed())),
    }
}

fn another_port(case: &PortCheck<'_>) -> Option<Hint> {
    let wanted = case.ours.service.as_ref()?;
    let service = &wanted.service;
    Some(match &wanted.variable {
        Some(variable) => {
            let number = case.port.number;
            // It may be busy; it only is no other service's number.
            let mut near = (number..=u16::MAX).skip(1).chain((1..number).rev());
            let next = near.find(|it| !case.ours.numbers.contains(it))?;
            let give = format!("give `{service}` another port:");
            Hint::run_after(&give, format!("{variable}={next} "), "up")
        }
        None => format!("give `{service}` another `port` in devtasks.toml").into(),
    })
}

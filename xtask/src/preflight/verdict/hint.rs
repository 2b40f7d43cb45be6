//! What to type next about a busy port. Every command named here exists and is true for the case.

use super::{ConflictKind, PortCheck};
use crate::foreign::shell_word;
use crate::preflight::managed::ManagedService;
use crate::preflight::role::Runtime;
use crate::preflight::{Owner, ProcessState, Role, SocketState, VisibilityLimit};

/// In the order in which they should be tried.
pub(super) fn hints(case: &PortCheck<'_>, why: ConflictKind, lead: Option<&Owner>) -> Vec<String> {
    let program = case.program;
    let mut hints = Vec::new();
    match why {
        ConflictKind::Protected => hints.extend(lead.and_then(by_hand)),
        ConflictKind::Container | ConflictKind::SystemService | ConflictKind::Tunnel => {
            let unseen = || {
                case.fact
                    .ownerless
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
            hints.extend(lead.and_then(|owner| down_there(owner, program)));
            let is_reserved = lead.is_some_and(|owner| case.supervisor(owner).is_some());
            let or = if hints.is_empty() { "" } else { "or " };
            let port = case.port.typed();
            let anyway = format!("{or}stop it anyway with `{program} port kill {port} --foreign`");
            hints.extend((!is_reserved).then_some(anyway));
        }
        ConflictKind::OwnRunning => {
            hints.push(format!("look at it with `{program} status`"));
            hints.extend(lead.and_then(|owner| down(case, owner)));
        }
        ConflictKind::OwnLeftover => {
            hints.push(format!(
                "run `{program} up`, which ends it, or `{program} down --leftovers`"
            ));
            return hints;
        }
        ConflictKind::Foreign | ConflictKind::Bound => {
            hints.extend(lead.into_iter().flat_map(|owner| stop(case, owner)))
        }
        ConflictKind::Connection => {
            hints.push("wait until that connection is closed: it uses the port as its ephemeral port".to_owned());
        }
        ConflictKind::NoOwner => hints.extend(nothing_to_stop(case)),
    }
    let is_running = why == ConflictKind::OwnRunning && lead.is_none_or(|owner| case.is_its_own(owner));
    if !is_running {
        hints.extend(another_port(case, !hints.is_empty()));
    }
    hints
}

pub(super) fn privilege(case: &PortCheck<'_>) -> Vec<String> {
    let number = case.port.number;
    let mut hints: Vec<String> = another_port(case, false).into_iter().collect();
    if number < 1024 {
        let or = if hints.is_empty() { "" } else { "or " };
        hints.push(format!(
            "{or}let every user bind it with `sudo sysctl net.ipv4.ip_unprivileged_port_start={number}`"
        ));
    }
    hints
}

pub(super) fn excluded(case: &PortCheck<'_>) -> Vec<String> {
    let look = "look at the ranges with `netsh interface ipv4 show excludedportrange protocol=tcp`".to_owned();
    another_port(case, false).into_iter().chain([look]).collect()
}

fn stop(case: &PortCheck<'_>, owner: &Owner) -> Vec<String> {
    let is_suspended = match owner.state {
        ProcessState::Suspended => true,
        ProcessState::Running | ProcessState::Zombie => false,
    };
    let mut hints = Vec::new();
    if is_suspended && let Some(terminal) = &owner.terminal {
        hints.push(format!("type `fg` in `{terminal}` to resume it, then Ctrl-C to end it"));
    }
    let or = if hints.is_empty() { "" } else { "or " };
    hints.push(format!(
        "{or}stop it with `{} port kill {}`",
        case.program,
        case.port.typed()
    ));
    hints
}

/// For whoever asks about the port and not for a service of theirs.
fn down(case: &PortCheck<'_>, owner: &Owner) -> Option<String> {
    let tag = owner.tag.as_ref()?;
    let asked_for_itself = case.ours.service.is_none();
    let service = match tag.is_supervisor() {
        true => case.reserved_for().map(str::to_owned),
        false => Some(tag.service.to_string()),
    };
    asked_for_itself.then(|| match service {
        None => format!("or stop it with `{} down`", case.program),
        Some(service) => format!("or stop it with `{} down {service}`", case.program),
    })
}

fn down_there(owner: &Owner, program: &str) -> Option<String> {
    let checkout = owner.tag.as_ref()?.checkout.raw().to_str()?;
    let directory = shell_word(checkout);
    Some(format!("stop it there with `cd {directory} && {program} down`"))
}

/// How whoever looks after it stops it.
fn stop_via_manager(case: &PortCheck<'_>, role: &Role) -> Option<String> {
    let port = case.port.typed();
    Some(match role {
        Role::Server => return None,
        Role::Container(container) => match (container.stop(), container.is_inside, container.engine()) {
            (Some(stop), _, _) => format!("stop it with `{stop}`"),
            // Of one in Kubernetes, say, the kernel does not tell by which command it is stopped.
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
        Role::Tunnel(tunnel) => tunnel.close.clone().unwrap_or_else(|| {
            let program = case.program;
            format!("close it with `{program} port kill {port}`, if nobody needs it any more")
        }),
    })
}

/// What a protected owner can be turned off by.
fn by_hand(owner: &Owner) -> Option<String> {
    match owner.name.raw().as_str() {
        "ControlCenter" => {
            Some("turn off AirPlay Receiver in System Settings > General > AirDrop & Handoff".to_owned())
        }
        "wslrelay" => Some("stop the server inside WSL, or all of WSL with `wsl --shutdown`".to_owned()),
        "System" => Some("see which program it serves with `netsh http show servicestate`".to_owned()),
        _ => None,
    }
}

fn nothing_to_stop(case: &PortCheck<'_>) -> Vec<String> {
    let is_waiting = case.fact.ownerless.iter().any(|socket| match socket.state {
        SocketState::TimeWait { .. } => true,
        SocketState::Listening | SocketState::Bound | SocketState::Connection => false,
    });
    if is_waiting {
        let left = case.time_left();
        return vec![format!("wait {left}, or use a server that sets `SO_REUSEADDR`")];
    }
    let again = match case.ours.uid {
        0 => format!("try `{} port who {}` once more", case.program, case.port.typed()),
        _ => look_as_root(case),
    };
    match case.fact.visibility_limit {
        Some(VisibilityLimit::Wsl) => {
            vec!["look on the Windows side, which cannot be seen from here: `netstat.exe -ano`".to_owned()]
        }
        Some(VisibilityLimit::Container) => vec![again, OUTSIDE.to_owned()],
        None => vec![again],
    }
}

/// For a container that shares the network of its host.
const OUTSIDE: &str = "or look outside of this container: from here only its own processes can be seen";

fn look_as_root(case: &PortCheck<'_>) -> String {
    match case.ours.uid {
        0 => "look from the host, or give this container the capability `SYS_PTRACE`".to_owned(),
        _ => format!("look with `sudo {} port who {}`", case.program, case.port.typed()),
    }
}

fn another_port(case: &PortCheck<'_>, is_second: bool) -> Option<String> {
    let wanted = case.ours.service.as_ref()?;
    let or = if is_second { "or " } else { "" };
    let service = &wanted.service;
    Some(match &wanted.variable {
        Some(variable) => {
            let number = case.port.number;
            // Whether it is free is not known here; that it is no other service's is.
            let mut near = (number..=u16::MAX).skip(1).chain((1..number).rev());
            let next = near.find(|it| !case.ours.numbers.contains(it))?;
            format!(
                "{or}give `{service}` another port: `{variable}={next} {} up`",
                case.program
            )
        }
        None => format!("{or}give `{service}` another `port` in devtasks.toml"),
    })
}

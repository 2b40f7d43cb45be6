//! Hints about a busy port. Every command in them must exist and apply to the case.

use super::by_hand::{by_hand, sharing_of_macos};
use super::outside::look_outside;
use super::{ConflictKind, PortCheck};
use crate::config::Protocol;
use crate::diagnostic::{Hint, Platform};
use crate::foreign::{shell_word, windows_word};
use crate::ports::{Owner, Role, SocketState, VisibilityLimit};
use crate::process::container::Runtime;
use crate::process::managed_service::{ManagedService, ServiceManager};
use crate::process::{ProcessState, Tag};

/// In the order in which they should be tried.
pub(super) fn hints(case: &PortCheck<'_>, why: ConflictKind, lead: Option<&Owner>) -> Vec<Hint> {
    let mut hints = Vec::new();
    match why {
        ConflictKind::Protected => hints.extend(lead.into_iter().flat_map(|owner| by_hand(owner, case.port.number))),
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
        ConflictKind::Hidden => {
            let is_root = case.ours.uid == 0;
            let is_wsl = case.fact.visibility_limit.is_some_and(VisibilityLimit::is_wsl);
            if !(is_root && is_wsl) {
                hints.push(look_as_root(case));
            }
            // Anybody else looks as root first: most likely it is another user's process in here.
            let outside = if is_root { outside(case) } else { Vec::new() };
            for hint in outside {
                hints.push(hint.or_after(&hints));
            }
        }
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
        // Source: Apple's xnu, bsd/netinet/in_pcb.c, since macOS 10.14: the wildcard address needs no privilege.
        let everywhere = "bind it at all addresses with `host = \"0.0.0.0\"`, which macOS allows to every user; other \
            machines reach it then, too";
        let allow = Hint::from(allow).on(Platform::MacOs, everywhere);
        hints.push(allow.or_after(&hints));
    }
    hints
}

/// Source: learn.microsoft.com, "netsh int ipv4 show excludedportrange"; WSL issue 5306: the ranges of Hyper-V belong to
/// the service `winnat`, which chooses others when it starts.
pub(super) fn excluded(case: &PortCheck<'_>) -> Vec<Hint> {
    let protocol = match case.port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let look = format!("look at the ranges with `netsh int ipv4 show excludedportrange protocol={protocol}`");
    let mut hints: Vec<Hint> = another_port(case).into_iter().collect();
    hints.push(look.into());
    let again = "have Windows choose other ranges with `net stop winnat`, then `net start winnat`, as administrator";
    hints.push(Hint::from(again).or());
    hints
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
    owner.process.tag.as_ref().and_then(|tag| stop_there(tag, "down"))
}

/// `arguments` of this program, run in the checkout of `tag`; `None` if its path cannot be typed.
pub(crate) fn stop_there(tag: &Tag, arguments: &str) -> Option<Hint> {
    let checkout = tag.checkout.raw().to_str()?;
    let text = "stop it there with";
    let inside = Hint::run_after(text, format!("cd {} && ", shell_word(checkout)), arguments);
    // PowerShell before version 7 has no `&&`.
    let file = format!(r"{checkout}\devtasks.toml");
    let by_file = Hint::run(text, format!("{arguments} --file {}", windows_word(&file)));
    Some(inside.on(Platform::Windows, by_file))
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
        Role::Managed(ManagedService {
            by: ServiceManager::LaunchdSocket,
            ..
        }) if sharing_of_macos(case.port.number).is_some() => return sharing_of_macos(case.port.number),
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
    let outside = outside(case);
    if case.ours.uid != 0 && !outside.is_empty() && case.fact.unowned.is_empty() {
        return outside;
    }
    let outside = outside.into_iter().map(Hint::or);
    std::iter::once(again).chain(outside).collect()
}

fn outside(case: &PortCheck<'_>) -> Vec<Hint> {
    let limit = case.fact.visibility_limit.into_iter();
    limit.flat_map(|limit| look_outside(limit, case.port)).collect()
}

fn look_as_root(case: &PortCheck<'_>) -> Hint {
    let who = || format!("port who {}", case.port.typed());
    let administrator = Hint::run("look, in a terminal that was opened as administrator, with", who());
    match case.ours.uid {
        0 => Hint::from("look from the host, or give this container the capability `SYS_PTRACE`")
            .on(
                Platform::MacOs,
                Hint::run("try", who()).then(" once more: macOS lets nobody inspect some of its processes"),
            )
            .on(Platform::Windows, administrator),
        _ => Hint::run_after("look with", "sudo ", who()).on(Platform::Windows, administrator),
    }
}

fn another_port(case: &PortCheck<'_>) -> Option<Hint> {
    let wanted = case.ours.service.as_ref()?;
    let service = &wanted.service;
    Some(match &wanted.variable {
        Some(variable) => {
            let number = case.port.number;
            let is_excluded = |number| {
                let range = case.fact.excluded_range;
                range.is_some_and(|(first, last)| (first..=last).contains(&number))
            };
            // It may be busy; it only is no other service's number.
            let mut near = (number..=u16::MAX).skip(1).chain((1..number).rev());
            let next = near.find(|it| !case.ours.numbers.contains(it) && !is_excluded(*it))?;
            let give = format!("give `{service}` another port:");
            let in_powershell =
                Hint::run_after(&give, format!("$env:{variable}={next}; "), "up").then(", in PowerShell");
            Hint::run_after(&give, format!("{variable}={next} "), "up").on(Platform::Windows, in_powershell)
        }
        None => format!("give `{service}` another `port` in devtasks.toml").into(),
    })
}

//! The message about a port: its owner and how it holds the port, or what else blocks it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::outside::unseen;
use super::{ConflictKind, PortCheck};
use crate::diagnostic::Code;
use crate::ports::related_owners::ListenerOverlap;
use crate::ports::{BindProbe, BindResult, Owner, Role, SocketState, UnownedSocket};
use crate::process::ProcessState;
use crate::process::arguments::program;
use crate::process::container::EngineReply;

impl PortCheck<'_> {
    pub(super) fn message(&self, why: ConflictKind, lead: Option<&Owner>) -> String {
        let port = self.name();
        let Some(owner) = lead else {
            return self.unowned_message(why);
        };
        let who = format!("`{}` (pid {})", owner.process.name, owner.process.identity.pid);
        let more = match self.fact.owners.len() - 1 {
            0 => String::new(),
            1 => " and 1 more process".to_owned(),
            more => format!(" and {more} more processes"),
        };
        let taken = format!("{port} is taken by {who}{more}{}", self.at(owner));
        let by_lead = format!("{port} is taken by {who}{}", self.at(owner));
        let said = match (why, &owner.process.tag) {
            (ConflictKind::Container | ConflictKind::SystemService | ConflictKind::Tunnel, _) => {
                self.by_role(&owner.role, &who, &by_lead)
            }
            (ConflictKind::Protected, _) => {
                let reason = owner.protected.as_deref().unwrap_or("it is protected");
                format!("{taken}, which is never stopped: {reason}")
            }
            // What it has reserved is bound; it listens for its metrics, and for a service with `listen`.
            (ConflictKind::OtherProject | ConflictKind::OtherCheckout, Some(tag))
                if tag.is_supervisor() && owner.holds_by == SocketState::Listening =>
            {
                format!(
                    "{port} is held by {who}, the supervisor of `{}` in {}, for its metrics or for a service that has not started yet",
                    tag.project, tag.checkout
                )
            }
            (ConflictKind::OtherProject | ConflictKind::OtherCheckout, Some(tag)) if tag.is_supervisor() => format!(
                "{port} is reserved by {who} for a service of `{}` in {}, which has not started yet",
                tag.project, tag.checkout
            ),
            (ConflictKind::OtherProject | ConflictKind::OtherCheckout, Some(tag)) => format!(
                "{taken}: service `{}` of `{}` in {}",
                tag.service, tag.project, tag.checkout
            ),
            (ConflictKind::OwnRunning | ConflictKind::OwnLeftover, Some(tag)) if tag.is_supervisor() => {
                let whose = self.reserved_for().map(|service| format!("`{service}`"));
                let whose = whose.unwrap_or_else(|| "a service".to_owned());
                format!("{port} is reserved for {whose} of this checkout, which has not started yet")
            }
            (ConflictKind::OwnRunning, Some(tag)) if self.is_its_own(owner) => {
                format!("{port} is held by {who}{more}: `{}` of this checkout runs", tag.service)
            }
            (ConflictKind::OwnRunning, Some(tag)) => format!("{taken}: it is `{}` of this checkout", tag.service),
            (ConflictKind::OwnLeftover, Some(tag)) => {
                format!("{taken}, left over from an earlier run of `{}`", tag.service)
            }
            (ConflictKind::Bound, _) => {
                format!("{port} is reserved by {who}{more}, which is bound to it and does not listen")
            }
            (ConflictKind::Connection, _) => format!("{port} is the local end of a connection of {who}{more}"),
            (
                ConflictKind::OtherProject
                | ConflictKind::OtherCheckout
                | ConflictKind::OwnRunning
                | ConflictKind::OwnLeftover,
                None,
            )
            | (ConflictKind::Hidden | ConflictKind::NoOwner, _) => taken,
            (ConflictKind::Foreign, _) if self.fact.owners.iter().all(serves_nothing) => {
                format!("{taken}, which does not serve it: it inherited the socket from a server that has exited")
            }
            (ConflictKind::Foreign, _) => taken,
        };
        match owner.process.state {
            ProcessState::Suspended => format!("{said}; it is suspended"),
            ProcessState::Running | ProcessState::Zombie => said,
        }
    }

    /// For unrelated listeners: the code, and what they mean for clients.
    pub(super) fn rivals(&self, rivalry: ListenerOverlap<'_>) -> (Code, String) {
        let who = |owner: &Owner| {
            let name = format!("`{}` (pid {})", owner.process.name, owner.process.identity.pid);
            match (&owner.role, &owner.process.tag) {
                (Role::Container(container), _) => format!("{} by {name}", container.words()),
                (_, Some(tag)) => format!("{name}, service `{}` of `{}`", tag.service, tag.project),
                (_, None) => name,
            }
        };
        let port = self.name();
        match rivalry {
            ListenerOverlap::Shared(one, other) => (
                Code::PortShared,
                format!(
                    "{port} is shared by {} and {}, which have nothing to do with each other: a connection goes to either",
                    who(one),
                    who(other)
                ),
            ),
            ListenerOverlap::Overlap(narrow, wide) => (
                Code::PortShared,
                format!(
                    "{port} is shared by {}, which answers at {}, and {}, which answers at all other addresses",
                    who(narrow),
                    narrow
                        .addresses
                        .first()
                        .map(|it| it.ip().to_string())
                        .unwrap_or_default(),
                    who(wide)
                ),
            ),
            ListenerOverlap::Split(v4, v6) => (
                Code::PortSplit,
                format!(
                    "{port} is split: IPv4 leads to {}, IPv6 to {}, and `localhost` to either",
                    who(v4),
                    who(v6)
                ),
            ),
        }
    }

    fn by_role(&self, role: &Role, who: &str, taken: &str) -> String {
        let container = match role {
            Role::Server => return taken.to_owned(),
            Role::Managed(manager) => return format!("{taken}: {}", manager.reason()),
            Role::Tunnel(tunnel) => return format!("{taken}: it is {}", tunnel.what),
            Role::Container(container) => container,
        };
        let (port, words, engine) = (self.name(), container.words(), container.engine().title());
        match (container.told, container.is_inside) {
            (_, true) => format!("{port} is taken by {who} in {words}"),
            (EngineReply::Container, false) => format!("{port} is taken by {words}, which publishes it through {who}"),
            (EngineReply::NoSuchContainer, false) => {
                format!("{taken}, which belongs to {engine}, yet {engine} lists no container that publishes it")
            }
            (EngineReply::Nothing, false) => {
                format!(
                    "{taken}, which belongs to {engine}; {engine} does not answer, so which container it is for is not known"
                )
            }
        }
    }

    /// The addresses at which it holds the port, if they are unexpected.
    fn at(&self, owner: &Owner) -> String {
        let ips = || owner.addresses.iter().map(SocketAddr::ip);
        let is_free = |probe: &BindProbe| matches!(probe.answer, BindResult::Free | BindResult::FreeIfReused);
        if ips().any(|ip| ip.is_unspecified()) {
            " at all addresses".to_owned()
        } else if self.ours.service.is_none() && self.fact.probes.first().is_some_and(is_free) {
            let ips: BTreeSet<String> = ips().map(|ip| ip.to_string()).collect();
            format!(" at {} only", ips.into_iter().collect::<Vec<_>>().join(" and "))
        } else {
            String::new()
        }
    }

    fn unowned_message(&self, why: ConflictKind) -> String {
        let port = self.name();
        let and_unseen = match self.fact.visibility_limit {
            Some(limit) => format!("; {}", unseen(limit)),
            None => String::new(),
        };
        let decided = self
            .fact
            .unowned
            .iter()
            .find(|socket| self.unowned_conflict(socket) == why);
        if let Some(socket) = decided {
            match &socket.role {
                Role::Container(container) => {
                    return format!("{port} is taken by {}, which publishes it", container.words());
                }
                Role::Managed(manager) => {
                    let title = manager.by.title();
                    return format!("{port} is probably taken by {title}: {}", manager.reason());
                }
                Role::Server | Role::Tunnel(_) => {}
            }
        }
        match decided.map(|socket| (socket, socket.state)) {
            Some((_, SocketState::TimeWait { .. })) => format!(
                "{port} waits for a closed connection to expire (TIME_WAIT, {} left); no process holds it",
                self.time_left()
            ),
            Some((socket, SocketState::Connection)) => {
                format!("{port} is the local end of a connection of {}", user(socket))
            }
            Some((socket, SocketState::Listening | SocketState::Bound)) if why == ConflictKind::Hidden => {
                let and_unseen = if self.ours.uid == 0 { and_unseen.as_str() } else { "" };
                format!(
                    "{port} is taken, and its owner cannot be seen: it belongs to {}{and_unseen}",
                    user(socket)
                )
            }
            Some((_, SocketState::Listening | SocketState::Bound)) => {
                format!(
                    "{port} is taken by no process that can be seen: the kernel or a socket in flight holds it{and_unseen}"
                )
            }
            None => match &self.fact.unknown {
                Some(reason) => format!("{port} is taken, and its owner could not be looked up: {reason}"),
                None => format!("{port} is taken, yet no process and no socket was found that holds it{and_unseen}"),
            },
        }
    }

    /// The time until the last TIME_WAIT socket is gone, such as `42 s`.
    pub(super) fn time_left(&self) -> String {
        let longest = self.fact.unowned.iter().filter_map(|socket| match socket.state {
            SocketState::TimeWait { left } => Some(left),
            SocketState::Listening | SocketState::Bound | SocketState::Connection => None,
        });
        let longest = longest.max().unwrap_or_default();
        format!("{} s", longest.as_millis().div_ceil(1000))
    }

    pub(super) fn name(&self) -> String {
        match self.port.host {
            None | Some(IpAddr::V4(Ipv4Addr::LOCALHOST)) => self.port.name(),
            Some(host) => format!("{} of {host}", self.port.name()),
        }
    }
}

/// Whether it is a program that never opens a listening socket, so it inherited the socket.
fn serves_nothing(owner: &Owner) -> bool {
    const SERVE_NOTHING: &[&str] = &[
        "sleep",
        "tail",
        "cat",
        "tee",
        "grep",
        "sed",
        "awk",
        "less",
        "more",
        "watch",
        "xargs",
        "find",
        "yes",
        "sass",
        "tsc",
        "inotifywait",
        "fswatch",
        "ssh-agent",
        "gpg-agent",
    ];
    owner.holds_by == SocketState::Listening && SERVE_NOTHING.contains(&program(owner.process.name.raw()))
}

pub(super) fn user(socket: &UnownedSocket) -> String {
    match &socket.user {
        Some(user) => format!("user `{user}`"),
        None => format!("user {}", socket.uid),
    }
}

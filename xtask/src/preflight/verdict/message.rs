//! The one sentence about a port: who holds it and how, or what else is in the way.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Case, Why};
use crate::preflight::{Answer, Owner, Ownerless, OwnerlessState, Probe, ProcessState};

impl Case<'_> {
    pub(super) fn message(&self, why: Why, lead: Option<&Owner>) -> String {
        let port = self.name();
        let Some(owner) = lead else {
            return self.ownerless_message(why);
        };
        let who = format!("`{}` (pid {})", owner.name, owner.identity.pid);
        let more = match self.fact.owners.len() - 1 {
            0 => String::new(),
            1 => " and 1 more process".to_owned(),
            more => format!(" and {more} more processes"),
        };
        let taken = format!("{port} is taken by {who}{more}{}", self.at(owner));
        let said = match (why, &owner.tag) {
            (Why::Protected, _) => {
                let reason = owner.protected.as_deref().unwrap_or("it is protected");
                format!("{taken}, which is never stopped: {reason}")
            }
            (Why::OtherProject | Why::OtherCheckout, Some(tag)) => format!(
                "{taken}: service `{}` of `{}` in {}",
                tag.service,
                tag.project,
                tag.checkout.display()
            ),
            (Why::OwnRunning, Some(tag)) if self.is_its_own(owner) => {
                format!("{port} is held by {who}{more}: `{}` of this checkout runs", tag.service)
            }
            (Why::OwnRunning, Some(tag)) => format!("{taken}: it is `{}` of this checkout", tag.service),
            (Why::OwnLeftover, Some(tag)) => {
                format!("{taken}, left over from an earlier run of `{}`", tag.service)
            }
            (Why::Bound, _) => format!("{port} is reserved by {who}{more}, which is bound to it and does not listen"),
            (Why::Connection, _) => format!("{port} is the local end of a connection of {who}{more}"),
            (Why::OtherProject | Why::OtherCheckout | Why::OwnRunning | Why::OwnLeftover, None)
            | (Why::Foreign | Why::Hidden | Why::NoOwner, _) => taken,
        };
        match owner.state {
            ProcessState::Suspended => format!("{said}; it is suspended"),
            ProcessState::Running | ProcessState::Zombie => said,
        }
    }

    /// Where it holds the port, if that is not where one would think.
    fn at(&self, owner: &Owner) -> String {
        let ips = || owner.addresses.iter().map(SocketAddr::ip);
        let is_free = |probe: &Probe| matches!(probe.answer, Answer::Free | Answer::FreeIfReused);
        if ips().any(|ip| ip.is_unspecified()) {
            " at all addresses".to_owned()
        } else if self.ours.service.is_none() && self.fact.probes.first().is_some_and(is_free) {
            let ips: BTreeSet<String> = ips().map(|ip| ip.to_string()).collect();
            format!(" at {} only", ips.into_iter().collect::<Vec<_>>().join(" and "))
        } else {
            String::new()
        }
    }

    fn ownerless_message(&self, why: Why) -> String {
        let port = self.name();
        let decided = self
            .fact
            .ownerless
            .iter()
            .find(|socket| self.why_ownerless(socket) == why);
        match decided.map(|socket| (socket, socket.state)) {
            Some((_, OwnerlessState::TimeWait { .. })) => format!(
                "{port} waits for a closed connection to expire (TIME_WAIT, {} left); nobody holds it",
                self.time_left()
            ),
            Some((socket, OwnerlessState::Connection)) => {
                format!("{port} is the local end of a connection of {}", user(socket))
            }
            Some((socket, OwnerlessState::Listening | OwnerlessState::Bound)) if why == Why::Hidden => {
                format!(
                    "{port} is taken, and its owner cannot be seen: it belongs to {}",
                    user(socket)
                )
            }
            Some((_, OwnerlessState::Listening | OwnerlessState::Bound)) => {
                format!("{port} is taken by no process that can be seen: the kernel or a socket in flight holds it")
            }
            None => match &self.fact.unknown {
                Some(reason) => format!("{port} is taken, and its owner could not be looked up: {reason}"),
                None => format!("{port} is taken, yet no process and no socket was found that holds it"),
            },
        }
    }

    /// The longest that a closed connection still lingers, such as `42 s`.
    pub(super) fn time_left(&self) -> String {
        let longest = self.fact.ownerless.iter().filter_map(|socket| match socket.state {
            OwnerlessState::TimeWait { left } => Some(left),
            OwnerlessState::Listening | OwnerlessState::Bound | OwnerlessState::Connection => None,
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

pub(super) fn user(socket: &Ownerless) -> String {
    match &socket.user {
        Some(user) => format!("user `{user}`"),
        None => format!("user {}", socket.uid),
    }
}

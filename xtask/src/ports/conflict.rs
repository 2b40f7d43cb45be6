//! The finding about one port: its code, level, message and hints.
//!
//! `system::observe` collects the facts and `system::stop` stops processes; this module only evaluates.

mod by_hand;
mod caller;
mod hint;
mod kill_policy;
mod message;
mod outside;
#[cfg(test)]
mod tests;
mod warnings;

use std::net::IpAddr;

use super::related_owners::{ListenerOverlap, listener_overlap};
use super::{BindProbe, BindResult, Endpoint, Finding, Owner, PortFact, Role, SocketState, Subject, UnownedSocket};
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Exit, Hint, Level};
use crate::plan::Protocol;
use crate::process::Tag;
pub(crate) use caller::CallerContext;
pub(crate) use hint::stop_there;
pub(crate) use kill_policy::{KillPolicy, kill_policy};
use message::user;
pub(crate) use warnings::{ephemeral, split};

/// What blocks `port`.
///
/// With several owners, the most restrictive one decides. A leftover of this checkout is [`Level::Warn`] with
/// [`Exit::PortBusy`]: `up` stops it, and exits with 3 only if it may not.
pub(crate) fn finding(port: &Endpoint, fact: &PortFact, ours: &CallerContext) -> Finding {
    let case = PortCheck { port, fact, ours };
    match deciding_probe(fact, ours).map(|probe| (probe.answer, probe.address)) {
        None => case.unchecked(),
        Some((BindResult::Free, _)) => case.free("is free"),
        Some((BindResult::FreeIfReused, _)) => case.free_if_reused(),
        Some((BindResult::Busy, _)) => case.busy(),
        Some((BindResult::Denied, _)) => case.denied(),
        Some((BindResult::Excluded, _)) => case.excluded(),
        Some((BindResult::NoAddress, address)) => case.no_address(address),
        Some((BindResult::Failed(number), _)) => case.failed(number),
    }
}

/// The probe that decides. For a service that is its own address; without a service, any address that is taken.
fn deciding_probe<'a>(fact: &'a PortFact, ours: &CallerContext) -> Option<&'a BindProbe> {
    let taken = || {
        let says = |wanted: BindResult| fact.probes.iter().find(move |probe| probe.answer == wanted);
        says(BindResult::Busy).or_else(|| says(BindResult::FreeIfReused))
    };
    let taken = if ours.service.is_none() { taken() } else { None };
    taken.or_else(|| fact.probes.first())
}

struct PortCheck<'a> {
    port: &'a Endpoint,
    fact: &'a PortFact,
    ours: &'a CallerContext,
}

impl PortCheck<'_> {
    fn busy(&self) -> Finding {
        let by_owner = self.fact.owners.iter().map(|owner| self.kind_of_owner(owner)).min();
        let by_socket = self
            .fact
            .unowned
            .iter()
            .map(|socket| self.unowned_conflict(socket))
            .min();
        let why = match (by_owner, by_socket) {
            (None, None) if self.fact.unknown.is_some() => ConflictKind::Hidden,
            (by_owner, by_socket) => by_owner
                .into_iter()
                .chain(by_socket)
                .min()
                .unwrap_or(ConflictKind::NoOwner),
        };
        let lead = self.primary_owner(why);
        let rivalry = self.rivalry(why);
        let (level, exit) = match why {
            // `up` keeps running services and starts the rest, unless the port belongs to another service.
            ConflictKind::OwnRunning if lead.is_none_or(|owner| self.is_its_own(owner)) => match rivalry {
                Some(_) => (Level::Warn, Exit::Done),
                None => (Level::Ok, Exit::Done),
            },
            ConflictKind::OwnLeftover => (Level::Warn, Exit::PortBusy),
            _ => (Level::Fail, Exit::PortBusy),
        };
        let (code, message) = match rivalry {
            Some(rivalry) => self.rivals(rivalry),
            None => (Code::PortBusy(why), self.message(why, lead)),
        };
        self.finding_with_owners(code, message)
            .level(level)
            .exit(exit)
            .hints(hint::hints(self, why, lead))
    }

    /// Unrelated listeners, if they matter more than `why`; for a service, a specific `why` comes first.
    fn rivalry(&self, why: ConflictKind) -> Option<ListenerOverlap<'_>> {
        let tells_more = match why {
            ConflictKind::Foreign => true,
            ConflictKind::OwnRunning => self.primary_owner(why).is_none_or(|owner| self.is_its_own(owner)),
            // Without a service, the user wants to know which process answers.
            ConflictKind::Protected
            | ConflictKind::Container
            | ConflictKind::SystemService
            | ConflictKind::OtherProject
            | ConflictKind::OtherCheckout
            | ConflictKind::Tunnel
            | ConflictKind::OwnLeftover => self.ours.service.is_none(),
            ConflictKind::Hidden | ConflictKind::Bound | ConflictKind::Connection | ConflictKind::NoOwner => false,
        };
        listener_overlap(&self.fact.owners).filter(|_| tells_more)
    }

    /// Classifies an owner: what it is to the caller.
    fn kind_of_owner(&self, owner: &Owner) -> ConflictKind {
        let supervisor = self.supervisor(owner);
        match owner.holds_by {
            SocketState::Connection | SocketState::TimeWait { .. } if supervisor.is_none() => {
                return ConflictKind::Connection;
            }
            _ => {}
        }
        // A service of our live run is ours, even if a service manager started the run or if we run inside it.
        let is_live =
            |tag: &Tag| self.ours.live_run.as_ref().is_some_and(|run| tag.run == *run) && self.is_of_this_checkout(tag);
        if owner.process.tag.as_ref().is_some_and(is_live) {
            return ConflictKind::OwnRunning;
        }
        match (&owner.role, &owner.protected) {
            (Role::Container(_), _) => return ConflictKind::Container,
            (Role::Managed(_), _) => return ConflictKind::SystemService,
            (Role::Tunnel(_), Some(_)) => return ConflictKind::Tunnel,
            (Role::Server, Some(_)) => return ConflictKind::Protected,
            (Role::Tunnel(_) | Role::Server, None) => {}
        }
        let Some(tag) = &owner.process.tag else {
            return match (&owner.role, owner.holds_by) {
                (Role::Tunnel(_), _) => ConflictKind::Tunnel,
                (_, SocketState::Bound) => ConflictKind::Bound,
                (_, _) => ConflictKind::Foreign,
            };
        };
        if self.is_of_this_checkout(tag) {
            ConflictKind::OwnLeftover
        } else if self
            .ours
            .project
            .as_ref()
            .is_some_and(|project| tag.project == *project)
        {
            ConflictKind::OtherCheckout
        } else {
            ConflictKind::OtherProject
        }
    }

    fn is_of_this_checkout(&self, tag: &Tag) -> bool {
        self.ours.is_of(tag)
    }

    /// The tag of a supervisor that reserves the port; it reserves UDP with a socket connected to itself.
    fn supervisor<'a>(&self, owner: &'a Owner) -> Option<&'a Tag> {
        let holds = match owner.holds_by {
            SocketState::Listening | SocketState::Bound => true,
            SocketState::Connection | SocketState::TimeWait { .. } => self.port.protocol == Protocol::Udp,
        };
        owner.process.tag.as_ref().filter(|tag| holds && tag.is_supervisor())
    }

    /// The service for which our supervisor reserves the port, if known; prefers the requesting one.
    fn reserved_for(&self) -> Option<&str> {
        let asked = self.ours.service.as_ref().map(|wanted| wanted.service.as_str());
        let mut services = self.ours.reserved_for(self.port);
        let first = services.next();
        match asked {
            Some(_) if first.is_none() || first == asked || services.any(|it| Some(it) == asked) => asked,
            Some(_) | None => first,
        }
    }

    /// A socket for which root finds no process belongs to the kernel or is being passed between processes. The same
    /// most likely holds for a socket of our own user, unless a process of that user cannot be inspected.
    fn unowned_conflict(&self, socket: &UnownedSocket) -> ConflictKind {
        match (&socket.role, socket.state) {
            (_, SocketState::TimeWait { .. }) => ConflictKind::NoOwner,
            (_, SocketState::Connection) => ConflictKind::Connection,
            (Role::Container(_), _) => ConflictKind::Container,
            (Role::Managed(_), _) => ConflictKind::SystemService,
            (Role::Server | Role::Tunnel(_), SocketState::Listening | SocketState::Bound) => {
                if (self.ours.uid == 0 || self.ours.uid == socket.uid) && !socket.may_hide_owner {
                    ConflictKind::NoOwner
                } else {
                    ConflictKind::Hidden
                }
            }
        }
    }

    /// The owner to name: the topmost of those that decided.
    fn primary_owner(&self, why: ConflictKind) -> Option<&Owner> {
        let deciding = self.fact.owners.iter().find(|owner| self.kind_of_owner(owner) == why);
        self.topmost(why).first().copied().or(deciding)
    }

    /// The deciding owners that are not descendants of another one.
    fn topmost(&self, why: ConflictKind) -> Vec<&Owner> {
        let deciding = || {
            self.fact
                .owners
                .iter()
                .filter(move |owner| self.kind_of_owner(owner) == why)
        };
        let is_below = |owner: &Owner| {
            let pids = || owner.process.parents.iter().map(|parent| parent.pid);
            deciding().any(|other| pids().any(|pid| pid == other.process.identity.pid))
        };
        deciding().filter(|owner| !is_below(owner)).collect()
    }

    fn is_its_own(&self, owner: &Owner) -> bool {
        match (&self.ours.service, &owner.process.tag) {
            (Some(wanted), Some(tag)) if tag.is_supervisor() => self.reserved_for() == Some(&wanted.service),
            (Some(wanted), Some(tag)) => wanted.service == tag.service,
            (None, _) | (_, None) => true,
        }
    }

    fn free(&self, how: &str) -> Finding {
        self.finding(Code::PortFree, format!("{} {how}", self.name()))
            .level(Level::Ok)
            .exit(Exit::Done)
    }

    /// Only a server without `SO_REUSEADDR` would fail, and few are. So this does not block a start.
    fn free_if_reused(&self) -> Finding {
        let owners = &self.fact.owners;
        if !owners.is_empty()
            && owners
                .iter()
                .all(|owner| self.kind_of_owner(owner) == ConflictKind::OwnRunning)
        {
            return self.busy();
        }
        let why = self.fact.owners.iter().map(|owner| match owner.holds_by {
            SocketState::Listening | SocketState::Bound => ConflictKind::Bound,
            SocketState::Connection | SocketState::TimeWait { .. } => ConflictKind::Connection,
        });
        let sockets = self.fact.unowned.iter().filter_map(|socket| match socket.state {
            SocketState::Listening | SocketState::Bound => Some(ConflictKind::Bound),
            SocketState::Connection => Some(ConflictKind::Connection),
            SocketState::TimeWait { .. } => None,
        });
        let Some(why) = why.chain(sockets).min() else {
            let how = format!(
                "is free; a closed connection lingers for {}, which only bothers a server without `SO_REUSEADDR`",
                self.time_left()
            );
            return self.free(&how);
        };
        let who = match (self.fact.owners.first(), self.fact.unowned.first()) {
            (Some(owner), _) => format!("`{}` (pid {})", owner.process.name, owner.process.identity.pid),
            (None, Some(socket)) => user(socket),
            (None, None) => "a process".to_owned(),
        };
        let how = match why {
            ConflictKind::Connection => format!("{who} still has a connection there"),
            _ => format!("{who} is bound to it"),
        };
        let message = format!(
            "{} is free for a server that sets `SO_REUSEADDR` only: {how}",
            self.name()
        );
        self.finding_with_owners(Code::PortBusy(why), message)
            .level(Level::Warn)
            .exit(Exit::Done)
    }

    fn denied(&self) -> Finding {
        let number = self.port.number;
        let message = if number < 1024 {
            format!(
                "{} needs privilege: it is not in use, but this user may not bind it",
                self.name()
            )
        } else {
            format!(
                "{} may not be bound: the system excludes it or forbids it to this user",
                self.name()
            )
        };
        self.finding(Code::PortDenied, message).hints(hint::privilege(self))
    }

    fn excluded(&self) -> Finding {
        let why = match self.fact.excluded_range {
            Some((first, last)) => {
                format!("Windows keeps {first} to {last} for itself, for Hyper-V or for WSL")
            }
            None => "it lies in a range that Windows keeps, or a program has it to itself alone".to_owned(),
        };
        let message = format!("{} may not be bound: {why}", self.name());
        self.finding(Code::PortDenied, message).hints(hint::excluded(self))
    }

    fn no_address(&self, address: IpAddr) -> Finding {
        let message = format!("{} cannot be bound: this machine has no address {address}", self.name());
        let hint = self.ours.service.as_ref().map(|wanted| {
            let service = &wanted.service;
            Hint::from(format!("give the port of `{service}` another `host` in devtasks.toml"))
        });
        self.finding(Code::PortDenied, message).hints(hint)
    }

    /// The start will show whether it matters: other errors do not mean that the port is busy.
    fn failed(&self, number: i32) -> Finding {
        let reason = std::io::Error::from_raw_os_error(number);
        let message = format!("{} could not be tried: {reason}", self.name());
        self.finding(Code::PortDenied, message)
            .level(Level::Unknown)
            .exit(Exit::Done)
    }

    fn unchecked(&self) -> Finding {
        let reason = self.fact.unknown.as_deref().unwrap_or("the system was not asked");
        let message = format!("whether {} is free is not known: {reason}", self.name());
        self.finding(Code::PortFree, message)
            .level(Level::Unknown)
            .exit(Exit::Done)
    }

    /// A finding that fails and blocks `up`; without hints.
    fn finding(&self, code: Code, message: String) -> Finding {
        let wanted = self.ours.service.as_ref();
        let subject = Subject {
            service: wanted.map(|wanted| wanted.service.clone()),
            port: Some(*self.port),
            owners: Vec::new(),
        };
        let mut finding = Diagnostic::new(message).code(code).exit(Exit::PortBusy).about(subject);
        finding.place = wanted.map(|wanted| wanted.place.clone());
        finding
    }

    fn finding_with_owners(&self, code: Code, message: String) -> Finding {
        let mut finding = self.finding(code, message);
        finding.subject.owners.clone_from(&self.fact.owners);
        finding
    }
}

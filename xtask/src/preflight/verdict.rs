//! What is said of one port: its code, its level, one sentence, and what to type next.
//!
//! Looking is `world::observe`, ending somebody is `world::stop`. Here is only the judgement.

mod consent;
mod duplicate;
mod hint;
mod message;
mod mismatch;
mod ours;
mod remark;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::family::{Rivalry, rivalry};
use super::{Answer, Finding, HoldsBy, Level, Owner, Ownerless, OwnerlessState, PortFact, PortRef, Probe, Role, Tag};
use crate::error::Exit;
use crate::plan::Protocol;
pub(crate) use consent::{Consent, consent};
pub(crate) use duplicate::duplicates;
use message::user;
pub(crate) use mismatch::{Mismatch, serves};
pub(crate) use ours::Ours;
pub(crate) use remark::{ephemeral, split};

/// What stands in the way of `port`. `form` is the program as the user typed it: `cargo xtask` or `devtasks`.
///
/// Of several owners the most restrictive decides. A leftover of this checkout is [`Level::Warn`] with
/// [`Exit::PortBusy`]: `up` ends it by itself, and ends with 3 only where it must not.
pub(crate) fn finding(port: &PortRef, fact: &PortFact, ours: &Ours, form: &str) -> Finding {
    let case = Case { port, fact, ours, form };
    match decisive(fact, ours).map(|probe| (probe.answer, probe.address)) {
        None => case.unchecked(),
        Some((Answer::Free, _)) => case.free("is free"),
        Some((Answer::FreeIfReused, _)) => case.free_if_reused(),
        Some((Answer::Busy, _)) => case.busy(),
        Some((Answer::Denied, _)) => case.denied(),
        Some((Answer::Excluded, _)) => case.excluded(),
        Some((Answer::NoAddress, address)) => case.no_address(address),
        Some((Answer::Failed(number), _)) => case.failed(number),
    }
}

/// What a service needs is asked first. Who asks for no service wants to know of anybody, at whatever address.
fn decisive<'a>(fact: &'a PortFact, ours: &Ours) -> Option<&'a Probe> {
    let taken = || {
        let says = |wanted: Answer| fact.probes.iter().find(move |probe| probe.answer == wanted);
        says(Answer::Busy).or_else(|| says(Answer::FreeIfReused))
    };
    let taken = if ours.service.is_none() { taken() } else { None };
    taken.or_else(|| fact.probes.first())
}

/// Why a port is busy, by owner or socket; the most restrictive first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Protected,
    Container,
    SystemService,
    Hidden,
    OtherProject,
    OtherCheckout,
    OwnRunning,
    Tunnel,
    Foreign,
    OwnLeftover,
    Bound,
    Connection,
    NoOwner,
}

struct Case<'a> {
    port: &'a PortRef,
    fact: &'a PortFact,
    ours: &'a Ours,
    form: &'a str,
}

impl Case<'_> {
    fn busy(&self) -> Finding {
        let by_owner = self.fact.owners.iter().map(|owner| self.why(owner)).min();
        let by_socket = self
            .fact
            .ownerless
            .iter()
            .map(|socket| self.why_ownerless(socket))
            .min();
        let why = match (by_owner, by_socket) {
            (None, None) if self.fact.unknown.is_some() => Why::Hidden,
            (by_owner, by_socket) => by_owner.into_iter().chain(by_socket).min().unwrap_or(Why::NoOwner),
        };
        let lead = self.lead(why);
        let rivalry = self.rivalry(why);
        let (level, exit) = match why {
            // `up` starts what is missing and leaves the rest running, unless the port belongs to another service.
            Why::OwnRunning if lead.is_none_or(|owner| self.is_its_own(owner)) => match rivalry {
                Some(_) => (Level::Warn, Exit::Done),
                None => (Level::Ok, Exit::Done),
            },
            Why::OwnLeftover => (Level::Warn, Exit::PortBusy),
            _ => (Level::Fail, Exit::PortBusy),
        };
        let (code, message) = match rivalry {
            Some(rivalry) => self.rivals(rivalry),
            None => (code(why), self.message(why, lead)),
        };
        Finding {
            hints: hint::hints(self, why, lead),
            owners: self.fact.owners.clone(),
            ..self.say(code, level, exit, message)
        }
    }

    /// Unrelated listeners, where that is the first thing to say: who is left alone for a reason of their own is told so.
    fn rivalry(&self, why: Why) -> Option<Rivalry<'_>> {
        let tells_more = match why {
            Why::Foreign => true,
            Why::OwnRunning => self.lead(why).is_none_or(|owner| self.is_its_own(owner)),
            // Who asks for no service wants to know who answers.
            Why::Protected
            | Why::Container
            | Why::SystemService
            | Why::OtherProject
            | Why::OtherCheckout
            | Why::Tunnel
            | Why::OwnLeftover => self.ours.service.is_none(),
            Why::Hidden | Why::Bound | Why::Connection | Why::NoOwner => false,
        };
        rivalry(&self.fact.owners).filter(|_| tells_more)
    }

    fn why(&self, owner: &Owner) -> Why {
        let supervisor = self.supervisor(owner);
        match owner.holds_by {
            HoldsBy::Connection if supervisor.is_none() => return Why::Connection,
            HoldsBy::Connection | HoldsBy::Listening | HoldsBy::Bound => {}
        }
        // A stack that a manager started, or that asks from below itself, is ours before it is theirs.
        let is_live =
            |tag: &Tag| self.ours.live_run.as_ref().is_some_and(|run| tag.run == *run) && self.is_of_this_checkout(tag);
        if owner.tag.as_ref().is_some_and(is_live) {
            return Why::OwnRunning;
        }
        match (&owner.role, &owner.protected) {
            (Role::Container(_), _) => return Why::Container,
            (Role::Managed(_), _) => return Why::SystemService,
            (Role::Tunnel(_), Some(_)) => return Why::Tunnel,
            (Role::Server, Some(_)) => return Why::Protected,
            (Role::Tunnel(_) | Role::Server, None) => {}
        }
        let Some(tag) = &owner.tag else {
            return match (&owner.role, owner.holds_by) {
                (Role::Tunnel(_), _) => Why::Tunnel,
                (_, HoldsBy::Bound) => Why::Bound,
                (_, HoldsBy::Listening | HoldsBy::Connection) => Why::Foreign,
            };
        };
        if self.is_of_this_checkout(tag) {
            Why::OwnLeftover
        } else if self
            .ours
            .project
            .as_ref()
            .is_some_and(|project| tag.project == *project)
        {
            Why::OtherCheckout
        } else {
            Why::OtherProject
        }
    }

    fn is_of_this_checkout(&self, tag: &Tag) -> bool {
        self.ours.is_of(tag)
    }

    /// The tag of a supervisor that has the port for a service. What it reserves of UDP is connected to itself.
    fn supervisor<'a>(&self, owner: &'a Owner) -> Option<&'a Tag> {
        let holds = match owner.holds_by {
            HoldsBy::Listening | HoldsBy::Bound => true,
            HoldsBy::Connection => self.port.protocol == Protocol::Udp,
        };
        owner.tag.as_ref().filter(|tag| holds && tag.is_supervisor())
    }

    /// Whom the live run's supervisor reserves the port for, if that is known: for who asks, unless for others alone.
    fn reserved_for(&self) -> Option<&str> {
        let asked = self.ours.service.as_ref().map(|wanted| wanted.service.as_str());
        let mut services = self.ours.reserved_for(self.port);
        let first = services.next();
        match asked {
            Some(_) if first.is_none() || first == asked || services.any(|it| Some(it) == asked) => asked,
            Some(_) | None => first,
        }
    }

    /// A listener that root cannot find a process for is the kernel's own or in flight between processes; so, most
    /// likely, is one of our own user. Unless some may not be looked into.
    fn why_ownerless(&self, socket: &Ownerless) -> Why {
        match (&socket.role, socket.state) {
            (_, OwnerlessState::TimeWait { .. }) => Why::NoOwner,
            (_, OwnerlessState::Connection) => Why::Connection,
            (Role::Container(_), _) => Why::Container,
            (Role::Managed(_), _) => Why::SystemService,
            (Role::Server | Role::Tunnel(_), OwnerlessState::Listening | OwnerlessState::Bound) => {
                if (self.ours.uid == 0 || self.ours.uid == socket.uid) && !socket.is_veiled {
                    Why::NoOwner
                } else {
                    Why::Hidden
                }
            }
        }
    }

    /// The owner to name: of those that decided, the topmost.
    fn lead(&self, why: Why) -> Option<&Owner> {
        let deciding = self.fact.owners.iter().find(|owner| self.why(owner) == why);
        self.topmost(why).first().copied().or(deciding)
    }

    /// Of those that decided, all that are below none of the others.
    fn topmost(&self, why: Why) -> Vec<&Owner> {
        let deciding = || self.fact.owners.iter().filter(move |owner| self.why(owner) == why);
        let is_below = |owner: &Owner| {
            let pids = || owner.parents.iter().map(|parent| parent.pid);
            deciding().any(|other| pids().any(|pid| pid == other.identity.pid))
        };
        deciding().filter(|owner| !is_below(owner)).collect()
    }

    fn is_its_own(&self, owner: &Owner) -> bool {
        match (&self.ours.service, &owner.tag) {
            (Some(wanted), Some(tag)) if tag.is_supervisor() => self.reserved_for() == Some(&wanted.service),
            (Some(wanted), Some(tag)) => wanted.service == tag.service,
            (None, _) | (_, None) => true,
        }
    }

    fn free(&self, how: &str) -> Finding {
        self.say("port.free", Level::Ok, Exit::Done, format!("{} {how}", self.name()))
    }

    /// Only a server without `SO_REUSEADDR` would fail, and hardly any is. So nothing stops here.
    fn free_if_reused(&self) -> Finding {
        let why = self.fact.owners.iter().map(|owner| match owner.holds_by {
            HoldsBy::Listening | HoldsBy::Bound => Why::Bound,
            HoldsBy::Connection => Why::Connection,
        });
        let sockets = self.fact.ownerless.iter().filter_map(|socket| match socket.state {
            OwnerlessState::Listening | OwnerlessState::Bound => Some(Why::Bound),
            OwnerlessState::Connection => Some(Why::Connection),
            OwnerlessState::TimeWait { .. } => None,
        });
        let Some(why) = why.chain(sockets).min() else {
            let how = format!(
                "is free; a closed connection lingers for {}, which only bothers a server without `SO_REUSEADDR`",
                self.time_left()
            );
            return self.free(&how);
        };
        let who = match (self.fact.owners.first(), self.fact.ownerless.first()) {
            (Some(owner), _) => format!("`{}` (pid {})", owner.name, owner.identity.pid),
            (None, Some(socket)) => user(socket),
            (None, None) => "somebody".to_owned(),
        };
        let how = match why {
            Why::Connection => format!("{who} still has a connection there"),
            _ => format!("{who} is bound to it"),
        };
        let message = format!(
            "{} is free for a server that sets `SO_REUSEADDR` only: {how}",
            self.name()
        );
        Finding {
            owners: self.fact.owners.clone(),
            ..self.say(code(why), Level::Warn, Exit::Done, message)
        }
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
        Finding {
            hints: hint::privilege(self),
            ..self.say("port.denied", Level::Fail, Exit::PortBusy, message)
        }
    }

    fn excluded(&self) -> Finding {
        let message = format!(
            "{} may not be bound: it lies in a range that Windows keeps for itself, for Hyper-V or for WSL",
            self.name()
        );
        Finding {
            hints: hint::excluded(self),
            ..self.say("port.denied", Level::Fail, Exit::PortBusy, message)
        }
    }

    fn no_address(&self, address: IpAddr) -> Finding {
        let message = format!("{} cannot be bound: this machine has no address {address}", self.name());
        let hint = self.ours.service.as_ref().map(|wanted| {
            let service = &wanted.service;
            format!("give the port of `{service}` another `host` in devtasks.toml")
        });
        Finding {
            hints: hint.into_iter().collect(),
            ..self.say("port.denied", Level::Fail, Exit::PortBusy, message)
        }
    }

    /// The start will show whether it matters: a port is not called busy for an error that says something else.
    fn failed(&self, number: i32) -> Finding {
        let reason = std::io::Error::from_raw_os_error(number);
        let message = format!("{} could not be tried: {reason}", self.name());
        self.say("port.denied", Level::Unknown, Exit::Done, message)
    }

    fn unchecked(&self) -> Finding {
        let reason = self.fact.unknown.as_deref().unwrap_or("nobody asked the system for it");
        let message = format!("whether {} is free is not known: {reason}", self.name());
        self.say("port.free", Level::Unknown, Exit::Done, message)
    }

    fn say(&self, code: &'static str, level: Level, exit: Exit, message: String) -> Finding {
        let wanted = self.ours.service.as_ref();
        Finding {
            code,
            level,
            service: wanted.map(|wanted| wanted.service.clone()),
            message,
            hints: Vec::new(),
            at: wanted.map(|wanted| wanted.place.clone()),
            port: Some(*self.port),
            owners: Vec::new(),
            exit,
        }
    }
}

fn code(why: Why) -> &'static str {
    match why {
        Why::Protected => "port.busy.protected",
        Why::Container => "port.busy.container",
        Why::SystemService => "port.busy.system_service",
        Why::Tunnel => "port.busy.tunnel",
        Why::Hidden => "port.busy.hidden",
        Why::OtherProject => "port.busy.other_project",
        Why::OtherCheckout => "port.busy.other_checkout",
        Why::OwnRunning => "port.busy.own_running",
        Why::Foreign => "port.busy.foreign",
        Why::OwnLeftover => "port.busy.own_leftover",
        Why::Bound => "port.busy.bound",
        Why::Connection => "port.busy.connection",
        Why::NoOwner => "port.busy.no_owner",
    }
}

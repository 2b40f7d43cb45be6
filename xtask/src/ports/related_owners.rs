//! Groups the owners of a port: a master and its workers, processes that share a socket, processes of one service.

use std::net::{IpAddr, SocketAddr};

use super::{Owner, SocketState};
use crate::process::Ancestry;
use crate::process::ProcessRef;
use crate::process::protected::is_never_signalled;

/// Gives related owners the pid of one of them as their family.
///
/// Children of the same parent are related, unless that parent is pid 1, protected (such as a service manager), or our
/// own ancestor, which may have started them separately.
pub(crate) fn group_related(owners: &mut [Owner], ours: &Ancestry) {
    for owner in &mut *owners {
        owner.family = owner.process.identity.pid;
    }
    for at in 0..owners.len() {
        for other in 0..at {
            if belong_together(&owners[at], &owners[other], ours) {
                let (old, new) = (owners[at].family, owners[other].family);
                owners
                    .iter_mut()
                    .filter(|it| it.family == old)
                    .for_each(|it| it.family = new);
            }
        }
    }
}

fn belong_together(one: &Owner, other: &Owner, ours: &Ancestry) -> bool {
    let is_above = |above: &Owner, below: &Owner| {
        below
            .process
            .parents
            .iter()
            .any(|it| it.pid == above.process.identity.pid)
    };
    let shares = one.sockets.iter().any(|socket| other.sockets.contains(socket));
    let same_service = match (&one.process.tag, &other.process.tag) {
        (Some(one), Some(other)) => {
            (&one.run, &one.service) == (&other.run, &other.service) || one.is_supervisor() || other.is_supervisor()
        }
        (_, _) => false,
    };
    // Service managers and engines have unrelated children.
    let is_telling = |parent: &ProcessRef| {
        let of_all = parent.pid == 1 || parent.pid == ours.us || ours.ancestors.contains(&parent.pid);
        !of_all && !is_never_signalled(parent.name.raw())
    };
    let parent = |owner: &'_ Owner| {
        owner
            .process
            .parents
            .first()
            .filter(|parent| is_telling(parent))
            .map(|parent| parent.pid)
    };
    let siblings = parent(one).is_some() && parent(one) == parent(other);
    is_above(one, other) || is_above(other, one) || shares || same_service || siblings
}

/// How unrelated listeners share a port.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ListenerOverlap<'a> {
    /// At the same address: a connection may reach either one.
    Shared(&'a Owner, &'a Owner),
    /// The first at a specific address, the second at all others.
    Overlap(&'a Owner, &'a Owner),
    /// IPv4 connections reach the first, IPv6 connections the second.
    Split(&'a Owner, &'a Owner),
}

/// The first pair of unrelated listeners, by pid.
pub(crate) fn listener_overlap(owners: &[Owner]) -> Option<ListenerOverlap<'_>> {
    let listen: Vec<&Owner> = owners
        .iter()
        .filter(|owner| owner.holds_by == SocketState::Listening)
        .collect();
    let pairs = || {
        let with = |at: usize| listen[at + 1..].iter().map(move |other| (at, *other));
        (0..listen.len()).flat_map(with).map(|(at, other)| (listen[at], other))
    };
    let unrelated = || pairs().filter(|(one, other)| one.family != other.family);
    let shared = unrelated().find(|(one, other)| ips(one).any(|ip| ips(other).any(|it| it == ip)));
    let covers = |(one, other): &(&Owner, &Owner)| ips(one).any(|wide| ips(other).any(|it| covers(wide, it)));
    let overlap = || {
        let both = unrelated().flat_map(|(one, other)| [(one, other), (other, one)]);
        both.into_iter()
            .find(covers)
            .map(|(wide, narrow)| ListenerOverlap::Overlap(narrow, wide))
    };
    let split = || {
        unrelated().find_map(|(one, other)| match (v4(one), v4(other)) {
            (true, false) => Some(ListenerOverlap::Split(one, other)),
            (false, true) => Some(ListenerOverlap::Split(other, one)),
            (_, _) => None,
        })
    };
    let shared = shared.map(|(one, other)| ListenerOverlap::Shared(one, other));
    shared.or_else(overlap).or_else(split)
}

fn ips(owner: &Owner) -> impl Iterator<Item = IpAddr> {
    owner.addresses.iter().map(SocketAddr::ip)
}

fn v4(owner: &Owner) -> bool {
    owner.addresses.iter().any(SocketAddr::is_ipv4)
}

fn covers(wide: IpAddr, narrow: IpAddr) -> bool {
    wide.is_unspecified() && !narrow.is_unspecified() && wide.is_ipv4() == narrow.is_ipv4()
}

//! Blocking sockets → their owners, and the sockets without a visible owner.

use std::collections::{BTreeMap, BTreeSet};

use super::conflict::{BlockingSockets, holds_by};
use super::details::ProcessDetails;
use crate::foreign::Foreign;
use crate::ports::{Owner, Role, SocketState, UnownedSocket};
use crate::process::ProcessRef;
use crate::system::os::{self, Holders, Socket};

/// All owners of the blocking sockets, listeners first, with their clients.
pub(super) fn owners(
    conflict: &BlockingSockets,
    holders: &Holders,
    people: &BTreeMap<u32, ProcessDetails>,
    names: &mut BTreeMap<u32, Option<Foreign>>,
) -> Vec<Owner> {
    let holds = |socket: &Socket, pid: &u32| holders.get(&socket.inode).is_some_and(|pids| pids.contains(pid));
    let in_the_way = conflict.in_the_way.iter();
    let pids: BTreeSet<u32> = in_the_way
        .flat_map(|socket| holders.get(&socket.inode).into_iter().flatten().copied())
        .collect();
    let mut owners: Vec<Owner> = pids
        .iter()
        .filter_map(|pid| {
            let held = conflict.in_the_way.iter().filter(|socket| holds(socket, pid));
            let by = held.filter_map(|socket| holds_by(socket)).min()?;
            let mut owner = people.get(pid)?.owner.clone();
            owner.holds_by = by;
            owner.addresses = conflict
                .in_the_way
                .iter()
                .chain(&conflict.elsewhere)
                .filter(|socket| holds(socket, pid))
                .map(|socket| socket.address)
                .collect();
            let in_the_way = conflict.in_the_way.iter();
            owner.sockets = in_the_way
                .filter(|socket| holds(socket, pid))
                .map(|socket| socket.inode)
                .collect();
            owner.addresses.sort_unstable();
            owner.addresses.dedup();
            Some(owner)
        })
        .collect();
    owners.sort_by_key(|owner| (owner.holds_by, owner.identity.pid));
    // A supervisor holds the sockets that it passes to a service; it counts as an owner only if the service is absent.
    let tags = owners.iter().filter_map(|owner| owner.tag.as_ref());
    let services = tags.filter(|tag| !tag.is_supervisor());
    let runs: Vec<Foreign> = services.map(|tag| tag.run.clone()).collect();
    owners.retain(|owner| {
        let tag = owner.tag.as_ref();
        tag.is_none_or(|tag| !tag.is_supervisor() || !runs.contains(&tag.run))
    });

    let all: Vec<u32> = owners.iter().map(|owner| owner.identity.pid).collect();
    for owner in &mut owners {
        let pid = owner.identity.pid;
        let tree = people.get(&pid).map_or(&[][..], |described| &described.tree);
        let mut clients: Vec<u32> = conflict
            .clients
            .iter()
            .filter(|client| conflict.is_client_of(client, |socket| holds(socket, &pid)))
            .flat_map(|client| holders.get(&client.inode).into_iter().flatten().copied())
            .filter(|client| !tree.contains(client) && !all.contains(client))
            .collect();
        clients.sort_unstable();
        clients.dedup();
        owner.clients = clients
            .into_iter()
            .filter_map(|pid| {
                let name = names
                    .entry(pid)
                    .or_insert_with(|| Some(os::process(pid).ok().flatten()?.name));
                name.clone().map(|name| ProcessRef { pid, name })
            })
            .collect();
    }
    owners
}

/// Sockets of other users' processes are never expected to be visible.
fn may_hide_owner(uid: u32) -> bool {
    let ours = os::user_id();
    (ours == 0 || ours == uid) && os::may_hide_owner(uid)
}

/// Blocking sockets without a visible owner, one for each address and state.
pub(super) fn ownerless(conflict: &BlockingSockets, holders: &Holders) -> Vec<UnownedSocket> {
    let mut found: Vec<UnownedSocket> = Vec::new();
    for socket in &conflict.in_the_way {
        if holders.get(&socket.inode).is_some_and(|pids| !pids.is_empty()) {
            continue;
        }
        let same = found.iter_mut().find(|other| {
            other.address == socket.address
                && std::mem::discriminant(&other.state) == std::mem::discriminant(&socket.state)
        });
        match (same, socket.state) {
            // Keeps the longest remaining time.
            (Some(other), state @ SocketState::TimeWait { left }) => {
                if matches!(other.state, SocketState::TimeWait { left: before } if before < left) {
                    other.state = state;
                }
            }
            (Some(_), SocketState::Listening | SocketState::Bound | SocketState::Connection) => {}
            (None, state) => found.push(UnownedSocket {
                address: socket.address,
                state,
                uid: socket.uid,
                // The kernel reports root as the user of every TIME_WAIT socket.
                user: match state {
                    SocketState::Listening | SocketState::Bound | SocketState::Connection => os::user_name(socket.uid),
                    SocketState::TimeWait { .. } => None,
                },
                may_hide_owner: state.is_exclusive() && may_hide_owner(socket.uid),
                role: Role::Server,
            }),
        }
    }
    found
}

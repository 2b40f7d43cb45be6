//! Blocking sockets → their owners, and the sockets without a visible owner.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::conflict::{BlockingSockets, holds_by};
use super::details::ProcessDetails;
use super::roles::Judge;
use crate::foreign::Foreign;
use crate::ports::related_owners::group_related;
use crate::ports::{Endpoint, Owner, Role, SocketState, UnownedSocket};
use crate::process::ProcessRef;
use crate::system::os::{self, Holders, Socket};

/// All owners of the sockets that block `port`, listeners first, with their clients.
///
/// Without a judge their role is [`Role::Server`] and none is protected.
pub(super) fn owners(
    port: &Endpoint,
    conflict: &BlockingSockets,
    holders: &Holders,
    people: &BTreeMap<u32, ProcessDetails>,
    names: &mut BTreeMap<u32, Option<Foreign>>,
    judge: Option<&Judge>,
) -> Vec<Owner> {
    let pids: BTreeSet<u32> = conflict
        .in_the_way
        .iter()
        .flat_map(|socket| holders.get(&socket.inode).into_iter().flatten().copied())
        .collect();
    let holds = |socket: &&Socket, pid: u32| holders.get(&socket.inode).is_some_and(|pids| pids.contains(&pid));
    let held = |pid: u32| conflict.in_the_way.iter().filter(move |socket| holds(socket, pid));
    let mut found: Vec<(SocketState, &ProcessDetails)> = pids
        .iter()
        .filter_map(|pid| {
            Some((
                held(*pid).filter_map(|socket| holds_by(socket)).min()?,
                people.get(pid)?,
            ))
        })
        .collect();
    found.sort_by_key(|(state, details)| (*state, details.info.identity.pid));
    // A supervisor holds the sockets that it passes to a service; it counts as an owner only if the service is absent.
    let tags = found.iter().filter_map(|(_, details)| details.info.tag.as_ref());
    let services = tags.filter(|tag| !tag.is_supervisor());
    let runs: Vec<Foreign> = services.map(|tag| tag.run.clone()).collect();
    found.retain(|(_, details)| {
        let tag = details.info.tag.as_ref();
        tag.is_none_or(|tag| !tag.is_supervisor() || !runs.contains(&tag.run))
    });

    let all: Vec<u32> = found.iter().map(|(_, details)| details.info.identity.pid).collect();
    let mut clients = |details: &ProcessDetails| -> Vec<ProcessRef> {
        let pid = details.info.identity.pid;
        let mut clients: Vec<u32> = conflict
            .clients
            .iter()
            .filter(|client| conflict.is_client_of(client, |socket| holds(&socket, pid)))
            .flat_map(|client| holders.get(&client.inode).into_iter().flatten().copied())
            .filter(|client| !details.tree.contains(client) && !all.contains(client))
            .collect();
        clients.sort_unstable();
        clients.dedup();
        let name = |pid: u32| Some(os::process(pid).ok().flatten()?.name);
        let mut named = |pid: u32| names.entry(pid).or_insert_with(|| name(pid)).clone();
        let clients = clients.into_iter();
        clients
            .filter_map(|pid| Some(ProcessRef { pid, name: named(pid)? }))
            .collect()
    };
    let mut owners: Vec<Owner> = found
        .into_iter()
        .map(|(holds_by, details)| {
            let pid = details.info.identity.pid;
            let elsewhere = conflict.elsewhere.iter().filter(|socket| holds(socket, pid));
            let addresses: BTreeSet<SocketAddr> = held(pid).chain(elsewhere).map(|socket| socket.address).collect();
            let (role, protected) = judge.map_or((Role::Server, None), |judge| judge.judge(details, port));
            Owner {
                addresses: addresses.into_iter().collect(),
                holds_by,
                clients: clients(details),
                role,
                sockets: held(pid).map(|socket| socket.inode).collect(),
                family: pid,
                protected,
                process: details.info.clone(),
            }
        })
        .collect();
    if let Some(judge) = judge {
        group_related(&mut owners, judge.ours());
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

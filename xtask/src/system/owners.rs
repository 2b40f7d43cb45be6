//! Owners of ports: the single look-up behind `up`, `status`, `doctor`, `port` and readiness.
//!
//! `conflict` finds the sockets that block a port; `details` collects the details of a process.

mod all_listeners;
mod clients;
mod conflict;
mod current;
mod details;
mod free_port;
mod holders;
mod loopback_and_ephemeral;
mod repository;
mod roles;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::diagnostic::Diagnostic;
use crate::ports::{BindProbe, BindResult, Endpoint, PortFact, SocketState, UnownedSocket};
use crate::process::ProcessState;
use crate::system::os::{self, Socket, States};
use crate::system::probe::{SocketTable, probe};
pub(crate) use all_listeners::all_listeners;
pub(crate) use clients::clients_of;
use conflict::{BlockingSockets, conflict};
pub(crate) use conflict::{answers, covers};
pub(crate) use current::{holder, holders, is_free, targets};
use details::describe;
pub(crate) use free_port::{bound, can_be_served, find_free_port};
use holders::{owners, unowned};
pub(crate) use loopback_and_ephemeral::loopback_and_ephemeral_facts;
pub(crate) use repository::{REPOSITORY_TIMEOUT, in_main, is_linked_worktree, repository_within};
use roles::Judge;

/// The addresses at which to check a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// Its host, or else 127.0.0.1: what a service needs.
    Service,
    /// Its host, if any, both wildcards and both loopback addresses: what a user wants to know.
    All,
}

/// Checks which of `ports` are available, and finds the owners of the others.
///
/// A free port costs one bind. If any is busy, the kernel's table and the processes' descriptors are each read once for
/// all; only owners are inspected. `unknown` says why the system cannot be queried.
pub(crate) fn look_up(ports: &[Endpoint], addresses: Addresses) -> BTreeMap<Endpoint, PortFact> {
    let table = table_of(ports);
    let mut facts: BTreeMap<Endpoint, PortFact> = ports
        .iter()
        .map(|&port| {
            let probes = probes(port, addresses, &table);
            let is_excluded = probes.iter().any(|probe| probe.answer == BindResult::Excluded);
            let range = is_excluded.then(|| os::excluded_range(port.number, port.protocol));
            let fact = PortFact {
                probes,
                excluded_range: range.flatten().map(|range| (*range.start(), *range.end())),
                ..PortFact::default()
            };
            (port, fact)
        })
        .collect();
    let busy: Vec<(Endpoint, Vec<IpAddr>)> = facts
        .iter()
        .map(|(&port, fact)| (port, blocked_addresses(&fact.probes)))
        .filter(|(_, blocked)| !blocked.is_empty())
        .collect();
    if busy.is_empty() {
        return facts;
    }
    let asked: Vec<Endpoint> = busy.iter().map(|(port, _)| *port).collect();
    if let Err(problem) = explain(busy, &mut facts) {
        for port in asked {
            if let Some(fact) = facts.get_mut(&port) {
                fact.unknown = Some(problem.message.clone());
            }
        }
    }
    facts
}

/// Finds the owners of `ports` from the kernel's table alone. It binds nothing, so it never disturbs a service that is
/// opening its port; it determines no roles, so it asks no engine. If the system cannot be queried, `unknown` says why.
pub(crate) fn look_up_passive(ports: &[Endpoint]) -> BTreeMap<Endpoint, PortFact> {
    let mut facts: BTreeMap<Endpoint, PortFact> = ports.iter().map(|&port| (port, PortFact::default())).collect();
    let everywhere = |&port: &Endpoint| (port, probe_addresses(port, Addresses::All));
    let asked: Vec<(Endpoint, Vec<IpAddr>)> = facts.keys().map(everywhere).collect();
    if let Err(problem) = look(&asked, &mut facts, None) {
        for fact in facts.values_mut() {
            fact.unknown = Some(problem.message.clone());
        }
    }
    facts
}

/// The sockets that listen on `ports` now; if a port has a host, those that are reachable there. Processes are not
/// inspected: [`os::holds`] tells whether given processes hold the sockets.
///
/// # Errors
/// The kernel's table cannot be read.
pub(crate) fn listening(ports: &[Endpoint]) -> Result<Vec<Socket>, Diagnostic> {
    let numbers: Vec<os::Port> = ports.iter().map(|port| (port.number, port.protocol)).collect();
    let mut sockets = os::sockets(&numbers, States::Listening)?;
    sockets.retain(|socket| {
        ports.iter().any(|port| {
            let same = (socket.address.port(), socket.protocol) == (port.number, port.protocol);
            same && port.host.is_none_or(|host| answers(socket, host))
        })
    });
    Ok(sockets)
}

/// For the probes of one look at these ports.
fn table_of(ports: &[Endpoint]) -> SocketTable {
    SocketTable::of(ports.iter().map(|port| (port.number, port.protocol)))
}

fn probes(port: Endpoint, addresses: Addresses, table: &SocketTable) -> Vec<BindProbe> {
    let probe = |address| BindProbe {
        address,
        answer: probe(address, port.number, port.protocol, table),
    };
    probe_addresses(port, addresses).into_iter().map(probe).collect()
}

fn probe_addresses(port: Endpoint, addresses: Addresses) -> Vec<IpAddr> {
    match addresses {
        Addresses::Service => vec![port.host.unwrap_or(Ipv4Addr::LOCALHOST.into())],
        Addresses::All => {
            let usual: [IpAddr; 4] = [
                Ipv4Addr::UNSPECIFIED.into(),
                Ipv4Addr::LOCALHOST.into(),
                Ipv6Addr::UNSPECIFIED.into(),
                Ipv6Addr::LOCALHOST.into(),
            ];
            let others = usual.into_iter().filter(|&address| Some(address) != port.host);
            port.host.into_iter().chain(others).collect()
        }
    }
}

/// The addresses at which something blocks the port.
fn blocked_addresses(probes: &[BindProbe]) -> Vec<IpAddr> {
    probes
        .iter()
        .filter(|probe| match probe.answer {
            // A bind without permission does not show whether the port is in use.
            BindResult::Busy | BindResult::FreeIfReused | BindResult::Denied => true,
            BindResult::Free | BindResult::NoAddress | BindResult::Excluded | BindResult::Failed(_) => false,
        })
        .map(|probe| probe.address)
        .collect()
}

/// Fills in owners, and sockets without a visible owner.
///
/// Processes may start and exit between the bind, the read of the table and the read of the descriptors: for example a
/// fork before its exec, or a server that exits. What remains unexplained is therefore checked a second time.
fn explain(mut busy: Vec<(Endpoint, Vec<IpAddr>)>, facts: &mut BTreeMap<Endpoint, PortFact>) -> Result<(), Diagnostic> {
    let judge = Judge::default();
    for is_last in [false, true] {
        look(&busy, facts, Some(&judge))?;
        busy.retain_mut(|(port, blocked)| {
            let Some(fact) = facts.get_mut(port).filter(|fact| is_unexplained(fact)) else {
                return false;
            };
            *blocked = probe_again(*port, fact, is_last);
            fact.visibility_limit = if is_last { os::visibility_limit() } else { None };
            !blocked.is_empty()
        });
        if busy.is_empty() {
            break;
        }
    }
    roles::ask_around(facts);
    Ok(())
}

fn look(
    busy: &[(Endpoint, Vec<IpAddr>)],
    facts: &mut BTreeMap<Endpoint, PortFact>,
    judge: Option<&Judge>,
) -> Result<(), Diagnostic> {
    let numbers: Vec<os::Port> = busy.iter().map(|(port, _)| (port.number, port.protocol)).collect();
    let table = os::sockets(&numbers, States::All)?;
    fill(busy, &table, facts, judge)
}

/// Fills in the owners that block each port in `facts` at these addresses, from the kernel's `table`.
fn fill(
    busy: &[(Endpoint, Vec<IpAddr>)],
    table: &[Socket],
    facts: &mut BTreeMap<Endpoint, PortFact>,
    judge: Option<&Judge>,
) -> Result<(), Diagnostic> {
    let conflicts: Vec<BlockingSockets> = busy
        .iter()
        .map(|(port, blocked)| conflict((port.number, port.protocol), blocked, table))
        .collect();

    let inodes: Vec<u64> = conflicts.iter().flat_map(BlockingSockets::inodes).collect();
    let mut holders = os::holders(&inodes)?;
    let pids = conflicts
        .iter()
        .flat_map(|conflict| &conflict.in_the_way)
        .flat_map(|socket| holders.get(&socket.inode).into_iter().flatten().copied());
    let people = describe(pids);
    // A zombie has closed its sockets, and a process that has exited meanwhile holds none.
    for socket in conflicts.iter().flat_map(|conflict| &conflict.in_the_way) {
        if let Some(pids) = holders.get_mut(&socket.inode) {
            pids.retain(|pid| {
                people
                    .get(pid)
                    .is_some_and(|one| one.info.state != ProcessState::Zombie)
            });
        }
    }

    let mut names = BTreeMap::new();
    for ((port, _), conflict) in busy.iter().zip(&conflicts) {
        if let Some(fact) = facts.get_mut(port) {
            fact.owners = owners(port, conflict, &holders, &people, &mut names, judge);
            fact.unowned = unowned(conflict, &holders);
            settle_denied(fact, conflict);
        }
    }
    Ok(())
}

/// The TCP addresses at which any of `pids` listens, on any port.
///
/// # Errors
/// The kernel's table or `/proc` cannot be read.
pub(crate) fn addresses_of(pids: &[u32]) -> Result<Vec<SocketAddr>, Diagnostic> {
    let sockets = os::listeners()?;
    let inodes: Vec<u64> = sockets.iter().map(|socket| socket.inode).collect();
    let held = os::holds(pids, &inodes)?;
    let held = sockets.iter().filter(|socket| held.contains_key(&socket.inode));
    Ok(held.map(|socket| socket.address).collect())
}

/// Whether any of `pids` holds this socket.
///
/// # Errors
/// Their descriptors cannot be read.
pub(crate) fn holds(pids: &[u32], inode: u64) -> Result<bool, Diagnostic> {
    Ok(!os::holds(pids, &[inode])?.is_empty())
}

/// Decides from the kernel's table whether addresses that we may not bind are in use.
fn settle_denied(fact: &mut PortFact, conflict: &BlockingSockets) {
    for probe in &mut fact.probes {
        if probe.answer == BindResult::Denied && conflict.is_held(probe.address) {
            probe.answer = BindResult::Busy;
        }
    }
    // Without a probe, availability was not checked.
    if !fact.probes.is_empty() && !is_taken(fact) {
        fact.owners.clear();
        fact.unowned.clear();
    }
}

fn is_taken(fact: &PortFact) -> bool {
    let mut answers = fact.probes.iter().map(|probe| probe.answer);
    answers.any(|answer| matches!(answer, BindResult::Busy | BindResult::FreeIfReused))
}

/// Whether an owner must exist that was not found.
fn is_unexplained(fact: &PortFact) -> bool {
    if !is_taken(fact) {
        return false;
    }
    let waits = |one: &UnownedSocket| matches!(one.state, SocketState::TimeWait { .. });
    (fact.owners.is_empty() && fact.unowned.is_empty()) || !fact.unowned.iter().all(waits)
}

/// The addresses that are still blocked. The last attempt replaces the probes only if nothing is blocked any more.
fn probe_again(port: Endpoint, fact: &mut PortFact, is_last: bool) -> Vec<IpAddr> {
    let table = table_of(&[port]);
    let again = |one: &BindProbe| BindProbe {
        answer: probe(one.address, port.number, port.protocol, &table),
        ..*one
    };
    let probes: Vec<BindProbe> = fact.probes.iter().map(again).collect();
    let blocked = blocked_addresses(&probes);
    if !is_last || blocked.is_empty() {
        fact.probes = probes;
    }
    if blocked.is_empty() {
        fact.owners.clear();
        fact.unowned.clear();
    }
    blocked
}

#[cfg(test)]
mod tests;

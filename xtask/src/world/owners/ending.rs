//! What ending an owner needs from the look-up: who is protected, who belongs together, who holds the port now.

use std::collections::BTreeMap;

use super::details::{Described, describe};
use super::{Addresses, listening, look_up, probes};
use crate::error::Problem;
use crate::preflight::protected::{Ancestry, Details, protection};
use crate::preflight::targets::{Target, Targets, targets as chosen};
use crate::preflight::{Answer, HoldsBy, Identity, Owner, Parent, PortRef, Process};
use crate::world::os;
use crate::world::stop::Holder;

/// Whom to end so that none of `holders` keeps its port. One that has ended is left out, whoever has its pid now.
///
/// # Errors
/// The process table cannot be read.
pub(crate) fn targets(holders: &[Identity]) -> Result<Targets, Problem> {
    let table = os::processes()?;
    let living = table.iter().filter(|process| holders.contains(&process.identity));
    let holders: Vec<u32> = living.map(|process| process.identity.pid).collect();
    Ok(chosen(
        &table,
        &holders,
        &details,
        &Ancestry::of(std::process::id(), unit_of_ours(), &table),
    ))
}

/// Can the port be bound at these addresses, as far as this machine has them?
pub(crate) fn is_free(port: &PortRef, addresses: Addresses) -> bool {
    let is_free = |answer: Answer| match (answer, addresses) {
        (Answer::Free | Answer::FreeIfReused, _) => true,
        // A machine without IPv6 lacks two of them.
        (Answer::NoAddress, Addresses::All) => true,
        // Only the table tells those who may not bind it.
        (Answer::Denied, Addresses::All) => listening(&[*port]).is_ok_and(|sockets| sockets.is_empty()),
        (Answer::NoAddress | Answer::Denied, Addresses::Service) | (Answer::Busy | Answer::Failed(_), _) => false,
    };
    probes(*port, addresses).into_iter().all(|probe| is_free(probe.answer))
}

/// Who listens on the port or is bound to it, at these addresses.
pub(crate) fn holders(port: &PortRef, addresses: Addresses) -> Vec<Owner> {
    let fact = look_up(&[*port], addresses).remove(port).unwrap_or_default();
    fact.owners
        .into_iter()
        .filter(|owner| owner.holds_by != HoldsBy::Connection)
        .collect()
}

/// The first of them, with whoever started it.
pub(crate) fn holder(port: &PortRef, addresses: Addresses) -> Option<Holder> {
    let owner = holders(port, addresses).into_iter().next()?;
    let process = Parent {
        pid: owner.identity.pid,
        name: owner.name,
    };
    let parent = owner.parents.first().filter(|parent| parent.pid != 1);
    let parent = parent.and_then(|parent| os::process(parent.pid));
    Some(Holder {
        process,
        parent: parent.map(|parent| Target {
            identity: parent.identity,
            name: parent.name,
            user: None,
        }),
    })
}

/// Fills in why owners are never signalled. Reads as little as it can: every look-up ends here.
pub(super) fn protect(owners: &mut [&mut Owner], people: &BTreeMap<u32, Described>) {
    let ours = Ancestry::of(std::process::id(), unit_of_ours(), &our_line());
    let container = container_of_ours();
    for owner in owners {
        let described = people.get(&owner.identity.pid);
        owner.protected = described
            .and_then(|described| protection(&described.process, &details_of(described, container.as_deref()), &ours));
    }
}

/// This process and all above it.
fn our_line() -> Vec<Process> {
    let mut line: Vec<Process> = Vec::new();
    let mut next = std::process::id();
    // A pid that is used again could close a circle.
    while line.iter().all(|process| process.identity.pid != next)
        && let Some(process) = os::process(next)
    {
        next = process.parent;
        line.push(process);
    }
    line
}

fn details(pid: u32) -> Details {
    let described = describe([pid]).remove(&pid);
    described
        .map(|described| details_of(&described, container_of_ours().as_deref()))
        .unwrap_or_default()
}

fn details_of(described: &Described, our_container: Option<&str>) -> Details {
    let owner = &described.owner;
    let container = os::cgroup(owner.identity.pid).and_then(|cgroup| cgroup.container);
    Details {
        exe: described.exe.clone(),
        command: owner.command.clone(),
        user: owner.user.clone(),
        unit: owner.unit.clone(),
        container: container.filter(|container| Some(container.as_str()) != our_container),
    }
}

fn container_of_ours() -> Option<String> {
    os::cgroup(std::process::id()).and_then(|cgroup| cgroup.container)
}

fn unit_of_ours() -> Option<String> {
    os::cgroup(std::process::id()).and_then(|cgroup| cgroup.unit)
}

//! What ending an owner needs from the look-up: who is protected, who belongs together, who holds the port now.

use super::details::describe;
use super::{Addresses, look_up};
use crate::error::Problem;
use crate::preflight::protected::{Ancestry, Details, protection};
use crate::preflight::targets::{Targets, targets as chosen};
use crate::preflight::{Answer, HoldsBy, Identity, Owner, Parent, PortRef};
use crate::world::os;
use crate::world::probe::probe;
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

/// Can the port be bound where its service would bind it?
pub(crate) fn is_free(port: &PortRef) -> bool {
    let address = port.host.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    matches!(
        probe(address, port.number, port.protocol),
        Answer::Free | Answer::FreeIfReused
    )
}

/// Who listens on the port or is bound to it.
pub(crate) fn holders(port: &PortRef) -> Vec<Owner> {
    let fact = look_up(&[*port], Addresses::Service).remove(port).unwrap_or_default();
    fact.owners
        .into_iter()
        .filter(|owner| owner.holds_by != HoldsBy::Connection)
        .collect()
}

/// The first of them, with whoever started it.
pub(crate) fn holder(port: &PortRef) -> Option<Holder> {
    let owner = holders(port).into_iter().next()?;
    let process = Parent {
        pid: owner.identity.pid,
        name: owner.name,
    };
    Some(Holder {
        process,
        parent: owner.parents.into_iter().next().filter(|parent| parent.pid != 1),
    })
}

/// Fills in why owners are never signalled.
pub(super) fn protect(owners: &mut [&mut Owner]) {
    // Without the table our ancestors are not known, and everybody might be one.
    let table = os::processes();
    for owner in owners {
        owner.protected = match &table {
            Ok(table) => {
                let ours = Ancestry::of(std::process::id(), unit_of_ours(), table);
                let row = table.iter().find(|process| process.identity == owner.identity);
                row.and_then(|process| protection(process, &details(owner.identity.pid), &ours))
            }
            Err(problem) => Some(problem.message.clone()),
        };
    }
}

fn details(pid: u32) -> Details {
    let container = os::cgroup(pid).and_then(|cgroup| cgroup.container);
    let ours = os::cgroup(std::process::id()).and_then(|cgroup| cgroup.container);
    let described = describe([pid]).remove(&pid);
    Details {
        exe: described.as_ref().and_then(|it| it.exe.clone()),
        command: described
            .as_ref()
            .map(|it| it.owner.command.clone())
            .unwrap_or_default(),
        user: described.as_ref().and_then(|it| it.owner.user.clone()),
        unit: described.and_then(|it| it.owner.unit),
        container: container.filter(|container| Some(container) != ours.as_ref()),
    }
}

fn unit_of_ours() -> Option<String> {
    os::cgroup(std::process::id()).and_then(|cgroup| cgroup.unit)
}

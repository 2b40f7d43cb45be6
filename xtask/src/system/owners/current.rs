//! Look-ups for stopping an owner: the processes to stop, and the current holder of the port.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::roles::{details, unit_of_ours};
use super::{Addresses, listening, look_up, probes, table_of};
use crate::diagnostic::Diagnostic;
use crate::ports::{BindResult, Endpoint, Owner, SocketState};
use crate::process::targets::{Target, Targets, targets as chosen};
use crate::process::{Ancestry, Details};
use crate::process::{Identity, ProcessRef};
use crate::system::os;
use crate::system::stop::PortHolder;

/// The processes to stop so that none of `holders` keeps its port. Exited holders are skipped.
///
/// # Errors
/// The process table cannot be read.
pub(crate) fn targets(holders: &[Identity]) -> Result<Targets, Diagnostic> {
    let table = os::processes()?;
    let living = table.iter().filter(|process| holders.contains(&process.identity));
    let holders: Vec<u32> = living.map(|process| process.identity.pid).collect();
    let ours = Ancestry::of(std::process::id(), unit_of_ours(), &table);
    // All decisions use a single look at each process.
    let known = RefCell::new(BTreeMap::new());
    let details = |pid: u32| -> Details {
        let mut known = known.borrow_mut();
        known.entry(pid).or_insert_with(|| details(pid, &ours)).clone()
    };
    Ok(chosen(&table, &holders, &details, &ours))
}

/// Whether the port can be bound at these addresses, as far as this machine has them.
pub(crate) fn is_free(port: &Endpoint, addresses: Addresses) -> bool {
    let is_free = |answer: BindResult| match (answer, addresses) {
        (BindResult::Free | BindResult::FreeIfReused, _) => true,
        // A machine without IPv6 lacks two of the addresses.
        (BindResult::NoAddress, Addresses::All) => true,
        // If we may not bind the port, only the table shows whether it is free.
        (BindResult::Denied, Addresses::All) => listening(&[*port]).is_ok_and(|sockets| sockets.is_empty()),
        (BindResult::NoAddress | BindResult::Denied, Addresses::Service)
        | (BindResult::Busy | BindResult::Excluded | BindResult::Failed(_), _) => false,
    };
    let probes = probes(*port, addresses, &table_of(&[*port]));
    probes.into_iter().all(|probe| is_free(probe.answer))
}

/// The processes that listen on the port or are bound to it at these addresses.
pub(crate) fn holders(port: &Endpoint, addresses: Addresses) -> Vec<Owner> {
    let fact = look_up(&[*port], addresses).remove(port).unwrap_or_default();
    fact.owners
        .into_iter()
        .filter(|owner| owner.holds_by != SocketState::Connection)
        .collect()
}

/// The first such process, and its parent.
pub(crate) fn holder(port: &Endpoint, addresses: Addresses) -> Option<PortHolder> {
    let owner = holders(port, addresses).into_iter().next()?;
    let process = ProcessRef {
        pid: owner.process.identity.pid,
        name: owner.process.name,
    };
    let parent = owner.process.parents.first().filter(|parent| parent.pid != 1);
    let parent = parent.and_then(|parent| os::process(parent.pid).ok().flatten());
    Some(PortHolder {
        process,
        parent: parent.map(|parent| Target {
            identity: parent.identity,
            name: parent.name,
            user: None,
        }),
        tag: owner.process.tag,
    })
}

//! Finding a free port, and which ports are in use.

use std::collections::BTreeSet;

use super::{Addresses, look_up, probes, table_of};
use crate::config::Protocol;
use crate::ports::{BindProbe, BindResult, Endpoint, SocketState, UnownedSocket};
use crate::system::os::{self, States};
use crate::system::probe::SocketTable;

/// The first port from `near` on that can be bound at every address over TCP and UDP. Ephemeral ports come last,
/// because the kernel may assign them to any connection. Without `near`, different processes start at different ports.
pub(crate) fn find_free_port(near: Option<u16>) -> Option<u16> {
    let ephemeral = os::ephemeral_ports();
    let is_ephemeral = |number: &u16| ephemeral.contains(number);
    let from = near.unwrap_or_else(start_port);
    let (later, first): (Vec<u16>, Vec<u16>) = (from..=u16::MAX).partition(is_ephemeral);
    first.into_iter().chain(later).find(|number| is_free(*number))
}

/// Derived from our pid, so that two concurrent calls start at different ports.
fn start_port() -> u16 {
    const FIRST: u32 = 10_000;
    const N: u32 = 20_000;
    let place = std::process::id().wrapping_mul(7919) % N;
    u16::try_from(FIRST + place).expect("it is below 30,000")
}

fn is_free(number: u16) -> bool {
    let port = |protocol| Endpoint {
        number,
        host: None,
        protocol,
    };
    let both = [Protocol::Tcp, Protocol::Udp].map(port);
    let table = table_of(&both);
    both.into_iter().all(|it| can_be_had(it, &table))
}

/// Those of `ports` that are in the kernel's table; all of them if it cannot be read.
pub(crate) fn bound(ports: &[Endpoint]) -> Vec<Endpoint> {
    let numbers: Vec<os::Port> = ports.iter().map(|port| (port.number, port.protocol)).collect();
    let Ok(table) = os::sockets(&numbers, States::All) else {
        return ports.to_vec();
    };
    let stand_there: BTreeSet<os::Port> = table.iter().map(|it| (it.address.port(), it.protocol)).collect();
    let is_there = |port: &&Endpoint| stand_there.contains(&(port.number, port.protocol));
    ports.iter().filter(is_there).copied().collect()
}

/// Like [`can_be_had`], but for a service that sets `SO_REUSEADDR`, as nearly all servers do. TIME_WAIT connections do
/// not count, as for a declared port.
pub(crate) fn can_be_served(port: Endpoint) -> bool {
    let has = |probes: &[BindProbe], answer: BindResult| probes.iter().any(|probe| probe.answer == answer);
    let is_good = |probe: &BindProbe| {
        matches!(
            probe.answer,
            BindResult::Free | BindResult::FreeIfReused | BindResult::NoAddress
        )
    };
    let probes = probes(port, Addresses::All, &table_of(&[port]));
    if !probes.iter().all(is_good) || !has(&probes, BindResult::FreeIfReused) {
        return probes.iter().all(is_good) && has(&probes, BindResult::Free);
    }
    let facts = look_up(&[port], Addresses::All);
    let is_over = |socket: &UnownedSocket| matches!(socket.state, SocketState::TimeWait { .. });
    facts.values().all(|fact| {
        let is_known = fact.unknown.is_none() && fact.probes.iter().all(is_good);
        is_known && fact.owners.is_empty() && fact.unowned.iter().all(is_over)
    })
}

/// Whether the port can be bound at its host, both wildcards and both loopback addresses.
fn can_be_had(port: Endpoint, table: &SocketTable) -> bool {
    // A port with TIME_WAIT connections is not offered: some servers could not bind it.
    let is_good = |answer| matches!(answer, BindResult::Free | BindResult::NoAddress);
    let probes = probes(port, Addresses::All, table);
    probes.iter().all(|probe| is_good(probe.answer)) && probes.iter().any(|probe| probe.answer == BindResult::Free)
}

//! The owner look-up as `benches/owners.rs` calls it; nothing else does.

use std::collections::BTreeMap;

use crate::plan::Protocol;
use crate::ports::{Endpoint, PortFact};
use crate::system::owners::{Addresses, look_up};

/// Looks these TCP ports up at 127.0.0.1: how many owners and clients they have.
pub fn owners(ports: &[u16]) -> (usize, usize) {
    let facts = facts(ports);
    let owners = facts.values().flat_map(|fact| &fact.owners);
    let clients = owners.clone().map(|owner| owner.clients.len()).sum();
    (owners.count(), clients)
}

fn facts(ports: &[u16]) -> BTreeMap<Endpoint, PortFact> {
    let port = |&number: &u16| Endpoint {
        number,
        host: None,
        protocol: Protocol::Tcp,
    };
    look_up(&ports.iter().map(port).collect::<Vec<_>>(), Addresses::Service)
}

//! Clients of a service that no longer listens: most servers close that socket first and then wait for connections.

use super::conflict::clients;
use crate::ports::Endpoint;
use crate::process::ProcessRef;
use crate::system::os::{self, States};

/// Processes connected to one of `ports`, except the service's `own`; empty if the system cannot be queried.
pub(crate) fn clients_of(ports: &[Endpoint], own: &[u32]) -> Vec<ProcessRef> {
    let numbers: Vec<os::Port> = ports.iter().map(|port| (port.number, port.protocol)).collect();
    let table = os::sockets(&numbers, States::All).unwrap_or_default();
    let sockets = numbers.iter().flat_map(|port| clients(*port, &table));
    let inodes: Vec<u64> = sockets.map(|socket| socket.inode).collect();
    if inodes.is_empty() {
        return Vec::new();
    }
    let holders = os::holders(&inodes).unwrap_or_default();
    let mut pids: Vec<u32> = holders
        .into_values()
        .flatten()
        .filter(|pid| !own.contains(pid))
        .collect();
    pids.sort_unstable();
    pids.dedup();
    let named = |pid| {
        let process = os::process(pid).ok().flatten()?;
        Some(ProcessRef {
            pid,
            name: process.name,
        })
    };
    pids.into_iter().filter_map(named).collect()
}

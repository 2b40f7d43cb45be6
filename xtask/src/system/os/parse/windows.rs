//! Rows of the tables of `GetExtendedTcpTable` and `GetExtendedUdpTable`, and what follows from rows of the process table.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::sockets::{Socket, SocketState};
use crate::plan::Protocol;
use crate::process::Process;

/// Which table the bytes are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) protocol: Protocol,
    pub(crate) is_v6: bool,
}

/// The bytes of a table → its sockets with the pid of each owner; 0 if it has none. `uid` is noted as the user of each:
/// the table names none.
///
/// Whether an IPv6 socket excludes IPv4 is not in the table.
///
/// Source: learn.microsoft.com, `MIB_TCPTABLE_OWNER_PID`, `MIB_TCP6TABLE_OWNER_PID`, `MIB_UDPTABLE_OWNER_PID` and
/// `MIB_UDP6TABLE_OWNER_PID`: the number of rows, then the rows. Addresses and ports are in network byte order, a port in
/// the first two bytes of its field.
pub(crate) fn sockets(bytes: &[u8], table: Table, uid: u32) -> Vec<(Socket, u32)> {
    const TIME_WAIT_AT_MOST: Duration = Duration::from_secs(120);
    let layout = match (table.protocol, table.is_v6) {
        (Protocol::Tcp, false) => Layout::TCP4,
        (Protocol::Tcp, true) => Layout::TCP6,
        (Protocol::Udp, false) => Layout::UDP4,
        (Protocol::Udp, true) => Layout::UDP6,
    };
    let n_rows = bytes.first_chunk().map_or(0, |count| u32::from_le_bytes(*count));
    let rows = bytes.get(4..).unwrap_or_default().chunks_exact(layout.length);
    let socket = |row: &[u8]| {
        let address = |(ip, port): (usize, usize)| SocketAddr::new(ip_at(row, ip, table.is_v6), port_at(row, port));
        let remote = layout.remote.map(address).filter(|remote| remote.port() != 0);
        let local = address(layout.local);
        let state = match layout.state.map(|at| number_at(row, at)) {
            None => SocketState::Listening,
            Some(LISTEN) => SocketState::Listening,
            // How much of it is left is not in the table. Source: `TcpTimedWaitDelay`, by default two minutes.
            Some(TIME_WAIT) => SocketState::TimeWait {
                left: TIME_WAIT_AT_MOST,
            },
            Some(_) if remote.is_none() => SocketState::Bound,
            Some(_) => SocketState::Connection,
        };
        let is_listening = state == SocketState::Listening;
        let remote = remote.filter(|_| !is_listening);
        let socket = Socket {
            protocol: table.protocol,
            address: local,
            remote,
            state,
            inode: Socket::id_of(table.protocol, local, remote),
            uid,
            only_v6: None,
        };
        (socket, number_at(row, layout.owner))
    };
    rows.take(n_rows as usize).map(socket).collect()
}

/// Source: learn.microsoft.com, `MIB_TCP_STATE`.
const LISTEN: u32 = 2;
const TIME_WAIT: u32 = 11;

/// Where the fields of a row are, in bytes.
struct Layout {
    length: usize,
    state: Option<usize>,
    /// Address and port.
    local: (usize, usize),
    remote: Option<(usize, usize)>,
    owner: usize,
}

impl Layout {
    const TCP4: Layout = Layout {
        length: 24,
        state: Some(0),
        local: (4, 8),
        remote: Some((12, 16)),
        owner: 20,
    };
    const TCP6: Layout = Layout {
        length: 56,
        state: Some(48),
        local: (0, 20),
        remote: Some((24, 44)),
        owner: 52,
    };
    const UDP4: Layout = Layout {
        length: 12,
        state: None,
        local: (0, 4),
        remote: None,
        owner: 8,
    };
    const UDP6: Layout = Layout {
        length: 28,
        state: None,
        local: (0, 20),
        remote: None,
        owner: 24,
    };
}

fn ip_at(row: &[u8], at: usize, is_v6: bool) -> IpAddr {
    let field = row.get(at..).unwrap_or_default();
    match is_v6 {
        true => field
            .first_chunk::<16>()
            .map_or(Ipv6Addr::UNSPECIFIED.into(), |ip| Ipv6Addr::from(*ip).to_canonical()),
        false => field
            .first_chunk::<4>()
            .map_or(Ipv4Addr::UNSPECIFIED.into(), |ip| Ipv4Addr::from(*ip).into()),
    }
}

fn port_at(row: &[u8], at: usize) -> u16 {
    row.get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |port| u16::from_be_bytes(*port))
}

fn number_at(row: &[u8], at: usize) -> u32 {
    row.get(at..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |number| u32::from_le_bytes(*number))
}

/// All descendants of `pid`, nearest first.
pub(crate) fn below(pid: u32, table: &[Process]) -> Vec<u32> {
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        next += 1;
        for process in table.iter().filter(|process| process.parent == parent && parent != 0) {
            if !tree.contains(&process.identity.pid) {
                tree.push(process.identity.pid);
            }
        }
    }
    tree.remove(0);
    tree
}

/// Windows notes the pid of the process that started another one and never changes it, so the number may be another
/// process's by now. Such a parent started later than its child; it is replaced by 0. A start time of 0 is unknown.
///
/// Source: learn.microsoft.com, `PROCESSENTRY32W`, `th32ParentProcessID`; Raymond Chen, "The Old New Thing", 2015-04-03.
pub(crate) fn without_reused_parents(table: &mut [Process]) {
    let starts: BTreeMap<u32, u64> = table.iter().map(|it| (it.identity.pid, it.identity.start)).collect();
    for process in table {
        let parent = starts.get(&process.parent);
        if process.parent == process.identity.pid || parent.is_none_or(|parent| *parent > process.identity.start) {
            process.parent = 0;
        }
    }
}

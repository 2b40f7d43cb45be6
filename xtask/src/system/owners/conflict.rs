//! Which rows of the kernel's table explain that an address cannot be bound. Values in, values out.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::plan::Protocol;
use crate::ports::SocketState;
use crate::system::os::{Port, Socket};

/// What stands between somebody and a port.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BlockingSockets<'table> {
    /// Whoever holds these has the port.
    pub(crate) in_the_way: Vec<&'table Socket>,
    /// Same number and protocol, listening or bound at an address that was not asked for.
    pub(crate) elsewhere: Vec<&'table Socket>,
    /// The other ends, on this machine, of connections to those that listen.
    pub(crate) clients: Vec<&'table Socket>,
}

/// What is in the way of binding `port` at the `blocked` addresses.
///
/// Those that listen or are bound explain it; only if there are none do connections and TIME_WAIT, which a listener may
/// have by the thousand.
pub(crate) fn conflict<'table>(port: Port, blocked: &[IpAddr], table: &'table [Socket]) -> BlockingSockets<'table> {
    let at_port = || {
        table
            .iter()
            .filter(move |socket| (socket.address.port(), socket.protocol) == port)
    };
    let blocks = |socket: &Socket| blocked.iter().any(|&address| covers(socket, address));
    let (mut in_the_way, elsewhere): (Vec<_>, Vec<_>) = at_port()
        .filter(|socket| socket.state.is_exclusive())
        .partition(|socket| blocks(socket));
    if in_the_way.is_empty() {
        in_the_way = at_port()
            .filter(|socket| !socket.state.is_exclusive() && blocks(socket))
            .collect();
    }
    let listened = in_the_way.iter().any(|socket| socket.state == SocketState::Listening);
    BlockingSockets {
        in_the_way,
        elsewhere,
        clients: if listened { clients(port, table) } else { Vec::new() },
    }
}

impl BlockingSockets<'_> {
    /// Of all sockets whose holders matter; 0 is none's.
    pub(crate) fn inodes(&self) -> impl Iterator<Item = u64> {
        let sockets = self.in_the_way.iter().chain(&self.elsewhere).chain(&self.clients);
        sockets.map(|socket| socket.inode)
    }

    /// Whether somebody listens or is bound at `address`.
    pub(crate) fn is_held(&self, address: IpAddr) -> bool {
        let mut held = self.in_the_way.iter().filter(|socket| socket.state.is_exclusive());
        held.any(|socket| covers(socket, address))
    }

    /// Whether `client` talks to a listening socket that is one's `own`.
    pub(crate) fn is_client_of(&self, client: &Socket, own: impl Fn(&Socket) -> bool) -> bool {
        let Some(server) = client.remote else {
            return false;
        };
        let mut sockets = self.in_the_way.iter().chain(&self.elsewhere);
        sockets.any(|socket| socket.state == SocketState::Listening && own(socket) && answers(socket, server.ip()))
    }
}

/// How a process that has this socket holds the port; `None` for what no process can have.
pub(crate) fn holds_by(socket: &Socket) -> Option<SocketState> {
    match socket.state {
        SocketState::Listening => Some(SocketState::Listening),
        SocketState::Bound => Some(SocketState::Bound),
        SocketState::Connection => Some(SocketState::Connection),
        SocketState::TimeWait { .. } => None,
    }
}

/// Whether a bind to `asked` runs into `socket`: the same address, or either is its family's wildcard. `::` stands for
/// IPv4 too, unless the socket keeps to IPv6; we ask for `::` together with IPv4.
///
/// Source: all pairs of six addresses were tried on Linux 6.18; the rule is `inet_rcv_saddr_equal` in
/// net/ipv4/inet_connection_sock.c.
pub(crate) fn covers(socket: &Socket, asked: IpAddr) -> bool {
    let all_of_its_family = asked.is_unspecified() && (asked.is_ipv6() || socket.address.is_ipv4());
    all_of_its_family || answers(socket, asked)
}

/// Whether somebody who connects to `address` reaches `socket`, which listens.
pub(crate) fn answers(socket: &Socket, address: IpAddr) -> bool {
    let held = socket.address.ip();
    match (held, address) {
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => held == address || held.is_unspecified(),
        // Where the system does not say, most servers share.
        (IpAddr::V6(_), IpAddr::V4(_)) => held.is_unspecified() && socket.only_v6 != Some(true),
        (IpAddr::V4(_), IpAddr::V6(_)) => false,
    }
}

/// Ends of connections whose other end stands at `port` in the same table: somebody who talks to that number on another
/// machine is no client of ours. UDP knows no such pairs.
pub(super) fn clients(port: Port, table: &[Socket]) -> Vec<&Socket> {
    if port.1 == Protocol::Udp {
        return Vec::new();
    }
    let connected = || table.iter().filter(|socket| socket.state == SocketState::Connection);
    let served: BTreeSet<(SocketAddr, SocketAddr)> = connected()
        .filter(|socket| (socket.address.port(), socket.protocol) == port)
        .filter_map(|socket| Some((socket.remote?, socket.address)))
        .collect();
    connected()
        .filter(|socket| socket.protocol == port.1)
        .filter(|socket| {
            socket
                .remote
                .is_some_and(|remote| served.contains(&(socket.address, remote)))
        })
        .collect()
}

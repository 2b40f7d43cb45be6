//! What both sources of sockets have in common.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::plan::Protocol;
use crate::system::os::parse::sockets::{Socket, SocketState};

/// A socket as in the kernel: ports and addresses in network byte order.
pub(super) struct RawSocket<'a> {
    pub(super) protocol: Protocol,
    pub(super) local_port: [u8; 2],
    pub(super) remote_port: [u8; 2],
    /// `INP_IPV4` and `INP_IPV6`; both for a socket that accepts both.
    pub(super) versions: u8,
    /// An IPv4 address is in the last four bytes.
    pub(super) local: &'a [u8; 16],
    pub(super) remote: &'a [u8; 16],
    /// The state of TCP; `None` for UDP.
    pub(super) state: Option<u32>,
    pub(super) uid: u32,
}

impl RawSocket<'_> {
    /// `None` if it has no local port, or is none of the internet.
    ///
    /// Source: bsd/netinet/in_pcb.h, `INP_IPV4`, `INP_IPV6`, `struct in_addr_4in6`; bsd/netinet6/in6_pcb.c,
    /// `in6_pcbbind`: without `IPV6_V6ONLY`, a socket at `::` has both.
    pub(super) fn socket(&self) -> Option<Socket> {
        const IPV4: u8 = 1;
        const IPV6: u8 = 2;
        let is_v6 = self.versions & IPV6 != 0;
        let (port, remote_port) = (
            u16::from_be_bytes(self.local_port),
            u16::from_be_bytes(self.remote_port),
        );
        if port == 0 || self.versions & (IPV4 | IPV6) == 0 {
            return None;
        }
        let address = SocketAddr::new(ip(self.local, is_v6), port);
        let remote = (remote_port != 0).then(|| SocketAddr::new(ip(self.remote, is_v6), remote_port));
        Some(Socket {
            protocol: self.protocol,
            address,
            remote,
            state: state(self.state, remote.is_some()),
            inode: Socket::id_of(self.protocol, address, remote),
            uid: self.uid,
            only_v6: address.is_ipv6().then_some(self.versions & IPV4 == 0),
        })
    }
}

/// The kernel keeps the interface of a link-local address in its third and fourth byte.
///
/// Source: bsd/netinet6/scope6.c, `in6_embedscope`.
fn ip(octets: &[u8; 16], is_v6: bool) -> IpAddr {
    let [.., a, b, c, d] = *octets;
    if !is_v6 {
        return Ipv4Addr::new(a, b, c, d).into();
    }
    let mut octets = *octets;
    if octets[0] == 0xfe && octets[1] & 0xc0 == 0x80 {
        octets[2..4].fill(0);
    }
    Ipv6Addr::from(octets).to_canonical()
}

/// TIME_WAIT lasts for twice the maximum segment lifetime of 15 seconds. The table does not tell how much of it is left, so
/// it is said to be all.
///
/// Source: bsd/netinet/tcp_fsm.h; tcp_timer.h, `TCPTV_MSL`; in tcp_timer.c timers are offsets from a moment that is not in
/// the table.
fn state(tcp: Option<u32>, is_connected: bool) -> SocketState {
    const CLOSED: u32 = 0;
    const LISTEN: u32 = 1;
    const TIME_WAIT: u32 = 10;
    match tcp {
        None if is_connected => SocketState::Connection,
        None | Some(LISTEN) => SocketState::Listening,
        Some(CLOSED) if !is_connected => SocketState::Bound,
        Some(TIME_WAIT) => SocketState::TimeWait {
            left: Duration::from_secs(30),
        },
        Some(_) => SocketState::Connection,
    }
}

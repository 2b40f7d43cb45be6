//! Checks whether an address can be bound now: binds and listens as a server would, then closes at once.

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use crate::plan::Protocol;
use crate::ports::BindResult;
use crate::system::os::{self, Socket as Listener, States};
use crate::system::owners::covers;

/// The sockets at these ports, for all probes of one look: the kernel's table is read when the first probe needs it, on
/// Windows alone.
pub(crate) struct SocketTable {
    ports: Vec<os::Port>,
    sockets: OnceCell<Vec<Listener>>,
}

impl SocketTable {
    pub(crate) fn of(ports: impl IntoIterator<Item = os::Port>) -> Self {
        SocketTable {
            ports: ports.into_iter().collect(),
            sockets: OnceCell::new(),
        }
    }

    /// Whether a socket listens or is bound where it would answer at `address`. If the table cannot be read, the bind
    /// decides.
    fn holds(&self, address: IpAddr, port: u16, protocol: Protocol) -> bool {
        let read = || os::sockets(&self.ports, States::All).unwrap_or_default();
        let mut all = self.sockets.get_or_init(read).iter();
        all.any(|socket| {
            let is_there = (socket.address.port(), socket.protocol) == (port, protocol) && socket.state.is_exclusive();
            is_there && covers(socket, address)
        })
    }
}

/// The result of bind and, for TCP, listen; takes a few microseconds. `table` has the port.
///
/// `::` is probed dual-stack, as most servers bind it. A bind without `SO_REUSEADDR` is stricter, so a single attempt
/// settles the usual case; only if it is refused, a second one sets the option. Listen is needed too: two sockets with
/// `SO_REUSEADDR` may both be bound, but only one may listen.
///
/// Racy by nature: another process may bind the port right after.
///
/// On Windows a wildcard and a specific address may be bound side by side, so a bind that succeeds proves nothing, and one
/// that is forbidden may mean a range that is excluded or a port in exclusive use: the kernel's table decides.
///
/// Source: man 7 ip and man 7 socket; every case was tried on Linux 6.18. Microsoft, "Using SO_REUSEADDR and
/// SO_EXCLUSIVEADDRUSE". For macOS see `is_free_beside`.
pub(crate) fn probe(address: IpAddr, port: u16, protocol: Protocol, table: &SocketTable) -> BindResult {
    let strict = |ip| match attempt(SocketAddr::new(ip, port), protocol, Reuse::No) {
        Ok(()) => BindResult::Free,
        Err(error) => answer(&error),
    };
    let refused = match strict(address) {
        BindResult::Free if os::V6_BINDS_BESIDE_V4 && address == Ipv6Addr::UNSPECIFIED => {
            strict(Ipv4Addr::UNSPECIFIED.into())
        }
        BindResult::Free if os::BINDS_BESIDE_WILDCARD && table.holds(address, port, protocol) => BindResult::Busy,
        BindResult::Excluded if table.holds(address, port, protocol) => BindResult::Busy,
        answer => answer,
    };
    if refused != BindResult::Busy || protocol == Protocol::Udp {
        return refused;
    }
    let binds = |ip| attempt(SocketAddr::new(ip, port), protocol, Reuse::Yes).is_ok();
    let listeners = || os::sockets(&[(port, protocol)], States::Listening).ok();
    let is_free = match (os::REUSE_SHOWS_LISTENERS, os::REUSE_SHOWS_SAME_ADDRESS) {
        (true, _) => binds(address),
        (false, true) => is_free_beside(address, &binds, &listeners),
        (false, false) => false,
    };
    if is_free { BindResult::FreeIfReused } else { refused }
}

/// Whether no process listens where it would answer at `address`, if `binds`, which sets `SO_REUSEADDR`, succeeds beside
/// listeners at other addresses, as on macOS. The listeners must be known: without them nothing is called free.
///
/// Source: bsd/netinet/in_pcb.c, `in_pcbbind`, and bsd/netinet6/in6_pcb.c, `in6_pcbbind`, of XNU. Without the option, every
/// socket whose addresses overlap is in the way, except for one at `0.0.0.0` if `::` is bound. With it, only one without a
/// remote end at the same address is, and for other users than root every socket of another user.
fn is_free_beside(
    address: IpAddr,
    binds: &dyn Fn(IpAddr) -> bool,
    listeners: &dyn Fn() -> Option<Vec<Listener>>,
) -> bool {
    let beside: &[IpAddr] = match address {
        IpAddr::V4(v4) if v4.is_unspecified() => &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
        IpAddr::V6(v6) if v6.is_unspecified() => &[
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ],
        IpAddr::V4(_) => &[IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
        IpAddr::V6(_) => &[IpAddr::V6(Ipv6Addr::UNSPECIFIED)],
    };
    binds(address)
        && beside.iter().all(|&ip| binds(ip))
        && listeners().is_some_and(|all| !all.iter().any(|one| covers(one, address)))
}

/// Whether to set `SO_REUSEADDR`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    No,
    Yes,
}

/// Binds and listens once; the socket is closed on return.
fn attempt(address: SocketAddr, protocol: Protocol, reuse: Reuse) -> Result<(), Error> {
    let socket = bind(address, protocol, reuse)?;
    match protocol {
        Protocol::Tcp => socket.listen(1),
        Protocol::Udp => Ok(()),
    }
}

/// Binds as most servers do. The socket is created close-on-exec (socket2's `Socket::new`).
pub(crate) fn bind(address: SocketAddr, protocol: Protocol, reuse: Reuse) -> Result<Socket, Error> {
    let kind = match protocol {
        Protocol::Tcp => Type::STREAM,
        Protocol::Udp => Type::DGRAM,
    };
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    os::set_reuse(&socket, reuse == Reuse::Yes)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn answer(error: &Error) -> BindResult {
    match (error.kind(), error.raw_os_error()) {
        (ErrorKind::AddrInUse, _) => BindResult::Busy,
        (ErrorKind::PermissionDenied, _) if os::HAS_EXCLUDED_PORTS => BindResult::Excluded,
        (ErrorKind::PermissionDenied, _) => BindResult::Denied,
        (ErrorKind::AddrNotAvailable, _) => BindResult::NoAddress,
        (_, Some(os::NO_SUCH_FAMILY)) => BindResult::NoAddress,
        (_, code) => BindResult::Failed(code.unwrap_or(0)),
    }
}

//! Checks whether an address can be bound now: binds and listens as a server would, then closes at once.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Socket, Type};

use crate::plan::Protocol;
use crate::ports::BindResult;
use crate::system::os::{self, States};
use crate::system::owners::covers;

/// The result of bind and, for TCP, listen; takes a few microseconds.
///
/// `::` is probed dual-stack, as most servers bind it. A bind without `SO_REUSEADDR` is stricter, so a single attempt
/// settles the usual case; only if it is refused, a second one sets the option. Listen is needed too: two sockets with
/// `SO_REUSEADDR` may both be bound, but only one may listen.
///
/// Racy by nature: another process may bind the port right after.
///
/// Where a wildcard and a specific address may be bound side by side, success at the specific one proves nothing, so the
/// kernel's table is asked too; and so it is if a bind is forbidden, which may mean a range that is excluded or a port in
/// exclusive use.
///
/// Source: man 7 ip and man 7 socket; every case was tried on Linux 6.18. Microsoft, "Using SO_REUSEADDR and
/// SO_EXCLUSIVEADDRUSE".
pub(crate) fn probe(address: IpAddr, port: u16, protocol: Protocol) -> BindResult {
    let address = SocketAddr::new(address, port);
    let refused = match attempt(address, protocol, Reuse::No) {
        Ok(()) if os::BINDS_BESIDE_WILDCARD && !address.ip().is_unspecified() && is_held(address, protocol) => {
            return BindResult::Busy;
        }
        Ok(()) => return BindResult::Free,
        Err(error) => answer(&error),
    };
    if refused == BindResult::Excluded && is_held(address, protocol) {
        return BindResult::Busy;
    }
    let again = refused == BindResult::Busy && protocol == Protocol::Tcp && os::REUSE_SHOWS_LISTENERS;
    if again && attempt(address, protocol, Reuse::Yes).is_ok() {
        return BindResult::FreeIfReused;
    }
    refused
}

/// Whether a socket in the kernel's table listens or is bound at the address. If the table cannot be read, the bind
/// decides.
fn is_held(address: SocketAddr, protocol: Protocol) -> bool {
    let table = os::sockets(&[(address.port(), protocol)], States::All).unwrap_or_default();
    let mut held = table.iter().filter(|socket| socket.state.is_exclusive());
    held.any(|socket| socket.address.port() == address.port() && covers(socket, address.ip()))
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_listener_makes_the_port_busy_until_it_is_gone() {
        let listener = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(probe(LOCAL, port, Protocol::Tcp), BindResult::Busy);
        drop(listener);
        assert_eq!(probe(LOCAL, port, Protocol::Tcp), BindResult::Free);
    }

    #[test]
    fn an_address_of_another_machine_cannot_be_had() {
        let documentation = "192.0.2.1".parse().unwrap();
        assert_eq!(probe(documentation, 0, Protocol::Tcp), BindResult::NoAddress);
    }
}

//! Can this address be had, now? Bind and listen as a server would, and let go at once.

use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Socket, Type};

use crate::plan::Protocol;
use crate::ports::BindResult;
use crate::system::os;

/// What bind and, for TCP, listen say; a few microseconds.
///
/// `::` is asked for as most servers do, together with IPv4. Whoever binds without `SO_REUSEADDR` asks for more, so one
/// attempt without it settles the usual case, and only a refused one is made again with it. It takes listen, too: two
/// sockets that both set `SO_REUSEADDR` may bind, but only one may listen.
///
/// It is a glance: another process may take the port right after.
///
/// Source: man 7 ip and man 7 socket; every case was tried on Linux 6.18. Windows tells less: there a wildcard and a
/// specific address may be bound side by side (Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE").
pub(crate) fn probe(address: IpAddr, port: u16, protocol: Protocol) -> BindResult {
    let address = SocketAddr::new(address, port);
    let refused = match attempt(address, protocol, Reuse::No) {
        Ok(()) => return BindResult::Free,
        Err(error) => answer(&error),
    };
    let again = refused == BindResult::Busy && protocol == Protocol::Tcp && os::REUSE_SHOWS_LISTENERS;
    if again && attempt(address, protocol, Reuse::Yes).is_ok() {
        return BindResult::FreeIfReused;
    }
    refused
}

/// `SO_REUSEADDR`, or not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    No,
    Yes,
}

/// The socket is closed on return.
fn attempt(address: SocketAddr, protocol: Protocol, reuse: Reuse) -> Result<(), Error> {
    let socket = bind(address, protocol, reuse)?;
    match protocol {
        Protocol::Tcp => socket.listen(1),
        Protocol::Udp => Ok(()),
    }
}

/// As most servers do. The socket is close-on-exec from its first moment (socket2's `Socket::new`).
pub(crate) fn bind(address: SocketAddr, protocol: Protocol, reuse: Reuse) -> Result<Socket, Error> {
    let kind = match protocol {
        Protocol::Tcp => Type::STREAM,
        Protocol::Udp => Type::DGRAM,
    };
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    if reuse == Reuse::Yes {
        socket.set_reuse_address(true)?;
    }
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

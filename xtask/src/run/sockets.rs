//! A service's ports held by the supervisor, so that no other process can take one between preflight and the start.
//!
//! `listen = true`: the supervisor opens [`Sockets`], keeps them for the service's life and passes them to each of its
//! processes. During a restart, clients wait in the backlog instead of being refused. They are passed as in systemd,
//! sd_listen_fds(3). Without `listen`, a [`Hold`] keeps the ports while the service has no process.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;

use socket2::Socket;

use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{Port, Protocol, Service};
use crate::ports::Endpoint;
use crate::system::os;
use crate::system::probe::{Reuse, bind};

/// The open sockets of one service, in the order of its ports.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// The ports for which they were opened.
    ports: Vec<Port>,
    open: Vec<Socket>,
}

impl Sockets {
    /// # Errors
    /// An address is taken, forbidden, or not of this machine.
    pub(crate) fn open(service: &Service) -> Result<Sockets, Diagnostic> {
        let open = service.ports.iter().map(open).collect::<Result<_, Diagnostic>>()?;
        Ok(Sockets {
            ports: service.ports.clone(),
            open,
        })
    }

    /// Whether they match the service's current settings.
    pub(crate) fn are_for(&self, service: &Service) -> bool {
        let address = |port: &Port| (port.key.clone(), port.host, port.number);
        service.listen && self.ports.iter().map(address).eq(service.ports.iter().map(address))
    }

    /// Passes the sockets to the command's process, which sets `LISTEN_PID` itself, because it must be its own pid.
    /// Call this last. The result must be kept until the process was spawned.
    ///
    /// # Errors
    /// The system has no more descriptors.
    pub(super) fn hand_over(&self, command: &mut Command) -> io::Result<os::InheritedFds> {
        let names: Vec<&str> = self.ports.iter().map(|port| port.key.as_str()).collect();
        command.env("LISTEN_FDS", self.open.len().to_string());
        command.env("LISTEN_FDNAMES", names.join(":"));
        os::pass_on(command, &self.open, "LISTEN_PID")
    }
}

/// Ports that are held for a service without a process. They are bound, so that no other process can take them, but not
/// listened on, so that connections are refused. They become free on drop.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The ports for which it was made.
    ports: Vec<Endpoint>,
    _open: Vec<Socket>,
}

impl Hold {
    /// Ports that cannot be bound are left out: preflight checked them, and a lost port is explained on failure.
    pub(crate) fn of(ports: Vec<Endpoint>) -> Hold {
        // Without a host the service may listen at either address of `localhost`.
        let both = |port: &Endpoint| match port.host {
            Some(_) => vec![*port],
            None => [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
                .map(|host| Endpoint {
                    host: Some(host),
                    ..*port
                })
                .to_vec(),
        };
        let _open = ports.iter().flat_map(both).filter_map(|port| hold(port).ok()).collect();
        Hold { ports, _open }
    }

    pub(crate) fn is_of(&self, ports: &[Endpoint]) -> bool {
        self.ports == ports
    }
}

/// A socket without `SO_REUSEADDR` excludes all others, both when it binds and later. The option is needed to bind
/// beside closed connections (TIME_WAIT), so it is set for the bind and removed afterwards.
///
/// UDP has no `listen`. A socket connected to itself receives nothing from others, and they get an error. At the
/// wildcard address that is impossible, because connecting would bind it to one address. Packets from others are then
/// dropped once the minimal buffer is full, and when the socket is closed.
///
/// Source: `inet_csk_bind_conflict` in net/ipv4/inet_connection_sock.c looks at the option of both, as it is at that moment;
/// `__ip4_datagram_connect` in net/ipv4/datagram.c gives a socket without a local address the route's; tried on Linux 6.18.
fn hold(port: Endpoint) -> io::Result<Socket> {
    let address = address(port.host, port.number);
    match bind(address, port.protocol, Reuse::No) {
        Ok(socket) if port.protocol == Protocol::Udp => {
            match address.ip().is_unspecified() {
                // The kernel raises this to its minimum. A failure only leaves a larger buffer.
                true => drop(socket.set_recv_buffer_size(1)),
                false => socket.connect(&address.into())?,
            }
            Ok(socket)
        }
        Err(_) if port.protocol == Protocol::Tcp && os::REUSE_SHOWS_LISTENERS => {
            let socket = bind(address, port.protocol, Reuse::Yes)?;
            socket.set_reuse_address(false)?;
            Ok(socket)
        }
        bound => bound,
    }
}

/// The address at which a service without `host` is expected.
fn address(host: Option<IpAddr>, number: u16) -> SocketAddr {
    SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), number)
}

/// Opens it like most servers: with `SO_REUSEADDR` and the longest backlog that the system permits.
fn open(port: &Port) -> Result<Socket, Diagnostic> {
    let opened = || {
        let socket = bind(address(port.host, port.number), Protocol::Tcp, Reuse::Yes)?;
        socket.listen(i32::MAX)?;
        Ok(socket)
    };
    opened().map_err(|error: io::Error| {
        let text = error.to_string();
        let why = text.split(" (os error").next().unwrap_or_default().to_lowercase();
        Diagnostic::new(format!("port {} cannot be opened for it: {why}", port.number)).exit(Exit::PortBusy)
    })
}

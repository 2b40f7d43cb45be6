//! A service's ports in the supervisor's hands, so that nobody can take one between the check and the start.
//!
//! `listen = true`: [`Sockets`] are opened by the supervisor, kept for the service's life and handed to each process of it;
//! while the service restarts its clients wait in the backlog instead of being refused. The way they are handed over is
//! that of systemd, sd_listen_fds(3). Without it a [`Hold`] keeps the ports while the service has no process.

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
    /// They were opened for these.
    ports: Vec<Port>,
    open: Vec<Socket>,
}

impl Sockets {
    /// # Errors
    /// An address is taken, or forbidden, or not of this machine.
    pub(crate) fn open(service: &Service) -> Result<Sockets, Diagnostic> {
        let open = service.ports.iter().map(open).collect::<Result<_, Diagnostic>>()?;
        Ok(Sockets {
            ports: service.ports.clone(),
            open,
        })
    }

    /// Are they what the service wants now?
    pub(crate) fn are_for(&self, service: &Service) -> bool {
        let address = |port: &Port| (port.key.clone(), port.host, port.number);
        service.listen && self.ports.iter().map(address).eq(service.ports.iter().map(address))
    }

    /// Has the command's process find them. `LISTEN_PID` names the process that takes them, and so is put in by that itself.
    /// For the last thing that is done to the command; what is returned has to be held until it was spawned.
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

/// Ports that are kept for a service without a process: bound, so that nobody else can have them, and not listened on, so that
/// whoever connects is refused as if nobody had them. They come free when this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    /// It was made for these.
    ports: Vec<Endpoint>,
    _open: Vec<Socket>,
}

impl Hold {
    /// What cannot be bound is left out: preflight has judged it, and a lost port is explained when the service fails.
    pub(crate) fn of(ports: Vec<Endpoint>) -> Hold {
        // Without a host the service may as well listen at `localhost`'s other address.
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

/// A socket without `SO_REUSEADDR` keeps everybody out, as it binds and for as long as it is there. It takes the option to bind
/// beside closed connections that linger (TIME_WAIT); it is taken away again then.
///
/// UDP knows no `listen`. Connected to itself a socket gets nothing from others, who are told that nobody is there. At all
/// addresses it cannot be: connecting would bind it to one of them. What others send is then dropped once the smallest
/// buffer is full, and with the socket.
///
/// Source: `inet_csk_bind_conflict` in net/ipv4/inet_connection_sock.c looks at the option of both, as it is at that moment;
/// `__ip4_datagram_connect` in net/ipv4/datagram.c gives a socket without a local address the route's; tried on Linux 6.18.
fn hold(port: Endpoint) -> io::Result<Socket> {
    let address = address(port.host, port.number);
    match bind(address, port.protocol, Reuse::No) {
        Ok(socket) if port.protocol == Protocol::Udp => {
            match address.ip().is_unspecified() {
                // The system makes the least of it that it knows. With a larger one it holds as well.
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

/// Where a service without `host` is expected.
fn address(host: Option<IpAddr>, number: u16) -> SocketAddr {
    SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), number)
}

/// As most servers open it: with `SO_REUSEADDR`, and the longest backlog that the system allows.
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

//! Ports: what became of a bind, who holds a port, and what that means for whoever asks.
//!
//! Values only. `system` reads them from the machine.

pub(crate) mod conflict;
pub(crate) mod related_owners;
pub(crate) mod role;
pub(crate) mod tunnel;

use std::net::{IpAddr, SocketAddr};

use crate::config::Protocol;
use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::plan::Port;
use crate::process::{ProcessInfo, ProcessRef};
pub(crate) use role::Role;

/// A port that somebody asks about. Without a host it is asked for at 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Endpoint {
    pub(crate) number: u16,
    pub(crate) host: Option<IpAddr>,
    pub(crate) protocol: Protocol,
}

impl Endpoint {
    /// `port 8000`, `UDP port 5353`.
    pub(crate) fn name(&self) -> String {
        match self.protocol {
            Protocol::Tcp => format!("port {}", self.number),
            Protocol::Udp => format!("UDP port {}", self.number),
        }
    }

    /// As one types it after `port who`: `8000`, `5353/udp`.
    pub(crate) fn typed(&self) -> String {
        match self.protocol {
            Protocol::Tcp => self.number.to_string(),
            Protocol::Udp => format!("{}/udp", self.number),
        }
    }
}

impl From<&Port> for Endpoint {
    fn from(port: &Port) -> Self {
        Endpoint {
            number: port.number,
            host: port.host,
            protocol: port.protocol,
        }
    }
}

/// What became of asking for a port, and who holds it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortFact {
    /// Each address that was tried, with `SO_REUSEADDR` as servers do; the first is the one that counts.
    pub(crate) probes: Vec<BindProbe>,
    /// Everyone in the way of the failed probes, listeners first, then bound, then connections; by pid.
    pub(crate) owners: Vec<Owner>,
    /// Sockets in the way that no process we can see holds.
    pub(crate) ownerless: Vec<UnownedSocket>,
    /// Why the look-up could not be made, where it could not.
    pub(crate) unknown: Option<String>,
    /// Who listens on the number where `localhost` may lead to as well, although the port can be had.
    pub(crate) other_loopback_owners: Vec<Owner>,
    /// The range from which the system gives ports to outgoing connections, where this port is one of them.
    pub(crate) ephemeral_range: Option<(u16, u16)>,
    /// Why whoever holds it may be out of sight.
    pub(crate) visibility_limit: Option<VisibilityLimit>,
}

/// Where processes may be that hold a port and cannot be seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VisibilityLimit {
    /// On the Windows side of WSL.
    Wsl,
    /// Outside of the container that we are in.
    Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BindProbe {
    pub(crate) address: IpAddr,
    pub(crate) answer: BindResult,
}

/// What bind and listen said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BindResult {
    Free,
    /// Free for a server that sets `SO_REUSEADDR`, as nearly all do; busy for one that does not.
    FreeIfReused,
    /// EADDRINUSE.
    Busy,
    /// EACCES: a privileged port.
    Denied,
    /// Windows keeps a range with this port for itself, or for Hyper-V and WSL.
    Excluded,
    /// EADDRNOTAVAIL: this machine has no such address.
    NoAddress,
    /// Another error, by its number.
    Failed(i32),
}

/// A socket in the kernel's table without a process that we may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnownedSocket {
    pub(crate) address: SocketAddr,
    pub(crate) state: SocketState,
    /// Of the socket.
    pub(crate) uid: u32,
    pub(crate) user: Option<Foreign>,
    /// A process of its user may not be looked into, although we are that user or root.
    pub(crate) may_hide_owner: bool,
    /// What an engine or the system's files tell of it.
    pub(crate) role: Role,
}

/// The state of a socket that holds a port; the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SocketState {
    Listening,
    /// Bound and not listening: an UNCONN socket of UDP, or one of TCP before `listen`.
    Bound,
    /// It merely uses the number as the local end of a connection.
    Connection,
    /// Nobody's any more; gone after so long.
    TimeWait {
        left: std::time::Duration,
    },
}

impl SocketState {
    /// Of a socket that has the port for itself, and not as one end of a connection.
    pub(crate) fn is_exclusive(self) -> bool {
        match self {
            Self::Listening | Self::Bound => true,
            Self::Connection | Self::TimeWait { .. } => false,
        }
    }
}

/// A process that holds a port. It is complete when it is made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Owner {
    pub(crate) process: ProcessInfo,
    /// The local addresses at which it holds the port.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Never TIME_WAIT: no process has such a socket.
    pub(crate) holds_by: SocketState,
    /// Processes connected to the port, by name and pid; this owner's own tree is not among them.
    pub(crate) clients: Vec<ProcessRef>,
    /// Of a passive look-up always [`Role::Server`].
    pub(crate) role: Role,
    /// The inodes of the sockets by which it holds the port.
    pub(crate) sockets: Vec<u64>,
    /// The pid of one of the owners of the port that belong together.
    pub(crate) family: u32,
    /// Why it is never signalled; `None` of a passive look-up.
    pub(crate) protected: Option<String>,
}

/// A diagnostic about a service or a port.
pub(crate) type Finding = Diagnostic<Subject>;

/// What a finding is about, as far as that is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Subject {
    pub(crate) service: Option<String>,
    pub(crate) port: Option<Endpoint>,
    pub(crate) owners: Vec<Owner>,
}

impl Subject {
    pub(crate) fn service(name: &str) -> Self {
        Subject {
            service: Some(name.to_owned()),
            ..Subject::default()
        }
    }
}

//! Ports: bind results, owners, and what they mean for a service or for `port`.
//!
//! Values only; `system` reads them from the machine.

pub(crate) mod conflict;
pub(crate) mod related_owners;
pub(crate) mod role;
pub(crate) mod tunnel;

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::config::Protocol;
use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::plan::Port;
use crate::process::container::Runtime;
use crate::process::{ProcessInfo, ProcessRef};
pub(crate) use role::Role;

/// A port of interest. Without a host, 127.0.0.1 is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

    /// The port as an argument of `port who`: `8000`, `5353/udp`.
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

/// The bind probes of one port, and the processes and sockets that occupy it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortFact {
    /// One probe per address, with `SO_REUSEADDR` as servers set it. The first one decides for a service.
    pub(crate) probes: Vec<BindProbe>,
    /// All owners that block the failed probes: listeners, then bound, then connections; by pid.
    pub(crate) owners: Vec<Owner>,
    /// Blocking sockets without a visible owner.
    pub(crate) unowned: Vec<UnownedSocket>,
    /// Why the look-up failed, if it did.
    pub(crate) unknown: Option<String>,
    /// Owners that listen on the other address that `localhost` may resolve to, although the port is available.
    pub(crate) other_loopback_owners: Vec<Owner>,
    /// The ephemeral range, if it contains this port.
    pub(crate) ephemeral_range: Option<(u16, u16)>,
    /// The range around this port that Windows keeps, if a probe was [`BindResult::Excluded`] and it is known.
    pub(crate) excluded_range: Option<(u16, u16)>,
    /// Why an owner may be invisible.
    pub(crate) visibility_limit: Option<VisibilityLimit>,
}

/// What we run in, if processes outside of it may hold our ports without being visible.
///
/// Source: learn.microsoft.com, "Comparing WSL versions" and "Accessing network applications with WSL"; WSL issue 4304:
/// the distributions of WSL 2 share one network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VisibilityLimit {
    /// The ports are those of Windows.
    Wsl1,
    /// The ports are those of all distributions together.
    Wsl2,
    /// `networkingMode=mirrored`: the ports are those of all distributions and of Windows.
    Wsl2Mirrored,
    /// The ports may be those of the host, or of another container.
    Container(Option<Runtime>),
    /// A container that an editor works in; containers of its Compose file may share its ports.
    Devcontainer,
    /// The same at GitHub, with no host that we could look at.
    Codespace,
    /// The containers of a pod share its ports.
    Pod,
}

impl VisibilityLimit {
    pub(crate) fn is_wsl(self) -> bool {
        match self {
            VisibilityLimit::Wsl1 | VisibilityLimit::Wsl2 | VisibilityLimit::Wsl2Mirrored => true,
            VisibilityLimit::Container(_)
            | VisibilityLimit::Devcontainer
            | VisibilityLimit::Codespace
            | VisibilityLimit::Pod => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BindProbe {
    pub(crate) address: IpAddr,
    pub(crate) answer: BindResult,
}

/// The result of bind and listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BindResult {
    Free,
    /// Free for a server that sets `SO_REUSEADDR`, as nearly all do; busy for other servers.
    FreeIfReused,
    /// EADDRINUSE.
    Busy,
    /// EACCES: a privileged port. Never on Windows, which has none.
    Denied,
    /// WSAEACCES (10013): Windows reserves a range with this port for itself, Hyper-V or WSL. A socket that has the port
    /// to itself alone gives the same error.
    Excluded,
    /// EADDRNOTAVAIL: this machine has no such address.
    NoAddress,
    /// Another error, with its number.
    Failed(i32),
}

/// A socket in the kernel's table without a visible process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnownedSocket {
    pub(crate) address: SocketAddr,
    pub(crate) state: SocketState,
    /// The user of the socket.
    pub(crate) uid: u32,
    pub(crate) user: Option<Foreign>,
    /// Some process of this user cannot be inspected, although we are that user or root.
    pub(crate) may_hide_owner: bool,
    /// The role, as far as a container engine or system files show it.
    pub(crate) role: Role,
}

/// The state of a socket that holds a port; the strongest first. An unconnected UDP socket counts as listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SocketState {
    Listening,
    /// A TCP socket that is bound and does not listen.
    Bound,
    /// Uses the number as the local end of a connection.
    Connection,
    /// Owned by no process; gone after `left`.
    TimeWait {
        left: std::time::Duration,
    },
}

impl SocketState {
    /// Whether the socket occupies the port itself and is not one end of a connection.
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
    /// Never TIME_WAIT, which no process holds.
    pub(crate) holds_by: SocketState,
    /// Processes connected to the port, by name and pid; this owner's own tree is not among them.
    pub(crate) clients: Vec<ProcessRef>,
    /// Of a passive look-up always [`Role::Server`].
    pub(crate) role: Role,
    /// Inodes of the sockets by which it holds the port.
    pub(crate) sockets: Vec<u64>,
    /// The same pid for all related owners of the port: the pid of one of them.
    pub(crate) family: u32,
    /// Why it is never signalled; `None` of a passive look-up.
    pub(crate) protected: Option<String>,
}

/// A diagnostic about a service or a port.
pub(crate) type Finding = Diagnostic<Subject>;

/// What a finding is about, as far as known.
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

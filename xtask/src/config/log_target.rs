//! Where the lines of services are sent, besides their files.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An entry of `log_export`. Displayed as in a sentence: `otlp http://127.0.0.1:4318`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LogTarget {
    /// The URL as written: `http://`, a host, a port and perhaps a path.
    Otlp(String),
    Syslog(SyslogAddress),
    /// The journal of this machine.
    Journald,
    /// JSON lines. In a [`Config`](super::Config) as seen from the project's directory, in a plan absolute.
    File(PathBuf),
}

/// Where a syslog server listens. Hosts are `HOST:PORT`, with brackets around an IPv6 address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SyslogAddress {
    Udp(String),
    Tcp(String),
    /// The absolute path of a socket file.
    Unix(PathBuf),
}

impl fmt::Display for LogTarget {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogTarget::Otlp(url) => write!(to, "otlp {url}"),
            LogTarget::Syslog(address) => write!(to, "syslog {address}"),
            LogTarget::Journald => to.write_str("journald"),
            LogTarget::File(path) => write!(to, "file {}", path.display()),
        }
    }
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SyslogAddress::Udp(host) => write!(to, "udp://{host}"),
            SyslogAddress::Tcp(host) => write!(to, "tcp://{host}"),
            SyslogAddress::Unix(path) => write!(to, "unix://{}", path.display()),
        }
    }
}

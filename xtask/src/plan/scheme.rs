//! The scheme of a service's URL: `http` in `http://127.0.0.1:8000`.

use serde::{Deserialize, Serialize};

use super::{Origin, Port, Protocol};
use crate::config::{Check, Service};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scheme {
    pub(crate) name: String,
    /// It is written, or the health check speaks HTTP.
    is_certain: bool,
    /// The health check only connects, which servers of any protocol pass.
    is_checked_by_connecting: bool,
}

impl Scheme {
    /// Of the main port; `None` if it has none or speaks a protocol without URLs.
    pub(super) fn of(service: &Service, ports: &[Port]) -> Option<Scheme> {
        let main = ports.first().filter(|port| port.protocol == Protocol::Tcp)?;
        let check = service.healthcheck.as_ref().and_then(|health| health.check.as_ref());
        let known = |name: &str, is_certain| Scheme {
            name: name.to_owned(),
            is_certain,
            is_checked_by_connecting: matches!(check, Some(Check::Tcp)),
        };
        if let Some(written) = &service.scheme {
            return Some(known(written, true));
        }
        if let Some(Check::Http(_)) = check {
            return Some(known("http", true));
        }
        let declared = match main.origin {
            Origin::Moved { from } => from,
            Origin::Declared | Origin::Auto => main.number,
        };
        match OTHER_PROTOCOLS.iter().find(|(number, _)| *number == declared) {
            Some((_, "")) => None,
            Some((_, scheme)) => Some(known(scheme, false)),
            None => Some(known("http", false)),
        }
    }

    /// A browser can open the URL, as far as is known.
    pub(super) fn is_for_browsers(&self) -> bool {
        let is_http = self.name == "http" || self.name == "https";
        is_http && (self.is_certain || !self.is_checked_by_connecting)
    }
}

/// Ports that are known for another protocol than HTTP, and the scheme of its URLs, or `""` if it has none.
///
/// Source: IANA, "Service Name and Transport Protocol Port Number Registry"; the schemes are those of client libraries.
const OTHER_PROTOCOLS: [(u16, &str); 24] = [
    (21, "ftp"),
    (22, "ssh"),
    (25, "smtp"),
    (53, ""),
    (110, ""),
    (143, "imap"),
    (389, "ldap"),
    (587, "smtp"),
    (1025, "smtp"),
    (1433, ""),
    (1521, ""),
    (1883, "mqtt"),
    (2181, ""),
    (3306, "mysql"),
    (4222, "nats"),
    (5432, "postgresql"),
    (5672, "amqp"),
    (6379, "redis"),
    (9042, ""),
    (9092, ""),
    (11211, ""),
    (26379, ""),
    (27017, "mongodb"),
    (50051, ""),
];

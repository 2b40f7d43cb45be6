//! A service listens, but not on its declared port: its command and `devtasks.toml` disagree.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Code, Diagnostic, Exit};
use crate::plan::{Port, Service};
use crate::ports::{Endpoint, Finding, Subject};

/// A declared port on which its service does not listen, and the addresses on which it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mismatch {
    pub(crate) port: Port,
    /// Never empty.
    pub(crate) listens: Vec<SocketAddr>,
}

impl Mismatch {
    /// `None` if the service listens on no other address.
    ///
    /// `listens` are the addresses of the service's processes; those that serve another `declared` port are ignored.
    pub(crate) fn new(declared: &[Port], port: &Port, listens: &[SocketAddr]) -> Option<Self> {
        let is_declared = |address: &SocketAddr| declared.iter().any(|port| serves(port, *address));
        let listens: Vec<SocketAddr> = listens.iter().copied().filter(|it| !is_declared(it)).collect();
        (!listens.is_empty()).then(|| Mismatch {
            port: port.clone(),
            listens,
        })
    }

    /// `listens on 8081, not on 8080 as declared`.
    pub(crate) fn words(&self) -> String {
        let listens: Vec<String> = self.places().into_iter().collect();
        let declared = match self.port.host {
            Some(host) if self.is_right_number() => SocketAddr::new(host, self.port.number).to_string(),
            Some(_) | None => self.port.number.to_string(),
        };
        format!("listens on {}, not on {declared} as declared", listens.join(" and "))
    }

    pub(crate) fn finding(&self, service: &Service) -> Finding {
        self.problem(service).about(Subject {
            port: Some(Endpoint::from(&self.port)),
            ..Subject::service(&service.name)
        })
    }

    pub(crate) fn problem(&self, service: &Service) -> Diagnostic {
        let (name, port) = (&service.name, &self.port);
        let variable = port.variable.as_deref().unwrap_or("PORT");
        let mut found = Diagnostic::new(format!("`{name}` {}", self.words()))
            .code(Code::PortMismatch)
            .exit(Exit::NotReady)
            .at(&port.place)
            .hint(format!(
                "make the command of `{name}` listen on {}, which it finds in `${variable}`",
                port.number
            ));
        if let ([address], false) = (&self.listens[..], self.is_right_number()) {
            found = found.hint(format!("or declare `port = {}` in devtasks.toml", address.port()));
        }
        found
    }

    /// Port numbers, or whole addresses if the number alone shows no difference.
    fn places(&self) -> BTreeSet<String> {
        let whole = self.is_right_number();
        let place = |address: &SocketAddr| match whole {
            true => address.to_string(),
            false => address.port().to_string(),
        };
        self.listens.iter().map(place).collect()
    }

    fn is_right_number(&self) -> bool {
        self.listens.iter().any(|address| address.port() == self.port.number)
    }
}

/// Whether a socket at `address` serves the port. Without a host, any local address does.
pub(crate) fn serves(port: &Port, address: SocketAddr) -> bool {
    address.port() == port.number && port.host.is_none_or(|host| host == address.ip())
}

#[cfg(test)]
mod tests;

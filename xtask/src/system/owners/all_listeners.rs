//! All processes that listen on this machine.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::roles::{self, Judge};
use super::{PortFact, fill};
use crate::diagnostic::Diagnostic;
use crate::ports::{BindProbe, BindResult, Endpoint, SocketState};
use crate::system::os;

/// Every listening TCP port and bound UDP port with its owners, as from [`super::look_up`], but without binding. Reads
/// the kernel's table and the processes' descriptors once.
///
/// # Errors
/// The kernel's table or `/proc` cannot be read.
pub(crate) fn all_listeners() -> Result<BTreeMap<Endpoint, PortFact>, Diagnostic> {
    let table = os::every_socket()?;
    let mut addresses: BTreeMap<Endpoint, Vec<IpAddr>> = BTreeMap::new();
    for socket in table.iter().filter(|socket| socket.state == SocketState::Listening) {
        let port = Endpoint {
            number: socket.address.port(),
            host: None,
            protocol: socket.protocol,
        };
        addresses.entry(port).or_default().push(socket.address.ip());
    }
    let mut facts = BTreeMap::new();
    for (port, addresses) in &mut addresses {
        addresses.sort_unstable();
        addresses.dedup();
        let probe = |address: &IpAddr| BindProbe {
            address: *address,
            answer: BindResult::Busy,
        };
        let probes = addresses.iter().map(probe).collect();
        facts.insert(
            *port,
            PortFact {
                probes,
                ..PortFact::default()
            },
        );
    }
    let busy: Vec<_> = addresses.into_iter().collect();
    fill(&busy, &table, &mut facts, Some(&Judge::default()))?;
    roles::ask_around(&mut facts);
    Ok(facts)
}

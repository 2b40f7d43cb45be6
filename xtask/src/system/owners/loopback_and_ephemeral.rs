//! Warnings about available ports: an owner on the other loopback address, and the ephemeral range.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::roles::{self, Judge};
use super::{answers, conflict, fill};
use crate::config::Protocol;
use crate::diagnostic::Diagnostic;
use crate::ports::{BindProbe, BindResult, Endpoint, PortFact};
use crate::system::os::{self, States};

/// Fills in `other_loopback_owners` and `ephemeral_range` of ports that services need. What cannot be read is skipped,
/// because these are only warnings.
pub(crate) fn loopback_and_ephemeral_facts(facts: &mut BTreeMap<Endpoint, PortFact>) {
    let outgoing = os::ephemeral_ports();
    let reserved = LazyCell::new(os::reserved_ports);
    for (port, fact) in &mut *facts {
        let is_given_away = outgoing.contains(&port.number) && !reserved.iter().any(|it| it.contains(&port.number));
        fact.ephemeral_range = is_given_away.then(|| (*outgoing.start(), *outgoing.end()));
    }
    let _ = beside(facts);
}

/// The loopback address that a port uses, and the other one that `localhost` may resolve to.
fn other_loopback(port: &Endpoint) -> Option<(IpAddr, IpAddr)> {
    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
    match port.host.unwrap_or(V4) {
        _ if port.protocol == Protocol::Udp => None,
        V4 => Some((V4, V6)),
        V6 => Some((V6, V4)),
        _ => None,
    }
}

fn beside(facts: &mut BTreeMap<Endpoint, PortFact>) -> Result<(), Diagnostic> {
    let numbers: Vec<os::Port> = facts.keys().map(|port| (port.number, port.protocol)).collect();
    let listening = os::sockets(&numbers, States::Listening)?;
    let is_beside = |port: &Endpoint, own: IpAddr, other: IpAddr| {
        let mut sockets = listening
            .iter()
            .filter(|it| (it.address.port(), it.protocol) == (port.number, port.protocol));
        sockets.any(|socket| answers(socket, other) && !conflict::covers(socket, own))
    };
    let found: Vec<(Endpoint, IpAddr)> = facts
        .keys()
        .filter_map(|port| Some((port, other_loopback(port)?)))
        .filter(|(port, (own, other))| is_beside(port, *own, *other))
        .map(|(port, (_, other))| (*port, other))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    let table = os::sockets(&numbers, States::All)?;
    let asked: Vec<(Endpoint, Vec<IpAddr>)> = found.iter().map(|(port, other)| (*port, vec![*other])).collect();
    let busy = |(port, address): &(Endpoint, IpAddr)| {
        let probe = BindProbe {
            address: *address,
            answer: BindResult::Busy,
        };
        let fact = PortFact {
            probes: vec![probe],
            ..PortFact::default()
        };
        (*port, fact)
    };
    let mut others: BTreeMap<Endpoint, PortFact> = found.iter().map(busy).collect();
    fill(&asked, &table, &mut others, Some(&Judge::default()))?;
    roles::ask_around(&mut others);
    for (port, other) in others {
        if let Some(fact) = facts.get_mut(&port) {
            let is_here = |pid: u32| fact.owners.iter().any(|owner| owner.process.identity.pid == pid);
            fact.other_loopback_owners = other
                .owners
                .into_iter()
                .filter(|it| !is_here(it.process.identity.pid))
                .collect();
        }
    }
    Ok(())
}

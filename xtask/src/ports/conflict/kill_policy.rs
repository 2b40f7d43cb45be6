//! Whether `port kill` may end who holds a port, and what it takes.

use super::{CallerContext, ConflictKind, PortCheck};
use crate::ports::{BindResult, Endpoint, PortFact, SocketState};

/// The most restrictive last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KillPolicy {
    /// Nobody holds it.
    NotNeeded,
    /// A yes.
    Yes,
    /// A yes and `--foreign`: devtasks runs it for another checkout or project.
    Foreign,
    /// Nothing helps: no process holds it.
    NoProcess,
    /// Nothing helps: it is protected, hidden, a connection, or the service of a live run of this checkout.
    Never,
}

/// What it takes to end everybody who holds the port.
pub(crate) fn kill_policy(port: &Endpoint, fact: &PortFact, ours: &CallerContext) -> KillPolicy {
    let case = PortCheck { port, fact, ours };
    let answers = |wanted: BindResult| fact.probes.iter().any(|probe| probe.answer == wanted);
    let is_busy = answers(BindResult::Busy);
    if !is_busy && !answers(BindResult::FreeIfReused) {
        return KillPolicy::NotNeeded;
    }
    let whys = fact.owners.iter().map(|owner| match case.why(owner) {
        // A tunnel of an editor or an SSH session is protected.
        ConflictKind::Tunnel if owner.protected.is_some() => ConflictKind::Protected,
        // Another stack's supervisor keeps the port for a service: to end it would end all of them.
        ConflictKind::OtherProject | ConflictKind::OtherCheckout if case.supervisor(owner).is_some() => {
            ConflictKind::Protected
        }
        why => why,
    });
    let sockets = fact
        .ownerless
        .iter()
        .filter(|socket| !matches!(socket.state, SocketState::TimeWait { .. }));
    let whys = whys.chain(sockets.map(|socket| case.unowned_conflict(socket)));
    let takes = whys.map(|why| match why {
        ConflictKind::Foreign | ConflictKind::Tunnel | ConflictKind::Bound | ConflictKind::OwnLeftover => {
            KillPolicy::Yes
        }
        ConflictKind::OtherProject | ConflictKind::OtherCheckout => KillPolicy::Foreign,
        // What remains of a server that has ended hinders hardly anybody.
        ConflictKind::Connection if !is_busy => KillPolicy::NotNeeded,
        ConflictKind::Protected
        | ConflictKind::Container
        | ConflictKind::SystemService
        | ConflictKind::Hidden
        | ConflictKind::OwnRunning
        | ConflictKind::Connection => KillPolicy::Never,
        ConflictKind::NoOwner => KillPolicy::NoProcess,
    });
    takes.max().unwrap_or(match (is_busy, &fact.unknown) {
        (true, None) => KillPolicy::NoProcess,
        (true, Some(_)) => KillPolicy::Never,
        (false, _) => KillPolicy::NotNeeded,
    })
}

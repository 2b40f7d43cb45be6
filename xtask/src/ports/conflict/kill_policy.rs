//! Whether `port kill` may stop the owner of a port, and what it requires.

use super::{CallerContext, ConflictKind, PortCheck};
use crate::ports::{BindResult, Endpoint, PortFact, SocketState};

/// What `port kill` requires; the most restrictive last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KillPolicy {
    /// The port has no owner.
    NotNeeded,
    /// Confirmation.
    Yes,
    /// Confirmation and `--foreign`: devtasks runs it for another checkout or project.
    Foreign,
    /// Refused: no process holds the port.
    NoProcess,
    /// Refused: the owner is protected, hidden, a connection, or a service of a live run of this checkout.
    Never,
}

/// What `port kill` requires to stop all owners of the port.
pub(crate) fn kill_policy(port: &Endpoint, fact: &PortFact, ours: &CallerContext) -> KillPolicy {
    let case = PortCheck { port, fact, ours };
    let answers = |wanted: BindResult| fact.probes.iter().any(|probe| probe.answer == wanted);
    let is_busy = answers(BindResult::Busy);
    if !is_busy && !answers(BindResult::FreeIfReused) {
        return KillPolicy::NotNeeded;
    }
    let whys = fact.owners.iter().map(|owner| match case.why(owner) {
        // A tunnel of an editor or SSH session is protected.
        ConflictKind::Tunnel if owner.protected.is_some() => ConflictKind::Protected,
        // Stopping the supervisor of another stack would stop all its services.
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
        // Connections left by an exited server block hardly any server.
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

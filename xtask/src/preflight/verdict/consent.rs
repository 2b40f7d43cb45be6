//! Whether `port kill` may end who holds a port, and what it takes.

use super::{Case, Ours, Why};
use crate::preflight::{Answer, OwnerlessState, PortFact, PortRef};

/// The most restrictive last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Consent {
    /// Nobody holds it.
    NotNeeded,
    /// A yes.
    Yes,
    /// A yes and `--foreign`: devtasks runs it for another checkout or project.
    Foreign,
    /// Nothing helps: no process holds it.
    Nobody,
    /// Nothing helps: it is protected, hidden, a connection, or the service of a live run of this checkout.
    Never,
}

/// What it takes to end everybody who holds the port.
pub(crate) fn consent(port: &PortRef, fact: &PortFact, ours: &Ours) -> Consent {
    let case = Case {
        port,
        fact,
        ours,
        form: "",
    };
    let answers = |wanted: Answer| fact.probes.iter().any(|probe| probe.answer == wanted);
    let is_busy = answers(Answer::Busy);
    if !is_busy && !answers(Answer::FreeIfReused) {
        return Consent::NotNeeded;
    }
    let whys = fact.owners.iter().map(|owner| match case.why(owner) {
        // A tunnel of an editor or an SSH session is protected.
        Why::Tunnel if owner.protected.is_some() => Why::Protected,
        // Another stack's supervisor keeps the port for a service: to end it would end all of them.
        Why::OtherProject | Why::OtherCheckout if case.supervisor(owner).is_some() => Why::Protected,
        why => why,
    });
    let sockets = fact
        .ownerless
        .iter()
        .filter(|socket| !matches!(socket.state, OwnerlessState::TimeWait { .. }));
    let whys = whys.chain(sockets.map(|socket| case.why_ownerless(socket)));
    let takes = whys.map(|why| match why {
        Why::Foreign | Why::Tunnel | Why::Bound | Why::OwnLeftover => Consent::Yes,
        Why::OtherProject | Why::OtherCheckout => Consent::Foreign,
        // What remains of a server that has ended hinders hardly anybody.
        Why::Connection if !is_busy => Consent::NotNeeded,
        Why::Protected | Why::Container | Why::SystemService | Why::Hidden | Why::OwnRunning | Why::Connection => {
            Consent::Never
        }
        Why::NoOwner => Consent::Nobody,
    });
    takes.max().unwrap_or(match (is_busy, &fact.unknown) {
        (true, None) => Consent::Nobody,
        (true, Some(_)) => Consent::Never,
        (false, _) => Consent::NotNeeded,
    })
}

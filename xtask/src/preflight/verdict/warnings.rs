//! What is worth knowing about a port that a service can have: no conflict, but a surprise some day.

use super::{CallerContext, PortCheck};
use crate::error::Exit;
use crate::preflight::{Endpoint, Finding, Level, PortFact, Tag};

/// `port.split`: somebody else answers at the other address that `localhost` stands for.
pub(crate) fn split(port: &Endpoint, fact: &PortFact, ours: &CallerContext, program: &str) -> Option<Finding> {
    let case = PortCheck {
        port,
        fact,
        ours,
        program,
    };
    let service = &ours.service.as_ref()?.service;
    let is_ours = |tag: &Tag| ours.is_of(tag) && tag.service == *service;
    let strangers = || {
        fact.other_loopback_owners
            .iter()
            .filter(|owner| !owner.tag.as_ref().is_some_and(is_ours))
    };
    let other = strangers().next()?;
    let at = other.addresses.first()?.ip();
    let message = format!(
        "{} of {at} is held by `{}` (pid {}): `localhost` may lead there instead of to `{service}`",
        port.name(),
        other.name,
        other.identity.pid
    );
    let own = port.host.map_or("127.0.0.1".to_owned(), |host| host.to_string());
    Some(Finding {
        hints: vec![format!(
            "write `{own}` instead of `localhost` where `{service}` is meant"
        )],
        owners: strangers().cloned().collect(),
        ..case.finding("port.split", Level::Warn, Exit::Done, message)
    })
}

/// `port.ephemeral`: the system may give the port to any outgoing connection before the service starts.
pub(crate) fn ephemeral(port: &Endpoint, fact: &PortFact, ours: &CallerContext, program: &str) -> Option<Finding> {
    let case = PortCheck {
        port,
        fact,
        ours,
        program,
    };
    let (first, last) = fact.ephemeral_range?;
    let service = &ours.service.as_ref()?.service;
    let message = format!(
        "{} is in the ephemeral port range ({first} to {last}): an outgoing connection \
         may have it when `{service}` starts",
        port.name()
    );
    Some(Finding {
        hints: vec![format!("give `{service}` a port below {first}")],
        ..case.finding("port.ephemeral", Level::Warn, Exit::Done, message)
    })
}

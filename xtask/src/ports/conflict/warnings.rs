//! Warnings about an available port: another process on the other loopback address, or the ephemeral range.

use super::{CallerContext, PortCheck};
use crate::diagnostic::{Code, Exit, Level};
use crate::ports::{Endpoint, Finding, PortFact};
use crate::process::Tag;

/// `port.split`: another process listens on the other address of `localhost`.
pub(crate) fn split(port: &Endpoint, fact: &PortFact, ours: &CallerContext) -> Option<Finding> {
    let case = PortCheck { port, fact, ours };
    let service = &ours.service.as_ref()?.service;
    let is_ours = |tag: &Tag| ours.is_of(tag) && tag.service == *service;
    let strangers = || {
        fact.other_loopback_owners
            .iter()
            .filter(|owner| !owner.process.tag.as_ref().is_some_and(is_ours))
    };
    let other = strangers().next()?;
    let at = other.addresses.first()?.ip();
    let message = format!(
        "{} of {at} is held by `{}` (pid {}): `localhost` may lead there instead of to `{service}`",
        port.name(),
        other.process.name,
        other.process.identity.pid
    );
    let own = port.host.map_or("127.0.0.1".to_owned(), |host| host.to_string());
    let mut finding = case
        .finding(Code::PortSplit, message)
        .level(Level::Warn)
        .exit(Exit::Done)
        .hint(format!(
            "write `{own}` instead of `localhost` where `{service}` is meant"
        ));
    finding.subject.owners = strangers().cloned().collect();
    Some(finding)
}

/// `port.ephemeral`: the kernel may assign the port to an outgoing connection before the service starts.
pub(crate) fn ephemeral(port: &Endpoint, fact: &PortFact, ours: &CallerContext) -> Option<Finding> {
    let case = PortCheck { port, fact, ours };
    let (first, last) = fact.ephemeral_range?;
    let service = &ours.service.as_ref()?.service;
    let message = format!(
        "{} is in the ephemeral port range ({first} to {last}): an outgoing connection \
         may have it when `{service}` starts",
        port.name()
    );
    Some(
        case.finding(Code::PortEphemeral, message)
            .level(Level::Warn)
            .exit(Exit::Done)
            .hint(format!("give `{service}` a port below {first}")),
    )
}

//! What is worth knowing about a port that a service can have: no conflict, but a surprise some day.

use super::{Case, Ours};
use crate::error::Exit;
use crate::preflight::{Finding, Level, PortFact, PortRef, Tag};

/// `port.split`: somebody else answers at the other address that `localhost` stands for.
pub(crate) fn split(port: &PortRef, fact: &PortFact, ours: &Ours, form: &str) -> Option<Finding> {
    let case = Case { port, fact, ours, form };
    let service = &ours.service.as_ref()?.service;
    let is_ours = |tag: &Tag| ours.is_of(tag) && tag.service == *service;
    let strangers = || {
        fact.beside
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
        ..case.say("port.split", Level::Warn, Exit::Done, message)
    })
}

/// `port.ephemeral`: the system may give the port to any outgoing connection before the service starts.
pub(crate) fn ephemeral(port: &PortRef, fact: &PortFact, ours: &Ours, form: &str) -> Option<Finding> {
    let case = Case { port, fact, ours, form };
    let (first, last) = fact.outgoing?;
    let service = &ours.service.as_ref()?.service;
    let message = format!(
        "{} lies in the range from which the system gives ports to outgoing connections ({first} to {last}): one of them \
         may have it when `{service}` starts",
        port.name()
    );
    Some(Finding {
        hints: vec![format!("give `{service}` a port below {first}")],
        ..case.say("port.ephemeral", Level::Warn, Exit::Done, message)
    })
}

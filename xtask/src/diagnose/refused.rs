//! Refused connections: which port of this machine it was, and which service has that port.

use std::collections::BTreeSet;

use super::Subject;
use crate::diagnostic::Hint;
use crate::plan::{Condition, Service};

/// A service of the run, and the name of its state if it is down: finished, or waiting for a restart.
pub(crate) type Neighbour<'a> = (&'a Service, Option<&'static str>);

/// A hint from the state of the run's services at that moment; `None` if the message names no port of this machine.
pub(crate) fn hint(subject: Option<&Subject>, service: &Service, stack: &[Neighbour<'_>]) -> Option<Hint> {
    let Some(&Subject::Port { number: port, is_ipv6 }) = subject else {
        return None;
    };
    let has = |it: &Service| it.ports.iter().any(|its| its.number == port);
    let name = &service.name;
    if has(service) {
        return Some(format!("correct the address: port {port} is that of `{name}` itself").into());
    }
    let Some((other, down)) = stack.iter().find(|(other, _)| has(other)) else {
        return Some(
            format!("start what is to listen on port {port}, or correct the address: no service of this run has it")
                .into(),
        );
    };
    let theirs = &other.name;
    let own = service.depends_on.iter().find(|(needed, _)| needed == theirs);
    if let Some(state) = down {
        return Some(format!("see why `{theirs}`, which has port {port}, is {state}").into());
    }
    let hint = match own {
        Some((_, Condition::Started)) => format!(
            "wait until it is ready with `depends_on = {{ {theirs} = \"healthy\" }}` of `{name}`: `{theirs}` has port {port}"
        ),
        None if !depends(service, theirs, stack) => {
            let how = match service.depends_on.is_empty() {
                true => format!("add `depends_on = [\"{theirs}\"]` to `{name}`"),
                false => format!("add `{theirs}` to `depends_on` of `{name}`"),
            };
            format!("{how}: `{theirs}` has port {port} and is not started before it")
        }
        Some((_, Condition::Healthy | Condition::Completed)) | None if is_ipv6 => {
            format!("write `127.0.0.1` for `localhost`, if `{theirs}` does not listen on `::1`: it has port {port}")
        }
        Some((_, Condition::Healthy | Condition::Completed)) | None => return None,
    };
    Some(hint.into())
}

/// Whether it depends on `needed`, directly or indirectly.
fn depends(service: &Service, needed: &str, stack: &[Neighbour<'_>]) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![service];
    while let Some(service) = left.pop() {
        for (name, _) in &service.depends_on {
            if name == needed {
                return true;
            }
            if seen.insert(name) {
                let found = stack.iter().find(|(it, _)| it.name == *name);
                left.extend(found.map(|(it, _)| *it));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests;

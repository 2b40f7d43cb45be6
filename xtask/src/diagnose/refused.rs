//! A connection that was refused: which port of this machine it was to, and which service has that.

use std::collections::BTreeSet;

use crate::diagnostic::Hint;
use crate::plan::{Condition, Service};

/// A service of the run, and the name of its state if it is down: over, or waiting to be started again.
pub(crate) type Neighbour<'a> = (&'a Service, Option<&'static str>);

/// What to do, told from the services of the run as they were at that moment; nothing where the line names no port
/// of this machine.
pub(crate) fn hints(evidence: &str, service: &Service, stack: &[Neighbour<'_>]) -> Vec<Hint> {
    let Some(port) = port(evidence) else {
        return Vec::new();
    };
    let has = |it: &Service| it.ports.iter().any(|its| its.number == port);
    let name = &service.name;
    if has(service) {
        return vec![format!("correct the address: port {port} is that of `{name}` itself").into()];
    }
    let Some((other, down)) = stack.iter().find(|(other, _)| has(other)) else {
        return vec![
            format!("start what is to listen on port {port}, or correct the address: no service of this run has it")
                .into(),
        ];
    };
    let theirs = &other.name;
    let own = service.depends_on.iter().find(|(needed, _)| needed == theirs);
    if let Some(state) = down {
        return vec![format!("see why `{theirs}`, which has port {port}, is {state}").into()];
    }
    match own {
        Some((_, Condition::Started)) => vec![format!(
            "wait until it is ready with `depends_on = {{ {theirs} = \"healthy\" }}` of `{name}`: `{theirs}` has port {port}"
        ).into()],
        None if !depends(service, theirs, stack) => {
            let how = match service.depends_on.is_empty() {
                true => format!("add `depends_on = [\"{theirs}\"]` to `{name}`"),
                false => format!("add `{theirs}` to `depends_on` of `{name}`"),
            };
            vec![format!(
                "{how}: `{theirs}` has port {port} and is not started before it"
            ).into()]
        }
        Some((_, Condition::Healthy | Condition::Completed)) | None if evidence.contains("::1") => {
            vec![format!(
                "write `127.0.0.1` for `localhost`, if `{theirs}` does not listen on `::1`: it has port {port}"
            ).into()]
        }
        Some((_, Condition::Healthy | Condition::Completed)) | None => Vec::new(),
    }
}

/// Is it started only after `needed`, whatever stands between?
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

/// The port in `connect ECONNREFUSED 127.0.0.1:6379`, `at "localhost" (::1), port 5432 failed`, `('127.0.0.1', 5432)`.
///
/// Another machine's is none: nobody here can do anything about it.
pub(crate) fn port(evidence: &str) -> Option<u16> {
    let words = evidence.split([' ', '"', '\'', '`', '(', ')', ',', ';', '=', '>']);
    let words: Vec<_> = words
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_end_matches([':', '.']))
        .collect();
    let address = words.iter().rev().find_map(|word| {
        let (host, rest) = word.rsplit_once(':')?;
        let number = rest.split('/').next()?.parse().ok()?;
        is_local(host).then_some(number)
    });
    let apart = || {
        let at = words.iter().position(|word| is_local(word))?;
        // `port` may stand between, or an address after a name.
        words[at + 1..].iter().take(3).find_map(|word| word.parse().ok())
    };
    address.or_else(apart).filter(|port| *port > 0)
}

fn is_local(host: &str) -> bool {
    let host = host.rsplit(['/', '@']).next().unwrap_or(host);
    let host = host.trim_matches(['[', ']']);
    let host = host.strip_prefix("::ffff:").unwrap_or(host);
    let is_v4 = host.starts_with("127.") && host.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    is_v4 || ["localhost", "::1", "::", "0.0.0.0"].contains(&host)
}

#[cfg(test)]
mod tests;

//! What is said of ports that have another number than the declared one, and of those that cannot get one.

use std::path::Path;

use super::words;
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Exit, Hint, Level};
use crate::plan::{Origin, Plan, Port, PortId, Service};
use crate::ports::{Endpoint, Finding, Subject};
use crate::run::reservations::{BaseTaken, CompetingCheckout};

/// The finding of a port whose number another checkout has, which may not listen yet.
pub(crate) fn competing(
    service: &str,
    port: &Port,
    project: &str,
    competitor: &CompetingCheckout,
    home: Option<&Path>,
) -> Finding {
    let kind = match competitor.project == project {
        true => ConflictKind::OtherCheckout,
        false => ConflictKind::OtherProject,
    };
    let state = match competitor.is_starting {
        true => "starting",
        false => "running",
    };
    let asked = Endpoint::from(port);
    let checkout = words::foreign_path(&competitor.checkout, home);
    let message = format!(
        "port {} is reserved by `{}` in {checkout}, which is {state}",
        asked.typed(),
        competitor.project
    );
    Diagnostic::new(message)
        .code(Code::PortBusy(kind))
        .level(Level::Warn)
        .exit(Exit::Done)
        .at(&port.place)
        .about(Subject {
            port: Some(asked),
            ..Subject::service(service)
        })
}

/// Why the port keeps its number after all. `plan` is the one in which it would have moved.
pub(crate) fn cannot_move(id: &PortId, finding: &Finding, plan: &Plan) -> Option<Finding> {
    let (service, now) = plan.port(id)?;
    let (why, hint) = match now.origin {
        Origin::Moved { from } => {
            let place = service.names(from)?;
            let variable = service.variable_of(now);
            let hint = format!("write `${{{variable}}}` instead of {from} in its {place}, and it moves");
            (format!("its {place} says {from}"), Some(Hint::from(hint)))
        }
        Origin::Declared | Origin::Auto => ("no port above it is free".to_owned(), None),
    };
    let who = who(service, now);
    Some(Finding {
        message: format!("{}, and {who} cannot move: {why}", finding.message),
        hints: hint.into_iter().chain(finding.hints.iter().cloned()).collect(),
        ..finding.clone()
    })
}

/// That the port moves from this number, and which services will not know. `verb` is `moves` or `would move`.
pub(crate) fn moved(id: &PortId, from: u16, finding: &Finding, plan: &Plan, verb: &str) -> Vec<Finding> {
    let move_ = plan.port(id).map(|(service, now)| {
        let (who, to) = (who(service, now), now.number);
        format!("; {who} {verb} from port {from} to {to}, and everything that refers to it")
    });
    let said = Finding {
        level: Level::Warn,
        message: format!("{}{}", finding.message, move_.unwrap_or_default()),
        hints: Vec::new(),
        exit: Exit::Done,
        ..finding.clone()
    };
    let others = hardcoded_elsewhere(id, plan).into_iter().map(|message| Finding {
        message,
        subject: Subject {
            owners: Vec::new(),
            ..said.subject.clone()
        },
        ..said.clone()
    });
    std::iter::once(said.clone()).chain(others).collect()
}

/// Services that say the declared number where a reference would follow. Of the service's own command and health check
/// [`cannot_move`] tells.
fn hardcoded_elsewhere(id: &PortId, plan: &Plan) -> Vec<String> {
    let Some((moved, now)) = plan.port(id) else {
        return Vec::new();
    };
    let Origin::Moved { from } = now.origin else {
        return Vec::new();
    };
    let reference = match &moved.scheme {
        Some(_) if moved.ports.first() == Some(now) => format!("services.{}.url", id.service),
        _ => format!("services.{}.ports.{}", id.service, now.key),
    };
    let others = plan
        .services
        .iter()
        .filter(|it| it.ports.iter().all(|its| its.number != from));
    let said = others.filter_map(|it| {
        let places = words::list(&it.addresses(from))?;
        Some(format!(
            "`{}` still says {from} in its {places}: write `${{{reference}}}` there",
            it.name
        ))
    });
    said.collect()
}

/// `` `api` ``, or `` `api`'s `admin` `` where it has several ports.
pub(crate) fn who(service: &Service, port: &Port) -> String {
    match service.ports.len() {
        0 | 1 => format!("`{}`", service.name),
        _ => format!("`{}`'s `{}`", service.name, port.key),
    }
}

/// An `auto` port that began elsewhere than at its base.
pub(crate) fn base_taken(one: &BaseTaken, plan: &Plan, home: Option<&Path>, program: &str) -> Option<String> {
    let (service, port) = plan.port(&one.id)?;
    let (who, number, base) = (who(service, port), port.number, one.base);
    let there = words::foreign_path(&one.checkout, home);
    let said = format!(
        "{who} is on port {number} instead of {base}, which is reserved by `{}` in {there}",
        one.project
    );
    Some(match one.may_return {
        true => format!("{said}: `{program} up --reset-ports` there and then here."),
        false => format!("{said}."),
    })
}

/// A port that moved in an earlier `up`; `declared` is the finding of the number that it would have.
pub(crate) fn moved_earlier(service: &Service, port: &Port, from: u16, declared: &Finding, program: &str) -> String {
    let (who, number) = (who(service, port), port.number);
    match declared.code {
        Code::PortFree => format!(
            "{who} is on port {number} instead of {from}, which is free again: `{program} up --reset-ports` returns to it."
        ),
        _ => format!("{who} is on port {number} instead of {from}: {}.", declared.message),
    }
}

/// A port that has another number after `--reset-ports`.
pub(crate) fn reset(service: &Service, port: &Port, before: u16) -> String {
    let verb = match port.origin {
        Origin::Declared => "returns",
        Origin::Auto | Origin::Moved { .. } => "moves",
    };
    format!("{} {verb} from port {before} to {}.", who(service, port), port.number)
}

/// The port registry made no sense.
pub(crate) fn registry_reset(broken: &Path) -> String {
    format!(
        "The port reservation file was corrupt and has been reset. The old one is kept as `{}`.",
        broken.display()
    )
}

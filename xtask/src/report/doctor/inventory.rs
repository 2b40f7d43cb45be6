//! What there is, in one line.

use super::Examination;
use crate::diagnostic::{Code, ConflictKind};
use crate::plan::{Origin, Runs};
use crate::preflight::checked::pythons;
use crate::report::words;

/// `3 ports free, 1 venv (Python 3.12.4), 4 commands, 2 env files, 0 leftovers.`
pub(super) fn inventory(examined: &Examination) -> String {
    let Examination {
        plan,
        facts,
        env_files,
        findings,
        ..
    } = examined;
    let ports = |code: Code| findings.iter().filter(|finding| finding.code == code).count();
    let mut parts = Vec::new();
    match (ports(Code::PortFree), ports(Code::PortBusy(ConflictKind::OwnRunning))) {
        (free, 0) => parts.push(format!("{} free", words::count(free, "port"))),
        (free, ours) => parts.push(format!(
            "{} ({free} free, {ours} ours)",
            words::count(free + ours, "port")
        )),
    }
    let all = plan.services.iter().flat_map(|service| &service.ports);
    let moved = all.filter(|port| matches!(port.origin, Origin::Moved { .. })).count();
    parts.extend((moved > 0).then(|| format!("{moved} of them moved")));
    let versions = pythons(facts);
    if !versions.is_empty() {
        parts.push(format!(
            "{} (Python {})",
            words::count(versions.len(), "venv"),
            versions.join(", ")
        ));
    }
    let count = |runs: fn(&Runs) -> bool| plan.services.iter().filter(|it| runs(&it.runs)).count();
    parts.push(words::count(count(|runs| *runs == Runs::Command), "command"));
    for (n, of_which) in [
        (count(|runs| matches!(runs, Runs::Compose(_))), "Compose service"),
        (count(|runs| *runs == Runs::External), "external service"),
    ] {
        parts.extend((n > 0).then(|| words::count(n, of_which)));
    }
    let n_env_files = env_files.iter().filter(|file| file.exists).count();
    parts.push(words::count(n_env_files, "env file"));
    parts.push("0 leftovers".to_owned());
    let notes = findings.iter().filter(|finding| finding.is_note()).count();
    match notes {
        0 => format!("{}.", parts.join(", ")),
        notes => format!("{}, {} (see `-v`).", parts.join(", "), words::count(notes, "note")),
    }
}

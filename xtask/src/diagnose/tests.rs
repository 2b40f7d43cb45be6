//! The last lines of real runtimes, and the cause of each.

mod innocent;
mod lines;
mod memory;
mod rules;
mod status;
mod whole;

use super::{ExitStatus, OomEvidence, diagnosis};

/// The log of a service that exited with code 1 → the cause, the exit code and the line that shows it.
#[track_caller]
fn check(log: &str, expected: &str) {
    check_ended("1", log, expected);
}

/// The same for another exit code or a signal: `127`, `signal 6`.
#[track_caller]
fn check_ended(how: &str, log: &str, expected: &str) {
    assert_eq!(found(how, OomEvidence::None, log), expected, "{log}");
}

fn found(how: &str, memory: OomEvidence, log: &str) -> String {
    let signal = how.strip_prefix("signal ").map(|it| it.parse().unwrap());
    let code = how.parse().ok();
    let tail: Vec<String> = log.lines().map(str::to_owned).collect();
    let found = diagnosis(ExitStatus { code, signal }, &tail, memory);
    found.map_or("nothing".to_owned(), |it| {
        format!("{:?} {}: {}", it.kind, it.exit.code(), it.evidence)
    })
}

//! The report on a failed service: how it ended, and the lines that show why.

use std::time::Duration;

use super::paint::Paint;
use super::{cause, words};
use crate::diagnose::Diagnosis;
use crate::diagnose::ExitStatus;
use crate::diagnostic::Hint;
use crate::foreign::visible;
use crate::plan::Service;
use crate::supervise::Cause;

/// Number of last log lines to show.
const MAX_LOG_LINES: usize = 10;

/// The whole report; ends with a line break.
pub(crate) fn failure(
    service: &Service,
    why: &Cause,
    tail: &[String],
    hints: &[Hint],
    program: &str,
    paint: Paint,
) -> String {
    let mut text = format!("{} {}\n", paint.bold(&service.name), paint.bad(&headline(why)));
    text.push_str(&log_excerpt(&evidence(why, tail)));
    text.push_str(&super::problem::hints(hints, program, paint));
    text
}

/// Hint for a service that found its own port busy although no other process holds it.
pub(crate) fn opened_twice(service: &Service) -> Hint {
    let name = &service.name;
    format!(
        "check whether `{name}` opens it twice itself, as a reloader without an `if __name__ == \"__main__\"` guard does, or \
         another service of the stack opens it: no other process holds it now"
    )
    .into()
}

/// Lines of a log after an empty line; nothing if there are none.
pub(super) fn log_excerpt(lines: &[String]) -> String {
    // Colours in a log line may continue into later output, and may be unwanted.
    let plain = |line: &String| visible(&console::strip_ansi_codes(line).replace('\t', "    ")).into_owned();
    let lines: String = lines
        .iter()
        .map(|line| format!("  {}\n", plain(line).trim_end()))
        .collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// `failed after 0.4 s (exit code 1): a Python package is missing`.
pub(crate) fn headline(why: &Cause) -> String {
    let after = |after: &Duration| words::duration(*after);
    match why {
        Cause::Exited {
            status,
            after: took,
            diagnosis: Some(diagnosis),
            ..
        } => {
            let status = cause::status(*status);
            format!("failed after {} ({status}): {}", after(took), diagnosis.kind.words())
        }
        Cause::Exited {
            status: ExitStatus { code: Some(0), .. },
            after: took,
            before_ready: true,
            ..
        } => {
            format!(
                "failed: it exited on its own after {} (exit code 0), before it was ready",
                after(took)
            )
        }
        Cause::Exited {
            status, after: took, ..
        } => {
            format!("failed after {} ({})", after(took), cause::status(*status))
        }
        Cause::NotReady { .. } => format!("is {}", cause::cause(why)),
        Cause::NotSpawned { .. } => format!("could not be started: {}", cause::cause(why)),
        Cause::Dependency { .. } | Cause::Unhealthy { .. } | Cause::Survived { .. } | Cause::Unverified { .. } => {
            format!("failed: {}", cause::cause(why))
        }
        Cause::FilesChanged(_) => format!("restarts: {}", cause::cause(why)),
        Cause::Again { last, .. } => headline(last),
        Cause::GaveUp { last, n_restarts } => {
            let restarts = words::count(*n_restarts as usize, "restart");
            format!("{}; gave up after {restarts}", headline(last))
        }
    }
}

/// The lines that show the cause, or else the last lines.
pub(crate) fn evidence(why: &Cause, tail: &[String]) -> Vec<String> {
    match why.last() {
        Cause::Exited {
            diagnosis: Some(Diagnosis { evidence, .. }),
            ..
        } if !evidence.is_empty() => evidence.lines().map(str::to_owned).collect(),
        Cause::Exited { .. } | Cause::NotReady { .. } | Cause::Survived { .. } | Cause::Unverified { .. } => {
            last_lines(tail)
        }
        Cause::NotSpawned { .. } | Cause::Dependency { .. } | Cause::Unhealthy { .. } => Vec::new(),
        Cause::Again { .. } | Cause::GaveUp { .. } | Cause::FilesChanged(_) => Vec::new(),
    }
}

/// The last lines, as many as are shown.
pub(crate) fn last_lines(tail: &[String]) -> Vec<String> {
    tail[tail.len().saturating_sub(MAX_LOG_LINES)..].to_vec()
}

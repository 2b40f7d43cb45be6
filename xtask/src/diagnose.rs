//! Why a service ended, read from its exit status, its last lines and a few facts.
//!
//! The rules are data (`rules`). What they lead to (the owner of the port, the venv to fill) is added by whoever has the
//! facts.

pub(crate) mod advice;
mod kind;
mod memory;
mod pattern;
pub(crate) mod refused;
mod rules;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Exit, Hint};
pub(crate) use kind::FailureKind;
pub(crate) use memory::{OomEvidence, OomKills};
use rules::{ABORT, CODES, RULES, Rule, SIGNALS};

/// How a process ended. Both are `None` when the system would not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExitStatus {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

/// A cause that the log or the exit status shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Diagnosis {
    pub(crate) kind: FailureKind,
    /// The line of the log that shows it, sometimes two; empty when the exit status does.
    pub(crate) evidence: String,
    pub(crate) exit: Exit,
    /// What to do, where only the facts of that moment tell.
    pub(crate) hints: Vec<Hint>,
}

/// What a server reports and survives counts if it stands among so many last lines.
const RECENT_LINES: usize = 12;

/// So far above a line may stand what it must be below.
const MAX_LINES_ABOVE: usize = 12;

/// The log decides, then the exit status. Who was killed has not said why.
pub(crate) fn diagnosis(status: ExitStatus, tail: &[String], memory: OomEvidence) -> Option<Diagnosis> {
    if status.code == Some(0) {
        return None;
    }
    let signal = signal(status);
    let has_ended_itself = signal.is_none_or(|signal| signal == ABORT);
    let said = has_ended_itself.then(|| said(status.code, tail)).flatten();
    let (kind, evidence) = said.or_else(|| Some((from_exit_status(status.code, signal, memory)?, String::new())))?;
    Some(Diagnosis::new(kind, evidence))
}

impl Diagnosis {
    fn new(kind: FailureKind, evidence: String) -> Diagnosis {
        Diagnosis {
            kind,
            evidence,
            exit: kind.info().exit,
            hints: Vec::new(),
        }
    }

    /// It ended with 0, as what sends a server to the background does, and left others running.
    pub(crate) fn in_background() -> Diagnosis {
        Diagnosis::new(FailureKind::Daemonized, String::new())
    }
}

/// The last line that a rule knows: what is said last is nearest to the end.
fn said(code: Option<i32>, tail: &[String]) -> Option<(FailureKind, String)> {
    // Runtimes may colour their last words.
    let lines: Vec<_> = tail
        .iter()
        .map(|line| console::strip_ansi_codes(line).trim_end().to_owned())
        .collect();
    let mut n_later = 0;
    for at in (0..lines.len()).rev() {
        let (above, line) = (&lines[..at], &lines[at]);
        let may_tell = !is_calm(line) && !is_property(line);
        let mut rules = RULES.iter().filter(|_| may_tell);
        if let Some(rule) = rules.find(|rule| rule.knows(line, above, code)) {
            if !rule.kind.info().is_transient || n_later < RECENT_LINES {
                let before = above.last().filter(|_| rule.shows_above);
                let shown: Vec<_> = before.into_iter().chain([line]).map(|line| line.trim()).collect();
                return Some((rule.kind, shown.join("\n")));
            }
        } else if is_exception(line) && !is_chained(above) {
            return None;
        }
        n_later += usize::from(!is_of_a_trace(line));
    }
    None
}

impl Rule {
    fn knows(&self, line: &str, above: &[String], code: Option<i32>) -> bool {
        let stands_below = |pattern: &str| {
            above
                .iter()
                .rev()
                .take(MAX_LINES_ABOVE)
                .any(|line| pattern::holds(line, pattern))
        };
        self.code.is_none_or(|only| code == Some(only))
            && self.says.iter().any(|pattern| pattern::holds(line, pattern))
            && self.below.is_none_or(stands_below)
    }
}

/// What the exit status shows on its own.
fn from_exit_status(code: Option<i32>, signal: Option<i32>, memory: OomEvidence) -> Option<FailureKind> {
    let (_, kind) = match signal {
        Some(signal) => SIGNALS.iter().find(|(number, _)| *number == signal)?,
        None => CODES.iter().find(|(number, _)| Some(*number) == code)?,
    };
    Some(match (kind, memory) {
        (FailureKind::Killed, OomEvidence::RanOut) => FailureKind::KilledForMemory,
        (FailureKind::Killed, OomEvidence::RanOutSomewhere) => FailureKind::ProbablyKilledForMemory,
        (kind, _) => *kind,
    })
}

/// The signal that ended it, or what it waited for: shells and npm pass that on as 128 and its number.
fn signal(status: ExitStatus) -> Option<i32> {
    let passed_on = status.code.map(|code| code - 128);
    let is_known = |signal: &i32| SIGNALS.iter().any(|(number, _)| number == signal);
    status.signal.or(passed_on.filter(is_known))
}

/// Its author calls it no error: `INFO:`, `[WARNING]`, `level=debug`, `"level":"info"`.
fn is_calm(line: &str) -> bool {
    const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING"];
    // After a date, a time and a name there is no level any more, only text.
    let mut words = line.split([' ', '\t', '[', ']', '(', ')', '|', '/']);
    let is_level = words.by_ref().filter(|word| !word.is_empty()).take(5).any(|word| {
        let word = word.trim_end_matches([':', ',']);
        LEVELS.contains(&word)
    });
    is_level
        || LEVELS.iter().any(|level| {
            let level = level.to_lowercase();
            line.starts_with(&format!("{level}: "))
                || line.contains(&format!("level={level} "))
                || line.contains(&format!("\"level\":\"{level}\""))
        })
}

/// Node shows the properties of an error below its message: `  code: 'EADDRINUSE',`.
fn is_property(line: &str) -> bool {
    line.starts_with(' ') && line.trim_start().starts_with("code: '")
}

/// What stands below a message: a stack trace, the properties of an error, the remarks of npm and Node.
fn is_of_a_trace(line: &str) -> bool {
    let noise = ["npm ", "Node.js v", "}"];
    line.is_empty() || line.starts_with([' ', '\t']) || noise.iter().any(|noise| line.starts_with(noise))
}

/// The message of an exception or a panic that nobody caught.
fn is_exception(line: &str) -> bool {
    let is_rust = line.starts_with("thread '") && line.contains(" panicked at ");
    if is_rust || line.starts_with("Exception in thread ") || line.starts_with("panic: ") {
        return true;
    }
    let name = line.split_once(": ").map_or(line, |(name, _)| name);
    let class = name.rsplit('.').next().unwrap_or(name);
    let stem = class.strip_suffix("Error").or(class.strip_suffix("Exception"));
    let is_word = name.chars().all(|it| it.is_alphanumeric() || it == '_' || it == '.');
    is_word && stem.is_some_and(|stem| stem.starts_with(|it: char| it.is_uppercase() || it == '_'))
}

/// Python shows what led to an exception above its trace.
fn is_chained(above: &[String]) -> bool {
    let trace = above
        .iter()
        .rposition(|line| line.contains("Traceback (most recent call last):"));
    let before = trace.and_then(|at| above[..at].iter().rfind(|line| !line.is_empty()));
    before.is_some_and(|line| {
        line.contains("another exception occurred:") || line.contains("the direct cause of the following exception:")
    })
}

#[cfg(test)]
mod tests;

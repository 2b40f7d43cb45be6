//! Why a service exited, derived from its exit status, its last lines and a few facts.
//!
//! The rules are data (`rules`). The caller adds what depends on other facts, such as the owner of the port.

pub(crate) mod advice;
mod kind;
mod memory;
pub(crate) mod refused;
mod rules;
pub(crate) mod start_trouble;
mod subject;

use std::sync::LazyLock;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Exit, Hint};
use crate::foreign::char_start;
pub(crate) use kind::FailureKind;
pub(crate) use memory::{OomEvidence, OomKills};
use rules::{ABORT, CODES, RULES, SIGNALS};
use subject::Subject;

/// How a process ended. Both are `None` if the system does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExitStatus {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

/// A cause found in the log or the exit status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Diagnosis {
    pub(crate) kind: FailureKind,
    /// The log line that shows it, sometimes two; empty if the exit status does.
    pub(crate) evidence: String,
    pub(crate) subject: Option<Subject>,
    pub(crate) exit: Exit,
    /// Hints that depend on facts at the time of the failure.
    pub(crate) hints: Vec<Hint>,
}

/// A transient cause counts only within this many last lines.
const RECENT_LINES: usize = 12;

/// The rest of a longer line is ignored.
const MAX_LINE_BYTES: usize = 4096;

/// A line of the log, without colours.
struct Line {
    text: String,
    lower: String,
}

/// The log is checked first, then the exit status. A process that was killed could not log the reason.
pub(crate) fn diagnosis(status: ExitStatus, tail: &[String], memory: OomEvidence) -> Option<Diagnosis> {
    if status.code == Some(0) {
        return None;
    }
    let signal = signal(status);
    let has_ended_itself = signal.is_none_or(|signal| signal == ABORT);
    let from_log = has_ended_itself.then(|| from_log(status.code, tail)).flatten();
    from_log.or_else(|| from_exit_status(status.code, signal, memory).map(Diagnosis::new))
}

impl Diagnosis {
    /// A diagnosis without details.
    pub(crate) fn new(kind: FailureKind) -> Diagnosis {
        Diagnosis {
            kind,
            evidence: String::new(),
            subject: None,
            exit: kind.info().exit,
            hints: Vec::new(),
        }
    }

    /// The Python module that was not found.
    pub(crate) fn module(&self) -> Option<&str> {
        match &self.subject {
            Some(Subject::Module(module)) => Some(module),
            Some(_) | None => None,
        }
    }

    /// The packages of a Node project may be missing.
    pub(crate) fn may_need_packages(&self) -> bool {
        match self.kind {
            FailureKind::NodeModuleMissing => !matches!(self.subject, Some(Subject::File(_))),
            kind => kind == FailureKind::CommandNotFound,
        }
    }
}

impl Line {
    fn new(line: &str) -> Line {
        let line = &line[..char_start(line, MAX_LINE_BYTES)];
        let text = console::strip_ansi_codes(line).trim_end().to_owned();
        let lower = text.to_ascii_lowercase();
        Line { text, lower }
    }
}

/// The last line that matches a rule: it is closest to the failure.
fn from_log(code: Option<i32>, tail: &[String]) -> Option<Diagnosis> {
    let lines: Vec<_> = tail.iter().map(|line| Line::new(line)).collect();
    let mut n_later = 0;
    for at in (0..lines.len()).rev() {
        let (above, line) = (&lines[..at], &lines[at]);
        let found = RULES.iter().find_map(|rule| rule.diagnosis(line, above, code));
        let text = line.text.as_str();
        match found.filter(|_| !is_calm(text) && !is_property(text)) {
            Some(found) if !found.kind.info().is_transient || n_later < RECENT_LINES => return Some(found),
            None if is_exception(text) && !is_chained(above) => return None,
            Some(_) | None => n_later += usize::from(!is_of_a_trace(text)),
        }
    }
    None
}

/// The cause that the exit status shows by itself.
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

/// The signal that ended the process or its child: shells and npm report a child's signal as 128 plus its number.
fn signal(status: ExitStatus) -> Option<i32> {
    let passed_on = status.code.map(|code| code - 128);
    let is_known = |signal: &i32| SIGNALS.iter().any(|(number, _)| number == signal);
    status.signal.or(passed_on.filter(is_known))
}

/// The line has a level below error: `INFO:`, `[WARNING]`, `level=debug`, `"level":"info"`.
fn is_calm(line: &str) -> bool {
    static CALM: LazyLock<Regex> = LazyLock::new(|| {
        let levels = "(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING)";
        let lower = levels.to_lowercase();
        let (word, gap) = (r"[^ \t\[\]()|/]+", r"[ \t\[\]()|/]+");
        // After a date, a time and a name, a word is text and no longer a level.
        let word = format!(r"^({gap})?({word}{gap}){{0,4}}{levels}[:,]*({gap}|$)");
        regex(&format!(r#"{word}|^{lower}: |level={lower} |"level":"{lower}""#))
    });
    CALM.is_match(line)
}

/// Node prints the properties of an error below its message: `  code: 'EADDRINUSE',`.
fn is_property(line: &str) -> bool {
    line.starts_with(' ') && line.trim_start().starts_with("code: '")
}

/// Lines below a message: a stack trace, the properties of an error, the remarks of npm and Node.
fn is_of_a_trace(line: &str) -> bool {
    let noise = [" ", "\t", "npm ", "Node.js v", "}"];
    line.is_empty() || noise.iter().any(|noise| line.starts_with(noise))
}

/// The message of an uncaught exception or a panic.
fn is_exception(line: &str) -> bool {
    static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| {
        let class = r"([\w.]*\.)?[A-Z_]\w*?(Error|Exception)(: |$)";
        regex(&format!(
            "^(thread '.* panicked at |Exception in thread |panic: |{class})"
        ))
    });
    EXCEPTION.is_match(line)
}

/// Python prints the earlier exceptions of a chain above the trace.
fn is_chained(above: &[Line]) -> bool {
    let is_trace = |line: &Line| line.text.contains("Traceback (most recent call last):");
    let trace = above.iter().rposition(is_trace);
    let before = trace.and_then(|at| above[..at].iter().rfind(|line| !line.text.is_empty()));
    before.is_some_and(|Line { text, .. }| {
        text.contains("another exception occurred:") || text.contains("the direct cause of the following exception:")
    })
}

/// The name of a variable; written as `NAME` in rules.
const NAME: &str = "(?-i:[A-Z][A-Z0-9_]+)";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are constants, and the tests compile all of them")
}

#[cfg(test)]
mod tests;

//! How a line is stored: `2026-11-23T08:00:00.123Z 42 o what the service wrote`.
//!
//! Time of day, place in the order of all services, `o`, `e` or `s` for stdout, stderr or a state, then the line itself.
//! Lines that came out of a pipe together share time and place. What was cut off by a crash is a last line without its end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Stream;
use crate::supervise::{Cause, State};

/// What a stored line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Line(Stream),
    /// Its text is a [`StateRecord`] as JSON.
    Mark,
}

impl RecordKind {
    fn letter(self) -> char {
        match self {
            RecordKind::Line(Stream::Stdout) => 'o',
            RecordKind::Line(Stream::Stderr) => 'e',
            RecordKind::Mark => 's',
        }
    }
}

/// A service came into a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateRecord {
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) task: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) cause: Option<Cause>,
}

/// A stored line that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogEntry {
    /// As [`time`] writes it.
    pub(crate) at: String,
    /// The place in the order of all services of the run.
    pub(crate) place: u64,
    pub(crate) kind: RecordKind,
    /// Without its end.
    pub(crate) text: Vec<u8>,
}

/// UTC in milliseconds, always as long, so that times compare as texts.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// What stands before each of the lines that came together.
pub(super) fn head(at: Timestamp, place: u64, kind: RecordKind) -> String {
    format!("{} {place} {} ", time(at), kind.letter())
}

/// `None` for what no supervisor has written.
pub(super) fn entry(line: &[u8]) -> Option<LogEntry> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let at = std::str::from_utf8(parts.next()?).ok().filter(|at| at.ends_with('Z'))?;
    let place = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let kind = match parts.next()? {
        b"o" => RecordKind::Line(Stream::Stdout),
        b"e" => RecordKind::Line(Stream::Stderr),
        b"s" => RecordKind::Mark,
        _ => return None,
    };
    Some(LogEntry {
        at: at.to_owned(),
        place,
        kind,
        text: parts.next()?.to_owned(),
    })
}

/// The first line of every file: who wrote it, and in which run.
pub(super) fn file_header(run: &str, began: Timestamp) -> String {
    format!("devtasks-log 1 {} {run}\n", time(began))
}

/// The run of a file and when that began; `None` where the first line is another, or not whole yet.
pub(super) fn run_of(title: &str) -> Option<(String, String)> {
    let (began, run) = title
        .strip_suffix('\n')?
        .strip_prefix("devtasks-log 1 ")?
        .split_once(' ')?;
    Some((began.to_owned(), run.to_owned()))
}

//! The format of a stored line: `2026-11-23T08:00:00.123Z 42 o what the service wrote`.
//!
//! Time of day, position among the lines of all services, `o`, `e` or `s` for stdout, stderr or a state, then the line.
//! Lines read from a pipe together share time and position. A crash may leave a last line without line break.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Stream;
use crate::supervise::{Cause, State};

/// The kind of a stored line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Line(Stream),
    /// The text is a [`StateRecord`] as JSON.
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

/// A service entered a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateRecord {
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) task: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) cause: Option<Cause>,
}

/// A stored line, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogEntry {
    /// In the format of [`time`].
    pub(crate) at: String,
    /// The position among the lines of all services of the run.
    pub(crate) place: u64,
    pub(crate) kind: RecordKind,
    /// Without its line break.
    pub(crate) text: Vec<u8>,
}

/// UTC in milliseconds; the length is fixed, so times can be compared as strings.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The prefix of each line that was read together with others.
pub(super) fn head(at: Timestamp, place: u64, kind: RecordKind) -> String {
    format!("{} {place} {} ", time(at), kind.letter())
}

/// Parses a stored line; `None` if a supervisor did not write it.
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

/// The first line of every file: format, start time and id of the run.
pub(super) fn file_header(run: &str, began: Timestamp) -> String {
    format!("devtasks-log 1 {} {run}\n", time(began))
}

/// The start time and id of a file's run; `None` if the first line is invalid or incomplete.
pub(super) fn run_of(title: &str) -> Option<(String, String)> {
    let (began, run) = title
        .strip_suffix('\n')?
        .strip_prefix("devtasks-log 1 ")?
        .split_once(' ')?;
    Some((began.to_owned(), run.to_owned()))
}

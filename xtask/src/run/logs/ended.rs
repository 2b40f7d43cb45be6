//! How a service ended in a run that is over, by the end of its log.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use super::record_format::{LogEntry, RecordKind, StateRecord, entry};
use super::{TAIL_LINES, file, last_run};
use crate::protocol::LastExit;
use crate::supervise::{Cause, State};

/// How much of the end of a log is read, in bytes.
const READ_BYTES: u64 = 512 * 1024;

/// The end of a service in a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EndedService {
    pub(crate) run: String,
    /// Of the last line or state.
    pub(crate) at: Timestamp,
    /// The last state, and when it was entered; `None` if that lies too far back. A supervisor that was killed has
    /// written no last one.
    pub(crate) state: Option<(Timestamp, StateRecord)>,
    pub(crate) exit: Option<LastExit>,
    /// The last lines of its last process, oldest first.
    pub(crate) tail: Vec<String>,
}

/// The service in the last run of a checkout; `None` if it had no part in that.
pub(crate) fn ended(directory: &Path, service: &str) -> Option<EndedService> {
    let run = last_run(directory)?;
    let end = end_of(directory, service, &run);
    summary(run, end.split(|byte| *byte == b'\n').filter_map(entry))
}

/// The services that failed in the last run, with the times of their failures.
pub(crate) fn failed(directory: &Path) -> Vec<(String, Timestamp, Cause)> {
    let mut names: Vec<String> = file::all(directory).into_iter().map(|(service, _)| service).collect();
    names.dedup();
    let failed = names.into_iter().filter_map(|name| {
        let (at, last) = ended(directory, &name)?.state?;
        let cause = last.cause.filter(|_| last.state == State::Failed)?;
        Some((name, at, cause))
    });
    failed.collect()
}

fn summary(run: String, entries: impl Iterator<Item = LogEntry>) -> Option<EndedService> {
    let mut ended: Option<EndedService> = None;
    // The lines of earlier processes. The first lines of one may stand before the mark of its start.
    let mut n_old = 0;
    for LogEntry { at, kind, text, .. } in entries {
        let Ok(at) = at.parse() else { continue };
        let ended = ended.get_or_insert_with(|| EndedService {
            run: run.clone(),
            at,
            state: None,
            exit: None,
            tail: Vec::new(),
        });
        ended.at = at;
        match kind {
            RecordKind::Line(_) => ended.tail.push(String::from_utf8_lossy(&text).trim_end().to_owned()),
            // Skip states that only a later version knows.
            RecordKind::Mark => {
                if let Ok(mark) = serde_json::from_slice::<StateRecord>(&text) {
                    if mark.state == State::Starting {
                        ended.tail.drain(..std::mem::take(&mut n_old));
                    } else if !mark.state.is_alive() {
                        n_old = ended.tail.len();
                    }
                    enter(ended, at, mark);
                }
            }
        }
    }
    if let Some(ended) = &mut ended {
        ended.tail.drain(..ended.tail.len().saturating_sub(TAIL_LINES));
    }
    ended
}

fn enter(ended: &mut EndedService, at: Timestamp, mark: StateRecord) {
    if let Some(Cause::Exited { status, .. }) = mark.cause.as_ref().map(Cause::last) {
        ended.exit = Some(LastExit {
            status: *status,
            at,
            cause: mark.cause.clone(),
        });
    }
    ended.state = Some((at, mark));
}

/// The last bytes of the files of this run, from a whole line on. What cannot be read is left out.
fn end_of(directory: &Path, service: &str, run: &str) -> Vec<u8> {
    let mut end = Vec::new();
    for number in file::numbers(directory, service).into_iter().rev() {
        let is_of_run = file::run(directory, service, number).is_some_and(|(_, its)| its == run);
        let room = READ_BYTES.saturating_sub(end.len() as u64);
        if !is_of_run || room == 0 {
            break;
        }
        let mut bytes = last_bytes(&file::path(directory, service, number), room).unwrap_or_default();
        bytes.append(&mut end);
        end = bytes;
    }
    end
}

fn last_bytes(path: &Path, n_bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let (skipped, mut bytes) = (length.saturating_sub(n_bytes), Vec::new());
    file.seek(SeekFrom::Start(skipped))?;
    file.read_to_end(&mut bytes)?;
    if skipped > 0 {
        let line = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1);
        bytes.drain(..line);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;

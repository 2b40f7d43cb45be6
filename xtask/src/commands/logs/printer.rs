//! Writes stored lines to stdout, in the format of `up` or as JSON events; keeps the last lines of each service.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;

use jiff::tz::TimeZone;

use crate::commands::prefixes::{Prefixes, push_json};
use crate::commands::{Context, unwritable};
use crate::diagnostic::Diagnostic;
use crate::foreign::visible;
use crate::report::cause;
use crate::report::json;
use crate::report::paint::Paint;
use crate::report::status::word;
use crate::report::words;
use crate::run::logs::{LogEntry, RecordKind, StateRecord};
use crate::system::clock::{wall, zone};
use crate::system::terminal::Output;

pub(super) struct LogPrinter {
    prefixes: Prefixes,
    paint: Paint,
    json: bool,
    /// Where the time stands in front of each line.
    clock: Option<LineClock>,
    buffer: Vec<u8>,
    /// The reader has closed the pipe.
    closed: bool,
}

/// The time in front of a line. Lines that were read together share it, so the last one is kept.
struct LineClock {
    zone: TimeZone,
    at: String,
    shown: String,
}

impl LineClock {
    fn new() -> Self {
        LineClock {
            zone: zone(),
            at: String::new(),
            shown: String::new(),
        }
    }

    /// `at` as it is stored; empty for what no supervisor has written.
    fn shown(&mut self, at: &str, paint: Paint) -> &str {
        if self.at != at {
            let time = at.parse().map(|it| words::time_of_day(it, wall(), &self.zone));
            self.shown = time.map_or(String::new(), |time| format!("{} ", paint.dim(&time)));
            at.clone_into(&mut self.at);
        }
        &self.shown
    }
}

/// The buffer is written once it exceeds this size.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

impl LogPrinter {
    pub(super) fn new(prefixes: Prefixes, timestamps: bool, context: &Context) -> Self {
        LogPrinter {
            prefixes,
            paint: context.paint(),
            json: context.json,
            clock: timestamps.then(LineClock::new),
            buffer: Vec::new(),
            closed: false,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn push(&mut self, service: &str, entry: &LogEntry) -> Result<(), Diagnostic> {
        match entry.kind {
            RecordKind::Line(stream) if self.json => {
                if let Ok(at) = entry.at.parse() {
                    push_json(&mut self.buffer, at, service, stream, &entry.text);
                }
            }
            RecordKind::Line(_) => {
                self.push_time(entry);
                self.prefixes
                    .push(&mut self.buffer, service, &[&entry.text, b"\n".as_slice()].concat());
            }
            RecordKind::Mark => {
                // Skip states that only a later version knows.
                if let Ok(mark) = serde_json::from_slice(&entry.text) {
                    self.push_mark(service, entry, mark);
                }
            }
        }
        if self.buffer.len() >= MAX_BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn push_time(&mut self, entry: &LogEntry) {
        if let Some(clock) = &mut self.clock {
            self.buffer
                .extend_from_slice(clock.shown(&entry.at, self.paint).as_bytes());
        }
    }

    fn push_mark(&mut self, service: &str, entry: &LogEntry, mark: StateRecord) {
        let StateRecord {
            state,
            task,
            pid,
            cause,
        } = mark;
        if self.json {
            if let Ok(at) = entry.at.parse() {
                let change = json::state_change(service, state, pid, cause.as_ref());
                let line = json::line(&json::event(at, "state", change));
                self.buffer.extend_from_slice(line.as_bytes());
            }
            return;
        }
        let mut text = format!("-- {}", word(state, task));
        if let Some(cause) = cause {
            text.push_str(&format!(": {}", visible(&cause::cause(&cause))));
        } else if let Some(pid) = pid {
            text.push_str(&format!(", pid {pid}"));
        }
        let line = format!("{}\n", self.paint.dim(&text));
        self.push_time(entry);
        self.prefixes.push(&mut self.buffer, service, line.as_bytes());
    }

    /// Writes the buffer; output ends quietly if the reader has closed the pipe.
    pub(super) fn flush(&mut self) -> Result<(), Diagnostic> {
        if !self.closed
            && !self.buffer.is_empty()
            && let Err(error) = Output::Stdout.write(&self.buffer)
        {
            if error.kind() != ErrorKind::BrokenPipe {
                return Err(unwritable(&error));
            }
            self.closed = true;
        }
        self.buffer.clear();
        Ok(())
    }
}

/// The last lines of each service, with the marks between them.
pub(super) struct Tails {
    length: usize,
    by_service: BTreeMap<String, Tail>,
}

struct Tail {
    entries: VecDeque<LogEntry>,
    n_lines: usize,
    is_cut: bool,
}

impl Tails {
    pub(super) fn new(length: usize) -> Self {
        Tails {
            length,
            by_service: BTreeMap::new(),
        }
    }

    pub(super) fn push(&mut self, service: &str, entry: LogEntry) {
        let new = || Tail {
            entries: VecDeque::new(),
            n_lines: 0,
            is_cut: self.length == 0,
        };
        let tail = self.by_service.entry(service.to_owned()).or_insert_with(new);
        tail.n_lines += usize::from(entry.kind != RecordKind::Mark);
        tail.entries.push_back(entry);
        // Marks before the first remaining line are dropped with the lines around them.
        let is_mark = |tail: &Tail| tail.entries.front().is_some_and(|first| first.kind == RecordKind::Mark);
        while tail.n_lines > self.length || tail.is_cut && is_mark(tail) {
            tail.is_cut = true;
            let first = tail.entries.pop_front();
            tail.n_lines -= usize::from(first.is_some_and(|first| first.kind != RecordKind::Mark));
        }
    }

    /// In their original order.
    pub(super) fn merged(self) -> Vec<(String, LogEntry)> {
        let mut merged: Vec<_> = self
            .by_service
            .into_iter()
            .flat_map(|(service, tail)| tail.entries.into_iter().map(move |entry| (service.clone(), entry)))
            .collect();
        merged.sort_by_key(|(_, entry)| entry.place);
        merged
    }
}

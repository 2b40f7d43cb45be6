//! The output of services: read from their pipes and terminals in whole lines, written to files, with the last lines
//! kept in memory, and passed to a sink; and read back from the files.
//!
//! A single thread reads all outputs.

mod ended;
mod file;
mod follower;
mod lines;
mod read;
mod record_format;
mod sent_checks;
mod strip_escapes;
mod terminal_text;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attachments::Attachments;
use super::log_export::LogExport;
use crate::diagnostic::Diagnostic;
use crate::system::clock::{Clock, precise};
use crate::system::terminal::Size;
pub(crate) use ended::{EndedService, ended, failed};
use file::LogFile;
pub(crate) use file::RunId;
pub(crate) use follower::Follower;
pub(crate) use read::{LogReader, last_run};
pub(crate) use record_format::{LogEntry, RecordKind, StateRecord, time};
use sent_checks::SentChecks;
use strip_escapes::plain;
use terminal_text::{shown, without_blank_runs};

/// One of the two output streams of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// What a service writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputSource {
    Pipe(Stream),
    /// Both streams go to the terminal; its output counts as stdout.
    Terminal,
}

/// Where lines go in addition to the file.
pub(crate) trait Sink: Send + Sync {
    /// `lines` are one or more whole lines of `service`, each with its `\n`; not always UTF-8. Returns `false` if there
    /// is no room for them now; then nothing was taken. Never blocks.
    fn lines(&self, service: &str, stream: Stream, lines: &[u8]) -> bool;
    /// Whether colours of services are shown. If not, they are not asked for, and removed.
    fn shows_colours(&self) -> bool;
    /// Whether lines about our own health checks are left out.
    fn leaves_out_checks(&self) -> bool;
    /// The size of such a terminal.
    fn size(&self) -> Size;
    /// A file cannot be written any more, or a log target does not take lines; reported once for each.
    fn trouble(&self, problem: Diagnostic);
}

/// The numbers of each service's log files, oldest first; read once for all services that start together.
pub(crate) fn numbers(directory: &Path) -> BTreeMap<String, Vec<u64>> {
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (service, number) in file::all(directory) {
        numbers.entry(service).or_default().push(number);
    }
    numbers
}

/// What a service has written, since its log was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LogCounts {
    pub(crate) stdout: StreamCounts,
    pub(crate) stderr: StreamCounts,
}

impl LogCounts {
    fn add(&mut self, stream: Stream, StreamCounts { lines, bytes }: StreamCounts) {
        let counts = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        counts.lines += lines;
        counts.bytes += bytes;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StreamCounts {
    pub(crate) lines: u64,
    /// As it wrote them, with their line breaks.
    pub(crate) bytes: u64,
}

/// The log of one service; shared by the thread that reads its output and callers of [`Log::tail`].
pub(crate) struct Log {
    service: Arc<str>,
    sink: Arc<dyn Sink>,
    export: Arc<LogExport>,
    attachments: Arc<Attachments>,
    inner: Mutex<Inner>,
    /// Apart, because `inner` is locked while the disk is written.
    counts: Mutex<LogCounts>,
    /// Health checks whose lines may come, and the clock of their times.
    checks: Mutex<SentChecks>,
    clock: Clock,
}

struct Inner {
    file: Option<LogFile>,
    tail: VecDeque<Vec<u8>>,
}

/// The number of last lines kept in memory for reports.
const TAIL_LINES: usize = 100;

impl Log {
    /// Opens a new log file. `numbers` are those of the service's existing files.
    ///
    /// # Errors
    /// None: if the file cannot be created, the sink is told and the log works without it.
    pub(crate) fn open(
        service: &str,
        directory: &Path,
        run: RunId,
        numbers: Vec<u64>,
        sink: Arc<dyn Sink>,
        export: Arc<LogExport>,
    ) -> Arc<Log> {
        let file = LogFile::create(directory, service, run, numbers)
            .map_err(|problem| sink.trouble(problem))
            .ok();
        let inner = Mutex::new(Inner {
            file,
            tail: VecDeque::with_capacity(TAIL_LINES),
        });
        Arc::new(Log {
            service: service.into(),
            sink,
            export,
            attachments: Attachments::new(service),
            inner,
            counts: Mutex::default(),
            checks: Mutex::default(),
            clock: Clock::start(),
        })
    }

    /// The last lines, oldest first, without line breaks; invalid UTF-8 is replaced.
    pub(crate) fn tail(&self) -> Vec<String> {
        let inner = self.lock();
        inner
            .tail
            .iter()
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
            .collect()
    }

    pub(crate) fn counts(&self) -> LogCounts {
        *lock(&self.counts)
    }

    /// A health check that asks for `path` is about to be sent; `from` is our end of the connection.
    pub(crate) fn check_sent(&self, from: SocketAddr, path: &str) {
        lock(&self.checks).sent(from, path, self.clock.now());
    }

    /// The last health check did not pass.
    pub(crate) fn check_failed(&self) {
        lock(&self.checks).failed();
    }

    /// Those who are attached to the service.
    pub(crate) fn attachments(&self) -> &Arc<Attachments> {
        &self.attachments
    }

    /// Clears the last lines, because a new process of the service starts.
    pub(crate) fn begin(&self) {
        self.attachments.begin();
        self.lock().tail.clear();
    }

    /// Records a change of the service's state among its lines.
    pub(crate) fn mark(&self, mark: &StateRecord) {
        let mut text = serde_json::to_vec(mark).expect("a mark is plain data");
        text.push(b'\n');
        self.store(&mut self.lock(), precise(), RecordKind::Mark, &text);
    }

    /// Stores whole lines of the process `pid`, hands them to the log targets and remembers the last ones; returns what
    /// to show of them, which may be nothing.
    fn keep<'a>(&self, source: OutputSource, pid: u32, lines: &'a [u8]) -> (Stream, Cow<'a, [u8]>) {
        let written = StreamCounts {
            lines: memchr::memchr_iter(b'\n', lines).count() as u64,
            bytes: lines.len() as u64,
        };
        let (stream, lines) = match source {
            OutputSource::Pipe(stream) => (stream, Cow::Borrowed(lines)),
            OutputSource::Terminal => (Stream::Stdout, Cow::Owned(without_blank_runs(&shown(lines)))),
        };
        lock(&self.counts).add(stream, written);
        let plain = plain(&lines);
        let at = precise();
        let mut inner = self.lock();
        self.store(&mut inner, at, RecordKind::Line(stream), &plain);
        remember(&mut inner.tail, &plain);
        drop(inner);
        self.export.lines(at, &self.service, stream, pid, &plain);
        let visible = match (&plain, source) {
            // Without escape sequences both are the same.
            (Cow::Borrowed(_), _) => lines.clone(),
            (Cow::Owned(plain), _) if !self.sink.shows_colours() => Cow::Owned(plain.clone()),
            (Cow::Owned(_), OutputSource::Terminal) => lines.clone(),
            // Who is told to colour may move the cursor, too.
            (Cow::Owned(_), OutputSource::Pipe(_)) => Cow::Owned(shown(&lines)),
        };
        match self.sink.leaves_out_checks() {
            true => (stream, lock(&self.checks).without(visible, &plain, self.clock.now())),
            false => (stream, visible),
        }
    }

    /// Passes lines to the sink; `false` if it has no room now.
    fn hand_on(&self, stream: Stream, lines: &[u8]) -> bool {
        self.sink.lines(&self.service, stream, lines)
    }

    fn store(&self, inner: &mut Inner, at: Timestamp, kind: RecordKind, lines: &[u8]) {
        /// The position of the next lines among those of all services.
        static PLACE: AtomicU64 = AtomicU64::new(1);
        let Some(file) = &mut inner.file else {
            return;
        };
        let place = PLACE.fetch_add(1, Ordering::Relaxed);
        if let Err(problem) = file.write(at, place, kind, lines) {
            inner.file = None;
            self.sink.trouble(problem.hint("its lines are still shown here"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(tail: &mut VecDeque<Vec<u8>>, lines: &[u8]) {
    let mut ends = lines
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at);
    let from = ends.nth(TAIL_LINES).map_or(0, |before| before + 1);
    for line in lines[from..].split_inclusive(|byte| *byte == b'\n') {
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line[..line.len().min(MAX_TAIL_LINE_BYTES)].to_vec());
    }
}

/// The number of bytes of a line kept for reports.
const MAX_TAIL_LINE_BYTES: usize = 1000;

#[cfg(test)]
mod tests;

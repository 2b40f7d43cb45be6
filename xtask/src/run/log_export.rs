//! Sends the lines of services to log targets: a collector, a syslog server, the journal, a file of JSON lines.
//!
//! The thread that reads services only adds to queues and never waits. Each target has a thread, a [`shipper`], and its
//! share of the memory. What a target cannot take in time is dropped and counted; the log files have every line.

mod datagrams;
mod journald;
mod json_lines;
mod json_text;
mod messages;
mod otlp;
mod queue;
mod shipper;
mod syslog;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::logs::{Sink, Stream};
use crate::config::LogTarget;
use crate::diagnostic::{Diagnostic, Exit};
use crate::protocol::LogExportStatus;
use crate::system::os;
use journald::Journald;
use json_lines::JsonLines;
use otlp::Otlp;
use queue::ShipQueue;
use shipper::{Shipper, Transport};
use syslog::Syslog;

/// What may wait for all targets together, in bytes. With what is just being sent, it stays below 64 MB.
const MAX_WAITING_BYTES: usize = 48 * 1024 * 1024;

/// How long the end of a run waits for targets to take what is left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The run whose lines are sent.
#[derive(Debug, Clone)]
pub(crate) struct LineSource {
    pub(crate) project: String,
    pub(crate) run: String,
    pub(crate) host: String,
}

/// Whole lines of a service that were read together.
struct LineBlock {
    at: Timestamp,
    service: Arc<str>,
    stream: Stream,
    /// Of the service's main process.
    pid: u32,
    /// Each line has its `\n`. Not always UTF-8, and without escape sequences.
    text: Box<[u8]>,
    n_lines: u64,
}

/// All log targets of a run.
pub(crate) struct LogExport {
    shippers: Vec<(String, Arc<ShipQueue>)>,
}

impl LogExport {
    /// Starts a thread for each target. Their problems are told to `sink`.
    ///
    /// # Errors
    /// The system has no journal, or no room for a thread.
    pub(crate) fn start(
        targets: &[LogTarget],
        source: &LineSource,
        sink: &Arc<dyn Sink>,
    ) -> Result<LogExport, Diagnostic> {
        let mut shippers = Vec::new();
        for target in targets {
            let name = target.to_string();
            let queue = Arc::new(ShipQueue::new(MAX_WAITING_BYTES / targets.len()));
            let transport: Box<dyn Transport> = match target {
                LogTarget::Otlp(url) => Box::new(Otlp::new(url, source.clone())),
                LogTarget::File(path) => Box::new(JsonLines::new(path.clone(), source.clone())),
                LogTarget::Syslog(address) => Box::new(Syslog::new(address.clone(), source)),
                LogTarget::Journald if os::HAS_JOURNAL => {
                    Box::new(Journald::new(journald::SOCKET.into(), source.clone()))
                }
                LogTarget::Journald => return Err(no_journal()),
            };
            Shipper::start(name.clone(), Arc::clone(&queue), transport, Arc::clone(sink))?;
            shippers.push((name, queue));
        }
        Ok(LogExport { shippers })
    }

    /// Without a target.
    #[cfg(test)]
    pub(crate) fn none() -> LogExport {
        LogExport { shippers: Vec::new() }
    }

    /// Hands whole lines to every target; never waits.
    pub(crate) fn lines(&self, at: Timestamp, service: &Arc<str>, stream: Stream, pid: u32, lines: &[u8]) {
        if self.shippers.is_empty() || lines.is_empty() {
            return;
        }
        let block = Arc::new(LineBlock {
            at,
            service: Arc::clone(service),
            stream,
            pid,
            text: lines.into(),
            n_lines: memchr::memchr_iter(b'\n', lines).count() as u64,
        });
        for (_, queue) in &self.shippers {
            queue.push(&block);
        }
    }

    /// Gives every target a short time to take what is left, and counts the rest as dropped.
    pub(crate) fn finish(&self) {
        for (_, queue) in &self.shippers {
            queue.close(FLUSH_TIMEOUT);
        }
        for (_, queue) in &self.shippers {
            queue.count();
        }
    }

    /// How each target fares, in the order of the file. `dropped` counts exactly.
    pub(crate) fn status(&self) -> Vec<LogExportStatus> {
        let status = |(name, queue): &(String, Arc<ShipQueue>)| queue.status(name);
        self.shippers.iter().map(status).collect()
    }
}

fn no_journal() -> Diagnostic {
    Diagnostic::new("`journald = true` in `log_export`: this system has no journald")
        .hint("remove `{ journald = true }`, or send lines to a collector with `otlp`")
        .exit(Exit::Usage)
}

/// The name of this machine; `-` if it has none.
pub(crate) fn host_name() -> String {
    sysinfo::System::host_name()
        .filter(|name| !name.is_empty())
        .unwrap_or("-".to_owned())
}

#[cfg(test)]
mod tests;

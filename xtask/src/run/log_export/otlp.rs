//! OTLP/HTTP with JSON: lines as log records of a resource, one for each process of a service.
//!
//! Source: OTLP specification 1.9, "OTLP/HTTP" and "JSON Protobuf Encoding"; semantic conventions for `service.*`,
//! `host.name`, `process.pid` and `log.iostream`.

mod post;

use std::sync::Arc;
use std::time::Duration;

use super::shipper::{Attempt, Pace, Rest, Transport};
use super::{LineBlock, LineSource, json_text};
use crate::run::logs::Stream;
use post::Poster;

/// A batch is sent once its JSON is as long. Many proxies refuse bodies of more than 1 MB.
const FULL_BYTES: usize = 512 * 1024;

/// Lines wait so long for others, or until there are so many bytes of them.
const PACE: Pace = Pace {
    time: Duration::from_millis(200),
    bytes: 192 * 1024,
};

pub(super) struct Otlp {
    batch: OtlpBatch,
    poster: Poster,
}

impl Otlp {
    pub(super) fn new(url: &str, source: LineSource) -> Otlp {
        Otlp {
            batch: OtlpBatch::new(source),
            poster: Poster::new(&endpoint(url)),
        }
    }
}

/// The URL that lines are posted to.
fn endpoint(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.split_once('/') {
        None | Some((_, "")) => format!("{}/v1/logs", url.trim_end_matches('/')),
        Some(_) => url.to_owned(),
    }
}

impl Transport for Otlp {
    fn pace(&self) -> Pace {
        PACE
    }

    fn begin(&mut self, block: &LineBlock) {
        self.batch.begin(block);
    }

    fn add(&mut self, line: &[u8]) {
        self.batch.add(line);
    }

    fn is_full(&self) -> bool {
        self.batch.json.len() >= FULL_BYTES
    }

    fn send(&mut self, patience: Duration) -> Attempt {
        let n_lines = self.batch.n_lines;
        let attempt = self.poster.post(self.batch.finished(), n_lines, patience);
        if attempt.rest == Rest::None {
            self.batch.clear();
        }
        attempt
    }
}

/// The JSON of a request. It is written by hand, because a value for each line costs several times as much.
struct OtlpBatch {
    source: LineSource,
    json: Vec<u8>,
    n_lines: u64,
    /// What the open `logRecords` belong to.
    resource: Option<(Arc<str>, u32)>,
    /// What stands before and after the text of each line of the block.
    before: Vec<u8>,
    after: &'static str,
    is_finished: bool,
}

impl OtlpBatch {
    fn new(source: LineSource) -> OtlpBatch {
        OtlpBatch {
            source,
            json: Vec::new(),
            n_lines: 0,
            resource: None,
            before: Vec::new(),
            after: "",
            is_finished: false,
        }
    }

    fn begin(&mut self, block: &LineBlock) {
        let same = |(service, pid): &(Arc<str>, u32)| *service == block.service && *pid == block.pid;
        if !self.resource.as_ref().is_some_and(same) {
            self.push(match self.resource {
                None => "{\"resourceLogs\":[",
                Some(_) => "]}]},",
            });
            self.resource = Some((Arc::clone(&block.service), block.pid));
            self.open_resource(block);
        }
        // The time at which devtasks read the line is the only one that is known.
        let at = block.at.as_nanosecond();
        let record = "{\"timeUnixNano\":\"";
        let before = format!("{record}{at}\",\"observedTimeUnixNano\":\"{at}\",\"body\":{{\"stringValue\":\"");
        self.before = before.into_bytes();
        self.after = match block.stream {
            Stream::Stdout => "\"},\"attributes\":[{\"key\":\"log.iostream\",\"value\":{\"stringValue\":\"stdout\"}}]}",
            Stream::Stderr => "\"},\"attributes\":[{\"key\":\"log.iostream\",\"value\":{\"stringValue\":\"stderr\"}}]}",
        };
    }

    fn open_resource(&mut self, block: &LineBlock) {
        let LineSource { project, run, host } = self.source.clone();
        let pid = block.pid;
        self.push("{\"resource\":{\"attributes\":[");
        for (key, value) in [
            ("service.name", &*block.service),
            ("service.namespace", &project),
            ("service.instance.id", &run),
            ("host.name", &host),
        ] {
            self.push(&format!("{{\"key\":\"{key}\",\"value\":{{\"stringValue\":\""));
            json_text::push(&mut self.json, value.as_bytes());
            self.push("\"}},");
        }
        self.push(&format!(
            "{{\"key\":\"process.pid\",\"value\":{{\"intValue\":\"{pid}\"}}}}]}},"
        ));
        let version = env!("CARGO_PKG_VERSION");
        self.push(&format!(
            "\"scopeLogs\":[{{\"scope\":{{\"name\":\"devtasks\",\"version\":\"{version}\"}},\"logRecords\":["
        ));
    }

    fn add(&mut self, line: &[u8]) {
        if self.json.last() == Some(&b'}') {
            self.json.push(b',');
        }
        self.json.extend_from_slice(&self.before);
        json_text::push(&mut self.json, line);
        self.json.extend_from_slice(self.after.as_bytes());
        self.n_lines += 1;
    }

    /// The whole document; nothing can be added to it then.
    fn finished(&mut self) -> &[u8] {
        if !std::mem::replace(&mut self.is_finished, true) {
            self.push("]}]}]}");
        }
        &self.json
    }

    fn clear(&mut self) {
        self.json.clear();
        self.json.shrink_to(2 * FULL_BYTES);
        (self.n_lines, self.resource, self.is_finished) = (0, None, false);
    }

    fn push(&mut self, text: &str) {
        self.json.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests;

//! Formats a service's lines for `up` and `logs`: with its name as an aligned, coloured prefix, or as JSON events.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::report::json::{self, LogLine, StreamName};
use crate::report::paint::Paint;
use crate::run::logs::Stream;

/// The prefix of each service, such as `backend  | `.
pub(super) struct Prefixes {
    /// The width of every prefix in characters.
    pub(super) width: u16,
    by_service: BTreeMap<String, String>,
}

impl Prefixes {
    /// `services` are all that may ever run, in file order, which determines the colours.
    pub(super) fn new(services: &[String], paint: Paint) -> Self {
        let width = services.iter().map(|name| console::measure_text_width(name)).max();
        let width = width.unwrap_or(0);
        let prefix = |(at, name): (usize, &String)| {
            (
                name.clone(),
                format!("{} ", paint.nth(at, &format!("{name:<width$} |"))),
            )
        };
        Prefixes {
            width: u16::try_from(width + 3).unwrap_or(u16::MAX),
            by_service: services.iter().enumerate().map(prefix).collect(),
        }
    }

    /// Adds whole lines of a service, each with its prefix. Colours end with their line.
    pub(super) fn push(&self, to: &mut Vec<u8>, service: &str, lines: &[u8]) {
        // The service may have been removed from the file.
        let other = || format!("{service} | ");
        let prefix = self.by_service.get(service).cloned().unwrap_or_else(other);
        let has_colours = memchr::memchr(ESCAPE, lines).is_some();
        let continues = |line: &[u8]| memchr::memchr(ESCAPE, line).is_some() && !line.ends_with(RESET);
        let mut rest = lines;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            to.extend_from_slice(prefix.as_bytes());
            to.extend_from_slice(&rest[..end]);
            if has_colours && continues(&rest[..end]) {
                to.extend_from_slice(RESET);
            }
            to.push(b'\n');
            rest = &rest[end + 1..];
        }
    }
}

const ESCAPE: u8 = 0x1b;

/// Source: ECMA-48, 8.3.117 (SGR 0).
const RESET: &[u8] = b"\x1b[0m";

/// One line, without its line break, as a JSON event; invalid UTF-8 is replaced.
pub(super) fn push_json(to: &mut Vec<u8>, at: Timestamp, service: &str, stream: Stream, line: &[u8]) {
    let stream = match stream {
        Stream::Stdout => StreamName::Stdout,
        Stream::Stderr => StreamName::Stderr,
    };
    let line = &String::from_utf8_lossy(line);
    let event = json::event(at, "log", LogLine { service, stream, line });
    to.extend_from_slice(json::line(&event).as_bytes());
}

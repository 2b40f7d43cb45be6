//! Lines of an access log about our own health checks, which the screen of `up` leaves out. Pure.
//!
//! A line counts only if it cannot be another's: it names the very connection of a check that was sent a moment ago, or our
//! `User-Agent`; and the same path, and a status that passes. Every check has one such line. All others stay.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use memchr::memmem;

use crate::run::health::USER_AGENT;

/// Health checks of one service whose lines have not been seen yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct SentChecks(VecDeque<SentCheck>);

#[derive(Debug)]
struct SentCheck {
    /// Our end of the connection.
    from: SocketAddr,
    /// `"GET /health HTTP/1.1" `, as servers log a request.
    request: Vec<u8>,
    at: Duration,
}

/// How long a server may take to log a request.
const LOG_DELAY: Duration = Duration::from_secs(10);

/// Many servers log no requests, so their checks are forgotten.
const MAX_CHECKS: usize = 16;

impl SentChecks {
    /// A connection was opened, and the request is about to be sent.
    pub(super) fn sent(&mut self, from: SocketAddr, path: &str, now: Duration) {
        if self.0.len() == MAX_CHECKS {
            self.0.pop_front();
        }
        self.0.push_back(SentCheck {
            from,
            request: format!("\"GET {path} HTTP/1.1\" ").into_bytes(),
            at: now,
        });
    }

    /// The last check did not pass, so its line is worth seeing.
    pub(super) fn failed(&mut self) {
        self.0.clear();
    }

    /// `shown` without the lines about checks; `plain` has the same lines without escape sequences.
    pub(super) fn without<'a>(&mut self, shown: Cow<'a, [u8]>, plain: &[u8], now: Duration) -> Cow<'a, [u8]> {
        self.0.retain(|check| now < check.at + LOG_DELAY);
        let has_some = |check: &SentCheck| memmem::find(plain, &check.request).is_some();
        if !self.0.iter().any(has_some) {
            return shown;
        }
        let ends_line = |byte: &u8| *byte == b'\n';
        let lines = shown.split_inclusive(ends_line).zip(plain.split_inclusive(ends_line));
        let mut rest = Vec::with_capacity(shown.len());
        for (line, plain) in lines {
            match self.0.iter().position(|check| check.is_logged(plain)) {
                Some(at) => drop(self.0.remove(at)),
                None => rest.extend_from_slice(line),
            }
        }
        Cow::Owned(rest)
    }
}

impl SentCheck {
    /// Whether this line of an access log is about it, and says that it passed.
    fn is_logged(&self, line: &[u8]) -> bool {
        let Some(at) = memmem::find(line, &self.request) else {
            return false;
        };
        let (before, after) = (&line[..at], &line[at + self.request.len()..]);
        let passes = match after {
            [b'2' | b'3', b'0'..=b'9', b'0'..=b'9', next, ..] => next.is_ascii_whitespace(),
            _ => false,
        };
        let agent = format!("\"{USER_AGENT}\"");
        passes && (self.is_from(before) || memmem::find(after, agent.as_bytes()).is_some())
    }

    /// Whether one word is our end of the connection. uvicorn leaves out the brackets of IPv6.
    fn is_from(&self, words: &[u8]) -> bool {
        let bare = match self.from.ip() {
            IpAddr::V6(ip) => format!("{ip}:{}", self.from.port()),
            IpAddr::V4(_) => self.from.to_string(),
        };
        let mut words = words.split(u8::is_ascii_whitespace);
        words.any(|word| word == bare.as_bytes() || word == self.from.to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests;

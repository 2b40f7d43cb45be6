//! The time limit of an HTTP request in transports of our own.

use std::io::{self, ErrorKind};
use std::time::Duration;

use ureq::unversioned::transport::{NextTimeout, time};

/// The remaining time. `None` would mean no timeout, and zero is invalid.
pub(crate) fn left(timeout: NextTimeout) -> Option<Duration> {
    match timeout.after {
        time::Duration::Exact(left) => Some(left.max(Duration::from_millis(1))),
        time::Duration::NotHappening => None,
    }
}

/// A timeout of the system is one of the request.
pub(crate) fn failed(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ureq::Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}

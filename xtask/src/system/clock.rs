//! The time: since the program began for the machine, of day for people.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Counts from its making, never backwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { began: Instant::now() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The time of day, UTC, in whole milliseconds.
pub(crate) fn wall() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

//! Clocks: a monotonic one for the machine, and the time of day for display.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Time since its creation; monotonic.
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

/// The time of day, UTC, as exact as the system gives it.
pub(crate) fn precise() -> Timestamp {
    Timestamp::now()
}

/// The time of day, UTC, in whole milliseconds.
pub(crate) fn wall() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The user's time zone, for times that people read; UTC if the system names none.
pub(crate) fn zone() -> TimeZone {
    TimeZone::system()
}

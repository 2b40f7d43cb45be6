//! Whether a service changes its own files: then a restart for them would lead to the next, for ever.

use std::time::Duration;

use super::Elapsed;

/// The restarts of one service for changed files that came right after a start.
#[derive(Debug, Default)]
pub(crate) struct ChangeLoop {
    started_at: Option<Elapsed>,
    in_a_row: u32,
}

/// A change within this time after a start may be the work of the service.
const SOON: Duration = Duration::from_secs(5);

/// The number of such restarts in a row that a person may cause. Six saved files, each within five seconds after the
/// restart for the one before, are rare.
pub(crate) const MAX_IN_A_ROW: u32 = 5;

impl ChangeLoop {
    pub(crate) fn started(&mut self, now: Elapsed) {
        self.started_at = Some(now);
    }

    /// A change that would restart it now; returns whether it is one too many.
    pub(crate) fn is_closed_by_change(&mut self, now: Elapsed) -> bool {
        let is_soon = self.started_at.take().is_some_and(|started| now - started < SOON);
        self.in_a_row = if is_soon { self.in_a_row + 1 } else { 0 };
        self.in_a_row > MAX_IN_A_ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes so many milliseconds after each start → whether each is one too many.
    #[track_caller]
    fn check(delays: &[u64], expected: &[bool]) {
        let (mut watched, mut now) = (ChangeLoop::default(), Duration::ZERO);
        let mut seen = Vec::new();
        for delay in delays {
            watched.started(now);
            now += Duration::from_millis(*delay);
            seen.push(watched.is_closed_by_change(now));
        }
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_sixth_change_right_after_a_start_is_one_too_many() {
        check(&[150; 6], &[false, false, false, false, false, true]);
    }

    #[test]
    fn a_change_that_takes_its_time_begins_a_new_count() {
        check(
            &[150, 150, 150, 150, 150, 6000, 150, 150],
            &[false, false, false, false, false, false, false, false],
        );
    }
}

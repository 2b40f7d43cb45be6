//! When lines are due off a terminal.

use std::time::Duration;

use super::RareTimes;

/// Looks at these seconds → those at which a line is due.
#[track_caller]
fn check(looks: impl IntoIterator<Item = f64>, expected: &[f64]) {
    let mut times = RareTimes::new();
    let due = looks
        .into_iter()
        .filter(|at| times.is_due(Duration::from_secs_f64(*at)));
    assert_eq!(due.collect::<Vec<_>>(), expected);
}

#[test]
fn lines_are_due_after_a_second_and_then_rarely() {
    let every_half_second = (0..500).map(|n| f64::from(n) / 2.0);
    check(every_half_second, &[1.0, 10.0, 30.0, 60.0, 120.0, 180.0, 240.0]);
}

#[test]
fn a_late_look_is_one_line() {
    check([0.9, 45.0, 46.0, 61.0], &[45.0, 61.0]);
}

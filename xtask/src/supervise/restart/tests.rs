//! The length of the pauses.

use std::time::Duration;

use super::{MAX_PAUSE, backoff};

#[test]
fn pauses_double_and_never_pass_the_longest() {
    for n in 1..40 {
        let least = Duration::from_millis(100)
            .saturating_mul(2_u32.saturating_pow(n - 1))
            .min(MAX_PAUSE);
        for name in ["api", "db", "web"] {
            let pause = backoff(name, n);
            assert!(pause >= least && pause <= MAX_PAUSE, "{name} {n}: {pause:?}");
            assert!(pause <= least + least / 4, "{name} {n}: {pause:?}");
        }
    }
}

#[test]
fn the_first_restart_comes_at_once() {
    assert_eq!(backoff("api", 0), Duration::ZERO);
}

#[test]
fn the_same_unit_pauses_the_same_time_and_others_do_not() {
    assert_eq!(backoff("api", 1), backoff("api", 1));
    assert_ne!(backoff("api", 1), backoff("db", 1));
}

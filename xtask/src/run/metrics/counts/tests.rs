//! What happens to a service → what is counted.

use super::*;
use crate::supervise::ChangedFiles;

fn exited(signal: Option<i32>) -> Cause {
    Cause::Exited {
        status: ExitStatus {
            code: signal.is_none().then_some(1),
            signal,
        },
        after: Duration::ZERO,
        before_ready: false,
        diagnosis: None,
    }
}

fn again(last: Cause) -> Option<Cause> {
    Some(Cause::Again {
        last: Box::new(last),
        pause: Duration::ZERO,
    })
}

/// A service that was started, entered these states and was started again: the counts that are not 0.
#[track_caller]
fn check(states: &[(State, Option<Cause>)], expected: &str) {
    let mut counts = Counts::default();
    counts.started(Duration::ZERO);
    for (state, cause) in states {
        counts.entered(Duration::ZERO, *state, cause.as_ref());
    }
    counts.started(Duration::ZERO);
    let causes = RestartCause::ALL.into_iter().zip(counts.restarts);
    let seen: Vec<String> = causes
        .filter(|(_, count)| *count > 0)
        .map(|(cause, count)| format!("{} {count}", cause.name()))
        .collect();
    assert_eq!(seen.join(", "), expected);
}

#[test]
fn a_restart_is_counted_by_its_cause() {
    let unready = Cause::NotReady {
        after: Duration::ZERO,
        detail: String::new(),
    };
    let sick = || Cause::Unhealthy { detail: String::new() };
    let files = || {
        Some(Cause::FilesChanged(ChangedFiles {
            names: vec!["app.py".to_owned()],
            total: 1,
        }))
    };
    check(&[(State::Ready, None), (State::Backoff, again(exited(None)))], "exit 1");
    check(&[(State::Backoff, again(exited(Some(9))))], "signal 1");
    check(&[(State::Backoff, again(unready))], "not_ready 1");
    check(
        &[
            (State::Unhealthy, Some(sick())),
            (State::Stopping, None),
            (State::Backoff, again(sick())),
            (State::Waiting, None),
        ],
        "unhealthy 1",
    );
    check(&[(State::Stopping, files()), (State::Waiting, None)], "files_changed 1");
    check(&[(State::Waiting, files())], "files_changed 1");
    check(&[(State::Stopping, None), (State::Waiting, None)], "requested 1");
    // It had crashed; `up` started it later.
    check(
        &[
            (State::Backoff, again(exited(Some(9)))),
            (State::Stopped, None),
            (State::Waiting, None),
        ],
        "requested 1",
    );
}

#[test]
fn the_first_start_is_none() {
    let mut counts = Counts::default();
    counts.entered(Duration::ZERO, State::Waiting, None);
    counts.started(Duration::ZERO);
    assert_eq!(counts.restarts, [0; RestartCause::ALL.len()]);
}

#[test]
fn only_the_first_ready_after_a_start_counts() {
    let at = Duration::from_secs;
    let mut counts = Counts::default();
    counts.started(at(1));
    assert_eq!(counts.ready_after, None);
    counts.entered(at(1), State::Starting, None);
    counts.entered(at(3), State::Ready, None);
    counts.entered(at(5), State::Unhealthy, None);
    counts.entered(at(9), State::Ready, None);
    assert_eq!(counts.ready_after, Some(at(2)));
    counts.started(at(20));
    assert_eq!(counts.ready_after, None);
}

#[test]
fn a_duration_at_a_bound_belongs_to_it() {
    let mut counts = Counts::default();
    for milliseconds in [0, 1, 2, 10_000, 10_001] {
        counts.checked(true, Duration::from_millis(milliseconds));
    }
    counts.checked(false, Duration::from_secs(60));
    assert_eq!(counts.checks.counts, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!(counts.checks.sum, Duration::from_millis(80_004));
    assert_eq!((counts.checks_passed, counts.checks_failed), (5, 1));
}

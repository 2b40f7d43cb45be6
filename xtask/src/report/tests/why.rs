//! The output of `why`.

use super::failure::backend;
use super::failure::ended;
use super::status::exit;
use super::{check, time};
use crate::diagnostic::Hint;
use crate::expected::Expected;
use crate::plan::Restart;
use crate::protocol::{ProbeRecord, Probed, ServiceStatus};
use crate::report::paint::Paint;
use crate::report::why::{Reason, Why, text};
use crate::supervise::State;
use expect_test::expect;

fn why(state: State) -> Why {
    Why {
        project: "shop".to_owned(),
        checkout: "/home/kim/shop".into(),
        run: Some("r1".to_owned()),
        last_run: None,
        service: service(state),
        answers: Vec::new(),
        reason: None,
        restart: Restart::No,
        next_try_at: None,
        now: Vec::new(),
        hints: Vec::new(),
    }
}

fn service(state: State) -> ServiceStatus {
    ServiceStatus {
        name: "api".to_owned(),
        state,
        since: Some(time("2026-11-23T09:59:00Z")),
        ..ServiceStatus::stopped(&backend("serve", ""))
    }
}

#[track_caller]
fn check_text(why: &Why, expected: impl Expected) {
    check(
        &text(why, time("2026-11-23T10:00:00Z"), "devtasks", Paint::new(false)),
        expected,
    );
}

#[test]
fn why_of_backoff_shows_the_last_exit_and_the_next_try() {
    check_text(
        &Why {
            service: ServiceStatus {
                exit: Some(exit("09:59:00", ended(Some(3), None, "No module named 'x'"))),
                restarts: 2,
                ..service(State::Backoff)
            },
            reason: Some(Reason {
                code: None,
                message: "a Python package is missing, again in 3 s".to_owned(),
                evidence: vec!["No module named 'x'\x1b[0m".to_owned(), "\x07".to_owned()],
            }),
            restart: Restart::Always,
            next_try_at: Some(time("2026-11-23T10:00:02Z")),
            hints: vec!["install it".into()],
            ..why(State::Backoff)
        },
        expect![[r#"
            api  backoff  since 60 s

              reason      a Python package is missing, again in 3 s
              last exit   exit code 3, 60 s ago
              restarts    2 (`restart = "always"`)
              next try    in 2 s

              No module named 'x'
              \x07

            hint: install it"#]],
    );
}

#[test]
fn why_of_waiting_and_ready_shows_dependencies_and_health() {
    let waits = vec!["db".to_owned(), "cache".to_owned()];
    check_text(
        &Why {
            service: ServiceStatus {
                waiting_for: waits,
                ..service(State::Waiting)
            },
            ..why(State::Waiting)
        },
        expect![[r#"
            api  waiting  since 60 s

              waits for   db, cache"#]],
    );
    let answer = |passed, times, detail: &str| ProbeRecord {
        at: time("2026-11-23T09:59:58Z"),
        times,
        probed: Probed {
            passed,
            detail: detail.to_owned(),
        },
    };
    check_text(
        &Why {
            answers: vec![answer(false, 3, "GET / 503"), answer(true, 1, "")],
            service: ServiceStatus {
                pid: Some(4243),
                exit: Some(exit("09:58:00", ended(None, Some(9), ""))),
                ..service(State::Ready)
            },
            ..why(State::Ready)
        },
        expect![[r#"
            api  ready  since 60 s  (pid 4243)

              health      failed, 3 times, last 2 s ago: GET / 503
                          passed, last 2 s ago
              last exit   killed by SIGKILL, 2 min ago: sent by another process or the kernel"#]],
    );
    check_text(&why(State::Ready), expect!["api  ready  since 60 s"]);
}

#[test]
fn why_without_a_run_says_that_nothing_runs() {
    check_text(
        &Why {
            run: None,
            service: ServiceStatus {
                since: None,
                ..service(State::Stopped)
            },
            hints: vec![Hint::run("start it with", "up api")],
            ..why(State::Stopped)
        },
        expect![[r#"
            api  stopped

              run         nothing of `shop` is running

            hint: start it with `devtasks up api`"#]],
    );
}

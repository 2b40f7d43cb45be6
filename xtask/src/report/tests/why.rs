//! What `why` says.

use super::{check, time};
use crate::expected::Expected;
use crate::report::paint::Paint;
use crate::report::status::{Ended, HealthStatus};
use crate::report::why::{Answer, Reason, WhyDocument, text};
use crate::supervise::State;
use expect_test::expect;

fn why(state: State) -> WhyDocument {
    WhyDocument {
        schema_version: 1,
        project: "shop".to_owned(),
        checkout: "/home/kim/shop".to_owned(),
        run: Some("r1".to_owned()),
        name: "api".to_owned(),
        state,
        pid: None,
        since: Some(time("2026-11-23T09:59:00Z")),
        waiting_for: Vec::new(),
        answers: Vec::new(),
        exit: None,
        reason: None,
        restart: "no",
        restarts: 0,
        next_try_at: None,
        now: Vec::new(),
        hints: Vec::new(),
    }
}

#[track_caller]
fn check_text(why: &WhyDocument, expected: impl Expected) {
    check(&text(why, time("2026-11-23T10:00:00Z"), Paint::new(false)), expected);
}

#[test]
fn why_of_backoff_shows_the_last_exit_and_the_next_try() {
    check_text(
        &WhyDocument {
            exit: Some(Ended {
                code: Some(3),
                signal: None,
                cause: Some("a Python package is missing".to_owned()),
                at: time("2026-11-23T09:59:00Z"),
            }),
            reason: Some(Reason {
                message: "a Python package is missing, again in 3.0 s".to_owned(),
                evidence: vec!["No module named 'x'\x1b[0m".to_owned(), "\x07".to_owned()],
            }),
            restart: "always",
            restarts: 2,
            next_try_at: Some(time("2026-11-23T10:00:02Z")),
            hints: vec!["install it".to_owned()],
            ..why(State::Backoff)
        },
        expect![[r#"
            api  backoff  since 60 s

              reason      a Python package is missing, again in 3.0 s
              last exit   exit code 3, 60 s ago: a Python package is missing
              restarts    2 (`restart = "always"`)
              next try    in 2.0 s

              No module named 'x'
              \x07

            hint: install it"#]],
    );
}

#[test]
fn why_of_waiting_and_ready_shows_dependencies_and_health() {
    let waits = vec!["db".to_owned(), "cache".to_owned()];
    check_text(
        &WhyDocument {
            waiting_for: waits,
            ..why(State::Waiting)
        },
        expect![[r#"
            api  waiting  since 60 s

              waits for   db, cache"#]],
    );
    let answer = |status, times, detail: &str| Answer {
        at: time("2026-11-23T09:59:58Z"),
        times,
        status,
        detail: detail.to_owned(),
    };
    check_text(
        &WhyDocument {
            pid: Some(4243),
            answers: vec![
                answer(HealthStatus::Failing, 3, "GET / 503"),
                answer(HealthStatus::Ok, 1, ""),
            ],
            exit: Some(Ended {
                code: None,
                signal: Some(9),
                cause: Some("killed by SIGKILL: another process or the kernel killed it".to_owned()),
                at: time("2026-11-23T09:58:00Z"),
            }),
            ..why(State::Ready)
        },
        expect![[r#"
            api  ready  since 60 s  (pid 4243)

              health      failed, 3 times, last 2.0 s ago: GET / 503
                          passed, last 2.0 s ago
              last exit   killed by SIGKILL, 2 min ago: another process or the kernel killed it"#]],
    );
    check_text(&why(State::Ready), expect!["api  ready  since 60 s"]);
}

#[test]
fn why_without_a_run_says_that_nothing_runs() {
    check_text(
        &WhyDocument {
            run: None,
            since: None,
            hints: vec!["start it with `devtasks up api`".to_owned()],
            ..why(State::Stopped)
        },
        expect![[r#"
            api  stopped

              run         nothing of `shop` is running

            hint: start it with `devtasks up api`"#]],
    );
}

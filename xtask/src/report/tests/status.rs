//! The table of `status`.

use super::failure::ended;
use super::{check, time};
use crate::expected::Expected;
use crate::process::Identity;
use crate::protocol::{
    HealthReport, HealthStatus, LastExit, LogExportStatus, Mode, ObservedService, PortStatus, Record, RunStatus,
    ServiceStatus,
};
use crate::report::paint::Paint;
use crate::report::status::{failed, mark, table};
use crate::report::tests::failure::backend;
use crate::report::words;
use crate::supervise::Cause;
use crate::supervise::State;
use expect_test::expect;

#[test]
fn events_have_a_mark_that_any_terminal_shows() {
    let all = [
        State::Waiting,
        State::Starting,
        State::Running,
        State::Ready,
        State::Unhealthy,
        State::Stopping,
        State::Backoff,
        State::Exited,
        State::Failed,
        State::Stopped,
        State::Completed,
    ];
    let marks = |paint| all.map(|state| mark(state, paint)).concat();
    assert_eq!(marks(Paint::new(false)), "···✓!·!·!·✓");
    assert_eq!(marks(Paint::of(false, true, 60)), "---+!-!-!-+");
}

#[track_caller]
fn check_table(status: &RunStatus, width: usize, expected: impl Expected) {
    check(&shown(status, width, false), expected);
}

fn shown(status: &RunStatus, width: usize, colour: bool) -> String {
    table(status, time("2026-11-23T10:00:00Z"), Paint::new(colour), width)
}

fn service(name: &str, state: State, health: HealthStatus, detail: &str) -> ObservedService {
    ObservedService {
        status: ServiceStatus {
            name: name.to_owned(),
            state,
            pid: Some(4240),
            since: Some(time("2026-11-23T09:46:00Z")),
            ..ServiceStatus::stopped(&backend("serve", ""))
        },
        ports: vec![PortStatus {
            name: "main".to_owned(),
            number: 6390,
            listening: true,
            ours: true,
            clients: 2,
            left_over: false,
            elsewhere: Vec::new(),
            declared: Some(6390),
        }],
        health: HealthReport {
            status: health,
            detail: (!detail.is_empty()).then(|| detail.to_owned()),
        },
    }
}

/// An exit at that time of day, with its cause.
pub(super) fn exit(at: &str, cause: Cause) -> LastExit {
    let Cause::Exited { status, .. } = &cause else {
        panic!("{cause:?} has no exit status");
    };
    LastExit {
        status: *status,
        at: time(&format!("2026-11-23T{at}Z")),
        cause: Some(cause),
    }
}

pub(super) fn shop() -> RunStatus {
    let mut frontend = service("frontend", State::Unhealthy, HealthStatus::Failing, "GET / 404");
    frontend.ports[0].ours = false;
    RunStatus {
        project: "shop".to_owned(),
        checkout: "/home/kim/shop".into(),
        record: Some(Record {
            run: "r1".to_owned(),
            project: "shop".to_owned(),
            checkout: "/home/kim/shop".into(),
            supervisor: Identity {
                boot: String::new(),
                pid: 100,
                start: 1,
            },
            mode: Mode::Foreground,
            started_at: time("2026-11-23T09:46:00Z"),
            socket: "/run/shop".into(),
        }),
        services: vec![
            service("db", State::Ready, HealthStatus::Ok, "0.2 ms"),
            service("backend", State::Ready, HealthStatus::Ok, "200 in 3 ms"),
            frontend,
        ],
        log_export: Vec::new(),
    }
}

/// One service in each state.
fn zoo() -> RunStatus {
    let mut waiting = service("web", State::Waiting, HealthStatus::Unknown, "");
    (waiting.status.pid, waiting.ports) = (None, Vec::new());
    waiting.status.waiting_for = vec!["api".to_owned(), "db".to_owned()];
    let mut starting = service("api", State::Starting, HealthStatus::Failing, "GET / 503");
    starting.status.waiting_for = vec!["nothing listens on 8000 yet".to_owned()];
    (starting.ports[0].listening, starting.ports[0].ours) = (false, false);
    let mut failed = service("job", State::Failed, HealthStatus::None, "");
    (failed.status.pid, failed.ports) = (None, Vec::new());
    failed.status.exit = Some(exit("09:50:00", ended(Some(1), None, "No module named 'x'")));
    let mut taken = service("db", State::Ready, HealthStatus::Ok, "");
    taken.ports[0].ours = false;
    let mut stopped = service("mail", State::Stopped, HealthStatus::Unknown, "");
    (stopped.status.pid, stopped.status.since) = (None, None);
    (stopped.ports[0].listening, stopped.ports[0].ours) = (false, false);
    RunStatus {
        services: vec![
            waiting,
            starting,
            failed,
            taken,
            stopped,
            service("old", State::Stopping, HealthStatus::Unknown, ""),
            service("done", State::Exited, HealthStatus::None, ""),
        ],
        ..shop()
    }
}

#[test]
fn a_wide_terminal_shows_every_column() {
    check_table(
        &shop(),
        100,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE   STATE      PID   AGE     PORT             HEALTH            RESTARTS  CLIENTS
              db        ready      4240  14 min  6390             ok   0.2 ms       0         2
              backend   ready      4240  14 min  6390             ok   200 in 3 ms  0         2
              frontend  unhealthy  4240  14 min  6390 (not ours)  GET / 404         0         2

            frontend does not listen on 6390: another process does"#]],
    );
}

#[test]
fn a_port_that_moved_names_the_declared_one() {
    let mut status = shop();
    status.services.truncate(2);
    for service in &mut status.services {
        service.ports[0].number = 6391;
    }
    (status.services[1].ports[0].listening, status.services[1].ports[0].ours) = (false, false);
    check_table(
        &status,
        100,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE  STATE  PID   AGE     PORT                          HEALTH            RESTARTS  CLIENTS
              db       ready  4240  14 min  6391 (declared 6390)          ok   0.2 ms       0         2
              backend  ready  4240  14 min  6391 (declared 6390, closed)  ok   200 in 3 ms  0         2"#]],
    );
}

#[test]
fn narrow_terminal_leaves_out_columns() {
    check_table(
        &shop(),
        80,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE   STATE      PID   PORT             HEALTH            CLIENTS
              db        ready      4240  6390             ok   0.2 ms       2
              backend   ready      4240  6390             ok   200 in 3 ms  2
              frontend  unhealthy  4240  6390 (not ours)  GET / 404         2

            frontend does not listen on 6390: another process does"#]],
    );
    check_table(
        &shop(),
        60,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE   STATE      PORT             HEALTH
              db        ready      6390             ok   0.2 ms
              backend   ready      6390             ok   200 in 3 ms
              frontend  unhealthy  6390 (not ours)  GET / 404

            frontend does not listen on 6390: another process does"#]],
    );
    let text = shown(&shop(), 60, false);
    assert!(text.lines().all(|line| line.chars().count() <= 60));
}

#[test]
fn waiting_and_failed_services_are_explained_below_the_table() {
    check_table(
        &zoo(),
        80,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE  STATE     PID   AGE     PORT             HEALTH     RESTARTS  CLIENTS
              web      waiting   -     14 min  -                -          0         0
              api      starting  4240  14 min  6390 (closed)    GET / 503  0         2
              job      failed    -     14 min  -                -          0         0
              db       ready     4240  14 min  6390 (not ours)  ok         0         2
              mail     stopped   -     -       6390 (closed)    -          0         2
              old      stopping  4240  14 min  6390             unknown    0         2
              done     exited    4240  14 min  6390             -          0         2

            web waits for api, db
            api waits: nothing listens on 8000 yet
            job has failed: exit code 1
            db does not listen on 6390: another process does"#]],
    );
}

#[test]
fn a_long_health_is_cut_in_the_table_alone() {
    let mut status = shop();
    status.services[2].ports[0].ours = true;
    status.services[2].health.detail = Some(format!("GET / {}", "very ".repeat(20)));
    check_table(
        &status,
        60,
        expect![[r#"
        shop  up 14 min  (foreground, pid 100)

          SERVICE   STATE      PORT  HEALTH
          db        ready      6390  ok   0.2 ms
          backend   ready      6390  ok   200 in 3 ms
          frontend  unhealthy  6390  GET / very very very very very…

        frontend is unhealthy: GET / very very very very very very very very very very very very very very very very very very very very"#]],
    );
}

#[test]
fn wide_letters_and_control_characters_keep_the_columns_straight() {
    let mut status = shop();
    status.services[0].health.detail = Some("日本".to_owned());
    status.services[1].health.detail = Some("\x1b[2J".to_owned());
    check_table(
        &status,
        80,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE   STATE      PID   PORT             HEALTH        RESTARTS  CLIENTS
              db        ready      4240  6390             ok   日本     0         2
              backend   ready      4240  6390             ok   \x1b[2J  0         2
              frontend  unhealthy  4240  6390 (not ours)  GET / 404     0         2

            frontend does not listen on 6390: another process does"#]],
    );
}

#[test]
fn service_in_backoff_says_why() {
    let mut again = service("api", State::Backoff, HealthStatus::Unknown, "");
    (again.status.pid, again.ports, again.status.restarts) = (None, Vec::new(), 2);
    again.status.exit = Some(exit("09:50:00", ended(Some(1), None, "")));
    let services = vec![again];
    check_table(
        &RunStatus { services, ..shop() },
        100,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE  STATE    PID  AGE     PORT  HEALTH  RESTARTS  CLIENTS
              api      backoff  -    14 min  -     -       2         0

            api is about to be started again: exit code 1"#]],
    );
}

#[test]
fn run_that_is_stopped_or_has_no_services_is_told() {
    let stopped = RunStatus { record: None, ..shop() };
    check_table(
        &stopped,
        80,
        expect![[r#"
            shop  not running  (/home/kim/shop)

              SERVICE   STATE      PID   PORT             HEALTH            CLIENTS
              db        ready      4240  6390             ok   0.2 ms       2
              backend   ready      4240  6390             ok   200 in 3 ms  2
              frontend  unhealthy  4240  6390 (not ours)  GET / 404         2

            frontend does not listen on 6390: another process does"#]],
    );
    let empty = RunStatus {
        services: Vec::new(),
        ..shop()
    };
    check_table(
        &empty,
        80,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              no services"#]],
    );
    assert!(!empty.is_ready());
}

#[test]
fn run_is_ready_when_all_services_are() {
    let mut status = shop();
    assert!(!status.is_ready());
    status.services.pop();
    assert!(status.is_ready());
    status.services[0].status.state = State::Exited;
    assert!(!status.is_ready());
    for state in [State::Completed, State::Running] {
        status.services[0].status.state = state;
        assert!(status.is_ready());
    }
}

#[test]
fn colour_changes_no_letter() {
    let text = shown(&zoo(), 60, true);
    assert!(text.contains('\x1b'));
    let plain: Vec<_> = console::strip_ansi_codes(&text)
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    assert_eq!(plain.join("\n") + "\n", shown(&zoo(), 60, false));
}

#[test]
fn a_port_that_is_kept_for_a_service_that_waits_is_reserved() {
    let mut status = shop();
    status.services.truncate(1);
    status.services[0].ports[0].listening = false;
    check_table(
        &status,
        100,
        expect![[r#"
            shop  up 14 min  (foreground, pid 100)

              SERVICE  STATE  PID   AGE     PORT             HEALTH       RESTARTS  CLIENTS
              db       ready  4240  14 min  6390 (reserved)  ok   0.2 ms  0         2"#]],
    );
}

#[test]
fn log_targets_are_told_below_the_table() {
    let target = |sent, waiting, dropped, trouble: Option<&str>| LogExportStatus {
        target: "otlp http://127.0.0.1:4318".to_owned(),
        sent,
        waiting,
        dropped,
        trouble: trouble.map(str::to_owned),
    };
    let mut status = shop();
    status.services.truncate(1);
    status.log_export = vec![
        target(1204, 0, 0, None),
        target(0, 12, 0, Some("connection refused")),
        target(1, 0, 2, Some("status 400: \u{1b}[31m")),
    ];
    check_table(
        &status,
        100,
        expect![[r#"
        shop  up 14 min  (foreground, pid 100)

          SERVICE  STATE  PID   AGE     PORT  HEALTH       RESTARTS  CLIENTS
          db       ready  4240  14 min  6390  ok   0.2 ms  0         2

        log target otlp http://127.0.0.1:4318: 1204 lines sent
        log target otlp http://127.0.0.1:4318: 0 lines sent, 12 waiting: connection refused
        log target otlp http://127.0.0.1:4318: 1 line sent, 2 dropped: status 400: \x1b[31m"#]],
    );
    let told = words::not_exported(&status.log_export).join("\n");
    expect![[r#"log target `otlp http://127.0.0.1:4318` did not get 2 lines: status 400: \x1b[31m"#]].assert_eq(&told);
}

#[test]
fn what_failed_first_in_the_last_run_is_named_without_what_that_brought_down() {
    let at = |seconds: &str| time(&format!("2026-11-23T09:58:{seconds}Z"));
    let needs = Cause::Dependency { name: "db".to_owned() };
    let told = |services: &[(&str, &str, Cause)]| {
        let services: Vec<_> = services
            .iter()
            .map(|(name, seconds, cause)| ((*name).to_owned(), at(seconds), cause.clone()))
            .collect();
        let told = failed(&services, time("2026-11-23T10:00:00Z"));
        told.map_or(String::new(), |(line, hint)| {
            format!("{line} {}", hint.render("devtasks"))
        })
    };
    let exited = || ended(Some(3), None, "");
    assert_eq!(told(&[]), "");
    assert_eq!(
        told(&[("api", "03", needs), ("db", "00", exited())]),
        "In the last run, 2 min ago, `db` failed: exit code 3. see more with `devtasks why db`"
    );
    assert_eq!(
        told(&[("a", "20", exited()), ("b", "10", exited()), ("c", "30", exited())]),
        "In the last run, 110 s ago, `b` failed: exit code 3; so did 2 others. see more with `devtasks why b`"
    );
}

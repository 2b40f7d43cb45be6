//! Durations, counts, lines, paths and causes.

use expect_test::expect;
use jiff::tz::TimeZone;
use std::path::Path;
use std::time::Duration;

use super::check;
use crate::diagnose::ExitStatus;
use crate::diagnose::{Diagnosis, FailureKind};
use crate::diagnostic::Exit;
use crate::report::cause::cause;
use crate::report::words::{count, duration, lines, path, services_and_tasks, time_of_day, wrapped};
use crate::supervise::Cause;

#[test]
fn text_is_broken_between_words() {
    assert_eq!(wrapped("one two three", 8), "one two\nthree");
    assert_eq!(wrapped("one two three", 80), "one two three");
    assert_eq!(wrapped("`a long command`", 4), "`a\nlong\ncommand`");
}

#[test]
fn a_time_of_another_day_has_its_date() {
    let now = "2026-11-29T16:30:00Z".parse().unwrap();
    // Nine hours ahead of UTC, where the 30th has begun.
    let zone = TimeZone::posix("KST-9").unwrap();
    let shown = |at: &str| time_of_day(at.parse().unwrap(), now, &zone);
    assert_eq!(shown("2026-11-29T16:29:59.120Z"), "01:29:59.120");
    assert_eq!(shown("2026-11-29T15:00:00Z"), "00:00:00.000");
    assert_eq!(shown("2026-11-29T14:59:59.999Z"), "2026-11-29 23:59:59.999");
}

#[test]
fn durations_are_rounded() {
    let all = [
        0,
        40,
        99,
        100,
        449,
        9_940,
        10_000,
        119_999,
        120_000,
        3_599_000,
        3_600_000,
        8_040_000,
        86_399_000,
        86_400_000,
        273_600_000,
    ];
    let shown: String = all
        .iter()
        .map(|millis| format!("{millis}: {}\n", duration(Duration::from_millis(*millis))))
        .collect();
    check(
        &shown,
        expect![[r#"
            0: 0 ms
            40: 40 ms
            99: 99 ms
            100: 0.1 s
            449: 0.4 s
            9940: 9.9 s
            10000: 10 s
            119999: 119 s
            120000: 2 min
            3599000: 59 min
            3600000: 1 h
            8040000: 2 h 14 min
            86399000: 23 h 59 min
            86400000: 1 d
            273600000: 3 d 4 h"#]],
    );
}

#[test]
fn services_and_tasks_are_counted_apart() {
    let counted = [(1, 0), (2, 1), (1, 2), (0, 1)].map(|(services, tasks)| services_and_tasks(services, tasks));
    assert_eq!(
        counted,
        ["1 service", "2 services and 1 task", "1 service and 2 tasks", "1 task"]
    );
}

#[test]
fn counts_are_singular_or_plural() {
    let all = [
        (0, "service"),
        (1, "service"),
        (2, "service"),
        (1, "process"),
        (2, "process"),
    ];
    let shown: String = all.iter().map(|(n, what)| count(*n, what) + "\n").collect();
    check(
        &shown,
        expect![[r#"
            0 services
            1 service
            2 services
            1 process
            2 processes"#]],
    );
}

#[test]
fn home_directory_is_shown_as_a_tilde() {
    let home = Some(Path::new("/home/kim"));
    let all = [
        path(Path::new("/home/kim"), home),
        path(Path::new("/home/kim/a"), home),
        path(Path::new("/home/kimberly"), home),
        path(Path::new("/home/kim"), None),
    ];
    check(
        &(all.join("\n") + "\n"),
        expect![[r#"
            ~
            ~/a
            /home/kimberly
            /home/kim"#]],
    );
}

#[test]
fn lines_are_broken_between_parts() {
    let parts = ["one", "two", "three", "fourteen letters"].map(str::to_owned);
    check(
        &(lines(&parts, ", ", 10).join("\n") + "\n"),
        expect![[r#"
            one, two,
            three,
            fourteen letters"#]],
    );
    check(
        &(lines(&parts[..3], "   ", 9).join("\n") + "\n"),
        expect![[r#"
            one   two
            three"#]],
    );
    assert!(lines(&[], ", ", 10).is_empty());
}

#[test]
fn every_cause_has_words() {
    let ended = |code, signal, before_ready, diagnosis| Cause::Exited {
        status: ExitStatus { code, signal },
        after: Duration::from_secs(1),
        before_ready,
        diagnosis,
    };
    let known_of = |code, signal, kind| {
        ended(
            code,
            signal,
            true,
            Some(Diagnosis {
                exit: Exit::Failed,
                ..Diagnosis::new(kind)
            }),
        )
    };
    let known = |kind| known_of(Some(1), None, kind);
    let all = [
        ended(Some(0), None, true, None),
        ended(Some(0), None, false, None),
        ended(Some(3), None, true, None),
        ended(None, Some(9), false, None),
        ended(None, Some(15), false, None),
        ended(None, Some(64), false, None),
        ended(None, None, false, None),
        known(FailureKind::PortBusy),
        known(FailureKind::ContainerHasPort),
        known(FailureKind::HostHasPort),
        known(FailureKind::PythonModuleMissing),
        known(FailureKind::NodeModuleMissing),
        known(FailureKind::CommandNotFound),
        known(FailureKind::Denied),
        known(FailureKind::Refused),
        known(FailureKind::Killed),
        known_of(Some(0), None, FailureKind::Daemonized),
        known_of(None, Some(9), FailureKind::KilledForMemory),
        known_of(None, Some(7), FailureKind::SegmentationFault),
        Cause::NotReady {
            after: Duration::from_secs(60),
            detail: "GET /healthz 503".to_owned(),
        },
        Cause::NotReady {
            after: Duration::from_secs(60),
            detail: String::new(),
        },
        Cause::NotSpawned {
            message: "cannot run `x`: permission denied".to_owned(),
            exit: Exit::Missing,
        },
        Cause::Dependency { name: "db".to_owned() },
        Cause::Unhealthy {
            detail: "GET / 404".to_owned(),
        },
        Cause::Survived { left: 1 },
        Cause::Survived { left: 2 },
    ];
    let shown: String = all
        .iter()
        .map(|it| format!("{} {}\n", it.exit().code(), cause(it)))
        .collect();
    check(
        &shown,
        expect![[r#"
            1 it ended before it was ready
            1 exit code 0
            1 exit code 3
            1 killed by SIGKILL
            1 killed by SIGTERM
            1 killed by signal 64
            1 exit status unknown
            1 its port is already in use
            1 another container has the port that it publishes
            1 a process of this machine has the port that it publishes
            1 a Python package is missing
            1 a Node module is missing
            1 a command was not found
            1 permission denied
            1 a connection was refused
            1 sent by another process or the kernel
            1 it daemonized; its background processes were stopped
            1 killed by SIGKILL: the kernel was out of memory and killed it
            1 killed by SIGBUS: segmentation fault or bus error
            4 not ready after 60 s: GET /healthz 503
            4 not ready after 60 s
            5 cannot run `x`: permission denied
            1 its dependency `db` did not come up
            1 GET / 404
            7 1 process did not exit after SIGKILL
            7 2 processes did not exit after SIGKILL"#]],
    );
}

//! Which port was refused, and the hint about the stack.

use crate::diagnostic::Platform;
use crate::expected::Expected;
use expect_test::expect;
use std::path::Path;

use super::super::Subject;
use super::super::subject::port;
use super::hint;
use crate::diagnostic::Hint;
use crate::plan::Service;
use crate::plan::planned::planned;

#[test]
fn the_port_is_read_from_every_dialect() {
    for (evidence, expected) in [
        ("Error: connect ECONNREFUSED 127.0.0.1:6379", Some(6379)),
        ("Error: connect ECONNREFUSED ::1:3000", Some(3000)),
        ("dial tcp [::1]:5432: connect: connection refused", Some(5432)),
        (
            "2026/11/23 08:00:05 main.go:12: dial tcp 127.0.0.1:5432: connect: connection refused",
            Some(5432),
        ),
        ("2026-11-23T08:00:05Z ERROR connection refused", None),
        (
            "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused",
            Some(5432),
        ),
        (
            "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused",
            Some(5432),
        ),
        (
            "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
            Some(5432),
        ),
        (
            "Error 111 connecting to localhost:6379. Connection refused.",
            Some(6379),
        ),
        (
            "Cannot connect to redis://:secret@localhost:6379/0: Connection refused",
            Some(6379),
        ),
        (
            "HTTPConnectionPool(host='localhost', port=8000): Max retries exceeded",
            Some(8000),
        ),
        ("Connection refused: localhost/127.0.0.1:6379", Some(6379)),
        ("Connection refused [::ffff:127.0.0.1]:5432", Some(5432)),
        ("Can't reach database server at `localhost:5432`", Some(5432)),
        (
            "Failed to connect to 127.0.0.1 port 8000 after 3 ms: Couldn't connect to server",
            Some(8000),
        ),
        (
            "connection to server at \"db.example.com\" (10.0.0.7), port 5432 failed: Connection refused",
            None,
        ),
        ("Error: connect ECONNREFUSED 10.0.0.7:6379", None),
        ("java.net.ConnectException: Connection refused", None),
        ("localhost is down, 70000 times", None),
    ] {
        let found = port(evidence).map(|subject| match subject {
            Subject::Port { number, .. } => number,
            other => panic!("{other:?}"),
        });
        assert_eq!(found, expected, "{evidence}");
    }
}

/// The table of a service with its port and dependencies, such as `api 8000 <db:healthy <cache:started`.
fn table(text: &str) -> String {
    let mut words = text.split(' ');
    let mut table = format!("[services.{}]\ncommand = 'server'\n", words.next().unwrap());
    for word in words {
        table += &match word.strip_prefix('<').and_then(|it| it.split_once(':')) {
            Some((needed, condition)) => format!("depends_on.{needed} = '{condition}'\n"),
            None => format!("port = {word}\n"),
        };
    }
    table
}

/// `api` is refused at port 6379; `others` are services with the state of those that are down.
#[track_caller]
fn check(api: &str, others: &[(&str, Option<&'static str>)], expected: impl Expected) {
    check_evidence("Error: connect ECONNREFUSED 127.0.0.1:6379", api, others, expected);
}

#[track_caller]
fn check_evidence(evidence: &str, api: &str, others: &[(&str, Option<&'static str>)], expected: impl Expected) {
    let tables: String = others.iter().map(|(other, _)| table(other)).collect();
    let plan = planned(Path::new("/shop"), &(table(api) + &tables));
    let named = |text: &str| {
        let is_named = |service: &&Service| text.split(' ').next() == Some(&service.name);
        plan.services.iter().find(is_named).unwrap()
    };
    let api = named(api);
    let mut stack: Vec<_> = others.iter().map(|(other, state)| (named(other), *state)).collect();
    stack.push((api, None));
    expected.check(&rendered(hint(port(evidence).as_ref(), api, &stack).as_slice()));
}

#[test]
fn a_service_that_is_not_waited_for_is_named() {
    check(
        "api 8000",
        &[("redis 6379", None)],
        expect![[r#"add `depends_on = ["redis"]` to `api`: `redis` has port 6379 and is not started before it"#]],
    );
    check(
        "api 8000 <db:healthy",
        &[("db 5432", None), ("redis 6379", None)],
        expect!["add `redis` to `depends_on` of `api`: `redis` has port 6379 and is not started before it"],
    );
}

#[test]
fn one_that_is_only_started_may_not_listen_yet() {
    check(
        "api 8000 <redis:started",
        &[("redis 6379", None)],
        expect![[
            r#"wait until it is ready with `depends_on = { redis = "healthy" }` of `api`: `redis` has port 6379"#
        ]],
    );
}

#[test]
fn one_that_has_ended_is_the_reason() {
    for (api, state) in [("api", Some("failed")), ("api <redis:healthy", Some("backoff"))] {
        let expected = format!("see why `redis`, which has port 6379, is {}", state.unwrap());
        check(api, &[("redis 6379", state)], &expected);
    }
}

#[test]
fn one_that_is_ready_may_listen_on_another_address() {
    let others = [("redis 6379", None), ("db 5432 <redis:healthy", None)];
    check("api <redis:healthy", &others, expect![""]);
    for api in ["api <redis:healthy", "api <db:healthy"] {
        check_evidence(
            "Error: connect ECONNREFUSED ::1:6379",
            api,
            &others,
            expect!["write `127.0.0.1` for `localhost`, if `redis` does not listen on `::1`: it has port 6379"],
        );
    }
}

#[test]
fn a_port_that_nobody_has_is_told() {
    check(
        "api 8000",
        &[("db 5432", None)],
        expect!["start what is to listen on port 6379, or correct the address: no service of this run has it"],
    );
}

#[test]
fn its_own_port_is_told() {
    check(
        "api 6379",
        &[],
        expect!["correct the address: port 6379 is that of `api` itself"],
    );
}

#[test]
fn an_unknown_port_gives_no_hint() {
    check_evidence("java.net.ConnectException: Connection refused", "api", &[], expect![""]);
}

fn rendered(hints: &[Hint]) -> String {
    hints
        .iter()
        .map(|hint| hint.render_on(Platform::Linux, "devtasks"))
        .collect::<Vec<_>>()
        .join("\n")
}

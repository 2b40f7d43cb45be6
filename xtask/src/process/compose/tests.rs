//! The output of `docker compose ps` → what it means for a service with ports 5432 and 53/udp, or some of them.

use expect_test::{Expect, expect};

use super::{are_up, containers, declared, is_alive};
use crate::config::Protocol;

#[track_caller]
fn check(output: &str, ports: &[u16], expected: &Expect) {
    let ports: Vec<_> = ports
        .iter()
        .map(|port| (*port, if *port == 53 { Protocol::Udp } else { Protocol::Tcp }))
        .collect();
    let text = match containers(output) {
        None => "unreadable".to_owned(),
        Some(containers) => {
            let alive = if is_alive(&containers) { "alive" } else { "not alive" };
            let up = are_up(&containers, &ports).map_or_else(|missing| missing, |()| "up".to_owned());
            format!("{} {alive}: {up}", containers.len())
        }
    };
    expected.assert_eq(&text);
}

/// As Compose 5.6 writes it, shortened.
fn line(state: &str, health: &str, publishers: &str) -> String {
    format!(
        r#"{{"Command":"\"/server\"","ExitCode":137,"Health":"{health}","ID":"9c7470ddc713","Name":"shop-db-1","Project":"shop","Publishers":[{publishers}],"Service":"db","State":"{state}"}}"#
    )
}

const TCP: &str = r#"{"URL":"0.0.0.0","TargetPort":5432,"PublishedPort":5432,"Protocol":"tcp"},{"URL":"::","TargetPort":5432,"PublishedPort":5432,"Protocol":"tcp"}"#;
const UDP: &str = r#"{"URL":"","TargetPort":53,"PublishedPort":53,"Protocol":"udp"}"#;

#[test]
fn a_container_that_runs_and_publishes_its_ports_is_up() {
    check(&line("running", "", TCP), &[5432], &expect!["1 alive: up"]);
    check(&line("running", "healthy", TCP), &[], &expect!["1 alive: up"]);
    let both = format!("{TCP},{UDP}");
    check(&line("running", "", &both), &[5432, 53], &expect!["1 alive: up"]);
    let two = format!("{}\n{}", line("running", "", TCP), line("running", "", UDP));
    check(&two, &[5432, 53], &expect!["2 alive: up"]);
    check(
        &format!("[{}]", line("running", "", TCP)),
        &[5432],
        &expect!["1 alive: up"],
    );
}

#[test]
fn what_is_missing_is_named() {
    check(
        "",
        &[5432],
        &expect!["0 not alive: Compose has not created its container yet"],
    );
    check(
        &line("created", "", ""),
        &[5432],
        &expect!["1 not alive: container `shop-db-1` has not started yet"],
    );
    check(
        &line("running", "starting", TCP),
        &[5432],
        &expect!["1 alive: container `shop-db-1` runs, and its own health check has not passed yet"],
    );
    check(
        &line("running", "unhealthy", TCP),
        &[5432],
        &expect!["1 alive: container `shop-db-1` is unhealthy"],
    );
    check(
        &line("restarting", "", TCP),
        &[5432],
        &expect!["1 alive: container `shop-db-1` is restarting"],
    );
    check(
        &line("exited", "", TCP),
        &[5432],
        &expect!["1 not alive: container `shop-db-1` has exited with code 137"],
    );
}

#[test]
fn a_port_that_is_not_published_is_named() {
    check(
        &line("running", "", TCP),
        &[5433],
        &expect!["1 alive: container `shop-db-1` publishes 5432, and 5433 is declared"],
    );
    check(
        &line("running", "", r#"{"TargetPort":80,"PublishedPort":0}"#),
        &[5433],
        &expect!["1 alive: up"],
    );
    check(
        &line("running", "", TCP),
        &[53],
        &expect!["1 alive: container `shop-db-1` publishes 5432, and 53 is declared"],
    );
}

#[track_caller]
fn check_declared(service: &str, expected: &Expect) {
    let config = format!(r#"{{"name": "shop", "services": {{"db": {{"image": "x", {service}}}}}}}"#);
    expected.assert_eq(&format!("{:?}", declared(&config, "db")));
}

#[test]
fn the_ports_of_the_compose_file_are_read() {
    let port = |published: &str| format!(r#""ports": [{{"target": 80, {published} "protocol": "tcp"}}]"#);
    check_declared(&port(r#""published": "5432","#), &expect!["Some([(5432, Tcp)])"]);
    check_declared(
        &port(r#""published": "5432-5433","#),
        &expect!["Some([(5432, Tcp), (5433, Tcp)])"],
    );
    check_declared(
        r#""ports": [{"published": "53", "protocol": "udp"}]"#,
        &expect!["Some([(53, Udp)])"],
    );
    check_declared(r#""ports": []"#, &expect!["Some([])"]);
    // The engine chooses.
    check_declared(&port(""), &expect!["None"]);
    check_declared(r#""network_mode": "host""#, &expect!["None"]);
    assert_eq!(declared("{}", "db"), None);
}

#[test]
fn other_output_is_not_guessed_at() {
    check("shop-db-1   running", &[], &expect!["unreadable"]);
    check("[{}]", &[], &expect!["unreadable"]);
}

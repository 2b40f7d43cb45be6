//! A container as a service: started, followed, shown and stopped.

use serde_json::json;

use super::Shop;
use crate::sandbox::is_free;
use crate::sandbox::port::{self, port};

#[test]
fn it_is_started_followed_shown_and_stopped() {
    let shop = Shop::new("", "");
    let up = shop.sandbox.up(&[]);
    up.wait_for("database system is ready");
    let status = shop.status();
    assert_eq!(status["state"], "ready", "{status:#}");
    assert_eq!(
        status["ports"],
        json!([{
            "name": "main", "number": shop.port, "listening": true, "ours": true, "clients": 0, "elsewhere": [],
            "declared": shop.port,
        }])
    );
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(
        ended.stderr.ends_with(&format!(
            "Stopped 1 service; nothing is left, port {} is free.\n",
            shop.port
        )),
        "{ended:?}"
    );
    assert_eq!(shop.state(), "exited");
    assert!(is_free(shop.port));
    assert_eq!(shop.changes(), ["up --detach --no-deps db", "stop db"]);
}

#[test]
fn one_that_ran_before_is_shown_and_left_running() {
    let shop = Shop::new("", "");
    shop.docker(&["compose", "up", "db"]);
    let doctor = shop.sandbox.run(&["doctor"]).with(0);
    assert_eq!(
        doctor.stdout,
        "All checks passed: 1 port (0 free, 1 ours), 0 commands, 1 Compose service, 0 env files, 0 leftovers.\n"
    );
    let up = shop.sandbox.run(&["up", "-d"]).with(0);
    assert!(
        up.stderr
            .starts_with("Container `shop-db-1` of `db` runs already, and will be left running.\n"),
        "{up:?}"
    );
    assert_eq!(shop.status()["ports"][0]["ours"], true);
    let down = shop.sandbox.run(&["down"]).with(0);
    assert_eq!(
        shop.sandbox.plain(&down.stderr),
        "  · db  left running\nThe stack has ended; there was no service to stop.\n"
    );
    assert_eq!(shop.state(), "running");
    assert_eq!(shop.changes(), ["up db"]);
}

#[test]
fn a_health_check_of_the_compose_file_decides() {
    let shop = Shop::new("", r#", "health": "starting""#);
    let up = shop.sandbox.start(&["up", "-d"]);
    let waits = "container `shop-db-1` runs, and its own health check has not passed yet";
    crate::sandbox::eventually(
        || format!("{:#}", shop.status()),
        || shop.status()["waiting_for"] == json!([waits]),
    );
    shop.docker(&["healthy", "db"]);
    up.wait().with(0);
    assert_eq!(shop.status()["state"], "ready");
    shop.sandbox.run(&["down"]).with(0);
    assert_eq!(shop.state(), "exited");
}

#[test]
fn a_container_that_ends_is_reported_with_its_code_and_its_last_lines() {
    let shop = Shop::new("", "");
    let command = r#"["sh", "-c", "echo 'FATAL: no space'; exit 3"]"#;
    shop.sandbox.write(
        "compose.json",
        &format!(r#"{{"db": {{"command": {command}, "port": {}}}}}"#, shop.port),
    );
    let up = shop.sandbox.run(&["up"]).with(1);
    let said = shop.sandbox.plain(&up.stderr);
    assert!(said.contains("db failed after [time] (exit code 3)"), "{said}");
    assert!(said.contains("  FATAL: no space\n"), "{said}");
}

#[test]
fn a_compose_file_that_publishes_another_port_is_told_before_the_start() {
    let shop = Shop::new("", "");
    let other = port();
    let command = r#"["SERVICE", "--listen", "127.0.0.1:PORT"]"#;
    shop.sandbox.write(
        "compose.json",
        &format!(r#"{{"db": {{"command": {command}, "port": {other}}}}}"#),
    );
    let up = shop.sandbox.run(&["up"]).with(2);
    let port = shop.port;
    let message = format!("error: `db` of the Compose file publishes {other}, and `db` has port {port}\n");
    assert!(up.stderr.starts_with(&message), "{up:?}");
    assert_eq!(shop.changes(), Vec::<String>::new());
}

#[test]
fn a_running_container_that_publishes_another_port_is_not_ready() {
    let shop = Shop::new("healthcheck = { start_period = '2s' }", "");
    let other = port();
    let compose = |port: u16| {
        let command = r#"["SERVICE", "--listen", "127.0.0.1:PORT"]"#;
        let file = format!(r#"{{"db": {{"command": {command}, "port": {port}}}}}"#);
        shop.sandbox.write("compose.json", &file);
    };
    compose(other);
    shop.docker(&["compose", "up", "db"]);
    compose(shop.port);
    let up = shop.sandbox.run(&["up"]).with(4);
    let says = format!("container `shop-db-1` publishes {other}, and {} is declared", shop.port);
    assert!(up.stderr.contains(&says), "{up:?}");
    assert_eq!(shop.state(), "running");
}

#[test]
fn a_port_that_moves_without_the_container_is_told() {
    let mut shop = Shop::new("", "");
    shop.port = port::row(2);
    let (declared, moved) = (shop.port, shop.port + 1);
    shop.write_compose("");
    let config = format!("[services.db]\ncompose = 'db'\nport = '${{DB_PORT:-{declared}}}'\n");
    shop.sandbox.write("devtasks.toml", &config);
    shop.sandbox.stranger(&["--listen", &format!("127.0.0.1:{declared}")]);
    let up = shop.sandbox.run(&["up", "--on-conflict", "next"]).with(2);
    let message = format!("error: `db` of the Compose file publishes {declared}, and `db` has port {moved}\n");
    assert!(up.stderr.contains(&message), "{up:?}");
    let hint = format!("hint: write `ports: [\"${{DB_PORT:-{declared}}}:…\"]` there, ");
    assert!(up.stderr.contains(&hint), "{up:?}");
    assert_eq!(shop.changes(), Vec::<String>::new());
}

#[test]
fn a_port_that_moves_takes_the_container_with_it() {
    let mut shop = Shop::new("", "");
    // The next number must be free.
    shop.port = port::row(2);
    let declared = format!("[services.db]\ncompose = 'db'\nport = '${{DB_PORT:-{}}}'\n", shop.port);
    shop.sandbox.write("devtasks.toml", &declared);
    let command = r#"["SERVICE", "--listen", "127.0.0.1:PORT"]"#;
    let file = format!(
        r#"{{"db": {{"command": {command}, "port": "DB_PORT", "default": {}}}}}"#,
        shop.port
    );
    shop.sandbox.write("compose.json", &file);
    let stranger = shop
        .sandbox
        .stranger(&["--listen", &format!("127.0.0.1:{}", shop.port)]);
    shop.sandbox.run(&["up", "-d", "--on-conflict", "next"]).with(0);
    let moved = shop.status()["ports"][0].clone();
    assert_eq!((&moved["ours"], &moved["declared"]), (&json!(true), &json!(shop.port)));
    assert_ne!(moved["number"], shop.port);
    assert!(!stranger.has_ended());
    shop.sandbox.run(&["down"]).with(0);
}

#[test]
fn its_stop_grace_period_is_that_of_compose() {
    let shop = Shop::new("stop_grace_period = '1500ms'\nrestart = 'on-failure'", "");
    let up = shop.sandbox.up(&[]);
    shop.sandbox.run(&["restart", "db"]).with(0);
    shop.sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    let (up, stop) = ("up --detach --no-deps db", "stop --timeout 2 db");
    assert_eq!(shop.changes(), [up, stop, up, stop]);
}

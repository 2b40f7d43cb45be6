//! `port ls`: everybody who serves something, filtered, and watched.

use serde_json::{Value, json};

use super::{as_nobody, no_project};
use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox, port};

/// The rows of these ports, by their columns.
#[track_caller]
fn rows(text: &str, ports: &[u16]) -> Vec<Vec<String>> {
    let is_ours = |row: &Vec<String>| {
        let number = row[0].split('/').next().unwrap();
        ports.iter().any(|port| port.to_string() == number)
    };
    let row = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    text.lines().skip(1).map(row).filter(is_ours).collect()
}

#[track_caller]
fn listed(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let words = [&["port", "ls", "--format", "json"], arguments].concat();
    let document = sandbox.run(&words).with(0).json();
    assert_eq!(document["schema_version"], 1);
    document["ports"].as_array().unwrap().clone()
}

#[test]
fn who_listens_and_who_is_bound_by_udp_is_listed() {
    let sandbox = no_project();
    let (tcp, udp, bound) = (port(), port(), port());
    let server = sandbox.stranger(&["--listen", &format!("0.0.0.0:{tcp}"), "--fork"]);
    let sink = sandbox.stranger(&["--udp", &format!("[::1]:{udp}")]);
    let _bound = sandbox.stranger(&["--listen", &format!("127.0.0.1:{bound}"), "--bind-only"]);
    let text = sandbox.run(&["port", "ls"]).with(0).stdout;
    assert!(text.starts_with("  PORT "), "{text}");
    let mut rows = rows(&text, &[tcp, udp, bound]);
    rows.iter_mut().for_each(|row| row.truncate(5));
    let expected = [
        vec![
            tcp.to_string(),
            "*".to_owned(),
            server.pid().to_string(),
            "service".to_owned(),
            "+1".to_owned(),
        ],
        vec![
            format!("{udp}/udp"),
            "::1".to_owned(),
            sink.pid().to_string(),
            "service".to_owned(),
            rows[1][4].clone(),
        ],
    ];
    assert_eq!(rows, expected, "{text}");
}

#[test]
fn a_port_a_range_or_a_text_chooses() {
    let sandbox = no_project();
    let (one, two) = (port(), port());
    let server = sandbox.stranger(&[
        "--say",
        &format!("Zebra-{one}"),
        "--listen",
        &format!("127.0.0.1:{one}"),
    ]);
    let _other = sandbox.stranger(&["--listen", &format!("127.0.0.1:{two}")]);
    let typed = [one, two].map(|port| port.to_string());
    let numbers = |arguments: &[&str]| -> Vec<Value> {
        let mut listed = listed(&sandbox, arguments);
        listed.retain(|it| it["number"] == one || it["number"] == two);
        listed.iter().map(|it| it["number"].clone()).collect()
    };
    let (first, second) = (json!(one.min(two)), json!(one.max(two)));
    assert_eq!(numbers(&[]), [first.clone(), second.clone()]);
    assert_eq!(numbers(&[&typed[0]]), [json!(one)]);
    assert_eq!(
        numbers(&[&format!("{first}-{second}")]),
        [first.clone(), second.clone()]
    );
    assert!(numbers(&[&format!("{one}/udp")]).is_empty());
    assert_eq!(numbers(&[&format!("zebra-{one}")]), [json!(one)]);
    assert_eq!(numbers(&[&format!("ZEBRA-{one}"), &typed[1]]), [first, second]);
    let document = &listed(&sandbox, &[&typed[0]])[0];
    assert_eq!(
        [&document["protocol"], &document["code"], &document["addresses"]],
        [&json!("tcp"), &json!("port.busy.foreign"), &json!(["127.0.0.1"])]
    );
    assert_eq!(document["owners"][0]["pid"], server.pid());
    sandbox.run(&["port", "ls", "70000"]).with(2);
    let nothing = sandbox.run(&["port", "ls", "no-such-program-anywhere"]).with(0);
    assert_eq!(nothing.stdout, "No listening sockets found.\n");
}

#[test]
fn a_service_is_listed_with_its_project() {
    let (sandbox, port) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    let text = sandbox
        .run(&["port", "ls", "project/api", &port.to_string()])
        .with(0)
        .stdout;
    let rows = rows(&text, &[port]);
    assert!(rows[0].contains(&"project/api".to_owned()), "{text}");
    let listed = &listed(&sandbox, &[&port.to_string()])[0];
    assert_eq!(listed["code"], "port.busy.own_running");
    let owner = &listed["owners"][0];
    assert_eq!(
        [&owner["project"], &owner["service"]],
        [&json!("project"), &json!("api")]
    );
}

#[test]
fn a_client_is_counted_and_not_listed() {
    let sandbox = no_project();
    let port = port();
    let server = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}"), "--hang"]);
    let _client = sandbox.client(port);
    let listed = listed(&sandbox, &[&port.to_string()]);
    let owners = listed[0]["owners"].as_array().unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!(
        [&owners[0]["pid"], &owners[0]["clients"]],
        [&json!(server.pid()), &json!(1)]
    );
}

#[test]
fn what_another_user_holds_is_hidden_and_listed_needs_root() {
    let sandbox = no_project();
    let port = port();
    let _server = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let Some(ended) = as_nobody(&sandbox, &["port", "ls", &port.to_string()]) else {
        return;
    };
    let text = ended.with(0).stdout;
    let row = &rows(&text, &[port])[0];
    assert_eq!(row[1..5], ["127.0.0.1", "-", "hidden", "root"], "{text}");
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn watching_prints_the_list_again_when_it_changes() {
    let sandbox = no_project();
    let port = port();
    let number = port.to_string();
    let watch = sandbox.start(&["port", "ls", "--watch", &number]);
    watch.wait_for("No listening sockets found.");
    let server = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    watch.wait_for(&format!("{port}  127.0.0.1  {}", server.pid()));
    // It looks again, and says nothing.
    watch.wait_for_waits(2);
    watch.interrupt();
    let ended = watch.wait().with(130);
    assert_eq!(ended.stdout.matches("PORT ").count(), 1, "{ended:?}");
}

#[test]
fn on_a_terminal_the_list_is_drawn_in_place() {
    let sandbox = no_project();
    let port = port();
    let watch = sandbox.terminal(&["port", "ls", "--watch", &port.to_string(), "--color", "never"]);
    watch.wait_for("No listening sockets found.\x1b[K");
    let server = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    watch.wait_for(&format!("  {port}  127.0.0.1  {}", server.pid()));
    watch.press("\x03");
    watch.wait().with(130);
}

#[test]
fn a_reader_that_goes_away_ends_the_watch() {
    let sandbox = no_project();
    let mut command = sandbox.other("bash");
    let script = format!(
        "{} port ls --watch no-such-program-anywhere | head -1",
        env!("CARGO_BIN_EXE_xtask")
    );
    command.args(["-c", &format!("set -o pipefail; {script}")]);
    let ended = Running::start(command).wait().with(0);
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.as_str()),
        ("No listening sockets found.\n", "")
    );
}

#[test]
fn what_all_checkouts_have_reserved_is_listed_whether_they_run_or_not() {
    let first = row(10);
    let sandbox = Sandbox::new(&format!(
        r#"
[project]
name = "shop"
[services.api]
command = "SERVICE --listen 127.0.0.1:env"
port = {first}
on_conflict = "next"
[services.web]
command = "SERVICE --listen 127.0.0.1:env"
port = {{ number = "auto", base = {} }}
"#,
        first + 5
    ));
    let git = sandbox.project().join(".git");
    std::fs::create_dir(&git).unwrap();
    std::fs::write(git.join("HEAD"), "ref: refs/heads/topic\n").unwrap();
    let nothing = sandbox.run(&["port", "ls", "--all-projects"]).with(0);
    assert_eq!(nothing.stdout, "No checkout has reserved a port there.\n");

    let taken = sandbox.stranger(&["--listen", &format!("127.0.0.1:{first}")]);
    let up = sandbox.up(&[]);
    let directory = sandbox.project().display().to_string();
    let rows = |arguments: &[&str]| {
        let text = sandbox.run(&[&["port", "ls", "--all-projects"], arguments].concat());
        let row = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.with(0).stdout.lines().skip(1).map(row).collect::<Vec<_>>()
    };
    let api = |now: &str| {
        format!(
            "{} shop/api next, instead of {first} {now} topic {directory}",
            first + 1
        )
    };
    let web = |now: &str| format!("{} shop/web auto {now} topic {directory}", first + 5);
    assert_eq!(rows(&[]), [api("ours"), web("ours")]);
    assert_eq!(rows(&["SHOP/API"]), [api("ours")]);
    assert_eq!(rows(&["topic"]).len(), 2);
    assert_eq!(rows(&[&(first + 5).to_string()]), [web("ours")]);
    assert_eq!(rows(&["elsewhere"]), [""; 0]);

    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    let other = sandbox.stranger(&["--listen", &format!("127.0.0.1:{}", first + 5)]);
    assert_eq!(rows(&[]), [api("free"), web("other")]);
    let document = sandbox
        .run(&["port", "ls", "--all-projects", "--format", "json"])
        .with(0)
        .json();
    assert_eq!(
        document["reservations"][0],
        json!({"number": first + 1, "protocol": "tcp", "project": "shop", "service": "api", "port": "main", "why": "next",
               "instead_of": first, "checkout": directory, "branch": "topic", "held": "free"})
    );
    drop((taken, other));
    // Of a project that is gone nothing stays.
    std::fs::remove_file(sandbox.project().join("devtasks.toml")).unwrap();
    assert_eq!(rows(&[]), [""; 0]);
    sandbox.run(&["port", "ls", "--all-projects", "--watch"]).with(2);
}

#[test]
fn a_reserved_port_is_held_by_its_own_service_whoever_else_has_the_number() {
    let (sandbox, port) = Sandbox::with_api();
    // At another address, and first in the list.
    let _stranger = sandbox.stranger(&["--listen", &format!("[::1]:{port}")]);
    let _up = sandbox.up(&[]);
    let listed = sandbox
        .run(&["port", "ls", "--all-projects", "--format", "json"])
        .with(0);
    assert_eq!(listed.json()["reservations"][0]["held"], "ours");
}

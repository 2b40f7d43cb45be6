//! `log_export`: what reaches a target, and what becomes of it while the target is away.

mod collector;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::sandbox::{Sandbox, eventually, port};
use collector::Collector;

/// A project whose lines go to a target, with these services.
fn project(target: &str, services: &str) -> Sandbox {
    Sandbox::new(&format!(
        "[project]\nname = \"shop\"\nlog_export = [{target}]\n{services}"
    ))
}

fn otlp(port: u16) -> String {
    format!("{{ otlp = \"http://127.0.0.1:{port}\" }}")
}

const TALKER: &str = "[services.api]\ncommand = \"SERVICE --say one --say-err two\"\n";

/// What `status` says of the only target.
fn target(sandbox: &Sandbox) -> Value {
    sandbox.run(&["status", "--format", "json"]).json()["log_export"][0].clone()
}

/// Waits until the only target fares so.
#[track_caller]
fn eventually_fares(sandbox: &Sandbox, sent: u64, waiting: u64, dropped: u64) {
    let fares = |it: &Value| (it["sent"].as_u64(), it["waiting"].as_u64(), it["dropped"].as_u64());
    let expected = (Some(sent), Some(waiting), Some(dropped));
    eventually(|| target(sandbox).to_string(), || fares(&target(sandbox)) == expected);
}

#[test]
fn a_collector_gets_every_line_of_every_service() {
    let port = port();
    let collector = Collector::listen(port, &[]);
    let sandbox = project(
        &otlp(port),
        r#"
        [services.api]
        command = "SERVICE --say one --say-err two --say-bytes 41ff1b5b33316d420a --exit 0 --after 50"
        [services.web]
        command = "SERVICE --spew 5000 100 --say-partial last --exit 0 --after 50"
        "#,
    );
    let ended = sandbox.run(&["up"]).with(0);
    assert!(!ended.stderr.contains("warning"), "{ended:?}");
    let mut lines = collector.lines();
    lines.sort();
    let web = lines.split_off(3);
    // Two pipes of a service are read in any order.
    assert_eq!(lines, ["api stderr two", "api stdout A\u{fffd}B", "api stdout one"]);
    let line = format!("web stdout {}", "abcdefghij".repeat(10));
    assert_eq!(web.iter().filter(|it| **it == line).count(), 5000);
    assert_eq!(web.last().map(String::as_str), Some("web stdout last"));
    assert_eq!(web.len(), 5001);
    assert!(collector.paths().iter().all(|path| path == "/v1/logs"));
    assert_eq!(collector.resource("service.namespace"), "shop");
}

#[test]
fn lines_wait_for_a_collector_that_is_away() {
    let port = port();
    let sandbox = project(&otlp(port), TALKER);
    sandbox.run(&["up", "--detach"]).with(0);
    eventually_fares(&sandbox, 0, 2, 0);
    eventually(
        || target(&sandbox).to_string(),
        || target(&sandbox)["trouble"] == "connection refused",
    );
    let shown = sandbox.run(&["status"]).stdout;
    let line = format!("log target otlp http://127.0.0.1:{port}: 0 lines sent, 2 waiting: connection refused\n");
    assert!(shown.ends_with(&line), "{shown}");
    let collector = Collector::listen(port, &[]);
    eventually_fares(&sandbox, 2, 0, 0);
    assert_eq!(target(&sandbox)["trouble"], Value::Null);
    let ended = sandbox.run(&["down"]).with(0);
    assert!(!ended.stderr.contains("warning"), "{ended:?}");
    assert_eq!(collector.lines().len(), 2);
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_busy_collector_is_asked_again_and_gets_each_line_once() {
    let port = port();
    let busy = ["503 Busy\r\nRetry-After: 0", "429 Slow", "502 Gone", "504 Late"];
    let collector = Collector::listen(port, &busy);
    let sandbox = project(&otlp(port), TALKER);
    let up = sandbox.up(&[]);
    eventually_fares(&sandbox, 2, 0, 0);
    up.wait_for("status 503");
    up.interrupt();
    let ended = up.wait().with(130);
    assert_eq!(ended.stderr.matches("warning").count(), 1, "{}", ended.stderr);
    assert_eq!((collector.lines().len(), collector.n_requests()), (2, 5));
}

#[test]
fn what_a_collector_refuses_is_counted_and_told_once() {
    let port = port();
    let collector = Collector::listen(port, &["400 Bad", "413 Large"]);
    let sandbox = project(
        &otlp(port),
        r#"
        [services.api]
        command = "sh -c 'echo one; until [ -e go ]; do sleep 0.01; done; echo two; until [ -e on ]; do sleep 0.01; done; echo three; exec sleep 1000'"
        "#,
    );
    let up = sandbox.up(&[]);
    eventually_fares(&sandbox, 0, 0, 1);
    sandbox.write("go", "");
    eventually_fares(&sandbox, 0, 0, 2);
    assert_eq!(target(&sandbox)["trouble"], "status 413: {}");
    sandbox.write("on", "");
    eventually_fares(&sandbox, 1, 0, 2);
    up.interrupt();
    let stderr = up.wait().with(130).stderr;
    assert_eq!(collector.lines(), ["api stdout three"]);
    let warnings: Vec<_> = stderr.lines().filter(|line| line.contains("warning")).collect();
    let name = format!("log target `otlp http://127.0.0.1:{port}`");
    assert_eq!(
        warnings,
        [
            format!("warning: {name}: status 400: {{}}; lines that it refuses are dropped"),
            format!("warning: {name} did not get 2 lines"),
        ]
    );
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn a_collector_that_hangs_costs_bounded_memory_and_slows_nothing() {
    let port = port();
    // Connections are accepted by the system, and nobody reads.
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let n_lines = 80_000;
    let sandbox = project(
        &otlp(port),
        &format!("[services.api]\ncommand = \"SERVICE --spew {n_lines} 1000 --say done\"\n"),
    );
    sandbox.run(&["up", "--detach"]).with(0);
    let all = |it: &Value| ["sent", "waiting", "dropped"].map(|key| it[key].as_u64().unwrap());
    eventually(
        || target(&sandbox).to_string(),
        || all(&target(&sandbox)).iter().sum::<u64>() == n_lines + 1,
    );
    let [sent, waiting, dropped] = all(&target(&sandbox));
    assert_eq!(sent, 0);
    assert!((45_000..52_000).contains(&waiting), "48 MiB of lines: {waiting}");
    assert!(dropped > 20_000, "{dropped}");
    let stored = sandbox.run(&["logs", "--tail", "1"]).stdout;
    assert!(stored.contains("api | done"), "{stored}");
    let pid = sandbox.run(&["status", "--format", "json"]).json()["supervisor"]["pid"].clone();
    let memory = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = memory
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    let peak: u64 = peak.unwrap();
    assert!(
        peak < 90_000,
        "{peak} kB at most, of which the program itself has a third"
    );
    let began = Instant::now();
    let ended = sandbox.run(&["down"]).with(0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let told = format!("did not get {} lines", n_lines + 1);
    assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_syslog_server_gets_messages_with_their_length() {
    let port = port();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let sandbox = project(&format!("{{ syslog = \"tcp://127.0.0.1:{port}\" }}"), TALKER);
    let up = sandbox.up(&[]);
    eventually_fares(&sandbox, 2, 0, 0);
    up.interrupt();
    up.wait().with(130);
    let mut text = String::new();
    listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    let mut messages = Vec::new();
    let mut rest = &text[..];
    while let Some((length, after)) = rest.split_once(' ') {
        let (message, next) = after.split_at(length.parse().unwrap());
        let words: Vec<&str> = message.split(' ').collect();
        let [
            priority,
            _,
            _,
            service,
            _,
            stream,
            "[devtasks@32473",
            "project=\"shop\"",
            _,
            line,
        ] = words[..]
        else {
            panic!("{message}");
        };
        messages.push(format!("{priority} {service} {stream} {line}"));
        rest = next;
    }
    messages.sort();
    assert_eq!(messages, ["<13>1 api stderr two", "<14>1 api stdout one"]);
}

#[test]
fn a_file_of_json_lines_goes_on_in_the_next_run() {
    let sandbox = project(
        "{ file = \"tmp/stack.jsonl\" }",
        "[services.api]\ncommand = \"SERVICE --say-err 'a \\\"b\\\"' --exit 0 --after 50\"\n",
    );
    for _ in 0..2 {
        sandbox.run(&["up"]).with(0);
    }
    let text = fs::read_to_string(sandbox.project().join("tmp/stack.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second] = &lines[..] else { panic!("{text}") };
    let keys = [
        "at",
        "event",
        "line",
        "pid",
        "project",
        "run",
        "schema_version",
        "service",
        "stream",
    ];
    let mut found: Vec<&String> = first.as_object().unwrap().keys().collect();
    found.sort();
    assert_eq!(found, keys);
    assert_eq!(
        (&first["line"], &first["stream"]),
        (&"a \"b\"".into(), &"stderr".into())
    );
    assert_ne!(first["run"], second["run"]);
}

#[test]
fn mistakes_are_found_before_anything_starts() {
    let sandbox = project("{ syslog = \"upd://127.0.0.1:514\" }", TALKER);
    let ended = sandbox.run(&["up"]).with(2);
    assert!(ended.stderr.contains("hint: did you mean `udp`?"), "{}", ended.stderr);
}

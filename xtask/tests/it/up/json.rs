//! `up --format json`: one event a line, the summary last.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, port};

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

/// Every event has these, and a time that can be read.
#[track_caller]
fn check_heads(events: &[Value]) {
    for event in events {
        assert_eq!(event["schema_version"], 1, "{event}");
        let at: jiff::Timestamp = event["at"].as_str().unwrap().parse().unwrap();
        assert!(
            at.as_second() > 0 && event["at"].as_str().unwrap().ends_with('Z'),
            "{event}"
        );
    }
}

#[test]
fn a_life_in_events() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --say hello --say-err oops --listen 127.0.0.1:{port} --http"
        port = {port}
        healthcheck = {{ http = "/" }}
        "#
    ));
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("\"ready\"");
    up.wait_for("oops");
    up.interrupt();
    let ended = up.wait().with(130);
    assert_eq!(ended.stderr, "");
    let events = ended.events();
    check_heads(&events);
    let states = of(&events, "state");
    let pid = &states[2]["pid"];
    assert!(pid.is_u64());
    let seen: Vec<_> = states
        .iter()
        .map(|it| (it["service"].clone(), it["state"].clone()))
        .collect();
    let expected = ["waiting", "starting", "ready", "stopping", "stopped"].map(|state| (json!("api"), json!(state)));
    assert_eq!(seen, expected);
    assert!(states.iter().all(|it| it["cause"].is_null()), "{states:#?}");

    let mut logs: Vec<_> = of(&events, "log")
        .iter()
        .map(|it| (it["stream"].clone(), it["line"].clone()))
        .collect();
    logs.sort_by_key(|(stream, _)| stream.to_string());
    assert_eq!(
        logs,
        [(json!("stderr"), json!("oops")), (json!("stdout"), json!("hello"))]
    );

    let summary = events.last().unwrap();
    assert_eq!(
        (&summary["event"], &summary["ok"], &summary["exit"]),
        (&json!("summary"), &json!(false), &json!(130))
    );
    assert_eq!(summary["services"][0]["state"], "stopped");
    assert_eq!(of(&events, "summary").len(), 1);
}

#[test]
fn a_busy_port_is_a_finding_and_the_summary_has_the_exit_code() {
    let (sandbox, port) = Sandbox::with_api();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = sandbox.run(&["up", "--format", "json"]).with(3);
    let events = ended.events();
    check_heads(&events);
    assert_eq!(events.len(), 2, "{ended:?}");
    let finding = &events[0]["finding"];
    assert_eq!(finding["code"], "port.busy.foreign");
    assert_eq!(finding["level"], "fail");
    assert_eq!(finding["service"], "api");
    assert_eq!(finding["at"], json!({"file": "devtasks.toml", "line": 3, "column": 8}));
    assert_eq!(
        finding["port"],
        json!({"number": port, "host": "127.0.0.1", "protocol": "tcp"})
    );
    let owner = &finding["owners"][0];
    assert_eq!(owner["pid"], stranger.pid());
    let mut keys: Vec<_> = owner.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    let mut expected = [
        "pid",
        "name",
        "command",
        "user",
        "uid",
        "cwd",
        "started_at",
        "state",
        "addresses",
        "holds_by",
        "parents",
        "children",
        "clients",
        "project",
        "service",
        "checkout",
        "run",
        "container",
        "unit",
        "protected",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(
        (&events[1]["event"], &events[1]["ok"], &events[1]["exit"]),
        (&json!("summary"), &json!(false), &json!(3))
    );
}

#[test]
fn whatever_goes_wrong_the_summary_comes_last() {
    let port = port();
    let cases = [
        ("[services.api]\ncommand = \"no-such\"\n".to_owned(), 5),
        (
            "[services.api]\ncommand = \"SERVICE --exit 1\"\nhealthcheck = { command = \"false\" }\n".to_owned(),
            1,
        ),
        (
            format!(
                "[services.api]\ncommand = \"SERVICE\"\nport = {port}\nhealthcheck = {{ tcp = true, start_period = \"200ms\" }}\n"
            ),
            4,
        ),
        ("[services.api]\ncommand = 7\n".to_owned(), 2),
        ("[services.api]\ncommand = \"echo ${NOT_SET}\"\n".to_owned(), 2),
        ("[services.api]\ncommand = \"true\"\nprofiles = [\"x\"]\n".to_owned(), 2),
    ];
    for (config, exit) in cases {
        let sandbox = Sandbox::new(&config);
        let ended = sandbox.run(&["up", "--format", "json"]).with(exit);
        let events = ended.events();
        check_heads(&events);
        let summary = events
            .last()
            .unwrap_or_else(|| panic!("no event for\n{config}\n{ended:?}"));
        assert_eq!(
            (&summary["event"], &summary["exit"]),
            (&json!("summary"), &json!(exit)),
            "{config}"
        );
    }
}

#[test]
fn a_second_up_writes_events_too() {
    let (sandbox, _) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    let events = sandbox.run(&["up", "--format", "json"]).with(0).events();
    check_heads(&events);
    let summary = events.last().unwrap();
    assert_eq!(
        (&summary["event"], &summary["ok"], &summary["exit"]),
        (&json!("summary"), &json!(true), &json!(0))
    );
    assert_eq!(summary["services"][0]["state"], "ready");
}

#[test]
fn a_failure_tells_its_cause() {
    let sandbox =
        Sandbox::new("[services.api]\ncommand = \"SERVICE --exit 3\"\nhealthcheck = { command = \"false\" }\n");
    let events = sandbox.run(&["up", "--format", "json"]).with(1).events();
    let last = of(&events, "state").pop().unwrap();
    assert_eq!(
        (&last["state"], &last["cause"]),
        (&json!("failed"), &json!("exit code 3"))
    );
    let exit = &events.last().unwrap()["services"][0]["exit"];
    assert_eq!(
        (&exit["code"], &exit["signal"], &exit["cause"]),
        (&json!(3), &Value::Null, &json!("exit code 3"))
    );
}

//! Services that are started again when they end, by their policy.

use crate::sandbox::{Sandbox, eventually, port, signal};

use rustix::process::Signal;
use serde_json::Value;

/// `api` on the port, with these lines in its table.
fn with(lines: &str) -> (Sandbox, u16) {
    let port = port();
    let command = format!("SERVICE --listen 127.0.0.1:{port}");
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"{command}\"\nport = {port}\n{lines}\n"
    ));
    (sandbox, port)
}

fn api(sandbox: &Sandbox) -> Value {
    sandbox.run(&["status", "--format", "json"]).json()["services"][0].clone()
}

#[test]
fn a_service_that_is_killed_is_started_again_and_counted() {
    let (sandbox, port) = with("restart = \"on-failure\"");
    let up = sandbox.up(&[]);
    let pid = u32::try_from(api(&sandbox)["pid"].as_u64().unwrap()).unwrap();
    signal(pid, Signal::KILL);
    up.wait_for("again, ");
    let said = sandbox.plain(&up.stderr());
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("  ") && line.contains(" api  "))
        .collect();
    assert_eq!(
        lines,
        [
            &format!("  ✓ api  ready      [time]  http://127.0.0.1:{port}") as &str,
            "  ! api  backoff    killed by SIGKILL: sent by another process or the kernel, again at once",
            "  ✓ api  ready      again, [time]",
        ]
    );
    let seen = api(&sandbox);
    assert_eq!(seen["state"], "ready");
    assert_eq!(seen["restarts"], 1);
    assert_ne!(seen["pid"], pid);
    assert_eq!(seen["exit"]["signal"], 9);
    assert_eq!(
        seen["exit"]["cause"],
        "killed by SIGKILL: sent by another process or the kernel"
    );
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn state_events_tell_why_and_that_it_is_tried_again() {
    let (sandbox, _) = with("restart = \"always\"");
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("\"ready\"");
    signal(
        u32::try_from(api(&sandbox)["pid"].as_u64().unwrap()).unwrap(),
        Signal::TERM,
    );
    eventually(|| up.stdout(), || up.stdout().matches("\"ready\"").count() == 2);
    sandbox.run(&["down"]).with(0);
    let states: Vec<String> = up
        .wait()
        .with(0)
        .events()
        .iter()
        .filter(|event| event["event"] == "state")
        .map(|event| {
            let cause = event["cause"].as_str().unwrap_or("-");
            sandbox.plain(&format!("{} {cause}", event["state"].as_str().unwrap()))
        })
        .collect();
    assert_eq!(
        states,
        [
            "waiting -",
            "starting -",
            "ready -",
            "backoff killed by SIGTERM, again at once",
            "starting -",
            "ready -",
            "stopping -",
            "stopped -",
        ]
    );
}

#[test]
fn one_that_always_fails_is_given_up_and_its_pauses_are_seen() {
    let command = "SERVICE --say broken --exit 3";
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"{command}\"\nrestart = \"always\"\nport = {}\n",
        port()
    ));
    let ended = sandbox.run(&["up"]).with(1);
    let said = sandbox.plain(&ended.stderr);
    let pauses = |when: &str| {
        said.matches(&format!("api  backoff    exit code 3, again {when}"))
            .count()
    };
    assert_eq!((pauses("at once"), pauses("in [time]")), (1, 4), "{said}");
    assert!(
        said.contains("api failed after [time] (exit code 3); gave up after 5 restarts"),
        "{said}"
    );
    assert_eq!(ended.stdout.matches("broken").count(), 6, "{}", ended.stdout);
    sandbox.nothing_is_left();
}

#[test]
fn a_busy_port_is_not_tried_again() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --say 'address already in use' --exit 1\"\nrestart = \"always\"\n",
    );
    let ended = sandbox.run(&["up"]).with(3);
    assert!(!ended.stderr.contains("backoff"), "{}", ended.stderr);
}

#[test]
fn one_whose_health_check_fails_is_stopped_and_started_again() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --http --unhealthy-after 1\"\nport = {port}\n\
         restart = \"on-failure\"\nhealthcheck = {{ http = \"/\", interval = \"20ms\", retries = 2 }}\n"
    ));
    let up = sandbox.up(&[]);
    up.wait_for("again, ");
    let said = sandbox.plain(&up.stderr());
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("  ") && line.contains(" api  "))
        .skip(1)
        .take(3)
        .collect();
    assert_eq!(
        lines,
        [
            "  ! api  unhealthy  GET / 503",
            "  ! api  backoff    GET / 503, again at once",
            "  ✓ api  ready      again, [time]",
        ]
    );
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn one_that_asked_for_it_is_restarted_with_its_dependency() {
    let sandbox = Sandbox::new(
        "[services.db]\ncommand = \"SERVICE\"\nrestart = \"on-failure\"\n\
         [services.api]\ncommand = \"SERVICE\"\ndepends_on = { db = { restart = true } }\n\
         [services.web]\ncommand = \"SERVICE\"\ndepends_on = [\"api\"]\n",
    );
    let up = sandbox.up(&[]);
    let services = || sandbox.run(&["status", "--format", "json"]).json()["services"].clone();
    let before = services();
    signal(u32::try_from(before[0]["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
    eventually(|| up.stderr(), || up.stderr().matches("again").count() == 3);
    let after = services();
    let same: Vec<bool> = (0..3).map(|at| before[at]["pid"] == after[at]["pid"]).collect();
    assert_eq!(same, [false, false, true]);
    let restarts: Vec<_> = (0..3).map(|at| after[at]["restarts"].clone()).collect();
    assert_eq!(restarts, [1, 1, 0]);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn down_ends_a_pause_at_once() {
    let (sandbox, _) = with("restart = \"always\"");
    let up = sandbox.up(&[]);
    for _ in 0..4 {
        let seen = up.stderr().matches("backoff").count();
        eventually(|| up.stderr(), || api(&sandbox)["pid"].is_u64());
        signal(
            u32::try_from(api(&sandbox)["pid"].as_u64().unwrap()).unwrap(),
            Signal::KILL,
        );
        eventually(|| up.stderr(), || up.stderr().matches("backoff").count() > seen);
    }
    let seen = api(&sandbox);
    assert_eq!((&seen["state"], &seen["pid"]), (&"backoff".into(), &Value::Null));
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

//! `restart`: services of the running stack are stopped, in order, and started again.

use crate::sandbox::{Sandbox, eventually, port, signal};

use rustix::process::Signal;
use serde_json::Value;

/// `db`, `api` that needs it, and `web` that is restarted with `api`; no ports.
const STACK: &str = "
    [services.db]
    command = \"SERVICE --slow-term 20\"
    [services.api]
    command = \"SERVICE --slow-term 20\"
    depends_on = [\"db\"]
    [services.web]
    command = \"SERVICE --slow-term 20\"
    depends_on = { api = { restart = true } }
";

fn services(sandbox: &Sandbox) -> Value {
    sandbox.run(&["status", "--format", "json"]).json()["services"].clone()
}

fn pids(sandbox: &Sandbox) -> Vec<u64> {
    let services = services(sandbox);
    let pids = services
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["pid"].as_u64());
    pids.map(Option::unwrap_or_default).collect()
}

/// Which of the three have another process now.
fn changed(before: &[u64], after: &[u64]) -> Vec<bool> {
    before
        .iter()
        .zip(after)
        .map(|(before, after)| before != after)
        .collect()
}

#[test]
fn everything_stops_in_reverse_order_and_starts_in_order() {
    let sandbox = Sandbox::new(STACK);
    let up = sandbox.up(&[]);
    let before = pids(&sandbox);
    let ended = sandbox.run(&["restart", "--format", "json"]).with(0);
    assert_eq!(changed(&before, &pids(&sandbox)), [true, true, true]);
    let events = ended.events();
    let states: Vec<String> = events
        .iter()
        .filter(|event| event["event"] == "state")
        .map(|event| {
            format!(
                "{} {}",
                event["service"].as_str().unwrap(),
                event["state"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            "web stopping",
            "web waiting",
            "api stopping",
            "api waiting",
            "db stopping",
            "db waiting",
            "db running",
            "api running",
            "web running",
        ]
    );
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["ok"], &last["exit"]),
        (&"summary".into(), &true.into(), &0.into())
    );
    assert_eq!(last["services"].as_array().unwrap().len(), 3);
    // A restart by command is a start like the first.
    assert_eq!(services(&sandbox)[0]["restarts"], 0);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn one_that_is_named_is_restarted_with_those_that_asked_for_it() {
    let sandbox = Sandbox::new(STACK);
    let up = sandbox.up(&[]);
    let before = pids(&sandbox);
    let ended = sandbox.run(&["restart", "db"]).with(0);
    let after = pids(&sandbox);
    assert_eq!(changed(&before, &after), [true, false, false]);
    assert_eq!(ended.stdout, "");
    let said = sandbox.plain(&ended.stderr);
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    let head = "SERVICE STATE PID AGE PORT HEALTH RESTARTS CLIENTS";
    let rows = ["db", "api", "web"].map(|name| format!("{name} running [pid] [time] - - 0 0"));
    let mut expected: Vec<Vec<&str>> = [
        "project is running (pid [pid]); restarting `db` there.",
        "· db running",
        "",
        "project up [time] (foreground, pid [pid])",
        "",
        head,
    ]
    .iter()
    .map(|line| line.split_whitespace().collect())
    .collect();
    expected.extend(rows.iter().map(|row| row.split_whitespace().collect()));
    assert_eq!(lines, expected);
    sandbox.run(&["restart", "api"]).with(0);
    assert_eq!(changed(&after, &pids(&sandbox)), [false, true, true]);
    up.wait_for("  · db   running    again");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn one_that_has_ended_is_started_with_what_it_needs() {
    let sandbox = Sandbox::new(STACK);
    let up = sandbox.up(&[]);
    sandbox.run(&["down", "web", "api", "db"]).with(0);
    up.wait().with(0);
    let up = sandbox.up(&[]);
    sandbox.run(&["down", "api"]).with(0);
    let pid = u32::try_from(pids(&sandbox)[0]).unwrap();
    signal(pid, Signal::KILL);
    eventually(|| up.stderr(), || services(&sandbox)[0]["state"] == "failed");
    sandbox.run(&["restart", "api"]).with(0);
    let services = services(&sandbox);
    let states: Vec<_> = services
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(states, ["running", "running", "running"]);
    up.interrupt();
    // The one that was stopped in between counts once.
    let ended = up.wait().with(130);
    assert!(
        ended.stderr.contains("Stopped 3 services; nothing is left"),
        "{}",
        ended.stderr
    );
}

#[test]
fn one_that_does_not_come_back_gives_its_code() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"sh ./api.sh\"\nport = {port}\nhealthcheck = {{ tcp = true, start_period = \"300ms\" }}\n\
         [services.other]\ncommand = \"SERVICE\"\n"
    ));
    sandbox.write("api.sh", &format!("exec SERVICE --listen 127.0.0.1:{port}\n"));
    let up = sandbox.up(&[]);
    sandbox.write("api.sh", "exec SERVICE\n");
    let ended = sandbox.run(&["restart", "api"]).with(4);
    assert!(
        ended.stderr.contains("! api    failed     not ready after"),
        "{}",
        ended.stderr
    );
    sandbox.write("api.sh", "echo no; exit 3\n");
    sandbox.run(&["restart", "api"]).with(1);
    sandbox.write("api.sh", &format!("exec SERVICE --listen 127.0.0.1:{port}\n"));
    sandbox.run(&["restart"]).with(0);
    assert!(!up.has_ended());
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn without_a_running_stack_there_is_nothing_to_restart() {
    let (sandbox, _) = Sandbox::with_api();
    let ended = sandbox.run(&["restart"]).with(1);
    assert_eq!(
        sandbox.plain(&ended.stderr),
        "error: nothing of this checkout is running, so there is nothing to restart\n\nhint: start it with `xtask up`\n"
    );
    let ended = sandbox.run(&["restart", "--format", "json"]).with(1);
    let events = ended.events();
    assert_eq!(events[0]["event"], "finding");
    assert_eq!(
        (&events[1]["event"], &events[1]["exit"]),
        (&"summary".into(), &1.into())
    );
    let ended = sandbox.run(&["restart", "apu"]).with(2);
    assert!(ended.stderr.contains("hint: did you mean `api`?"), "{}", ended.stderr);
}

#[test]
fn one_that_the_stack_does_not_hold_is_left_to_up() {
    let sandbox = Sandbox::new("[services.a]\ncommand = \"SERVICE\"\n[services.b]\ncommand = \"SERVICE\"\n");
    let _up = sandbox.up(&["a"]);
    let ended = sandbox.run(&["restart", "b"]).with(1);
    assert_eq!(
        ended.stderr,
        "error: `b` is not part of the running stack\n\nhint: start it there with `xtask up b`\n"
    );
}

#[test]
fn a_down_meanwhile_wins() {
    let sandbox = Sandbox::new("[services.a]\ncommand = \"SERVICE --ignore-term\"\nstop_grace_period = \"1s\"\n");
    let up = sandbox.up(&[]);
    let restart = sandbox.start(&["restart"]);
    eventually(|| restart.stderr(), || services(&sandbox)[0]["state"] == "stopping");
    sandbox.run(&["down"]).with(0);
    let ended = restart.wait().with(1);
    assert!(ended.stderr.contains("stopped"), "{}", ended.stderr);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn one_that_is_restarted_while_it_starts_has_one_process() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "sh -c 'echo begun; until [ -e go ]; do sleep 0.01; done; exec SERVICE --listen 127.0.0.1:{port}'"
        port = {port}
        [services.api]
        command = "SERVICE"
        depends_on = ["db"]
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    let restart = sandbox.start(&["restart", "db"]);
    eventually(|| up.stdout(), || up.stdout().matches("begun").count() == 2);
    sandbox.write("go", "");
    restart.wait().with(0);
    up.wait_for("All 2 ready in ");
    // The supervisor, its watchdog, two services.
    assert_eq!(sandbox.processes().len(), 4);
}

#[test]
fn nothing_of_the_old_process_is_in_the_way_of_the_new_one() {
    let port = port();
    // The shell ends at once when it is told to, its server takes its time.
    let command = format!("sh -c 'SERVICE --listen 127.0.0.1:{port} --slow-term 200 & trap exit TERM; wait'");
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"{command}\"\nport = {port}\n"));
    let up = sandbox.up(&[]);
    sandbox.run(&["restart"]).with(0);
    // The supervisor, its watchdog, the shell and its server.
    assert_eq!(sandbox.processes().len(), 4);
    assert!(!up.stderr().contains("failed"), "{}", up.stderr());
}

#[test]
fn dependents_start_again_when_the_health_check_passes_again() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "sh -c 'echo db starts >> story; until [ -e go ]; do sleep 0.01; done; touch well; exec sleep 1000'"
        healthcheck = { command = "test -e well" }
        [services.api]
        command = "sh -c 'echo api starts >> story; exec sleep 1000'"
        depends_on = ["db"]
        "#,
    );
    let file = |name: &str| sandbox.project().join(name);
    let story = || std::fs::read_to_string(file("story")).unwrap_or_default();
    sandbox.write("go", "");
    let _up = sandbox.up(&[]);
    eventually(story, || story() == "db starts\napi starts\n");
    std::fs::remove_file(file("go")).unwrap();
    std::fs::remove_file(file("well")).unwrap();
    let restart = sandbox.start(&["restart"]);
    eventually(story, || story().ends_with("db starts\n"));
    eventually(
        || services(&sandbox).to_string(),
        || services(&sandbox)[0]["waiting_for"][0] == "the check ended with 1",
    );
    assert_eq!(services(&sandbox)[1]["state"], "waiting");
    sandbox.write("go", "");
    restart.wait().with(0);
    eventually(story, || story() == "db starts\napi starts\ndb starts\napi starts\n");
}

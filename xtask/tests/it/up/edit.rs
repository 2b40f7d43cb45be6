//! `up --plan`, and `up` after the file was edited: what changed is restarted, everything else is left alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::{Running, Sandbox, is_free, port};

fn stack(db: u16, api: u16, level: &str) -> String {
    format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api} --print-env LEVEL"
        port = {api}
        environment = {{ LEVEL = "{level}" }}
        depends_on = ["db"]
        "#
    )
}

fn pids(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let services = status["services"].as_array().unwrap();
    let pid = |it: &Value| (it["name"].as_str().unwrap().to_owned(), it["pid"].clone());
    services.iter().map(pid).collect()
}

/// Name and action of each service.
fn actions(plan: &Value) -> Vec<(&str, &str)> {
    let services = plan["services"].as_array().unwrap().iter();
    services
        .map(|it| (it["name"].as_str().unwrap(), it["action"].as_str().unwrap()))
        .collect()
}

#[test]
fn an_edit_restarts_only_what_changed() {
    let (db, api, moved) = (port(), port(), port());
    let sandbox = Sandbox::new(&stack(db, api, "debug"));
    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    sandbox.run(&["up"]).with(0);
    assert_eq!(pids(&sandbox), before);

    sandbox.write("devtasks.toml", &stack(db, moved, "info"));
    let up = sandbox.run(&["up"]).with(0);
    let said = format!("restarting `api` (command, port {api} → {moved}, environment.LEVEL) there");
    assert!(up.stderr.contains(&said), "{up:?}");
    let after = pids(&sandbox);
    assert_eq!(after["db"], before["db"]);
    assert_ne!(after["api"], before["api"]);
    assert!(is_free(api) && !is_free(moved));
    let logs = sandbox.run(&["logs", "api"]).with(0);
    assert!(logs.stdout.contains("LEVEL=info"), "{logs:?}");
    // It has arrived: nothing is left to do.
    sandbox.run(&["up"]).with(0);
    assert_eq!(pids(&sandbox), after);
}

#[test]
fn what_another_terminal_has_set_changes_nothing() {
    let mut sandbox = Sandbox::new(&stack(port(), port(), "debug"));
    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    sandbox.set("TERM", "dumb");
    sandbox.set("SHLVL", "7");
    sandbox.run(&["up"]).with(0);
    assert_eq!(pids(&sandbox), before);
}

#[test]
fn the_plan_says_what_would_be_done_and_changes_nothing() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&stack(db, api, "debug"));
    let plan = sandbox.run(&["up", "--plan", "--format", "json"]).with(0).json();
    assert_eq!(actions(&plan), [("db", "start"), ("api", "start")]);
    assert_eq!((&plan["ok"], &plan["schema_version"]), (&true.into(), &1.into()));
    assert_eq!(plan["findings"][0]["code"], "port.free");
    sandbox.nothing_is_left();

    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    let edited = stack(db, api, "info") + "[services.new]\ncommand = \"SERVICE\"";
    sandbox.write("devtasks.toml", &edited);
    let plan = sandbox.run(&["up", "--plan", "--format", "json"]).with(0).json();
    assert_eq!(actions(&plan), [("db", "keep"), ("api", "restart"), ("new", "start")]);
    let change = json!([{"setting": "environment.LEVEL", "from": null, "to": null}]);
    assert_eq!(plan["services"][1]["changes"], change);
    let text = sandbox.run(&["up", "--plan"]).with(0).stdout;
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(lines.contains(&vec!["api", "restart", "environment.LEVEL"]), "{text}");
    assert!(
        text.contains("would start 1 and restart 1. Nothing was done."),
        "{text}"
    );
    assert_eq!(pids(&sandbox), before);
}

#[test]
fn the_plan_names_who_is_in_the_way() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&stack(db, api, "debug"));
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{api}")]);
    let plan = sandbox.run(&["up", "--plan", "--format", "json"]).with(3).json();
    assert_eq!(actions(&plan), [("db", "start"), ("api", "blocked")]);
    assert_eq!(plan["ok"], false);
    let blocked_by = plan["services"][1]["blocked_by"][0].as_str().unwrap();
    assert!(
        blocked_by.contains(&format!("(pid {})", stranger.pid())),
        "{blocked_by}"
    );
    let owner = &plan["findings"].as_array().unwrap().last().unwrap()["owners"][0]["pid"];
    assert_eq!(*owner, stranger.pid());
    let text = sandbox.run(&["up", "--plan"]).with(3).stdout;
    assert!(text.contains("would start nothing"), "{text}");
    // What would be stopped first is no obstacle, and still there.
    let plan = ["up", "--plan", "--on-conflict", "kill", "--format", "json"];
    let plan = sandbox.run(&plan).with(0).json();
    assert_eq!(actions(&plan), [("db", "start"), ("api", "start")]);
    assert!(!stranger.has_ended());
}

#[test]
fn what_another_process_calls_itself_cannot_steer_the_terminal_from_the_plan() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&stack(db, api, "debug"));
    let wild = sandbox.project().join("ev\u{1b}[31mil\n::error::x");
    std::os::unix::fs::symlink(crate::sandbox::service(), &wild).unwrap();
    let mut stranger = sandbox.other(wild);
    stranger.args(["--listen", &format!("127.0.0.1:{api}"), "--announce", "open"]);
    let stranger = Running::start(stranger);
    stranger.wait_for("open");
    let text = sandbox.run(&["up", "--plan"]).with(3).stdout;
    assert!(
        text.contains("ev\\u{1b}[31mil") || text.contains("ev\\x1b[31mil"),
        "{text:?}"
    );
    assert!(!text.contains('\u{1b}') && !text.contains("\n::error::"), "{text:?}");
}

#[test]
fn what_the_file_no_longer_names_is_told_and_can_be_stopped() {
    let sandbox = Sandbox::new("[services.a]\ncommand = \"SERVICE\"\n[services.b]\ncommand = \"SERVICE\"");
    sandbox.run(&["up", "-d"]).with(0);
    sandbox.write("devtasks.toml", "[services.a]\ncommand = \"SERVICE\"");
    let up = sandbox.run(&["up"]).with(0);
    assert!(
        up.stderr
            .contains("`b` runs on and is no longer in devtasks.toml: `xtask down b`"),
        "{up:?}"
    );
    let plan = sandbox.run(&["up", "--plan", "--format", "json"]).with(0).json();
    assert_eq!(plan["unknown"], json!(["b"]));
    let down = sandbox.run(&["down", "b"]).with(0);
    assert!(down.stderr.contains("Stopped 1 service"), "{down:?}");
    let up = sandbox.run(&["up"]).with(0);
    assert!(!up.stderr.contains("no longer"), "{up:?}");
    sandbox.run(&["down", "b", "c"]).with(2);
}

#[test]
fn an_edit_that_does_not_work_leaves_the_others_running() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&stack(db, api, "debug"));
    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    let wrong = stack(db, api, "debug").replace(&format!("--listen 127.0.0.1:{api} --print-env LEVEL"), "--exit 3");
    sandbox.write("devtasks.toml", &wrong);
    let up = sandbox.run(&["up"]).with(1);
    assert!(
        up.stderr
            .contains("hint: see why, with its last lines, with `xtask why api`"),
        "{up:?}"
    );
    assert_eq!(pids(&sandbox)["db"], before["db"]);
    sandbox.write("devtasks.toml", &stack(db, api, "debug"));
    sandbox.run(&["up"]).with(0);
    let after = pids(&sandbox);
    assert_eq!(after["db"], before["db"]);
    sandbox.run(&["status"]).with(0);
}

#[test]
fn a_port_that_is_taken_keeps_the_old_one_running() {
    let (db, api, taken) = (port(), port(), port());
    let sandbox = Sandbox::new(&stack(db, api, "debug"));
    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    let _stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{taken}")]);
    sandbox.write("devtasks.toml", &stack(db, taken, "debug"));
    sandbox.run(&["up"]).with(3);
    assert_eq!(pids(&sandbox), before);
    sandbox.write("devtasks.toml", &stack(db, api, "debug"));
    sandbox.run(&["status"]).with(0);
}

#[test]
fn a_task_that_was_edited_runs_again() {
    let stack = |word: &str| {
        format!(
            "[tasks.migrate]\ncommand = \"echo {word}\"\nshell = true\n\
             [services.api]\ncommand = \"SERVICE\"\ndepends_on = [\"migrate\"]"
        )
    };
    let sandbox = Sandbox::new(&stack("first"));
    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    sandbox.run(&["up"]).with(0);
    let log = || sandbox.run(&["logs", "migrate"]).with(0).stdout;
    assert_eq!(log().matches("first").count(), 1);
    sandbox.write("devtasks.toml", &stack("second"));
    let plan = sandbox.run(&["up", "--plan", "--format", "json"]).with(0).json();
    assert_eq!(actions(&plan), [("migrate", "start"), ("api", "keep")]);
    sandbox.run(&["up"]).with(0);
    assert_eq!(log().matches("second").count(), 1);
    assert_eq!(pids(&sandbox)["api"], before["api"]);
}

#[test]
fn last_line_of_up_names_the_ports_that_the_stack_had_last() {
    let (db, before, after) = (port(), port(), port());
    let sandbox = Sandbox::new(&stack(db, before, "debug"));
    let up = sandbox.up(&[]);
    sandbox.write("devtasks.toml", &stack(db, after, "debug"));
    sandbox.run(&["up"]).with(0);
    sandbox.run(&["down"]).with(0);
    let ended = up.wait().with(0);
    let last = ended.stderr.lines().last().unwrap_or_default();
    let said = "Stopped 2 services as asked from another terminal; nothing is left, ";
    assert_eq!(last, format!("{said}ports {db} {after} are free."));
}

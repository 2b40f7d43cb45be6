//! `down`: everything is gone afterwards, whoever started it and whatever became of the supervisor.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, eventually_gone, is_free, port, signal};

fn db_and_api() -> (Sandbox, u16, u16) {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        name = "shop"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api}"
        port = {api}
        depends_on = ["db"]
        "#
    ));
    (sandbox, db, api)
}

#[test]
fn from_another_terminal_everything_is_stopped_in_reverse_order_and_verified() {
    let (sandbox, db, api) = db_and_api();
    let up = sandbox.up(&[]);
    let down = sandbox.run(&["down"]).with(0);
    assert!(is_free(db) && is_free(api));
    assert_eq!(down.stdout, "");
    assert_eq!(
        sandbox.plain(&down.stderr),
        format!(
            "  · api  stopped
  · db   stopped
Stopped 2 services in [time]; nothing is left, ports {db} {api} are free.
"
        )
    );
    // `up` ended through `down`.
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn with_nothing_to_stop_it_ends_with_0() {
    let (sandbox, _, _) = db_and_api();
    let ended = sandbox.run(&["down"]).with(0);
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.as_str()),
        ("", "Nothing to stop.\n")
    );
    sandbox.up(&[]);
    sandbox.run(&["down"]).with(0);
    sandbox.run(&["down"]).with(0);
}

#[test]
fn one_service_is_stopped_and_the_others_run_on() {
    let (sandbox, db, api) = db_and_api();
    let up = sandbox.up(&[]);
    sandbox.run(&["down", "api"]).with(0);
    assert!(is_free(api) && !is_free(db));
    let status = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let states: Vec<_> = status["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(states, ["ready", "stopped"]);
    assert!(!up.has_ended());
    sandbox.run(&["up"]).with(0);
    sandbox.run(&["status"]).with(0);
}

#[test]
fn stopping_the_last_service_ends_the_run() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    sandbox.run(&["down", "api", "db"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_service_that_others_depend_on_is_stopped_after_them() {
    let (sandbox, db, api) = db_and_api();
    let up = sandbox.up(&[]);
    let ended = sandbox.run(&["down", "db"]).with(0);
    assert!(is_free(db), "{ended:?}");
    // `api` was not asked for.
    assert!(!is_free(api), "{ended:?}");
    assert!(!up.has_ended());
}

#[test]
fn an_unknown_service_is_refused() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    let ended = sandbox.run(&["down", "dbb"]).with(2);
    assert!(
        ended.stderr.contains("`dbb`") && ended.stderr.contains("`db`"),
        "{ended:?}"
    );
    assert!(!up.has_ended());
}

#[test]
fn a_wrong_file_does_not_keep_a_stack_from_being_stopped() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    sandbox.write("devtasks.toml", "this is = = no toml");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
}

#[test]
fn after_a_crash_of_the_supervisor_what_it_left_is_ended() {
    let (sandbox, db, api) = db_and_api();
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    assert_eq!(sandbox.processes().len(), 2);
    let ended = sandbox.run(&["down"]).with(0);
    assert!(
        ended.stderr.starts_with("An earlier run left 2 processes: "),
        "{ended:?}"
    );
    assert!(ended.stderr.ends_with("nothing of it is left\n"), "{ended:?}");
    sandbox.nothing_is_left();
    assert!(is_free(db) && is_free(api));
    sandbox.run(&["down"]).with(0);
}

#[test]
fn after_a_crash_one_service_can_be_ended() {
    let (sandbox, db, api) = db_and_api();
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    sandbox.run(&["down", "api"]).with(0);
    assert!(is_free(api) && !is_free(db));
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left();
}

#[test]
fn leftovers_without_a_record_need_the_flag() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    std::fs::remove_dir_all(sandbox.home().join(".local")).unwrap();
    sandbox.run(&["down"]).with(0);
    assert_eq!(sandbox.processes().len(), 2);
    sandbox.run(&["down", "--leftovers"]).with(0);
    sandbox.nothing_is_left();
}

#[test]
fn with_leftovers_a_running_stack_is_stopped_too() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    sandbox.run(&["down", "--leftovers"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn another_checkout_is_left_alone() {
    let (sandbox, _, _) = db_and_api();
    let there = sandbox.checkout("other");
    let up = sandbox.start_in(&there, &["up"]);
    up.wait_for("eady in");
    for arguments in [&["down"][..], &["down", "--leftovers"]] {
        sandbox.run(arguments).with(0);
        assert!(!up.has_ended());
    }
    // Not even what a crashed run left there is ours.
    up.kill();
    eventually_gone(up.pid());
    sandbox.run(&["down", "--leftovers"]).with(0);
    assert_eq!(sandbox.processes().len(), 2);
}

#[test]
fn a_stubborn_service_is_killed_after_its_grace_period() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --ignore-term --announce here\"\nstop_grace_period = \"200ms\"\n",
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn ctrl_c_in_down_leaves_the_stopping_to_the_supervisor() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --ignore-term --announce here\"\nstop_grace_period = \"10m\"\n",
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    let down = sandbox.start(&["down"]);
    eventually(
        || "state stopping".to_owned(),
        || sandbox.run(&["status"]).stdout.contains("stopping"),
    );
    down.interrupt();
    down.wait().with(130);
    assert!(!up.has_ended());
    // The supervisor's own Ctrl-C, twice.
    up.interrupt();
    up.interrupt();
    eventually(
        || up.stderr(),
        || {
            up.interrupt();
            up.has_ended()
        },
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_supervisor_that_dies_during_down_is_no_hindrance() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --slow-term 300 --announce here\"\n");
    let up = sandbox.up(&[]);
    up.wait_for("here");
    let down = sandbox.start(&["down"]);
    eventually(
        || "state stopping".to_owned(),
        || sandbox.run(&["status"]).stdout.contains("stopping"),
    );
    up.kill();
    down.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn two_downs_at_once_both_end_well() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    let downs: Vec<_> = (0..3).map(|_| sandbox.start(&["down"])).collect();
    for down in downs {
        down.wait().with(0);
    }
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn while_up_asks_a_question_down_says_who_is_in_the_way() {
    let (sandbox, db, _) = db_and_api();
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{db}")]);
    let up = sandbox.terminal(&["up"]);
    up.wait_for("stop it");
    let ended = sandbox.run(&["down"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("holds the lock and is not responding"),
        "{ended:?}"
    );
}

#[test]
fn a_suspended_supervisor_is_named() {
    let (sandbox, _, _) = db_and_api();
    let up = sandbox.up(&[]);
    signal(up.pid(), Signal::STOP);
    let ended = sandbox.run(&["status"]);
    assert!(ended.stderr.contains("it may be suspended"), "{ended:?}");
    let ended = sandbox.run(&["down"]).with(1);
    assert!(ended.stderr.contains("it may be suspended"), "{ended:?}");
    signal(up.pid(), Signal::CONT);
    sandbox.run(&["down"]).with(0);
}

#[test]
fn json_is_events_with_the_summary_last() {
    let (sandbox, _, _) = db_and_api();
    let _up = sandbox.up(&[]);
    let ended = sandbox.run(&["down", "--format", "json"]).with(0);
    assert_eq!(ended.stderr, "");
    let events = ended.events();
    let told: Vec<_> = events
        .iter()
        .map(|it| {
            (
                it["event"].as_str().unwrap(),
                it["service"].as_str(),
                it["state"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("state", Some("api"), Some("stopping")),
            ("state", Some("api"), Some("stopped")),
            ("state", Some("db"), Some("stopping")),
            ("state", Some("db"), Some("stopped")),
            ("summary", None, None),
        ]
    );
    let summary = &events[4];
    assert_eq!(
        (summary["ok"].as_bool(), summary["exit"].as_u64()),
        (Some(true), Some(0))
    );
    assert_eq!(summary["services"].as_array().unwrap().len(), 2);

    let events = sandbox.run(&["down", "--format", "json"]).with(0).events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["event"], "summary");
}

#[test]
fn during_the_start_everybody_is_told_that_it_was_stopped() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --say begun --ready-after 60000 --listen 127.0.0.1:{port}"
        port = {port}
        [services.web]
        command = "SERVICE"
        depends_on = ["api"]
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    let second = sandbox.start(&["up"]);
    second.wait_for("already running");
    sandbox.run(&["down"]).with(0);
    let ended = up.wait().with(0);
    let last = format!("as asked from another terminal; nothing is left, port {port} is free.\n");
    assert!(ended.stderr.ends_with(&last), "{ended:?}");
    let ended = second.wait().with(0);
    let last = "The stack was stopped from another terminal before everything was ready.\n";
    assert!(ended.stderr.ends_with(last), "{ended:?}");
}

#[test]
fn whoever_waits_for_a_stack_that_is_interrupted_is_told_so() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --say begun --ready-after 60000 --listen 127.0.0.1:{port}\"\nport = {port}\n"
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    let second = sandbox.start(&["up"]);
    second.wait_for("already running");
    // Its request is there by now, and is read before this one.
    sandbox.run(&["status"]).with(1);
    up.interrupt();
    up.wait().with(130);
    let ended = second.wait().with(1);
    let last = "error: the stack was stopped before everything was ready\n";
    assert!(ended.stderr.contains(last), "{ended:?}");
}

#[test]
fn who_keeps_a_service_from_ending_is_named() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --hang --ignore-term\"\nport = {port}\n\
         stop_grace_period = \"600s\"\n"
    ));
    sandbox.run(&["up", "-d"]).with(0);
    let client = sandbox.client(port);
    let down = sandbox.start(&["down", "api"]);
    down.wait_for(&format!("is still stopping; still connected: sleep {}", client.pid()));
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let pid = status["services"][0]["pid"].as_u64().unwrap();
    signal(u32::try_from(pid).unwrap(), Signal::KILL);
    down.wait().with(0);
    assert!(!client.has_ended());
}

#[test]
fn whoever_takes_a_port_that_came_free_is_named() {
    let port = port();
    let config = format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --reuseport"
        port = {port}
        [services.db]
        command = "SERVICE"
        "#
    );
    let sandbox = Sandbox::new(&config);
    let up = sandbox.up(&[]);
    // It shares the port, so that it has it at the moment when the service lets go.
    let thief = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}"), "--reuseport"]);
    let pid = thief.pid();
    let told = format!(
        "error: nothing of `api` is left, but port {port} was taken by `service` (pid {pid})\n\n\
         hint: look at it with `xtask port who {port}`\n"
    );
    let down = sandbox.run(&["down", "api"]).with(7);
    assert!(down.stderr.contains(&told), "{down:?}");
    let down = sandbox.run(&["down"]).with(7);
    assert!(down.stderr.contains(&told), "{down:?}");
    let ended = up.wait().with(7);
    assert!(ended.stderr.contains(&told), "{ended:?}");
    assert!(!thief.has_ended());
}

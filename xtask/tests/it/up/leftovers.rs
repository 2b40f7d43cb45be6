//! What a supervisor left that was killed: ended by the next `up`, with a line and without a question.

use rustix::process::Signal;

use crate::sandbox::{Running, Sandbox, eventually, eventually_gone, is_free, port, signal};

/// A stack whose supervisor was killed; the service lives on, its pid is returned.
fn orphaned(key: &str) -> (Sandbox, u32) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} {key}\"\nport = {port}\nstop_grace_period = \"300ms\"\n"
    ));
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    let left = sandbox.processes();
    assert_eq!(left.len(), 1, "{left:?}");
    (sandbox, left[0])
}

#[test]
fn leftovers_of_a_killed_supervisor_are_ended_with_a_line() {
    let (sandbox, left) = orphaned("");
    let up = sandbox.up(&[]);
    let stderr = up.stderr();
    assert!(
        stderr.starts_with(&format!(
            "An earlier run left 1 process: `api` (service {left}).\n  stopped in "
        )),
        "{stderr}"
    );
    eventually_gone(left);
}

#[test]
fn status_calls_a_leftover_by_its_name() {
    let (sandbox, left) = orphaned("");
    let ended = sandbox.run(&["status"]).with(1);
    let document = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let port = document["services"][0]["ports"][0]["number"].as_u64().unwrap();
    assert_eq!(
        sandbox.plain(&ended.stdout),
        format!(
            "project  not running  ([project])

  SERVICE  STATE    PID  AGE  PORT              HEALTH  RESTARTS  CLIENTS
  api      stopped  -    -    {port} (leftover)  -       0         0

An earlier run of this checkout left 1 process: `api` (service [pid]).

hint: start it with `xtask up`
"
        )
    );
    assert_eq!(
        document["services"][0]["ports"][0],
        serde_json::json!({"name": "main", "number": port, "listening": true, "ours": false, "clients": 0,
            "elsewhere": [], "declared": port})
    );
    signal(left, Signal::KILL);
}

#[test]
fn leftovers_that_ignore_sigterm_are_killed() {
    let (sandbox, left) = orphaned("--ignore-term");
    let up = sandbox.up(&[]);
    assert!(up.stderr().contains("killed in"), "{}", up.stderr());
    eventually_gone(left);
}

#[test]
fn suspended_leftovers_are_ended() {
    let (sandbox, left) = orphaned("");
    signal(left, Signal::STOP);
    sandbox.up(&[]);
    eventually_gone(left);
}

#[test]
fn with_on_conflict_fail_leftovers_stay() {
    let (sandbox, left) = orphaned("");
    let ended = sandbox.run(&["up", "--on-conflict", "fail"]).with(3);
    assert_eq!(
        ended.stderr,
        format!(
            "error: an earlier run of this checkout left 1 process: `api` (service {left})\n\nhint: end them with `xtask down --leftovers`\n\n"
        )
    );
    assert_eq!(sandbox.processes(), [left]);
}

#[test]
fn with_json_the_refusal_over_leftovers_ends_with_a_summary() {
    let (sandbox, left) = orphaned("");
    let refused = ["up", "--on-conflict", "fail", "--format", "json"];
    let events = sandbox.run(&refused).with(3).events();
    let kinds: Vec<_> = events.iter().map(|it| it["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["finding", "summary"]);
    assert_eq!(events[1]["exit"], 3, "{events:#?}");
    signal(left, Signal::KILL);
}

#[test]
fn leftovers_are_known_by_their_tag_even_without_a_record() {
    let (sandbox, left) = orphaned("");
    std::fs::remove_dir_all(sandbox.home().join(".local")).unwrap();
    sandbox.up(&[]);
    eventually_gone(left);
}

#[test]
fn leftovers_of_another_checkout_are_left_alone() {
    let (sandbox, _) = Sandbox::with_api();
    let there = sandbox.checkout("other");
    let up = sandbox.start_in(&there, &["up"]);
    up.wait_for("eady in");
    up.kill();
    eventually_gone(up.pid());
    let left = sandbox.processes();
    sandbox.run(&["up", "--on-conflict", "kill", "--yes"]).with(3);
    assert_eq!(sandbox.processes(), left);
}

#[test]
fn services_of_a_live_supervisor_with_another_state_directory_are_no_leftovers() {
    let (mut sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    sandbox.set(
        "XDG_STATE_HOME",
        &sandbox.home().join("elsewhere").display().to_string(),
    );
    sandbox.run(&["up"]).with(3);
    assert!(!up.has_ended(), "{}", up.stderr());
    // The supervisor, its watchdog, the service.
    assert_eq!(sandbox.processes().len(), 3);
    sandbox.run(&["down", "--leftovers"]);
    assert!(!up.has_ended(), "{}", up.stderr());
}

#[test]
fn a_supervisor_killed_again_and_again_leaves_nothing_in_the_end() {
    let (sandbox, _) = Sandbox::with_api();
    for _ in 0..3 {
        let up = sandbox.up(&[]);
        up.kill();
        eventually_gone(up.pid());
    }
    sandbox.run(&["down"]).with(0);
    eventually(
        || format!("{:?}", sandbox.processes()),
        || sandbox.processes().is_empty(),
    );
}

/// A stack whose supervisor was killed and whose server has no tag: Redis and nginx write their title over it.
fn orphaned_without_a_tag(command: &str) -> (Sandbox, u16) {
    let port = port();
    let bare = "env -i DEVTASKS_TEST_SANDBOX=${DEVTASKS_TEST_SANDBOX} SERVICE --listen 127.0.0.1";
    let command = command.replace("BARE", &format!("{bare}:{port}"));
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"{command}\"\nport = {port}\n"));
    let up = sandbox.up(&[]);
    let seen = sandbox.run(&["status", "--format", "json"]).with(0).json();
    assert_eq!(seen["services"][0]["ports"][0]["ours"], true, "{seen}");
    let who = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .json();
    assert_eq!(who["ports"][0]["code"], "port.busy.own_running", "{who}");
    up.kill();
    eventually_gone(up.pid());
    (sandbox, port)
}

#[cfg(target_os = "linux")] // macOS has no setsid(1).
#[test]
fn a_server_that_overwrote_its_environment_is_still_a_leftover() {
    for command in [
        "BARE",
        "BARE --fork",
        "sh -c 'BARE & wait'",
        "sh -c 'setsid BARE & wait'",
    ] {
        let (sandbox, port) = orphaned_without_a_tag(command);
        let ended = sandbox.run(&["down"]).with(0);
        assert!(ended.stderr.contains("nothing of it is left"), "{command}: {ended:?}");
        assert!(is_free(port), "{command}: {ended:?}");
        sandbox.nothing_is_left();
    }
}

#[test]
fn up_ends_a_leftover_that_overwrote_its_environment() {
    let (sandbox, _) = orphaned_without_a_tag("BARE");
    let up = sandbox.up(&[]);
    assert!(
        up.stderr().starts_with("An earlier run left 1 process: `api` ("),
        "{}",
        up.stderr()
    );
}

#[test]
fn a_pid_that_was_noted_and_means_another_process_now_is_a_stranger() {
    let (sandbox, port) = orphaned_without_a_tag("BARE");
    let states = std::fs::read_dir(sandbox.home().join(".local/state/devtasks")).unwrap();
    let notes = states.map(|directory| directory.unwrap().path().join("leaders.jsonl"));
    let notes = notes.into_iter().find(|path| path.exists()).unwrap();
    let text = std::fs::read_to_string(&notes).unwrap();
    // As if its pid had been reused: the process started at another time than the noted one.
    std::fs::write(&notes, text.replace("\"start\":", "\"start\":1")).unwrap();
    sandbox.run(&["up", "--on-conflict", "fail"]).with(3);
    sandbox.run(&["down"]).with(0);
    assert!(!is_free(port));
}

#[cfg(target_os = "linux")] // Namespaces.
#[test]
fn a_stack_that_runs_in_a_container_is_no_leftover_needs_root() {
    let (sandbox, _) = Sandbox::with_api();
    let mut inside = sandbox.other("unshare");
    // The same directory, another home, and numbers of its own.
    inside.args(["--pid", "--fork", "--mount-proc", "sh", "-c", "\"$0\" up; exit $?"]);
    inside
        .arg(env!("CARGO_BIN_EXE_xtask"))
        .env("HOME", sandbox.home().join("elsewhere"));
    let inside = Running::start(inside);
    inside.wait_for("eady in ");
    let ended = sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains("this stack is already run by pid "), "{ended:?}");
    let ended = sandbox.run(&["down", "--leftovers"]).with(6);
    assert!(ended.stderr.contains("this stack is already run by pid "), "{ended:?}");
    assert!(!inside.has_ended(), "{}", inside.stderr());
}

#[test]
fn a_record_that_names_another_process_is_that_of_no_live_run() {
    let (sandbox, _) = orphaned("");
    let stranger = sandbox.stranger(&[]);
    let states = std::fs::read_dir(sandbox.home().join(".local/state/devtasks")).unwrap();
    let records = states.map(|directory| directory.unwrap().path().join("run.json"));
    let record = records.into_iter().find(|path| path.exists()).unwrap();
    let text = std::fs::read_to_string(&record).unwrap();
    let mut noted: serde_json::Value = serde_json::from_str(&text).unwrap();
    // As if the crashed supervisor's pid had been reused; 0 is none's.
    for pid in [stranger.pid(), 0] {
        noted["supervisor"]["pid"] = pid.into();
        std::fs::write(&record, noted.to_string()).unwrap();
        let status = sandbox.run(&["status"]).with(1);
        assert!(status.stdout.contains("not running"), "{status:?}");
    }
    let up = sandbox.up(&[]);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    assert_eq!(sandbox.processes(), [stranger.pid()]);
}

//! `up --detach`: the stack runs on in the background, and every other command finds it there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{Sandbox, eventually, eventually_gone, is_free, machine, port, signal};

fn supervisor(sandbox: &Sandbox) -> u32 {
    let status = sandbox.run(&["status", "--format", "json"]).json();
    assert_eq!(status["supervisor"]["mode"], "background", "{status}");
    u32::try_from(status["supervisor"]["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn it_returns_when_all_are_ready_and_down_ends_everything() {
    let (sandbox, port) = Sandbox::with_api();
    let up = sandbox.run(&["up", "--detach"]).with(0);
    assert_eq!(up.stdout, "");
    let said = sandbox.plain(&up.stderr);
    assert!(
        said.contains("It runs in the background: `xtask logs -f` shows"),
        "{said}"
    );
    sandbox.run(&["status"]).with(0);
    supervisor(&sandbox);
    assert!(!is_free(port));
    let down = sandbox.run(&["down"]).with(0);
    assert!(down.stderr.contains("Stopped 1 service in"), "{down:?}");
    assert!(is_free(port));
    eventually_nothing(&sandbox);
}

/// The supervisor itself ends a moment after its answer.
#[track_caller]
fn eventually_nothing(sandbox: &Sandbox) {
    for pid in sandbox.processes() {
        eventually_gone(pid);
    }
    sandbox.nothing_is_left();
}

#[test]
fn every_command_works_from_elsewhere_and_at_once() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db} --say db-here"
        port = {db}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api} --say api-here"
        port = {api}
        depends_on = ["db"]
        "#
    ));
    sandbox.run(&["up", "-d", "db"]).with(0);
    let more = sandbox.run(&["up"]).with(0);
    assert!(more.stderr.contains("starting `api` there"), "{more:?}");
    let at_once: Vec<_> = (0..6)
        .flat_map(|_| {
            [
                ["status", "--quiet"],
                ["logs", "api"],
                ["why", "api"],
                ["restart", "api"],
            ]
        })
        .map(|arguments| sandbox.start(&arguments))
        .collect();
    for command in at_once {
        let ended = command.wait();
        // A status may see it restarting.
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    }
    let logs = sandbox.run(&["logs"]).with(0);
    assert!(
        logs.stdout.contains("db-here") && logs.stdout.contains("api-here"),
        "{logs:?}"
    );
    sandbox.run(&["down"]).with(0);
    eventually_nothing(&sandbox);
}

#[test]
fn of_many_at_once_one_supervises() {
    let (sandbox, _) = Sandbox::with_api();
    let ups: Vec<_> = (0..8).map(|_| sandbox.start(&["up", "-d"])).collect();
    for up in ups {
        up.wait().with(0);
    }
    sandbox.run(&["status"]).with(0);
    // The supervisor, its watchdog, the service.
    assert_eq!(sandbox.processes().len(), 3);
    sandbox.run(&["down"]).with(0);
    eventually_nothing(&sandbox);
}

/// `web` is there at once, `api` only once there is a file `go`.
fn slow() -> (Sandbox, u16, u16) {
    let (web, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --wait-for go --listen 127.0.0.1:{api}"
        port = {api}
        [services.web]
        command = "SERVICE --listen 127.0.0.1:{web}"
        port = {web}
        "#
    ));
    (sandbox, web, api)
}

#[test]
fn whoever_still_waits_when_down_comes_is_told_and_ends_with_0() {
    let (sandbox, web, api) = slow();
    let up = sandbox.start(&["up", "-d"]);
    up.wait_for("web  ready");
    sandbox.run(&["down"]).with(0);
    let ended = up.wait().with(0);
    let last =
        format!("Stopped 2 services as asked from another terminal; nothing is left, ports {api} {web} are free.\n");
    assert!(ended.stderr.ends_with(&last), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn when_one_is_stopped_from_elsewhere_it_waits_for_the_others_and_says_so() {
    let (sandbox, web, api) = slow();
    let up = sandbox.start(&["up", "-d"]);
    up.wait_for("web  ready");
    let second = sandbox.start(&["up"]);
    second.wait_for("already running");
    sandbox.run(&["status"]).with(1);
    sandbox.run(&["down", "web"]).with(0);
    assert!(!up.has_ended() && !second.has_ended());
    sandbox.write("go", "");
    let ended = up.wait().with(0);
    let last = format!(
        "\n`web` was stopped from another terminal; the other one is ready.  http://127.0.0.1:{api}\n\
         It runs in the background: `xtask logs -f` shows its log, `xtask down` stops it.\n"
    );
    assert!(ended.stderr.ends_with(&last), "{ended:?}");
    let ended = second.wait().with(0);
    let last = "\n`web` was stopped from another terminal.\n";
    assert!(ended.stderr.ends_with(last), "{ended:?}");
    assert!(is_free(web) && !is_free(api));
    sandbox.run(&["down"]).with(0);
    eventually_nothing(&sandbox);
}

#[test]
fn in_the_foreground_it_is_said_as_well_and_a_later_failure_is_told_at_once() {
    let (db, web) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --wait-for go --listen 127.0.0.1:{db} --exit-with end"
        port = {db}
        [services.web]
        command = "SERVICE --listen 127.0.0.1:{web}"
        port = {web}
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("web  ready");
    sandbox.run(&["down", "web"]).with(0);
    sandbox.write("go", "");
    up.wait_for(&format!(
        "\n`web` was stopped from another terminal; the other one is ready.  http://127.0.0.1:{db}\nCtrl-C stops"
    ));
    let second = sandbox.start(&["up", "web"]);
    second.wait().with(0);
    sandbox.write("end", "3");
    up.wait_for("db failed after");
    assert!(!up.has_ended());
    sandbox.run(&["down"]).with(0);
    let ended = up.wait().with(0);
    assert!(
        ended
            .stderr
            .contains("Stopped 1 service as asked from another terminal; nothing is left"),
        "{ended:?}"
    );
}

#[test]
fn a_supervisor_that_is_told_to_end_meanwhile_is_no_down() {
    let (sandbox, ..) = slow();
    let up = sandbox.start(&["up", "-d"]);
    up.wait_for("web  ready");
    signal(supervisor(&sandbox), Signal::TERM);
    let ended = up.wait().with(1);
    let words = "error: the stack was stopped before everything was ready\nStopped 2 services; nothing is left, ";
    assert!(ended.stderr.contains(words), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn a_failed_start_is_shown_in_full_and_nothing_is_left() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        [services.api]
        command = "echo boom >&2; exit 3"
        shell = true
        port = {api}
        "#
    ));
    let up = sandbox.run(&["up", "-d"]).with(1);
    for words in ["api failed after", "boom", "The other service was stopped."] {
        assert!(up.stderr.contains(words), "{up:?}");
    }
    // Not even the supervisor.
    sandbox.nothing_is_left();
    sandbox.run(&["status"]).with(1);
}

#[test]
fn what_is_not_ready_in_time_is_code_4() {
    let port = port();
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"SERVICE\"\nport = {port}\n"));
    let up = sandbox.run(&["up", "-d", "--timeout", "100ms"]).with(4);
    assert!(up.stderr.contains("nothing listens on"), "{up:?}");
    sandbox.nothing_is_left();
}

#[test]
fn json_has_every_event_and_ends_with_the_summary() {
    let (sandbox, _) = Sandbox::with_api();
    let events = sandbox.run(&["up", "-d", "--format", "json"]).with(0).events();
    let states: Vec<&Value> = events.iter().map(|event| &event["state"]).collect();
    assert_eq!(
        states,
        ["waiting", "starting", "ready", ""]
            .map(|state| match state {
                "" => Value::Null,
                state => state.into(),
            })
            .iter()
            .collect::<Vec<_>>()
    );
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["exit"]), (&"summary".into(), &0.into()));
    assert_eq!(last["services"][0]["state"], "ready");
}

#[test]
fn kill_9_of_the_supervisor_leaves_nothing() {
    let (sandbox, port) = Sandbox::with_api();
    sandbox.run(&["up", "-d"]).with(0);
    let supervisor = supervisor(&sandbox);
    let watchdog = machine::watchdog(supervisor).unwrap();
    signal(supervisor, Signal::KILL);
    eventually_gone(watchdog);
    sandbox.nothing_is_left();
    assert!(is_free(port));
    sandbox.run(&["up", "-d"]).with(0);
}

#[test]
fn a_grace_period_that_joins_later_is_the_watchdogs_too() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "SERVICE"
        stop_grace_period = "0s"
        [services.api]
        command = "SERVICE --slow-term 300"
        stop_grace_period = "20s"
        "#,
    );
    sandbox.run(&["up", "-d", "db"]).with(0);
    sandbox.run(&["up", "api"]).with(0);
    let supervisor = supervisor(&sandbox);
    let watchdog = machine::watchdog(supervisor).unwrap();
    signal(supervisor, Signal::KILL);
    eventually_gone(watchdog);
    sandbox.nothing_is_left();
    let state = sandbox.home().join(".local/state/devtasks");
    let audit = fs::read_to_string(state.join("audit.log")).unwrap();
    assert!(!audit.contains("SIGKILL"), "{audit}");
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn it_runs_from_a_copy_of_the_program() {
    let (sandbox, _) = Sandbox::with_api();
    sandbox.run(&["up", "-d"]).with(0);
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    let running = format!("/proc/{}/exe", supervisor(&sandbox));
    assert_ne!(
        inode(Path::new(&running)),
        inode(Path::new(env!("CARGO_BIN_EXE_xtask")))
    );
}

#[test]
fn a_closed_terminal_does_not_end_it() {
    let (sandbox, port) = Sandbox::with_api();
    let mut terminal = sandbox.terminal(&["up", "-d"]);
    terminal.wait_for("It runs in the background");
    terminal.close();
    assert!(!is_free(port));
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
}

#[test]
fn whoever_reads_our_pipes_does_not_wait_for_the_stack() {
    let (sandbox, _) = Sandbox::with_api();
    let mut command = sandbox.other("sh");
    let up = format!("exec 7>&1; exec {} up -d", env!("CARGO_BIN_EXE_xtask"));
    command.args(["-c", &up]);
    // To the end of the pipe, of which 7 is one more writing end.
    let reader = std::thread::spawn(move || command.output().unwrap());
    eventually(|| "the end of the pipe".to_owned(), || reader.is_finished());
    let output = reader.join().unwrap();
    assert!(output.status.success(), "{output:?}");
    sandbox.run(&["status"]).with(0);
}

#[test]
fn sigterm_to_the_supervisor_stops_the_services() {
    let (sandbox, port) = Sandbox::with_api();
    sandbox.run(&["up", "-d"]).with(0);
    signal(supervisor(&sandbox), Signal::TERM);
    eventually_nothing(&sandbox);
    assert!(is_free(port));
}

//! Ctrl-C and its kin.

use rustix::process::Signal;

use crate::sandbox::{Running, Sandbox, eventually, port, signal};

#[test]
fn ctrl_c_on_a_terminal_stops_everything_and_leaves_the_line_clean() {
    let (sandbox, port) = Sandbox::with_api();
    let up = sandbox.terminal(&["up", "--color", "never"]);
    up.wait_for("Ready in");
    up.press("\x03");
    let ended = up.wait().with(130);
    assert!(
        ended
            .stdout
            .ends_with(&format!("Stopped 1 service; nothing is left, port {port} is free.\n")),
        "{ended:?}"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_second_ctrl_c_kills_at_once() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --ignore-term --announce here\"\nstop_grace_period = \"10m\"\n",
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    up.interrupt();
    eventually(
        || format!("state stopping; {}", up.stderr()),
        || sandbox.run(&["status"]).stdout.contains("stopping"),
    );
    assert!(!up.has_ended());
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn two_at_once_kill_whom_wrappers_leave_behind() {
    // While the later ones are told to end, the first ones' shells do so.
    let services = (0..6).map(|n| {
        let port = port();
        format!(
            "[services.s{n}]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --ignore-term & wait\"\nshell = true\n\
             port = {port}\n"
        )
    });
    let sandbox = Sandbox::new(&services.collect::<String>());
    let up = sandbox.up(&[]);
    for one in [Signal::STOP, Signal::INT, Signal::TERM, Signal::CONT] {
        signal(up.pid(), one);
    }
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn ctrl_c_while_starting_stops_what_has_started() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --say begun\"\nport = {port}\n"
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn sigterm_and_sighup_stop_everything() {
    for end in [Signal::TERM, Signal::HUP] {
        let (sandbox, _) = Sandbox::with_api();
        let up = sandbox.up(&[]);
        signal(up.pid(), end);
        let ended = up.wait().with(130);
        assert!(ended.stderr.contains("nothing is left"), "{ended:?}");
        sandbox.nothing_is_left();
    }
}

#[test]
fn a_window_that_is_closed_stops_everything() {
    let (sandbox, _) = Sandbox::with_api();
    let mut up = sandbox.terminal(&["up", "--color", "never"]);
    up.wait_for("Ready in");
    up.close();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn a_closed_stdout_ends_everything_quietly() {
    let sandbox =
        Sandbox::new("[services.api]\ncommand = \"sh -c 'while echo hello; do sleep 0.01; done; exec sleep 1000'\"\n");
    let mut command = sandbox.other("bash");
    let up = format!("set -o pipefail; {} up | head -n 1", env!("CARGO_BIN_EXE_xtask"));
    command.args(["-c", &up]);
    let ended = Running::start(command).wait().with(0);
    assert_eq!(ended.stdout, "api | hello\n");
    sandbox.nothing_is_left();
}

#[test]
fn a_closed_stderr_does_no_harm() {
    let (sandbox, _) = Sandbox::with_api();
    let mut command = sandbox.other("bash");
    let up = format!("{} up 2>&1 >/dev/null | head -n 1", env!("CARGO_BIN_EXE_xtask"));
    command.args(["-c", &format!("{up}; touch read")]);
    let shell = Running::start(command);
    eventually(
        || "a running stack".to_owned(),
        || sandbox.run(&["status"]).code == Some(0),
    );
    sandbox.run(&["down"]).with(0);
    shell.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_stuck_reader_of_the_log_does_not_keep_the_stack_from_stopping() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"yes\"\n");
    let mut command = sandbox.command(&["up"]);
    // Nobody reads this pipe.
    let (reader, writer) = std::io::pipe().unwrap();
    let up = Running::follow(command.stdout(writer).stderr(std::process::Stdio::piped()));
    drop(command);
    up.wait_for("Ready in");
    up.interrupt();
    up.wait().with(130);
    drop(reader);
    sandbox.nothing_is_left();
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn signals_that_the_caller_has_blocked_are_heard() {
    let (sandbox, _) = Sandbox::with_api();
    let mut command = sandbox.other("env");
    command.args([
        "--block-signal=CHLD,INT,TERM,HUP,WINCH",
        env!("CARGO_BIN_EXE_xtask"),
        "up",
    ]);
    let up = Running::start(command);
    up.wait_for("eady in ");
    let status = std::fs::read_to_string(format!("/proc/{}/status", sandbox.pid("api"))).unwrap();
    let blocked = status.lines().find(|line| line.starts_with("SigBlk:"));
    assert_eq!(blocked, Some("SigBlk:\t0000000000000000"));
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

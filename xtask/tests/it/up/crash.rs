//! A supervisor that is killed leaves nothing: its watchdog ends what it started, whatever that forked.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::sandbox::{Running, Sandbox, eventually, eventually_gone, port, signal};

/// Services whose processes leave their group, their session and their parent.
fn stubborn() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --ignore-term"
        port = {port}
        stop_grace_period = "200ms"
        [services.children]
        command = "sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &) ; wait"
        shell = true
        stop_grace_period = "200ms"
        "#
    ));
    (sandbox, port)
}

#[test]
fn kill_9_of_the_supervisor_leaves_no_process_and_no_busy_port() {
    let (sandbox, port) = stubborn();
    let up = sandbox.up(&[]);
    let watchdog = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(watchdog);
    sandbox.nothing_is_left();
    assert!(crate::sandbox::is_free(port));
    let again = sandbox.run(&["down"]).with(0);
    assert!(again.stderr.contains("Nothing to stop"), "{again:?}");
}

#[test]
fn a_watchdog_that_is_killed_is_replaced() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    let first = up.watchdog().unwrap();
    signal(first, Signal::KILL);
    eventually(
        || "another watchdog".to_owned(),
        || up.watchdog().is_some_and(|watchdog| watchdog != first),
    );
    let second = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(second);
    sandbox.nothing_is_left();
}

#[test]
fn a_closed_terminal_and_a_clean_end_leave_no_watchdog() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

fn suspend(pid: u32) {
    signal(pid, Signal::STOP);
    let stat = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    eventually(stat, || stat().contains(") T "));
}

#[test]
fn a_suspended_watchdog_holds_up_no_end() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    suspend(up.watchdog().unwrap());
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
    let up = sandbox.up(&[]);
    suspend(up.watchdog().unwrap());
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

/// Nothing more goes into the pipe that this process reads as its stdin.
fn fill_stdin(pid: u32) {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = OpenOptions::new();
    let path = format!("/proc/{pid}/fd/0");
    let mut pipe: File = options.write(true).custom_flags(nonblocking).open(path).unwrap();
    while pipe.write(b"\n").is_ok() {}
}

#[test]
fn a_suspended_watchdog_that_takes_no_word_holds_up_nothing() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "SERVICE"
        stop_grace_period = "0s"
        [services.api]
        command = "SERVICE"
        stop_grace_period = "20s"
        "#,
    );
    let up = sandbox.up(&["db"]);
    let watchdog = up.watchdog().unwrap();
    suspend(watchdog);
    fill_stdin(watchdog);
    sandbox.run(&["up", "api"]).with(0);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

fn limit_files(up: &Running, soft: u64) {
    let limit = Rlimit {
        current: Some(soft),
        maximum: Some(1024),
    };
    prlimit(Pid::from_raw(up.pid().cast_signed()), Resource::Nofile, limit).unwrap();
}

#[test]
fn a_watchdog_that_cannot_be_replaced_is_missed_aloud_and_tried_again() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    let first = up.watchdog().unwrap();
    limit_files(&up, 3);
    signal(first, Signal::KILL);
    up.wait_for(
        "cannot start the watchdog of this run: too many open files: if this supervisor is killed now, its services are \
         left running; another watchdog is tried every second",
    );
    assert_eq!(up.watchdog(), None);
    limit_files(&up, 1024);
    eventually(|| up.stderr(), || up.watchdog().is_some());
    let second = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(second);
    sandbox.nothing_is_left();
}

#[test]
fn supervisor_and_watchdog_belong_to_no_outer_run() {
    let mut sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    for name in ["PROJECT", "SERVICE", "CHECKOUT", "RUN"] {
        sandbox.set(&format!("DEVTASKS_{name}"), "outer");
    }
    sandbox.run(&["up", "-d"]).with(0);
    let outer = |pid: &u32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap();
        let mut variables = environ.split(|byte| *byte == 0);
        variables.any(|variable| variable.starts_with(b"DEVTASKS_") && variable.ends_with(b"=outer"))
    };
    // The supervisor, its watchdog, the service.
    let all = sandbox.processes();
    assert_eq!(all.len(), 3);
    assert!(!all.iter().any(outer), "{all:?}");
}

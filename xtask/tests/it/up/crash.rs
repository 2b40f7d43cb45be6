//! A supervisor that is killed leaves nothing: its watchdog ends what it started, whatever that forked.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, eventually_gone, eventually_suspended, port, signal};

/// Services whose processes leave their group, their session and their parent.
pub(super) fn stubborn() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --ignore-term"
        port = {port}
        stop_grace_period = "200ms"
        [services.children]
        command = "sleep 1000 & SERVICE --setsid & (SERVICE --setsid &) ; wait"
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

pub(super) fn suspend(pid: u32) {
    signal(pid, Signal::STOP);
    eventually_suspended(pid);
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

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn supervisor_and_watchdog_belong_to_no_outer_run() {
    let mut sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    for name in ["PROJECT", "SERVICE", "CHECKOUT", "RUN"] {
        sandbox.set(&format!("DEVTASKS_{name}"), "outer");
    }
    sandbox.run(&["up", "-d"]).with(0);
    let outer = |pid: &u32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let mut variables = environ.split(|byte| *byte == 0);
        variables.any(|variable| variable.starts_with(b"DEVTASKS_") && variable.ends_with(b"=outer"))
    };
    // The supervisor, its watchdog, the service.
    let all = sandbox.processes();
    assert_eq!(all.len(), 3);
    assert!(!all.iter().any(outer), "{all:?}");
}

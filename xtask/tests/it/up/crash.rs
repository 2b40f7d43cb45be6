//! A supervisor that is killed leaves nothing: its guardian ends what it started, whatever that forked.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, eventually_gone, port, signal};

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
    let guardian = up.guardian().unwrap();
    up.kill_alone();
    eventually_gone(guardian);
    sandbox.nothing_is_left();
    assert!(crate::sandbox::is_free(port));
    let again = sandbox.run(&["down"]).with(0);
    assert!(again.stderr.contains("Nothing to stop"), "{again:?}");
}

#[test]
fn a_guardian_that_is_killed_is_replaced() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    let first = up.guardian().unwrap();
    signal(first, Signal::KILL);
    eventually(
        || "another guardian".to_owned(),
        || up.guardian().is_some_and(|guardian| guardian != first),
    );
    let second = up.guardian().unwrap();
    up.kill_alone();
    eventually_gone(second);
    sandbox.nothing_is_left();
}

#[test]
fn a_closed_terminal_and_a_clean_end_leave_no_guardian() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

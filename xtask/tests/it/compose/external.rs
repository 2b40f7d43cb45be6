//! What somebody else runs is waited for, shown, and never signalled.

use crate::sandbox::{Running, Sandbox, port};

fn project(more: &str) -> (Sandbox, u16) {
    let port = port();
    let config = format!("[services.db]\nexternal = true\nport = {port}\n{more}\n");
    (Sandbox::new(&config), port)
}

#[track_caller]
fn database(sandbox: &Sandbox, port: u16) -> Running {
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")])
}

#[test]
fn one_that_is_there_is_ready_and_runs_on() {
    let (sandbox, port) = project("");
    let db = database(&sandbox, port);
    let doctor = sandbox.run(&["doctor"]).with(0);
    assert_eq!(
        doctor.stdout,
        "All checks passed: 0 ports free, 0 commands, 1 external service, 0 env files, 0 leftovers.\n"
    );
    let plan = sandbox.run(&["up", "--plan"]).with(0);
    assert!(plan.stdout.contains("  db  wait "), "{plan:?}");
    assert!(
        plan.stdout.ends_with("would wait for 1. Nothing was done.\n"),
        "{plan:?}"
    );
    sandbox.run(&["up", "-d", "--on-conflict", "kill", "--yes"]).with(0);
    let status = sandbox.run(&["status"]).with(0);
    assert!(status.stdout.contains(&format!("{port} (external)")), "{status:?}");
    let down = sandbox.run(&["down"]).with(0);
    assert_eq!(
        sandbox.plain(&down.stderr),
        "  · db  left running\nThe stack has ended; there was no service to stop.\n"
    );
    assert!(!db.has_ended());
}

#[test]
fn one_that_is_not_there_is_waited_for() {
    let (sandbox, port) = project("");
    let doctor = sandbox.run(&["doctor"]).with(0);
    let says = format!("nothing listens on port {port}: `up` waits for `db`, which somebody else starts");
    assert!(doctor.stdout.contains(&says), "{doctor:?}");
    let up = sandbox.start(&["up", "-d"]);
    let waits = format!("nothing answers at 127.0.0.1:{port} yet; somebody else runs it");
    let status = || sandbox.run(&["status"]).stdout;
    crate::sandbox::eventually(status, || status().contains(&waits));
    let db = database(&sandbox, port);
    up.wait().with(0);
    sandbox.run(&["restart", "db"]).with(0);
    sandbox.run(&["down"]).with(0);
    assert!(!db.has_ended());
}

#[test]
fn one_that_does_not_come_is_named() {
    let (sandbox, port) = project("healthcheck = { start_period = '300ms' }");
    let up = sandbox.run(&["up"]).with(4);
    let says = format!("nothing answers at 127.0.0.1:{port} yet; somebody else runs it");
    assert!(up.stderr.contains(&says), "{up:?}");
}

#[test]
fn one_that_goes_away_is_unhealthy_by_its_own_check() {
    let (sandbox, port) = project("healthcheck = { tcp = true, interval = '20ms', retries = 1 }");
    let db = database(&sandbox, port);
    let up = sandbox.up(&[]);
    db.kill();
    up.wait_for("unhealthy");
    let again = database(&sandbox, port);
    let ready = || sandbox.run(&["status", "--format", "json"]).json()["services"][0]["state"].to_string();
    crate::sandbox::eventually(ready, || ready() == "\"ready\"");
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(ended.stderr.contains("`db` is left running.\n"), "{ended:?}");
    assert!(!again.has_ended());
}

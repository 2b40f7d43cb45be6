//! Ctrl-C before anything was started, whatever the look before the start waits for.

use rustix::process::Signal;
use serde_json::json;

use crate::sandbox::{Sandbox, eventually, signal};

/// A venv whose interpreter takes its time, and a task and a service that would tell that they were started.
fn with_a_slow_venv() -> Sandbox {
    let config = r#"
        [venvs.v]
        path = ".venv"
        [tasks.migrate]
        command = "touch migrated"
        venv = "v"
        [services.api]
        command = "SERVICE"
        venv = "v"
        depends_on = ["migrate"]
    "#;
    let sandbox = Sandbox::new(config);
    sandbox.write(".venv/pyvenv.cfg", "");
    sandbox.write_script(".venv/bin/python", "touch looked\nsleep 3\necho 3.11.0");
    sandbox
}

fn eventually_looks(sandbox: &Sandbox) {
    let looked = sandbox.project().join("looked");
    eventually(|| "a look at the venv".to_owned(), || looked.exists());
}

#[track_caller]
fn nothing_was_started(sandbox: &Sandbox) {
    // What was killed needs a moment.
    eventually(
        || format!("the end of {:?}", sandbox.processes()),
        || sandbox.processes().is_empty(),
    );
    assert!(!sandbox.project().join("migrated").exists());
}

#[test]
fn ctrl_c_during_the_look_starts_nothing() {
    for arguments in [&["up"][..], &["up", "--detach"]] {
        let sandbox = with_a_slow_venv();
        let up = sandbox.start(arguments);
        eventually_looks(&sandbox);
        up.interrupt();
        let ended = up.wait().with(130);
        assert_eq!(ended.stderr, "Interrupted; nothing was started.\n");
        nothing_was_started(&sandbox);
    }
}

#[test]
fn sigterm_during_the_look_is_told_in_json() {
    let sandbox = with_a_slow_venv();
    let up = sandbox.start(&["up", "--format", "json"]);
    eventually_looks(&sandbox);
    signal(up.pid(), Signal::TERM);
    let ended = up.wait().with(130);
    let [summary] = ended.events().try_into().unwrap();
    assert_eq!(summary["exit"], json!(130));
    nothing_was_started(&sandbox);
}

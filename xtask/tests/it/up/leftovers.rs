//! What a supervisor left that was killed: ended by the next `up`, with a line and without a question.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, eventually_gone, port, signal};

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
fn services_of_a_live_supervisor_with_another_state_folder_are_no_leftovers() {
    let (mut sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    sandbox.set(
        "XDG_STATE_HOME",
        &sandbox.home().join("elsewhere").display().to_string(),
    );
    sandbox.run(&["up"]).with(3);
    assert!(!up.has_ended(), "{}", up.stderr());
    // The supervisor, its guardian, the service.
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

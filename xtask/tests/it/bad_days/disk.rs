//! Disks that are full, directories that cannot be written. Root is needed for a disk of a test's own.

use rustix::process::getuid;

use crate::sandbox::{Running, Sandbox};

/// `up` with a small disk of its own under the state directory, after a shell command there.
fn up_on_a_small_disk(sandbox: &Sandbox, before: &str) -> Running {
    let state = sandbox.home().join(".local/state");
    std::fs::create_dir_all(&state).unwrap();
    let mut command = sandbox.other("unshare");
    let script = format!(
        "mount -t tmpfs -o size=64k,mode=700 none {state}; cd {state}; {before}; cd {project}; exec {xtask} up",
        state = state.display(),
        project = sandbox.project().display(),
        xtask = env!("CARGO_BIN_EXE_xtask"),
    );
    command.args(["--mount", "sh", "-c", &script]);
    Running::start(command)
}

#[test]
fn a_disk_that_is_full_of_logs_is_said_once_and_the_log_is_still_shown_as_root() {
    if !getuid().is_root() {
        return;
    }
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --spew 3000 100 --say end\"\n");
    let up = up_on_a_small_disk(&sandbox, "true");
    up.wait_for("api | end");
    up.interrupt();
    let ended = up.wait().with(130);
    assert_eq!(ended.stdout.lines().count(), 3001);
    let said: Vec<_> = ended.stderr.match_indices("no space left on the disk").collect();
    assert_eq!(said.len(), 1, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("logs/api.1.log`: no space left on the disk\n\nhint: its lines are still shown here"),
        "{}",
        ended.stderr
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_disk_without_room_for_the_record_of_the_run_starts_nothing_as_root() {
    if !getuid().is_root() {
        return;
    }
    let (sandbox, _) = Sandbox::with_api();
    let ended = up_on_a_small_disk(&sandbox, "cat /dev/zero > full 2>/dev/null")
        .wait()
        .with(1);
    assert!(ended.stderr.contains("no space left on the disk"), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn a_home_that_is_no_directory_is_said() {
    let (mut sandbox, _) = Sandbox::with_api();
    sandbox.write("file", "");
    sandbox.set("HOME", &sandbox.project().join("file").display().to_string());
    let ended = sandbox.run(&["up"]).with(1);
    assert!(ended.stderr.starts_with("error: cannot make `"), "{ended:?}");
    sandbox.run(&["status"]).with(1);
    sandbox.run(&["doctor"]).with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_record_that_was_cut_off_counts_as_none() {
    let (sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    up.interrupt();
    up.wait().with(130);
    let state = sandbox.home().join(".local/state/devtasks");
    for directory in std::fs::read_dir(state)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        std::fs::write(directory.join("run.json"), "{\"run\": \"1").unwrap();
    }
    sandbox.run(&["status"]).with(1);
    sandbox.run(&["down"]).with(0);
    sandbox.up(&[]);
}

#[test]
fn a_state_directory_with_a_long_path_works_too() {
    let (mut sandbox, _) = Sandbox::with_api();
    let long = sandbox.home().join("x".repeat(120));
    sandbox.set("XDG_STATE_HOME", &long.display().to_string());
    sandbox.set("TMPDIR", &sandbox.home().display().to_string());
    let up = sandbox.up(&[]);
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
}

#[test]
fn a_project_whose_path_has_spaces_and_quotes_works_too() {
    let (sandbox, _) = Sandbox::with_api();
    let there = sandbox.checkout("it's a \"shop\" ünd more");
    let up = sandbox.start_in(&there, &["up"]);
    up.wait_for("eady in");
    sandbox.start_in(&there, &["status"]).wait().with(0);
    sandbox.start_in(&there, &["down"]).wait().with(0);
    up.wait().with(0);
}

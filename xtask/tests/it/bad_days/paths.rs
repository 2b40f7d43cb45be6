//! Directories with odd names, and in odd places.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::sandbox::{Running, Sandbox, eventually_gone, service, signal};

#[test]
fn a_path_that_is_not_utf8_is_refused_by_all_in_the_same_words() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let directory = sandbox.project().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&directory).unwrap();
    std::fs::rename(sandbox.project().join("devtasks.toml"), directory.join("devtasks.toml")).unwrap();
    for arguments in [&["up"][..], &["up", "--plan"], &["doctor"], &["status"], &["down"]] {
        let ended = sandbox.start_in(&directory, arguments).wait().with(2);
        assert_eq!(
            sandbox.plain(&ended.stderr),
            "error: the path of this project is not UTF-8: `[project]/caf\u{fffd}`\n\n\
             hint: rename the directory, or the one above it whose name is shown with `\u{fffd}`\n"
        );
    }
    let doctor = sandbox
        .start_in(&directory, &["doctor", "--format", "json"])
        .wait()
        .with(2);
    assert_eq!(doctor.json()["findings"][0]["level"], "fail");
    assert!(!sandbox.home().join(".local").exists());
}

#[test]
fn a_state_directory_with_a_path_too_long_for_a_socket_serves_as_well() {
    let mut sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let deep = sandbox.home().join("x".repeat(100));
    std::fs::create_dir(&deep).unwrap();
    for name in ["XDG_STATE_HOME", "TMPDIR"] {
        sandbox.set(name, deep.to_str().unwrap());
    }
    sandbox.run(&["up", "--detach"]).with(0);
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_directory_is_known_by_its_name_whatever_its_script() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let directory = sandbox.checkout("-한글 폴더");
    sandbox.start_in(&directory, &["up", "--detach"]).wait().with(0);
    sandbox.start_in(&directory, &["status"]).wait().with(0);
    sandbox.start_in(&directory, &["down"]).wait().with(0);
    let entries = std::fs::read_dir(sandbox.home().join(".local/state/devtasks")).unwrap();
    let names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("한글폴더-")), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with(['-', '.'])), "{names:?}");
}

/// A stack in the background whose checkout was moved to where it says; and the pid of its supervisor.
fn moved() -> (Sandbox, PathBuf, u64) {
    moved_with("stop")
}

/// The same with that `on_exit`.
fn moved_with(on_exit: &str) -> (Sandbox, PathBuf, u64) {
    let sandbox = Sandbox::new("");
    std::fs::write(
        sandbox.project().join("devtasks.toml"),
        format!(
            "[project]\non_exit = \"{on_exit}\"\n[services.api]\ncommand = \"{}\"\n",
            service().display()
        ),
    )
    .unwrap();
    let old = sandbox.checkout("old");
    sandbox.start_in(&old, &["up", "--detach"]).wait().with(0);
    let status = sandbox
        .start_in(&old, &["status", "--format", "json"])
        .wait()
        .with(0)
        .json();
    let new = old.with_file_name("new");
    std::fs::rename(&old, &new).unwrap();
    (sandbox, new, status["supervisor"]["pid"].as_u64().unwrap())
}

#[test]
fn what_runs_without_its_directory_is_named_where_it_was_moved_to() {
    let (sandbox, new, pid) = moved();
    let remark = format!(
        "`old` (pid {pid}) runs on, although its directory `[sandbox]/old` is gone; \
         `xtask --file [sandbox]/old/devtasks.toml down` ends it.\n"
    );
    let said = |text: &str| text.replace(&sandbox.home().parent().unwrap().display().to_string(), "[sandbox]");
    let ended = sandbox.start_in(&new, &["down"]).wait().with(0);
    assert_eq!(said(&ended.stderr), format!("Nothing to stop.\n{remark}"));
    let ended = sandbox.start_in(&new, &["status"]).wait().with(1);
    assert!(said(&ended.stdout).contains(&format!("\n\n{remark}")), "{ended:?}");
}

#[test]
fn what_runs_without_its_directory_is_ended_by_the_name_of_its_file() {
    let (sandbox, new, _) = moved();
    let ended = sandbox.run(&["--file", "../old/devtasks.toml", "down"]).with(0);
    assert!(ended.stderr.contains("; nothing is left"), "{ended:?}");
    sandbox.nothing_is_left_soon();
    let ended = sandbox.start_in(&new, &["down"]).wait().with(0);
    assert_eq!(ended.stderr, "Nothing to stop.\n");
}

#[test]
fn what_a_killed_supervisor_left_in_a_directory_that_is_gone_is_ended_too() {
    // Otherwise the watchdog may be faster.
    let (sandbox, _, pid) = moved_with("keep");
    signal(u32::try_from(pid).unwrap(), Signal::KILL);
    sandbox.run(&["--file", "../old/devtasks.toml", "down"]).with(0);
    sandbox.nothing_is_left_soon();
}

#[test]
fn in_a_directory_that_was_deleted_it_is_said_what_runs_of_it() {
    let (sandbox, new, pid) = moved();
    let top = sandbox.home().parent().unwrap().display().to_string();
    std::fs::remove_dir_all(&new).unwrap();
    let gone = format!("{top}/old");
    for name in ["down", "status"] {
        let mut command = sandbox.other("sh");
        let line = format!(
            "mkdir {gone}; cd {gone}; rmdir {gone}; exec {} {name}",
            env!("CARGO_BIN_EXE_xtask")
        );
        command.args(["-c", &line]);
        let ended = Running::start(command).wait().with(2);
        assert_eq!(
            ended.stderr,
            format!(
                "error: cannot find `.`: no such file or directory\n\nhint: end `old`, which runs on although its directory \
                 `{gone}` is gone, with `xtask --file {gone}/devtasks.toml down`\n"
            )
        );
    }
    let mut command = sandbox.other("sh");
    let line = format!(
        "mkdir {gone}; cd {gone}; rmdir {gone}; exec {} --file {gone}/devtasks.toml down api",
        env!("CARGO_BIN_EXE_xtask")
    );
    command.args(["-c", &line]);
    Running::start(command).wait().with(0);
    eventually_gone(u32::try_from(pid).unwrap());
    sandbox.nothing_is_left();
}

//! Env files from other editors, other systems and other days.

use std::path::Path;

use crate::sandbox::{Sandbox, eventually};

/// What a service sees of `A` and `B` with this `.env`.
#[track_caller]
fn seen(bytes: &[u8]) -> String {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --print-env A --print-env B --say end\"\n");
    sandbox.write_bytes(".env", bytes);
    let up = sandbox.up(&[]);
    eventually(|| up.stdout(), || up.stdout().contains("end"));
    up.stdout().replace("api | ", "").replace("end\n", "")
}

/// What `up` says about this `.env`.
#[track_caller]
fn refused(bytes: &[u8], exit: i32) -> String {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    sandbox.write_bytes(".env", bytes);
    let ended = sandbox.run(&["up"]).with(exit);
    sandbox.nothing_is_left();
    sandbox.plain(&ended.stderr)
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    assert_eq!(seen(b"\xef\xbb\xbfA=one\nB=two\n"), "A=one\nB=two\n");
}

#[test]
fn windows_line_ends_are_no_part_of_the_values() {
    assert_eq!(seen(b"A=one\r\nB=\"two\"\r\n"), "A=one\nB=two\n");
}

#[test]
fn a_last_line_without_an_end_counts() {
    assert_eq!(seen(b"A=one\nB=two"), "A=one\nB=two\n");
}

#[test]
fn a_file_that_is_no_text_is_refused_and_its_values_stay_secret() {
    let said = refused(b"A=secret\nB=\xff\xfe\n", 2);
    assert!(said.starts_with("error: ") && said.contains(".env:2"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_line_that_makes_no_sense_is_refused_with_its_place() {
    let said = refused(b"A=1\n= secret\n", 2);
    assert!(said.contains("--> .env:2:1"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_directory_in_place_of_the_file_is_said() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    std::fs::create_dir(sandbox.project().join(".env")).unwrap();
    let ended = sandbox.run(&["up"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("error: cannot read `[project]/.env`: is a directory")
            || ended.stderr.contains(".env"),
        "{ended:?}"
    );
}

#[test]
fn a_pipe_in_place_of_the_file_is_not_waited_for() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    make_pipe(&sandbox.project().join(".env"));
    for (command, code) in [("up", 5), ("doctor", 1), ("status", 1)] {
        let ended = sandbox.run(&[command]).with(code);
        assert_eq!(
            sandbox.plain(&ended.stderr),
            "error: cannot read `[project]/.env`: it is a named pipe, not a regular file\n\n\
             hint: write its variables into an ordinary file; or set `env_file = []` in [project], and let the tool that \
             serves the pipe start this one, as `op run -- …` of 1Password does\n"
        );
    }
}

#[test]
fn a_pipe_called_devtasks_toml_is_not_waited_for() {
    let sandbox = Sandbox::new("");
    let file = sandbox.project().join("devtasks.toml");
    std::fs::remove_file(&file).unwrap();
    make_pipe(&file);
    for command in ["up", "status", "doctor"] {
        let ended = sandbox.run(&[command]).with(2);
        assert_eq!(
            ended.stderr,
            "error: cannot read `devtasks.toml`: it is a named pipe, not a regular file\n",
        );
    }
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

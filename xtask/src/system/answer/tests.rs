//! A shell command → its answer, or why there is none.

use std::process::Command;
use std::time::Duration;

use super::{ask, complaint};

/// A script for the shell of this system.
fn shell(script: &str) -> Command {
    let (shell, option) = match std::env::consts::FAMILY {
        "windows" => ("cmd", "/C"),
        _ => ("sh", "-c"),
    };
    let mut command = Command::new(shell);
    command.args([option, script]);
    command
}

/// `expected` is the exit code and what was printed on both, or the reason.
#[track_caller]
fn check(script: &str, patience: Duration, expected: &str) {
    let answer = ask(&mut shell(script), patience, &|| true);
    let lines = |text: String| text.replace("\r\n", "\n");
    let seen = match answer {
        Ok(answer) => format!(
            "{:?} {:?} {:?}",
            answer.code,
            lines(answer.stdout),
            lines(answer.stderr)
        ),
        Err(why) => why,
    };
    assert_eq!(seen, expected);
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn an_answer_is_what_was_printed_and_the_exit_code() {
    let script = match cfg!(windows) {
        true => "echo yes&echo no>&2&exit 3",
        false => "echo yes; echo no >&2; exit 3",
    };
    check(script, LONG, r#"Some(3) "yes\n" "no\n""#);
}

#[cfg(unix)] // On Windows, one that was killed has an exit code.
#[test]
fn one_that_was_killed_has_no_exit_code() {
    check("kill -9 $$", LONG, r#"None "" """#);
}

#[test]
fn an_answer_may_be_longer_than_a_pipe_holds() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("long"), vec![b'x'; 300_000]).unwrap();
    let print = if cfg!(windows) { "type long" } else { "cat long" };
    let zeros = ask(shell(print).current_dir(&directory), LONG, &|| true);
    assert_eq!(zeros.map(|answer| answer.stdout.len()), Ok(300_000));
}

#[cfg(unix)] // Of Windows, `os::conformance::groups` ends one with what it has started.
#[test]
fn what_does_not_answer_is_ended_with_all_that_it_has_started() {
    // The pipe is held by a process of the group; only its end would be waited for.
    check("sleep 1000 & sleep 1000", Duration::ZERO, "no answer in 0 s");
    check("sleep 1000 & echo done", LONG, r#"Some(0) "done\n" """#);
}

#[test]
fn what_is_no_longer_wanted_is_not_waited_for() {
    let answer = ask(Command::new("sleep").arg("1000"), LONG, &|| false);
    assert!(answer.is_err());
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let answer = ask(&mut Command::new("/none/uv"), LONG, &|| true);
    assert_eq!(
        answer.err().unwrap(),
        "cannot run `/none/uv`: no such file or directory"
    );
}

#[test]
fn the_last_line_of_a_complaint_counts() {
    assert_eq!(
        complaint("warning: x\n  no such service: dbx \n\n"),
        "no such service: dbx"
    );
    assert_eq!(complaint(" \n"), "it says nothing");
}

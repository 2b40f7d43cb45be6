//! A shell command → its answer, or why there is none.

use std::process::Command;
use std::time::Duration;

use super::{ask, complaint};

/// `expected` is the exit code and what was printed on both, or the reason.
#[track_caller]
fn check(script: &str, patience: Duration, expected: &str) {
    let answer = ask(Command::new("sh").args(["-c", script]), patience, &|| true);
    let seen = match answer {
        Ok(answer) => format!("{:?} {:?} {:?}", answer.code, answer.stdout, answer.stderr),
        Err(why) => why,
    };
    assert_eq!(seen, expected);
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn an_answer_is_what_was_printed_and_the_exit_code() {
    check("echo yes; echo no >&2; exit 3", LONG, r#"Some(3) "yes\n" "no\n""#);
    check("kill -9 $$", LONG, r#"None "" """#);
}

#[test]
fn an_answer_may_be_longer_than_a_pipe_holds() {
    let zeros = ask(
        Command::new("sh").args(["-c", "head -c 300000 /dev/zero"]),
        LONG,
        &|| true,
    );
    assert_eq!(zeros.map(|answer| answer.stdout.len()), Ok(300_000));
}

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

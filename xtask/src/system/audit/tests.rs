//! Signals → the text of the log.

use super::*;
use crate::foreign::Foreign;
use crate::process::Identity;

type Sent<'a> = (Signal, &'a str, Option<&'a str>, Result<(), SignalError>);

#[track_caller]
fn check(signals: &[Sent<'_>], expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state/audit.jsonl");
    for (second, (signal, name, user, outcome)) in (1..).zip(signals) {
        // A new writer for each line, as in consecutive runs.
        let mut audit = Audit::new(path.clone(), "devtasks up".to_owned());
        let target = target(name, *user);
        let at = Timestamp::from_second(second).unwrap();
        assert_eq!(audit.note(at, *signal, &target, "it holds port 8000", *outcome), None);
    }
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(std::fs::read_to_string(&path).unwrap().trim_end(), expected.join("\n"));
}

fn target(name: &str, user: Option<&str>) -> Target {
    Target {
        identity: Identity {
            boot: String::new(),
            pid: 4242,
            start: 1,
        },
        name: name.into(),
        user: user.map(Foreign::from),
    }
}

#[test]
fn every_signal_is_a_line() {
    check(
        &[
            (Signal::Term, "python3", Some("kim"), Ok(())),
            (Signal::Cont, "python3", None, Err(SignalError::Gone)),
            (
                Signal::Kill,
                "a\u{1b}[2J\n\u{9b}\"\u{202e}",
                None,
                Err(SignalError::Failed(22)),
            ),
            (Signal::Term, "node", None, Err(SignalError::Impossible)),
        ],
        r#"{"at":"1970-01-01T00:00:01.000Z","signal":"SIGTERM","pid":4242,"name":"python3","user":"kim","why":"it holds port 8000","outcome":"sent","by":"devtasks up"}
        {"at":"1970-01-01T00:00:02.000Z","signal":"SIGCONT","pid":4242,"name":"python3","user":null,"why":"it holds port 8000","outcome":"gone","by":"devtasks up"}
        {"at":"1970-01-01T00:00:03.000Z","signal":"SIGKILL","pid":4242,"name":"a\\x1b[2J\\n\\u{9b}\"\\u{202e}","user":null,"why":"it holds port 8000","outcome":"failed: os error 22","by":"devtasks up"}
        {"at":"1970-01-01T00:00:04.000Z","signal":"SIGTERM","pid":4242,"name":"node","user":null,"why":"it holds port 8000","outcome":"not sent: Windows has no such signal for it","by":"devtasks up"}"#,
    );
}

#[test]
fn a_log_that_cannot_be_written_is_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut audit = Audit::new(directory.path().to_owned(), "devtasks up".to_owned());
    let mut note = || {
        audit.note(
            Timestamp::UNIX_EPOCH,
            Signal::Term,
            &target("python3", None),
            "why",
            Ok(()),
        )
    };
    let message = note().unwrap().message;
    assert!(message.starts_with("cannot write the audit log `"), "{message}");
    assert_eq!(note(), None);
}

//! Log files → how the service ended.

use super::super::file::LogFile;
use super::super::{RunId, Stream};
use super::{READ_BYTES, RecordKind, StateRecord, ended, failed};
use crate::diagnose::ExitStatus;
use crate::supervise::{Cause, State};

/// Lines, and states as `-- failed`; the last state ends with an exit code of 3.
fn written(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let began = "2026-11-23T08:00:00Z".parse().unwrap();
    let run = RunId {
        id: "1a-2b".to_owned(),
        began,
    };
    let mut log = LogFile::create(directory.path(), "api", run, Vec::new()).unwrap();
    for line in text.lines() {
        let state = line.strip_prefix("-- ");
        let state: Option<State> = state.map(|state| serde_json::from_value(state.into()).unwrap());
        let (kind, text) = match state {
            None => (RecordKind::Line(Stream::Stdout), line.to_owned()),
            Some(state) => (RecordKind::Mark, serde_json::to_string(&record(state)).unwrap()),
        };
        log.write(began, 1, kind, format!("{text}\n").as_bytes()).unwrap();
    }
    directory
}

fn record(state: State) -> StateRecord {
    let exited = Cause::Exited {
        status: ExitStatus {
            code: Some(3),
            signal: None,
        },
        after: std::time::Duration::from_secs(1),
        before_ready: false,
        diagnosis: None,
    };
    StateRecord {
        state,
        task: false,
        pid: None,
        cause: matches!(state, State::Failed | State::Backoff).then_some(exited),
    }
}

/// A log → the last state, whether an exit is known, and the last lines.
#[track_caller]
fn check(text: &str, state: Option<State>, has_exit: bool, tail: &str) {
    let directory = written(text);
    let seen = ended(directory.path(), "api").unwrap();
    assert_eq!(seen.run, "1a-2b");
    assert_eq!(seen.state.map(|(_, it)| it.state), state);
    assert_eq!((seen.exit.is_some(), seen.tail.join(" ")), (has_exit, tail.to_owned()));
    let is_failed = state == Some(State::Failed);
    assert_eq!(failed(directory.path()).len(), usize::from(is_failed));
}

#[test]
fn the_lines_are_those_of_the_last_process() {
    check(
        "-- waiting\n-- starting\na\nb\n-- failed\n",
        Some(State::Failed),
        true,
        "a b",
    );
    // A quick one writes before its start is noted.
    check("a\n-- starting\nb\n-- failed\n", Some(State::Failed), true, "a b");
    check(
        "-- starting\na\n-- backoff\nb\n-- starting\nc\n-- stopped\n",
        Some(State::Stopped),
        true,
        "b c",
    );
}

#[test]
fn a_supervisor_that_was_killed_leaves_what_was_then() {
    check("-- starting\na\n-- ready\nb\n", Some(State::Ready), false, "a b");
}

#[test]
fn what_lies_too_far_back_is_not_read() {
    let line = "x".repeat(999);
    let lines = format!("{line}\n").repeat(usize::try_from(READ_BYTES).unwrap() / 1000);
    let directory = written(&format!("-- starting\n{lines}"));
    let seen = ended(directory.path(), "api").unwrap();
    assert_eq!((seen.state, seen.tail.len(), seen.tail[0].len()), (None, 100, 999));
}

#[test]
fn without_a_log_nothing_is_known() {
    let directory = written("");
    assert_eq!(ended(directory.path(), "api"), None);
    assert_eq!(ended(directory.path(), "web"), None);
    assert!(failed(&directory.path().join("missing")).is_empty());
}

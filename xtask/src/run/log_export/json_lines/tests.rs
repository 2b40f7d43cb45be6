//! Lines → the file, over the end of a full one.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;

use super::{JsonLines, MAX_FILE_BYTES, MAX_RENAMED};
use crate::run::log_export::shipper::{Attempt, Transport};
use crate::run::log_export::tests::{block, source};
use crate::run::logs::Stream;

fn write(file: &mut JsonLines, lines: &[&[u8]]) -> Attempt {
    file.begin(&block(&Arc::from("api"), 7, Stream::Stderr, b""));
    lines.iter().for_each(|line| file.add(line));
    file.send(Duration::ZERO)
}

#[test]
fn a_line_is_an_object() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs/stack.jsonl");
    let mut file = JsonLines::new(path.clone(), source());
    assert_eq!(write(&mut file, &[b"one", b"", b"\"2\" \xff\x1b"]), Attempt::sent(3));
    expect![[r#"
        {"schema_version":1,"at":"2026-11-23T08:00:00.123456Z","event":"log","project":"my \"shop\"","run":"1a-2b","service":"api","pid":7,"stream":"stderr","line":"one"}
        {"schema_version":1,"at":"2026-11-23T08:00:00.123456Z","event":"log","project":"my \"shop\"","run":"1a-2b","service":"api","pid":7,"stream":"stderr","line":""}
        {"schema_version":1,"at":"2026-11-23T08:00:00.123456Z","event":"log","project":"my \"shop\"","run":"1a-2b","service":"api","pid":7,"stream":"stderr","line":"\"2\" �\u001b"}
    "#]].assert_eq(&fs::read_to_string(&path).unwrap());
    // A later run goes on.
    let mut next = JsonLines::new(path.clone(), source());
    assert_eq!(write(&mut next, &[b"later"]), Attempt::sent(1));
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 4);
}

#[test]
fn a_full_file_is_renamed_and_the_oldest_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stack.jsonl");
    let mut file = JsonLines::new(path.clone(), source());
    let line = vec![b'x'; 1_000_000];
    let mut written = 0;
    while written < MAX_FILE_BYTES * u64::from(MAX_RENAMED + 2) {
        assert_eq!(write(&mut file, &[&line]), Attempt::sent(1));
        written += line.len() as u64;
    }
    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["stack.jsonl", "stack.jsonl.1", "stack.jsonl.2", "stack.jsonl.3"]
    );
    for name in names {
        let text = fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(text.len() as u64 <= MAX_FILE_BYTES);
        assert!(text.ends_with("x\"}\n") && text.lines().all(|line| line.starts_with("{\"schema_version\":1,")));
    }
}

#[test]
fn what_is_no_file_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = JsonLines::new(directory.path().to_owned(), source());
    let attempt = write(&mut file, &[b"one", b"two"]);
    assert_eq!((attempt.sent, attempt.refused), (0, 2));
    let why = attempt.trouble.unwrap();
    assert!(why.ends_with("it is no regular file"), "{why}");
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("devtasks.toml");
    fs::write(&path, "[project]\n").unwrap();
    let mut file = JsonLines::new(path.clone(), source());
    let attempt = write(&mut file, &[b"one"]);
    assert_eq!((attempt.sent, attempt.refused), (0, 1));
    let why = attempt.trouble.unwrap();
    assert!(why.ends_with("it holds something else than lines of services"), "{why}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "[project]\n");
}

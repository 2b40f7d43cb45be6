//! A client and a supervisor of different versions: a clear message, and nothing is misunderstood.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

fn socket(sandbox: &Sandbox) -> PathBuf {
    let state = sandbox.home().join(".local/state/devtasks");
    let mut directories = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    let directory = directories.find(|path| path.is_dir()).unwrap();
    directory.join("control")
}

/// What the supervisor answers to this line.
fn answer(sandbox: &Sandbox, line: &str) -> Value {
    let mut stream = UnixStream::connect(socket(sandbox)).unwrap();
    writeln!(stream, "{line}").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn a_client_of_another_version_is_told_so() {
    let (sandbox, _) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    for line in [
        json!({"protocol": 999, "request": {"Status": null}}).to_string(),
        json!({"request": "Status"}).to_string(),
        "GET / HTTP/1.1".to_owned(),
        String::new(),
    ] {
        let refused = answer(&sandbox, &line);
        let message = refused["Refused"]["message"].as_str();
        assert!(message.is_some_and(|it| it.contains("another version")), "{refused}");
    }
    sandbox.run(&["status"]).with(0);
}

#[test]
fn a_supervisor_of_another_version_is_named_and_left_alone() {
    let (sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    let path = socket(&sandbox);
    fs::rename(&path, path.with_extension("away")).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            // The client may have gone.
            let _ = writeln!(stream, "{}", json!({"Poem": "of a later version"}));
        }
    });
    for command in [
        &["status"][..],
        &["why", "api"],
        &["restart"],
        &["down"],
        &["up"],
        &["up", "-d"],
    ] {
        let ended = sandbox.run(command).with(1);
        assert!(ended.stderr.contains("another version"), "{command:?} {ended:?}");
        let hint = "SIGTERM to its pid";
        assert!(ended.stderr.contains(hint), "{command:?} {ended:?}");
    }
    assert!(!up.has_ended());
}

//! A supervisor that does not answer: nobody waits for it for long.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use serde_json::Value;

use crate::sandbox::Sandbox;

const SILENT: &str = "error: the running supervisor does not answer; it may be suspended\n\n\
    hint: look for it with `fg` in the terminal it was started in\n";

/// Where the supervisor of the stack that runs here listens.
fn socket(sandbox: &Sandbox) -> PathBuf {
    let state = sandbox.home().join(".local/state/devtasks");
    let folders = std::fs::read_dir(state).unwrap();
    let records = folders.filter_map(|folder| std::fs::read(folder.unwrap().path().join("run.json")).ok());
    let [record] = records.collect::<Vec<_>>().try_into().unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    record["socket"].as_str().unwrap().into()
}

/// From now on the supervisor answers `n` clients, and the kernel lets in all others.
fn answers_only(sandbox: &Sandbox, n: usize) {
    let socket = socket(sandbox);
    let real = socket.with_extension("real");
    std::fs::rename(&socket, &real).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for _ in 0..n {
            let (mut client, _) = listener.accept().unwrap();
            let mut supervisor = UnixStream::connect(&real).unwrap();
            let mut line = String::new();
            BufReader::new(&client).read_line(&mut line).unwrap();
            supervisor.write_all(line.as_bytes()).unwrap();
            line.clear();
            BufReader::new(&supervisor).read_line(&mut line).unwrap();
            client.write_all(line.as_bytes()).unwrap();
        }
        // It stays open: nobody is turned away.
        std::thread::park();
    });
}

#[test]
fn one_that_answers_the_look_and_not_the_request_is_not_waited_for() {
    let said = |command: &str, said: &str| {
        let (sandbox, _) = Sandbox::with_api();
        sandbox.run(&["up", "--detach"]).with(0);
        answers_only(&sandbox, 1);
        let ended = sandbox.run(&[command]).with(1);
        assert_eq!(sandbox.plain(&ended.stderr), format!("{said}{SILENT}"));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| said("down", ""));
        scope.spawn(|| {
            said(
                "restart",
                "project is running (pid [pid]); restarting everything there.\n",
            );
        });
    });
}

#[test]
fn an_up_that_joins_one_that_does_not_answer_ends() {
    let (sandbox, _) = Sandbox::with_api();
    sandbox.run(&["up", "--detach"]).with(0);
    answers_only(&sandbox, 1);
    let ended = sandbox.run(&["up"]).with(1);
    assert!(ended.stderr.ends_with(SILENT), "{ended:?}");
}

#[test]
fn one_that_takes_its_time_to_stop_is_waited_for() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --ignore-term\"\nstop_grace_period = \"6s\"\n");
    sandbox.run(&["up", "--detach"]).with(0);
    sandbox.run(&["down"]).with(0);
}

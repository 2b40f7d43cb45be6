//! A supervisor that does not answer: nobody waits for it for long, and Ctrl-C ends even that.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually, signal};

const SILENT: &str = "error: the running supervisor does not answer; it may be suspended\n\n\
    hint: look for it with `fg` in the terminal it was started in\n";

/// Where the supervisor of the stack that runs here listens.
fn socket(sandbox: &Sandbox) -> PathBuf {
    let state = sandbox.home().join(".local/state/devtasks");
    let directories = std::fs::read_dir(state).unwrap();
    let records = directories.filter_map(|directory| std::fs::read(directory.unwrap().path().join("run.json")).ok());
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

#[test]
fn ctrl_c_ends_the_wait_for_one_that_is_suspended() {
    let (sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    signal(up.pid(), Signal::STOP);
    for command in ["down", "restart", "up"] {
        let client = sandbox.start(&[command, "--format", "json"]);
        // It hears signals once it has the handler.
        eventually(
            || format!("`{command}` to hear signals"),
            || hears_interrupts(client.pid()) || client.has_ended(),
        );
        client.interrupt();
        let ended = client.wait().with(130);
        assert_eq!(ended.stderr, "Interrupted.\n", "{command}");
        let [summary] = ended.events().try_into().unwrap();
        assert_eq!(summary["exit"], json!(130), "{command}");
    }
    signal(up.pid(), Signal::CONT);
}

/// Source: man 5 `proc_pid_status`, SigCgt: SIGINT is the second bit.
fn hears_interrupts(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 2 == 2))
}

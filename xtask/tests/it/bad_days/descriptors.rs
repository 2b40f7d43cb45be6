//! The system has no descriptor left for a supervisor.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;

use crate::sandbox::{PATIENCE, Running, Sandbox, descriptors, eventually};

/// The control socket of the one run there is.
fn control(sandbox: &Sandbox) -> PathBuf {
    let state = sandbox.home().join(".local/state/devtasks");
    let folders = std::fs::read_dir(state).unwrap().flatten();
    let sockets = folders.map(|folder| folder.path().join("control"));
    sockets.into_iter().find(|path| path.exists()).unwrap()
}

/// The program, with so many descriptors at most.
fn limited(sandbox: &Sandbox, limit: &str, arguments: &[&str]) -> Running {
    let mut command = sandbox.other("prlimit");
    command.args([&format!("--nofile={limit}"), env!("CARGO_BIN_EXE_xtask")]);
    command.args(arguments);
    Running::start(command)
}

/// Hundredths of a second that it has worked.
fn worked(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

const LIMIT: usize = 40;

#[test]
fn a_supervisor_without_descriptors_says_so_and_rests() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let up = limited(&sandbox, "40:40", &["up"]);
    up.wait_for("eady in ");
    let path = control(&sandbox);
    let open = || descriptors(up.pid()).len();
    let connect = || UnixStream::connect(&path).unwrap();
    let mut mute: Vec<UnixStream> = (0..LIMIT - open()).map(|_| connect()).collect();
    eventually(|| format!("{} descriptors", open()), || open() >= LIMIT - 1);
    mute.push(connect());

    let (began, before) = (Instant::now(), worked(up.pid()));
    for _ in 0..5 {
        let ended = sandbox.run(&["status"]).with(1);
        assert_eq!(
            ended.stderr,
            "error: the running supervisor has no descriptor left for a client\n\nhint: end it with Ctrl-C in its terminal, or with \
             SIGTERM to its pid; see `ulimit -n` before the next `up`\n"
        );
    }
    let share = (worked(up.pid()) - before) as f64 / 100.0 / began.elapsed().as_secs_f64();
    assert!(share < 0.5, "it works {share} of the time");

    // Who says nothing is not waited for.
    eventually(
        || sandbox.run(&["status"]).stderr,
        || sandbox.run(&["status"]).code == Some(0),
    );
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn clients_that_say_nothing_keep_nobody_else_from_being_heard() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n");
    let up = sandbox.up(&[]);
    let path = control(&sandbox);
    let mute: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let mut said = String::new();
    let last = mute.last().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    BufReader::new(last).read_line(&mut said).unwrap();
    assert!(said.contains("too many others are about to ask"), "{said}");
    eventually(
        || sandbox.run(&["status"]).stderr,
        || sandbox.run(&["status"]).code == Some(0),
    );
    drop(mute);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
}

//! The system has no descriptor left for a supervisor.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;

use crate::sandbox::machine::descriptors;
use crate::sandbox::{PATIENCE, Running, Sandbox, eventually, port};

/// The control socket of the one run there is.
fn control(sandbox: &Sandbox) -> PathBuf {
    let state = sandbox.home().join(".local/state/devtasks");
    let directories = std::fs::read_dir(state).unwrap().flatten();
    let sockets = directories.map(|directory| directory.path().join("control"));
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

/// So many services that listen, and what their supervisor needs by its own word.
fn stack(n_services: usize) -> (Sandbox, u64) {
    let services = (1..=n_services).map(|number| {
        let port = port();
        format!(
            "[services.s{number}]\ncommand = \"SERVICE --http --listen 127.0.0.1:{port}\"\nport = {port}\n\
             healthcheck = {{ http = \"/\", interval = \"100ms\" }}\n"
        )
    });
    (Sandbox::new(&services.collect::<String>()), 32 + 4 * n_services as u64)
}

#[test]
fn a_stack_that_does_not_fit_the_hard_limit_is_not_begun() {
    let (sandbox, needed) = stack(3);
    let limit = format!("{0}:{0}", needed - 1);
    let ended = limited(&sandbox, &limit, &["up"]).wait().with(5);
    let expected = "\
error: this stack of 3 may need 44 descriptors at the same time, and no more than 43 can be had

hint: raise the hard limit with `ulimit -n 44` as root, or with `--ulimit nofile=44` of a container
hint: start fewer services at a time with `xtask up NAME`

";
    assert_eq!(ended.stderr, expected);
    sandbox.nothing_is_left();

    let doctor = limited(&sandbox, &limit, &["doctor", "--format", "json"]).wait();
    let findings = doctor.with(1).json()["findings"].clone();
    let findings = findings.as_array().unwrap();
    assert!(
        findings.iter().any(|it| it["code"] == "limit.open_files"),
        "{findings:?}"
    );
    limited(&sandbox, &format!("{needed}:{needed}"), &["doctor"])
        .wait()
        .with(0);
}

#[test]
fn a_stack_that_just_fits_runs_and_restarts() {
    let (sandbox, needed) = stack(8);
    let up = limited(&sandbox, &format!("{needed}:{needed}"), &["up"]);
    up.wait_for("eady in ");
    sandbox.run(&["restart"]).with(0);
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_low_soft_limit_is_raised_for_the_supervisor_and_stays_for_its_services() {
    let script = "ulimit -Sn; exec sleep 1000";
    let check = "sh -c 'test $(ulimit -Sn) = 33'";
    let sandbox = Sandbox::new(&format!(
        "[services.one]\ncommand = \"{script}\"\nshell = true\nhealthcheck = {{ command = \"{check}\" }}\n\
         [services.two]\ncommand = \"{script}\"\nshell = true\ntty = true\n"
    ));
    let up = limited(&sandbox, "33:", &["up"]);
    up.wait_for("eady in ");
    for shown in ["one | 33\n", "two | 33\n"] {
        up.wait_for(shown);
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", up.pid())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = files.split_whitespace().skip(3).collect();
    assert_eq!(numbers[0], numbers[1], "{files}");
    up.interrupt();
    up.wait().with(130);
}

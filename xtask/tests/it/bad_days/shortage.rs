//! The system has no room for another thread. Only whoever is not root is limited, so root is needed to become such a user;
//! each test is one of its own, because the limit counts all processes of a user.

use std::path::Path;
use std::process::Command;

use rustix::process::getuid;

use crate::sandbox::{Ended, Sandbox, copy_program, eventually, port, service};

/// A sandbox of a user without rights, with the programs in it.
struct Lone {
    sandbox: Sandbox,
    user: u32,
}

impl Lone {
    /// `None` when the tests do not run as root. `SERVICE` in `config` stands for the fixture, `PORT` for a free port.
    fn new(user: u32, config: &str) -> Option<Self> {
        if !getuid().is_root() {
            return None;
        }
        let sandbox = Sandbox::new("");
        for program in [service().as_path(), Path::new(env!("CARGO_BIN_EXE_xtask"))] {
            copy_program(program, &sandbox.home().join(program.file_name().unwrap()));
        }
        let service = sandbox.home().join("service").display().to_string();
        let config = config.replace("SERVICE", &service).replace("PORT", &port().to_string());
        sandbox.write("devtasks.toml", &config);
        let mut give = Command::new("chown");
        give.args(["-R", &user.to_string()])
            .arg(sandbox.home().parent().unwrap());
        assert!(give.status().unwrap().success());
        Some(Lone { sandbox, user })
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_limited(arguments, None)
    }

    /// With room for so many threads of this user, all processes together.
    fn run_limited(&self, arguments: &[&str], room: Option<usize>) -> Ended {
        let mut command = self.as_the_user();
        if let Some(room) = room {
            command.args(["prlimit".to_owned(), format!("--nproc={room}:{room}")]);
        }
        command.arg(self.sandbox.home().join("xtask")).args(arguments);
        crate::sandbox::Running::start(command).wait()
    }

    /// What follows is run by the user.
    fn as_the_user(&self) -> Command {
        let mut command = self.sandbox.other("setpriv");
        let user = self.user;
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
        command
    }

    /// Threads of this user.
    fn threads(&self) -> usize {
        let tasks = |pid| std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        self.sandbox.processes().into_iter().map(tasks).sum()
    }

    /// The supervisor has room for another thread as long as its user has less than so many.
    fn allow(&self, threads: usize) {
        let document = self.run(&["status", "--format", "json"]).json();
        let pid = document["supervisor"]["pid"].as_u64().expect("it runs");
        let mut limit = self.as_the_user();
        limit.args([
            "prlimit".to_owned(),
            format!("--pid={pid}"),
            format!("--nproc={threads}:"),
        ]);
        assert!(limit.status().unwrap().success());
    }

    fn status(&self) -> String {
        let ended = self.run(&["status"]);
        format!("{}{}", ended.stdout, ended.stderr)
    }
}

/// One of the contract's, and no panic's.
#[track_caller]
fn ends_in_order(ended: &Ended, room: usize) {
    let said = format!("{room}: {ended:?}");
    assert!(matches!(ended.code, Some(0..=7 | 130)), "{said}");
    assert!(!said.contains("panicked at"), "{said}");
}

const HEALTHY: &str = "\
[services.api]
command = \"SERVICE --http --listen 127.0.0.1:PORT\"
port = PORT
healthcheck = { http = \"/\", interval = \"50ms\", timeout = \"2s\", retries = 2 }
";

#[test]
fn a_health_check_without_a_thread_says_nothing_of_its_service_and_the_stack_lives_as_root() {
    let Some(lone) = Lone::new(61_301, HEALTHY) else { return };
    lone.run(&["up", "-d"]).with(0);
    lone.allow(0);
    let why = || lone.run(&["why", "api"]).with(0).stdout;
    let times = || why().matches("the system has no room for another thread").count();
    eventually(why, || times() > 0);
    assert!(lone.status().contains(" ready "), "{}", lone.status());
    lone.allow(1000);
    eventually(why, || why().starts_with("api  ready") && why().contains("passed"));
    lone.run(&["down"]).with(0);
    lone.sandbox.nothing_is_left();
}

#[test]
fn a_start_without_room_for_its_threads_ends_in_order_as_root() {
    let config = "[services.one]\ncommand = \"SERVICE\"\n\n[services.two]\ncommand = \"SERVICE\"\ntty = true\n";
    let Some(lone) = Lone::new(61_302, config) else { return };
    for room in (1..=16).chain([64]) {
        ends_in_order(&lone.run_limited(&["up", "-d"], Some(room)), room);
        lone.run(&["down"]).with(0);
        // A supervisor that has refused to begin may be on its way out.
        let left = || lone.sandbox.processes();
        eventually(|| format!("the end of {:?}", left()), || left().is_empty());
    }
}

#[test]
fn a_client_without_room_for_its_threads_ends_in_order_as_root() {
    let Some(lone) = Lone::new(61_303, HEALTHY) else { return };
    lone.run(&["up", "-d"]).with(0);
    let there = lone.threads();
    let commands: [&[&str]; 8] = [
        &["status"],
        &["why", "api"],
        &["doctor"],
        &["port", "ls"],
        &["logs"],
        &["up"],
        &["restart"],
        &["down"],
    ];
    for command in commands {
        for room in (there + 1..=there + 5).rev() {
            ends_in_order(&lone.run_limited(command, Some(room)), room);
        }
    }
    lone.run(&["down"]).with(0);
    lone.sandbox.nothing_is_left();
}

#[test]
fn ten_services_take_no_more_threads_than_one() {
    let threads = |n_services: usize| {
        let service = |number| format!("[services.s{number}]\ncommand = \"SERVICE\"\n");
        let sandbox = Sandbox::new(&(0..n_services).map(service).collect::<String>());
        let up = sandbox.up(&[]);
        std::fs::read_dir(format!("/proc/{}/task", up.pid())).unwrap().count()
    };
    assert_eq!(threads(10), threads(1));
}

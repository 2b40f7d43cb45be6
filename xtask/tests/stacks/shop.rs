//! A copy of `docs/examples/fastapi-vite` in a sandbox: set up by its README, run by the program, asked over HTTP.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::it::sandbox::{Ended, Running, Sandbox, eventually, port, signal};

/// The stack in its directory, with ports of its own.
pub(super) struct Shop {
    pub(super) sandbox: Sandbox,
    pub(super) backend: u16,
    pub(super) frontend: u16,
}

impl Shop {
    pub(super) fn set_up() -> Self {
        let mut sandbox = Sandbox::new("");
        set_up(&sandbox.project());
        let (backend, frontend) = (port(), port());
        sandbox.set("BACKEND_PORT", &backend.to_string());
        sandbox.set("FRONTEND_PORT", &frontend.to_string());
        Shop {
            sandbox,
            backend,
            frontend,
        }
    }

    /// The backend answers, the frontend answers, and it reaches the backend.
    #[track_caller]
    pub(super) fn answers(&self) {
        assert_eq!(get(self.backend, "/healthz"), r#"{"status":"ok"}"#);
        assert!(get(self.frontend, "/").contains("<script type=\"module\""));
        assert!(get(self.frontend, "/api/items").contains("teapot"));
    }

    /// Everything has ended, and both ports can be had.
    #[track_caller]
    pub(super) fn has_left_nothing(&self) {
        assert_eq!(self.sandbox.processes(), [0; 0]);
        for port in [self.backend, self.frontend] {
            TcpListener::bind(("127.0.0.1", port)).unwrap();
        }
    }

    #[track_caller]
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.sandbox.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} in {ended:?}"))
    }

    /// What `port who` says of a port.
    #[track_caller]
    pub(super) fn who(&self, port: u16) -> Value {
        self.json(&["port", "who", &port.to_string()])["ports"][0].take()
    }

    /// Starts somebody else's server in the backend's directory, with the backend's Python, in a process group of its
    /// own as a shell would; returns once it answers.
    #[track_caller]
    pub(super) fn stranger(&self, port: u16, words: &[&str]) -> Running {
        let directory = self.sandbox.project().join("backend");
        let mut command = self.sandbox.other(directory.join(".venv/bin/python"));
        command.args(words).current_dir(directory).process_group(0);
        let stranger = Running::start(command);
        eventually(
            || format!("an answer on {port}: {}", stranger.stderr()),
            || match ureq::get(format!("http://127.0.0.1:{port}/")).call() {
                // The app has no such page, but it is there.
                Ok(_) | Err(ureq::Error::StatusCode(_)) => true,
                Err(_) => false,
            },
        );
        stranger
    }

    #[track_caller]
    pub(super) fn stop(&self, up: Running) {
        let down = self.sandbox.run(&["down"]);
        assert_eq!(down.code, Some(0), "{down:?}");
        let ended = up.wait();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        self.has_left_nothing();
    }
}

#[track_caller]
pub(super) fn get(port: u16, path: &str) -> String {
    let url = format!("http://127.0.0.1:{port}{path}");
    let answer = ureq::get(&url).call();
    let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    answer.body_mut().read_to_string().unwrap()
}

/// Kills a process as if it had crashed, and waits until it is gone or a zombie.
#[track_caller]
pub(super) fn crash(pid: u32) {
    signal(pid, Signal::KILL);
    eventually(|| format!("the end of {pid}"), || !holds_on(pid));
}

fn holds_on(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The example as a clone has it, then the commands of its README.
pub(super) fn set_up(stack: &Path) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/fastapi-vite");
    let shell = Shell::new().expect("a working directory");
    shell.change_dir(&example);
    let files = cmd!(shell, "git ls-files").read().expect("the example is in git");
    for file in files.lines() {
        let copy: PathBuf = stack.join(file);
        shell
            .create_dir(copy.parent().expect("it lies in the copy"))
            .expect("the copy has room");
        shell.copy_file(example.join(file), copy).expect("the copy has room");
    }

    let readme = shell.read_file("README.md").expect("the example has a README");
    shell.change_dir(stack);
    let block = readme.split("```").nth(1).expect("its first block sets it up");
    let commands: Vec<&str> = block.lines().skip(1).filter(|line| !line.starts_with("cd ")).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        let words = shell_words::split(command).expect("quotes are closed");
        let (program, arguments) = words.split_first().expect("no line is empty");
        cmd!(shell, "{program} {arguments...}")
            .run()
            .expect("the README's command works");
    }
}

#[track_caller]
pub(super) fn ended_with(code: i32, ended: &Ended) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
}

//! A project for one test: temporary directories, ports, and the end of everything that was started in it.

pub(crate) mod machine;
mod plain;
pub(crate) mod port;
mod running;
mod terminal;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) use port::port;
pub(crate) use running::{Ended, Running, output};
pub(crate) use terminal::Terminal;

/// The timeout for everything that tests wait for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A variable in the environment of everything started in a sandbox, which survives the end of parents.
const MARK: &str = "DEVTASKS_TEST_SANDBOX";

pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
    id: String,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    /// A project with this `devtasks.toml`, in which `SERVICE` stands for the path of the fixture.
    pub(crate) fn new(config: &str) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("devtasks-")
            .tempdir()
            .expect("a temp directory can be made");
        for name in ["project", "home"] {
            fs::create_dir(directory.path().join(name)).expect("a directory can be made");
        }
        let id = format!("{}-{}", std::process::id(), directory.path().display());
        let sandbox = Sandbox {
            directory,
            id,
            variables: Vec::new(),
        };
        sandbox.write("devtasks.toml", config);
        sandbox
    }

    /// A project with a single service `api`, which listens on the returned port.
    pub(crate) fn with_api() -> (Self, u16) {
        let port = port();
        let command = format!("SERVICE --listen 127.0.0.1:{port}");
        let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"{command}\"\nport = {port}\n"));
        (sandbox, port)
    }

    /// The canonical project directory.
    pub(crate) fn project(&self) -> PathBuf {
        self.directory
            .path()
            .join("project")
            .canonicalize()
            .expect("it was made")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, text: &str) {
        // Not every test binary has built the fixture.
        let text = match text.contains("SERVICE") {
            true => text.replace("SERVICE", &service().display().to_string()),
            false => text.to_owned(),
        };
        self.write_bytes(path, text.as_bytes());
    }

    pub(crate) fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.project().join(path);
        let directory = path.parent().expect("it lies in the project");
        fs::create_dir_all(directory).expect("a directory can be made");
        // Renamed into place, so that waiting readers find it complete.
        let beside = directory.join("written.new");
        fs::write(&beside, bytes).expect("a file can be written");
        fs::rename(beside, path).expect("a file can be moved");
    }

    /// Writes an executable script.
    pub(crate) fn write_script(&self, path: &str, text: &str) {
        self.write("script.new", &format!("#!/bin/sh\n{text}\n"));
        let script = self.project().join("script.new");
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("it lies in the project")).expect("a directory can be made");
        let may_run = PermissionsExt::from_mode(0o755);
        fs::set_permissions(&script, may_run).expect("it is our file");
        copy_program(&script, &path);
        fs::remove_file(&script).expect("it is our file");
    }

    /// Another checkout of the same project, next to it.
    pub(crate) fn checkout(&self, name: &str) -> PathBuf {
        let directory = self.project().join("..").join(name);
        fs::create_dir(&directory).expect("a directory can be made");
        fs::copy(self.project().join("devtasks.toml"), directory.join("devtasks.toml")).expect("a file can be copied");
        directory.canonicalize().expect("it was made")
    }

    /// Commits all files, and makes the worktree `../topic`.
    pub(crate) fn worktree(&self) -> PathBuf {
        let who = ["-c", "user.name=Kim", "-c", "user.email=kim@example.org"];
        for arguments in [
            &["init", "--quiet", "--initial-branch", "main"][..],
            &["add", "."],
            &[&who[..], &["commit", "--quiet", "--message", "shop"]].concat(),
            &["worktree", "add", "--quiet", "-b", "topic", "../topic"],
        ] {
            let git = self.other("git").args(arguments).output().expect("git is installed");
            assert!(git.status.success(), "{git:?}");
        }
        self.project().join("../topic").canonicalize().expect("it was made")
    }

    /// Sets a variable for all programs run from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// devtasks, in the project directory, with an environment that contains nothing of ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.other(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments);
        command
    }

    /// Any program, in the same directory and environment.
    pub(crate) fn other(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.project()).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            .env(MARK, &self.id);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs devtasks to completion.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }

    /// Starts devtasks without waiting.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Starts devtasks in another directory of the sandbox.
    pub(crate) fn start_in(&self, directory: &Path, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.current_dir(directory);
        Running::start(command)
    }

    /// Starts devtasks on a terminal.
    pub(crate) fn terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&self.command(arguments))
    }

    /// Starts devtasks on a terminal of this size.
    pub(crate) fn terminal_of(&self, rows: u16, columns: u16, arguments: &[&str]) -> Terminal {
        Terminal::of_size(&self.command(arguments), rows, columns)
    }

    /// Starts the fixture as a process unrelated to devtasks, and waits until its ports are open.
    #[track_caller]
    pub(crate) fn stranger(&self, arguments: &[&str]) -> Running {
        self.stranger_in(&self.project(), arguments)
    }

    /// A stranger that has nothing to do with this checkout.
    pub(crate) fn stranger_elsewhere(&self, arguments: &[&str]) -> Running {
        self.stranger_in(&self.home(), arguments)
    }

    fn stranger_in(&self, directory: &Path, arguments: &[&str]) -> Running {
        let mut command = self.other(service());
        command
            .current_dir(directory)
            .args(arguments)
            .args(["--announce", "here I am"]);
        let stranger = Running::start(command);
        stranger.wait_for("here I am");
        stranger
    }

    /// A process that is connected to this port and does nothing else.
    ///
    /// Not the test itself: when another test starts a program, its child briefly shares our connections.
    #[track_caller]
    pub(crate) fn client(&self, port: u16) -> Running {
        let mut client = self.other("bash");
        let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; echo connected; exec sleep 1000");
        client.args(["-c", &connect]);
        let client = Running::start(client);
        client.wait_for("connected");
        client
    }

    /// Runs `up` until everything is ready.
    pub(crate) fn up(&self, arguments: &[&str]) -> Running {
        let up = self.start(&[&["up"], arguments].concat());
        up.wait_for("eady in ");
        up
    }

    /// The pid of a running service.
    #[track_caller]
    pub(crate) fn pid(&self, service: &str) -> u32 {
        let status = self.run(&["status", "--format", "json"]).json();
        let services = status["services"].as_array().expect("it is a list");
        let service = services.iter().find(|it| it["name"] == service);
        let pid = service.and_then(|it| it["pid"].as_u64()).expect("it lives");
        u32::try_from(pid).expect("pids are small")
    }

    /// Every live process that was started in this sandbox.
    pub(crate) fn processes(&self) -> Vec<u32> {
        machine::with_variable(&format!("{MARK}={}", self.id))
    }

    /// Asserts that nothing started here is alive.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        let left = self.processes();
        let commands: Vec<_> = left.iter().map(|pid| (pid, machine::command(*pid))).collect();
        assert!(left.is_empty(), "{commands:?}");
    }

    /// The same, after a background supervisor, which answers before it exits, and any watchdog are gone.
    #[track_caller]
    pub(crate) fn nothing_is_left_soon(&self) {
        eventually(|| format!("{:?}", self.processes()), || self.processes().is_empty());
    }

    /// Replaces what differs between runs: directories of the sandbox, the fixture, pids and durations.
    pub(crate) fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.project().display().to_string(), "[project]");
        let text = text.replace("~/../project", "[project]");
        let text = text.replace(&self.directory.path().display().to_string(), "[sandbox]");
        let text = text.replace(&service().display().to_string(), "[service]");
        let text = text.replace(env!("CARGO_BIN_EXE_xtask"), "[xtask]");
        plain::without_numbers(&text, &self.processes())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Supervisors first, so that they restart nothing; processes being started are found in the next round.
        for _ in 0..100 {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            for pid in left {
                signal(pid, Signal::KILL);
            }
            std::thread::yield_now();
        }
    }
}

/// Waits until `holds`, or fails with what was seen last.
#[track_caller]
pub(crate) fn eventually(seen: impl Fn() -> String, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "waited {} s for {}",
            PATIENCE.as_secs(),
            seen()
        );
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    // A process that has just exited needs no signal.
    let _ = Pid::from_raw(pid.cast_signed()).map(|pid| kill_process(pid, signal));
}

/// Waits until a process is gone or a zombie.
#[track_caller]
pub(crate) fn eventually_gone(pid: u32) {
    eventually(
        || format!("the end of {pid}"),
        || machine::state(pid).is_none_or(|state| state == 'Z'),
    );
}

#[track_caller]
pub(crate) fn eventually_suspended(pid: u32) {
    eventually(|| format!("{pid} to be suspended"), || machine::state(pid) == Some('T'));
}

/// Copies an executable file.
///
/// Not in this process: a child forked by another test would briefly share our descriptor, and a file that is open for
/// writing cannot be executed (ETXTBSY).
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let copied = output(Command::new("cp").args([from, to]));
    assert!(copied.status.success(), "cannot make {}: {copied:?}", to.display());
}

/// Whether another process could listen on the port now.
pub(crate) fn is_free(port: u16) -> bool {
    running::while_nothing_starts(|| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok())
}

/// The path of the fixture `service`, which is described in its source.
pub(crate) fn service() -> PathBuf {
    example("service")
}

/// The path of the fixture `host`, a program that contains devtasks.
pub(crate) fn host() -> PathBuf {
    example("host")
}

fn example(name: &str) -> PathBuf {
    let deps = std::env::current_exe().expect("a test is a file");
    let directory = deps
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests below its target directory");
    let example = directory.join("examples").join(name);
    assert!(
        example.exists(),
        "`cargo build --examples` makes {}; plain `cargo test` does it too",
        example.display()
    );
    example
}

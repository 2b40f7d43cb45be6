//! A project of a test's own: temp folders, ports from the OS, and the end of everything that was started in it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Marks everything that is started in a sandbox, whatever became of its parents.
const MARK: &str = "DEVTASKS_TEST_SANDBOX";

pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    id: String,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    /// A project with this `devtasks.toml`. `SERVICE` in it stands for the fixture's path.
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("devtasks-")
            .tempdir()
            .expect("a temp folder can be made");
        for name in ["project", "home"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        let id = format!("{}-{}", std::process::id(), folder.path().display());
        let sandbox = Sandbox {
            folder,
            id,
            variables: Vec::new(),
        };
        sandbox.write("devtasks.toml", config);
        sandbox
    }

    /// The project's folder, canonical.
    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project").canonicalize().expect("it was made")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().expect("it lies in the project")).expect("a folder can be made");
        // Not every test binary has the fixture built.
        let text = match text.contains("SERVICE") {
            true => text.replace("SERVICE", &service().display().to_string()),
            false => text.to_owned(),
        };
        fs::write(path, text).expect("a file can be written");
    }

    /// Sets a variable for all that is run from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The program itself, in the project's folder, in an environment that holds nothing of ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.other(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments);
        command
    }

    /// Any program, in the same folder and environment.
    pub(crate) fn other(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
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

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }

    /// Starts the program and goes on.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// `up` until everything is ready.
    pub(crate) fn up(&self, arguments: &[&str]) -> Running {
        let up = self.start(&[&["up"], arguments].concat());
        up.wait_for("eady in ");
        up
    }

    /// Every living process that was started in this sandbox.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.id).into_bytes();
        let folders = fs::read_dir("/proc").expect("/proc can be read");
        let pids = folders.filter_map(|folder| folder.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark) && !is_zombie(*pid)
        })
        .collect()
    }

    /// With what differs from run to run replaced: the sandbox's folders, the fixture, pids and durations.
    pub(crate) fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.project().display().to_string(), "[project]");
        let text = text.replace(&self.folder.path().display().to_string(), "[sandbox]");
        let text = text.replace(&service().display().to_string(), "[service]");
        let text = text.replace(env!("CARGO_BIN_EXE_xtask"), "[xtask]");
        without_numbers(&text)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A supervisor first, so that it starts nothing anew; what it was just starting shows up in the next round.
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

/// A program that was started and not waited for.
pub(crate) struct Running {
    child: Mutex<Child>,
    pid: u32,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(child.stdout.take().expect("it is a pipe"), &stdout),
            collect(child.stderr.take().expect("it is a pipe"), &stderr),
        ];
        Running {
            pid: child.id(),
            child: Mutex::new(child),
            stdout,
            stderr,
            readers,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has said so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// Waits until it has said this on either stream.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        eventually(
            || format!("`{text}` in\n{}\n{}", self.stdout(), self.stderr()),
            || self.stdout().contains(text) || self.stderr().contains(text),
        );
    }

    /// Ctrl-C, as a terminal sends it.
    pub(crate) fn interrupt(&self) {
        signal(self.pid(), Signal::INT);
    }

    pub(crate) fn kill(&self) {
        signal(self.pid(), Signal::KILL);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(self) -> Ended {
        let mut status: Option<ExitStatus> = None;
        eventually(
            || format!("its end; so far\n{}\n{}", self.stdout(), self.stderr()),
            || {
                status = self.child.lock().unwrap().try_wait().expect("it is our child");
                status.is_some()
            },
        );
        // Whoever it left behind may still hold the pipes; the sandbox ends those.
        let deadline = Instant::now() + Duration::from_secs(1);
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Ended {
            code: status.and_then(|status| status.code()),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }
}

fn collect(mut pipe: impl Read + Send + 'static, into: &Arc<Mutex<Vec<u8>>>) -> std::thread::JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..read]);
        }
    })
}

/// Waits until `holds`; else says what was seen last.
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
    // One that has just ended needs no signal.
    let _ = Pid::from_raw(pid.cast_signed()).map(|pid| kill_process(pid, signal));
}

/// The fixture; see its own description.
pub(crate) fn service() -> PathBuf {
    let deps = std::env::current_exe().expect("a test is a file");
    let folder = deps
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests below its target folder");
    let service = folder.join("examples").join("service");
    assert!(
        service.exists(),
        "`cargo build --examples` makes {}; plain `cargo test` does it too",
        service.display()
    );
    service
}

/// A port that nobody else in this test run gets.
pub(crate) fn port() -> u16 {
    static GIVEN: OnceLock<Mutex<BTreeSet<u16>>> = OnceLock::new();
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the system has ports");
        let port = listener.local_addr().expect("it is bound").port();
        if GIVEN.get_or_init(Mutex::default).lock().unwrap().insert(port) {
            return port;
        }
    }
}

fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}

/// `pid 4242` → `pid [pid]`, `0.4 s`, `40 ms` and `2 min` → `[time]`.
fn without_numbers(text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        let unit: String = words[at].chars().take_while(char::is_ascii_alphabetic).collect();
        if ["s", "ms", "min"].contains(&unit.as_str()) && words[at - 1].trim_start_matches('(').parse::<f64>().is_ok() {
            let bracket = if words[at - 1].starts_with('(') { "(" } else { "" };
            words[at - 1] = format!("{bracket}[time]");
            words[at] = words[at][unit.len()..].to_owned();
        } else if words[at - 1].trim_start_matches('(') == "pid" {
            let rest = words[at].trim_start_matches(|it: char| it.is_ascii_digit()).to_owned();
            words[at] = format!("[pid]{rest}");
        }
    }
    words.retain(|word| !word.is_empty() || text.contains("  "));
    words.join(" ")
}

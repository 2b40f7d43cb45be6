//! Running programs, and how they ended.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{eventually, eventually_gone, eventually_suspended, machine, signal};

/// A program that was started and not waited for.
pub(crate) struct Running {
    child: Mutex<Child>,
    pid: u32,
    stdout: Arc<Mutex<Vec<u8>>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// The exit code and output of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// Without [`Ended::waits`].
    pub(crate) stderr: String,
    /// The lines of stderr that say what something slow is about: a busy machine has more of them.
    pub(crate) waits: Vec<String>,
}

impl Running {
    /// Starts a program; both of its outputs are read continuously.
    pub(crate) fn start(mut command: Command) -> Self {
        Running::follow(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Starts a program; the outputs that the caller has made pipes are read continuously.
    pub(crate) fn follow(command: &mut Command) -> Self {
        let mut child = started(command);
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let readers = [
            child.stdout.take().map(|pipe| collect(pipe, &stdout)),
            child.stderr.take().map(|pipe| collect(pipe, &stderr)),
        ];
        let readers = readers.into_iter().flatten().collect();
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

    /// Its stdout so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// Waits until `text` appears on either stream.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        eventually(
            || format!("`{text}` in\n{}\n{}", self.stdout(), self.stderr()),
            || self.stdout().contains(text) || self.stderr().contains(text),
        );
    }

    /// Waits until its main thread has waited for something so many times more: it has done its work again.
    #[cfg(target_os = "linux")] // `/proc` says it.
    #[track_caller]
    pub(crate) fn wait_for_waits(&self, n: u64) {
        let n_waits = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        let before = n_waits();
        eventually(|| "another look".to_owned(), || n_waits() > before + n);
    }

    /// Sends SIGINT, as a terminal does for Ctrl-C.
    pub(crate) fn interrupt(&self) {
        signal(self.pid(), Signal::INT);
    }

    /// Sends SIGKILL to it and to its watchdog, if any, so that nothing cleans up.
    pub(crate) fn kill(&self) {
        if let Some(watchdog) = self.watchdog() {
            // A suspended supervisor does not start another watchdog.
            signal(self.pid(), Signal::STOP);
            eventually_suspended(self.pid());
            signal(watchdog, Signal::KILL);
            eventually_gone(watchdog);
        }
        self.kill_alone();
    }

    pub(crate) fn kill_alone(&self) {
        signal(self.pid(), Signal::KILL);
    }

    /// The watchdog of a supervisor.
    pub(crate) fn watchdog(&self) -> Option<u32> {
        machine::watchdog(self.pid())
    }

    /// Whether it has exited.
    pub(crate) fn has_ended(&self) -> bool {
        self.child
            .lock()
            .unwrap()
            .try_wait()
            .expect("it is our child")
            .is_some()
    }

    /// Waits for it to exit.
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
        // Processes that it left behind may still hold the pipes; the sandbox kills them.
        let deadline = Instant::now() + Duration::from_secs(1);
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let stderr = self.stderr();
        let lines = stderr.split_inclusive('\n').map(str::to_owned);
        let (waits, lines): (Vec<String>, Vec<String>) = lines.partition(|line| is_wait(line));
        Ended {
            code: status.and_then(|status| status.code()),
            stdout: self.stdout(),
            stderr: lines.concat(),
            waits,
        }
    }
}

/// `  … api starting 1.0 s`, `  api  … 1.0 s` of a sync.
fn is_wait(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    matches!(words[..], ["", "", "…", ..] | ["", "", _, "", "…", ..])
}

impl Ended {
    /// Fails unless it exited with this code and without a panic.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        let said = format!("{}\n{}", self.stdout, self.stderr);
        assert!(!said.contains("panicked at"), "{said}");
        assert_eq!(self.code, Some(code), "its exit code; it said\n{said}");
        self
    }

    /// Its stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.stdout, self.stderr))
    }

    /// Its stdout as one JSON object per line.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let event = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in\n{line}"));
        self.stdout.lines().map(event).collect()
    }
}

/// Locked for reading while a program is started, and for writing while a socket is opened briefly.
static STARTING: RwLock<()> = RwLock::new(());

/// Starts a program. All programs of the tests are started here.
pub(crate) fn started(command: &mut Command) -> Child {
    let _starting = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    // Returns once the child has executed the program.
    command.spawn().expect("the program can be started")
}

/// Runs a program to completion; its output is bytes.
pub(crate) fn output(command: &mut Command) -> Output {
    let child = started(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    child.wait_with_output().expect("it is our child")
}

/// Calls `act` while no other test starts a program. A child shares all our sockets until its exec, so a socket closed
/// here would still be held, and would block the program that the port is for.
pub(crate) fn while_nothing_starts<T>(act: impl FnOnce() -> T) -> T {
    let _nothing_starts = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    act()
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

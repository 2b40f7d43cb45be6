//! A project for one test, and programs that are started in it. Everything is ended with it.

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// For everything that should happen soon, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory with a `devtasks.toml`, and a home of its own.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

/// How a program has ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// In `config`, `SERVER` stands for the path of the server, quoted.
    pub(crate) fn new(config: &str) -> Place {
        let directory = tempfile::TempDir::new().expect("a directory can be made");
        // Single quotes: a path of Windows has backslashes.
        let config = config.replace("SERVER", &format!("'{}'", program("server").display()));
        let place = Place { directory };
        std::fs::create_dir(place.project()).expect("a directory can be made");
        std::fs::write(place.project().join("devtasks.toml"), config).expect("a file can be written");
        place
    }

    fn project(&self) -> PathBuf {
        self.directory.path().join("project")
    }

    /// The program with these arguments, in the project.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(arguments).current_dir(self.project());
        let home = self.directory.path().join("home");
        for name in ["HOME", "XDG_STATE_HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA"] {
            command.env(name, &home);
        }
        command.env("CI", "true").env("NO_COLOR", "1").env_remove("CARGO");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command of devtasks to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    /// The document that a command prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ended = self.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(&mut self.command(arguments))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A test that failed may have left a stack. A directory with open files cannot be removed on Windows.
        let _ = self.command(&["down"]).output();
    }
}

/// A program that runs; killed on drop.
pub(crate) struct Running {
    child: Child,
    output: [Receiver<Vec<u8>>; 2],
    heard: [Vec<u8>; 2],
}

impl Running {
    fn new(command: &mut Command) -> Running {
        let mut child = command.spawn().expect("it can be run");
        let stdout = heard(child.stdout.take().expect("it is a pipe"));
        let stderr = heard(child.stderr.take().expect("it is a pipe"));
        Running {
            child,
            output: [stdout, stderr],
            heard: [Vec::new(), Vec::new()],
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn listen(&mut self) {
        for (output, heard) in self.output.iter().zip(&mut self.heard) {
            heard.extend(output.try_iter().flatten());
        }
    }

    fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(&self.heard[at]).into_owned()
    }

    /// Waits until it has written this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.listen();
            if self.text(0).contains(text) || self.text(1).contains(text) {
                return;
            }
            let has_ended = matches!(self.child.try_wait(), Ok(Some(_)));
            assert!(
                Instant::now() < deadline && !has_ended,
                "never said: {text}\n{}\n{}",
                self.text(0),
                self.text(1)
            );
            std::thread::yield_now();
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Ended {
        eventually("the end of the program", || {
            matches!(self.child.try_wait(), Ok(Some(_)))
        });
        let code = self.child.wait().expect("it has ended").code();
        for (output, heard) in self.output.iter().zip(&mut self.heard) {
            // A process in the background must not hold these pipes.
            while let Ok(some) = output.recv_timeout(PATIENCE) {
                heard.extend(some);
            }
        }
        Ended {
            code,
            stdout: self.text(0),
            stderr: self.text(1),
        }
    }

    /// Kills it without a word, as the kernel would when memory runs out.
    pub(crate) fn kill(&mut self) {
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .expect("it is a child");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe on a thread, to its end.
fn heard(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut some) {
            if sender.send(some[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A server that is none of ours.
pub(crate) struct Other(Mutex<Running>);

pub(crate) fn server(port: u16) -> Other {
    let mut command = Command::new(program("server"));
    command.arg(port.to_string()).stdin(Stdio::null());
    let mut running = Running::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    running.wait_for("listening on");
    Other(running.into())
}

impl Other {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().expect("nothing panics meanwhile")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running().pid()
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.running().child.try_wait(), Ok(Some(_)))
    }
}

/// A fixture: `target/PROFILE/examples/NAME`.
pub(crate) fn program(name: &str) -> PathBuf {
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_xtask"));
    let beside = ours.parent().expect("it lies in a directory").join("examples");
    let program = beside.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "build it with `cargo build --examples`: {}",
        program.display()
    );
    // Built on Linux for Windows, the path names no drive.
    std::path::absolute(program).expect("there is a current directory")
}

/// A port that nothing listens on and no other test of this run gets: below the ephemeral range of every system.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const N: u32 = 20_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let next = std::process::id()
            .wrapping_mul(7919)
            .wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + next % N).expect("it is below 32,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until `seen` holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut seen: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !seen() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::yield_now();
    }
}

//! What the functions of the seam promise, the same on every system. `.ci/run` runs this natively and for Windows under
//! wine, `.github/workflows/ci.yml` on Linux, macOS and Windows.
//!
//! The children are this test program itself, told by a variable what to do.

mod files;
mod groups;
mod pipes;
mod processes;
mod sockets;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::identity;
use crate::process::Identity;

/// For everything that should happen soon, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the child does; see [`child`].
const ROLE: &str = "CONFORMANCE_ROLE";

/// Precedes each word of a child, because the test runner writes as well.
const MARK: &str = "conformance: ";

/// Not a test of its own: what a child does.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    match role.as_str() {
        "wait" => say("waiting"),
        "listen" => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            // wine learns the owner of a socket when its process asks for something.
            let _ = listener.ttl();
            say(&address.port().to_string());
            hold();
        }
        "parent" => {
            let inner = start("wait");
            say(&inner.child.id().to_string());
            hold();
        }
        "fail" => end(7),
        "groups" => groups::in_own_process(),
        other => panic!("no role `{other}`"),
    }
    hold();
    end(0);
}

fn say(word: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{MARK}{word}").and_then(|()| stdout.flush()).unwrap();
}

/// Waits until the parent closes our stdin, or ends.
fn hold() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[expect(
    clippy::disallowed_methods,
    clippy::exit,
    reason = "the exit code is what the parent looks at"
)]
fn end(code: i32) -> ! {
    std::process::exit(code)
}

/// A child, and what it says. It ends when this is dropped.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

/// This program, as a child with this role.
fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "system::os::conformance::child",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env(ROLE, role).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn start(role: &str) -> Running {
    Running::of(command(role).spawn().unwrap())
}

impl Running {
    fn of(mut child: Child) -> Running {
        Running {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn identity(&self) -> Identity {
        identity(self.pid())
            .unwrap()
            .expect("it is a child that was not reaped")
    }

    /// The next word that it says.
    fn word(&mut self) -> String {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            if let Some((_, word)) = line.split_once(MARK) {
                return word.trim().to_owned();
            }
            line.clear();
        }
        panic!("it has ended without a word");
    }

    /// Lets it end by itself, and reaps it.
    fn finish(&mut self) {
        drop(self.stdin.take());
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `seen` holds.
#[track_caller]
fn eventually(what: &str, mut seen: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !seen() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::yield_now();
    }
}

//! A second process that outlives a killed supervisor just long enough to end what that had started; or, where the project
//! says that it is kept, as long as that lives.
//!
//! It waits at a pipe whose other end the supervisor holds. However the supervisor dies (SIGKILL, out of memory, a crash),
//! the kernel closes that end. A supervisor that ends its run itself sends the guardian home with a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use super::audit::Audit;
use super::kin;
use super::os::{self, Signal};
use super::runs::{Folder, audit_log};
use super::stop::{self, Talk};
use super::threads;
use crate::error::Problem;
use crate::plan::OnExit;
use crate::preflight::targets::{Target, Tree};

/// The subcommand that runs [`guard`]; nobody types it.
pub(crate) const COMMAND: &str = "guardian";

/// What a supervisor says whose run has ended well.
const GO_HOME: &str = "done";

/// The guardian of a run, as its supervisor holds it.
pub(crate) struct Guardian {
    pub(crate) pid: u32,
    pipe: ChildStdin,
}

impl Guardian {
    /// Starts it. `grace` is the longest that any service of the run is given between SIGTERM and SIGKILL; see
    /// [`Guardian::grant`].
    ///
    /// # Errors
    /// The system has no room for another process.
    pub(crate) fn start(run: &str, checkout: &Path, grace: Duration, on_exit: OnExit) -> Result<Guardian, Problem> {
        let program = os::own_program().map_err(|error| super::problem("find", Path::new("ourselves"), &error))?;
        let mut command = Command::new(&program);
        os::call(&mut command, "devtasks");
        command.arg(COMMAND).arg(run).arg(checkout).current_dir("/");
        if on_exit == OnExit::Keep {
            command.arg("--keep");
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command
            .spawn()
            .map_err(|error| super::problem("run", &program, &error))?;
        let pipe = child.stdin.take().expect("its stdin is a pipe");
        let mut guardian = Guardian { pid: child.id(), pipe };
        guardian.grant(grace);
        Ok(guardian)
    }

    /// The grace period is longer now.
    pub(crate) fn grant(&mut self, grace: Duration) {
        // One that was killed is replaced, and the next is told anew.
        let _ = writeln!(self.pipe, "{}", grace.as_millis());
    }

    /// Nothing of the run is left: sends the guardian home and waits until it has gone.
    pub(crate) fn dismiss(mut self) {
        // One that was killed itself needs no word.
        let _ = self.pipe.write_all(GO_HOME.as_bytes());
        drop(self.pipe);
        os::wait_for_child(self.pid);
    }
}

/// Waits for the end of the supervisor; ends whatever it left, or lets it live.
pub(crate) fn guard(run: &str, checkout: &Path, on_exit: OnExit) {
    os::leave_session();
    let mut words = String::new();
    // An error is the end of the pipe, too.
    let _ = std::io::stdin().read_to_string(&mut words);
    let last = words.lines().last().unwrap_or_default();
    if last == GO_HOME {
        return;
    }
    match on_exit {
        OnExit::Stop => {
            let grace = last.parse().map_or(Duration::ZERO, Duration::from_millis);
            end_all(run, checkout, grace);
        }
        OnExit::Keep => hear_out(run),
    }
}

fn end_all(run: &str, checkout: &Path, grace: Duration) {
    // What is just being forked shows up in the next round.
    for _ in 0..ROUNDS {
        match left(run) {
            tree if tree.processes.is_empty() => break,
            tree => end(&tree, run, grace),
        }
    }
    if left(run).processes.is_empty()
        && let Some(folder) = Folder::existing(checkout)
        && let Some(record) = folder.record().filter(|record| record.run == run)
    {
        folder.forget(&record);
    }
}

/// Reads what the services write until the last one has ended, and throws it away: most programs end when nobody reads
/// their output any more.
fn hear_out(run: &str) {
    let mut outputs = BTreeMap::new();
    for target in left(run).processes {
        outputs.extend(os::outputs(target.identity.pid));
    }
    let outputs: Vec<File> = outputs.into_values().collect();
    threads::share(&outputs, threads::WAITING, |mut output| {
        std::io::copy(&mut output, &mut std::io::sink())
    });
}

/// More than a few rounds only a process needs that forks faster than it is ended; the next `up` or `down` goes on.
const ROUNDS: usize = 10;

fn left(run: &str) -> Tree {
    let ours = kin::tagged()
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, tag)| tag.run == run);
    let target = |(process, _): (crate::preflight::Process, crate::preflight::Tag)| Target {
        identity: process.identity,
        name: process.name,
        user: None,
    };
    let processes: Vec<Target> = ours.map(target).collect();
    Tree {
        first: processes.len(),
        processes,
    }
}

fn end(tree: &Tree, run: &str, grace: Duration) {
    let Ok(log) = audit_log() else { return };
    let mut audit = Audit::new(log, format!("the guardian of run {run} (pid {})", std::process::id()));
    let mut talk = Talk {
        confirm_kill: &mut |_| true,
        progress: &mut |_| {},
        interrupted: &|| false,
    };
    let request = stop::Request {
        tree,
        signal: Signal::Term,
        grace,
        why: "its supervisor was killed",
    };
    // Who survives even SIGKILL is found by its tag later.
    let _ = stop::end(&request, &mut talk, &mut audit);
}

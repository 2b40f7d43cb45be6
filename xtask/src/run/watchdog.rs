//! Watchdog process: if the supervisor is killed, it stops the remaining services; or, if the project keeps them
//! running, it lives as long as they do.
//!
//! It reads from a pipe whose other end the supervisor holds. However the supervisor dies (SIGKILL, out of memory, a
//! crash), the kernel closes that end. A supervisor that ends its run normally writes `done` first.
//!
//! The pipe carries lines: `grace MILLISECONDS`, of which the longest counts; `pipe INODE`, one for each that the
//! supervisor reads; `done`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use super::container::{self, Speed};
use super::reexec::{Greeting, Heard, Helper};
use crate::diagnostic::Diagnostic;
use crate::plan::OnExit;
use crate::process::targets::{Target, Tree};
use crate::system::attribution::{self, Member};
use crate::system::audit::Audit;
use crate::system::os::{self, Signal};
use crate::system::runs::{StateDir, audit_log};
use crate::system::stop::{self, StopCallbacks};
use crate::system::terminal::pause;
use crate::system::threads;

/// Written by a supervisor whose run has ended normally.
const DISARM: &str = "done";

/// How long the watchdog may take to exit.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// What a watchdog is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The longest grace period of all services of the run.
    pub(crate) grace: Duration,
    /// The inodes of the pipes that the supervisor reads.
    pub(crate) pipes: Vec<u64>,
}

/// The supervisor's handle of the watchdog.
pub(crate) struct Watchdog {
    pub(crate) pid: u32,
    helper: Helper,
    child: Child,
    pipe: ChildStdin,
    /// What the pipe did not take yet: the watchdog may be suspended.
    unsaid: Vec<u8>,
    greeting: Greeting,
}

impl Watchdog {
    /// Starts the watchdog. It is ready once it has greeted; see [`Watchdog::heard`].
    ///
    /// # Errors
    /// No process can be created.
    pub(crate) fn start(run: &str, checkout: &Path, on_exit: OnExit, told: &Told) -> Result<Watchdog, Diagnostic> {
        let helper = Helper::Watchdog {
            run: run.to_owned(),
            checkout: checkout.to_owned(),
            on_exit,
        };
        let started = os::current_exe().and_then(|program| helper.start(&program, Stdio::null()));
        let unstarted = |error| {
            Diagnostic::new(format!(
                "cannot start the watchdog of this run: {}",
                crate::system::cause(&error)
            ))
        };
        let mut child = started.map_err(unstarted)?;
        let pipe = child.stdin.take().expect("its stdin is a pipe");
        os::write_without_waiting(&pipe);
        let greeting = Greeting::from(child.stdout.take().expect("its stdout is a pipe"));
        let mut watchdog = Watchdog {
            pid: child.id(),
            helper,
            child,
            pipe,
            unsaid: Vec::new(),
            greeting,
        };
        watchdog.raise_grace_period(told.grace);
        told.pipes.iter().for_each(|pipe| watchdog.hand_on(*pipe));
        Ok(watchdog)
    }

    /// Whether it has greeted; waits at most `patience`.
    pub(crate) fn heard(&mut self, patience: Duration) -> Heard {
        self.greeting.within(patience)
    }

    /// Why it has not greeted, as text for the user. It has exited afterwards.
    pub(crate) fn absent(mut self, heard: Heard) -> Diagnostic {
        self.helper.absent(&mut self.child, heard)
    }

    /// Reports a longer grace period.
    pub(crate) fn raise_grace_period(&mut self, grace: Duration) {
        self.say(&format!("grace {}", grace.as_millis()));
    }

    /// Reports another pipe that the supervisor reads.
    pub(crate) fn hand_on(&mut self, pipe: u64) {
        self.say(&format!("pipe {pipe}"));
    }

    fn say(&mut self, line: &str) {
        self.unsaid.extend_from_slice(line.as_bytes());
        self.unsaid.push(b'\n');
        while !self.unsaid.is_empty() {
            match self.pipe.write(&self.unsaid) {
                Ok(n) => drop(self.unsaid.drain(..n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The watchdog was killed; its replacement is told everything.
                Err(_) => self.unsaid.clear(),
            }
        }
    }

    /// Nothing of the run is left: tells the watchdog to exit and waits for it. Kills it if it does not.
    pub(crate) fn dismiss(mut self) {
        // One that was killed needs no message.
        self.say(DISARM);
        if self.unsaid.is_empty() {
            drop(self.pipe);
            // It may be suspended.
            os::signal_child(self.pid, Signal::Cont);
            if os::ends_within(&mut self.child, EXIT_TIMEOUT) {
                let _ = self.child.wait();
                return;
            }
        }
        // Kill it before its pipe is closed, in case it has not read `done`.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Waits for the supervisor to exit; then stops what it left, or lets it run.
pub(crate) fn guard(run: &str, checkout: &Path, on_exit: OnExit) {
    let mut words = String::new();
    // An error counts as the end of the pipe.
    let _ = std::io::stdin().read_to_string(&mut words);
    let Some(told) = understood(&words) else { return };
    match on_exit {
        OnExit::Stop => end_all(run, checkout, told.grace),
        OnExit::Keep => drain_outputs(run, &told.pipes),
    }
}

/// `None` if the watchdog may exit.
fn understood(words: &str) -> Option<Told> {
    let mut told = Told::default();
    for line in words.lines() {
        match line.split_once(' ') {
            Some(("grace", milliseconds)) => {
                let grace = milliseconds.parse().map_or(Duration::ZERO, Duration::from_millis);
                told.grace = told.grace.max(grace);
            }
            Some(("pipe", inode)) => told.pipes.extend(inode.parse::<u64>()),
            None if line == DISARM => return None,
            // Possibly an incomplete line.
            Some(_) | None => {}
        }
    }
    Some(told)
}

fn end_all(run: &str, checkout: &Path, grace: Duration) {
    // The next round finds processes that were just being forked, or could not be scanned.
    let mut before = Vec::new();
    for _ in 0..MAX_ROUNDS {
        match left_in_time(run) {
            Ok(tree) if tree.processes.is_empty() => break,
            // Another round would not stop what the last one did not.
            Ok(tree) if tree.processes == before => break,
            Ok(tree) => {
                end(&tree, run, grace);
                before = tree.processes;
            }
            Err(_) => return,
        }
    }
    if let Some(directory) = StateDir::existing(checkout) {
        for left in container::of(&directory) {
            // Its note remains if it does not stop.
            let _ = container::end(&left, checkout, Speed::Usual);
        }
    }
    // Otherwise the record is kept, by which the next `up` or `down` finds the rest.
    if left(run).is_ok_and(|tree| tree.processes.is_empty())
        && let Some(directory) = StateDir::existing(checkout)
        && let Ok(Some(record)) = directory.record()
        && record.run == run
    {
        directory.forget(&record);
    }
}

/// Reads and discards the supervisor's pipes until the last writer exits, because most programs exit when their output
/// is closed. Pipes that a service reads itself are left to it.
fn drain_outputs(run: &str, pipes: &[u64]) {
    let mut outputs = BTreeMap::new();
    for target in left_in_time(run).map_or(Vec::new(), |tree| tree.processes) {
        outputs.extend(os::outputs(target.identity.pid, pipes));
    }
    let outputs: Vec<File> = outputs.into_values().collect();
    threads::share(&outputs, threads::UNLIMITED, |mut output| {
        std::io::copy(&mut output, &mut std::io::sink())
    });
}

/// Only a process that forks faster than it is killed needs more rounds; the next `up` or `down` continues.
const MAX_ROUNDS: usize = 10;

/// Retries for about a minute, because a shortage of system resources is temporary.
fn left_in_time(run: &str) -> Result<Tree, Diagnostic> {
    const AGAIN: Duration = Duration::from_millis(200);
    for _ in 0..300 {
        let left = left(run);
        if left.is_ok() {
            return left;
        }
        pause(AGAIN);
    }
    left(run)
}

/// The processes of the run that remain and are to be stopped.
///
/// # Errors
/// They cannot be listed.
fn left(run: &str) -> Result<Tree, Diagnostic> {
    let members = attribution::members()?.into_iter();
    let ours = members.filter(|member| member.tag.run == run && member.left_alone.is_none());
    let target = |member: Member| Target {
        identity: member.process.identity,
        name: member.process.name,
        user: None,
    };
    let processes: Vec<Target> = ours.map(target).collect();
    Ok(Tree {
        n_first_wave: processes.len(),
        processes,
    })
}

fn end(tree: &Tree, run: &str, grace: Duration) {
    // A process is stopped even if that cannot be logged.
    let log = audit_log().unwrap_or_default();
    let mut audit = Audit::new(log, format!("the watchdog of run {run} (pid {})", std::process::id()));
    let mut talk = StopCallbacks {
        confirm_kill: &mut |_, _| true,
        progress: &mut |_| {},
        interrupted: &|| false,
    };
    let request = stop::StopRequest {
        tree,
        signal: Signal::Term,
        grace,
        why: "its supervisor was killed",
    };
    // Survivors of SIGKILL are found by their tag later.
    let _ = stop::end(&request, &mut talk, &mut audit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_grace_and_every_pipe_count_until_the_last_word() {
        let told = Told {
            grace: Duration::from_millis(300),
            pipes: vec![7, 8],
        };
        let words = "grace 300\npipe 7\ngrace 10\npipe 8\n";
        assert_eq!(understood(&format!("{words}pip")), Some(told));
        assert_eq!(understood(&format!("{words}done\n")), None);
        assert_eq!(understood(""), Some(Told::default()));
    }
}

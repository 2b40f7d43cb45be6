//! Cases are played by this program once more, in a process table of its own: a row of /proc has the same number each time,
//! and whatever happens, nothing outlives the table.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use rustix::process::WaitOptions;
use serde::{Deserialize, Serialize};

use crate::case::{self, Outcome};
use crate::fault::{self, Fault};
use crate::place::Place;
use crate::strace;

/// The option that makes one of the program.
pub(crate) const OPTION: &str = "--worker";

#[derive(Serialize, Deserialize)]
enum Order {
    /// How often one thread makes each call, at most, and how many of the first are the loader's.
    Count(String),
    Play(String),
}

/// By the name of a call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) most: BTreeMap<String, u64>,
    pub(crate) loader: BTreeMap<String, u64>,
}

pub(crate) struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start() -> Worker {
        // The shell is process 1 there and reaps orphans. A terminal's Ctrl-C is meant for us alone: we end what we began.
        let mut command = Command::new("unshare");
        command
            .args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c"])
            .arg("\"$@\"; exit $?")
            .arg("faults")
            .arg(std::env::current_exe().expect("a test is a file"))
            .arg(OPTION);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("unshare can be started");
        Worker {
            orders: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().expect("it is a pipe")),
            child,
        }
    }

    /// # Errors
    /// It has ended, or the command fails even without a fault.
    pub(crate) fn count(&mut self, command: fault::Command) -> Result<Counts, String> {
        self.ask(&Order::Count(command.name().to_owned()))
    }

    /// # Errors
    /// It has ended.
    pub(crate) fn play(&mut self, fault: &Fault) -> Result<Outcome, String> {
        self.ask(&Order::Play(fault.to_string()))
    }

    fn ask<T: for<'a> Deserialize<'a>>(&mut self, order: &Order) -> Result<T, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the test itself failed: {error}");
        let orders = self.orders.as_mut().expect("it is open until the end");
        let line = serde_json::to_string(order).map_err(|error| failed(&error))?;
        writeln!(orders, "{line}").map_err(|error| failed(&error))?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|error| failed(&error))?;
        let answer: Result<T, String> = serde_json::from_str(&answer).map_err(|error| failed(&error))?;
        answer
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.wait();
    }
}

/// Takes orders until there are no more.
pub(crate) fn serve() -> ExitCode {
    let mut place = Place::new();
    for line in io::stdin().lines() {
        let Some(order) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
            return ExitCode::from(2);
        };
        let answer = match order {
            Order::Count(command) => serde_json::to_string(&count(&mut place, &command)),
            Order::Play(fault) => {
                let outcome = crate::fault_of(&fault).map(|fault| case::play(&mut place, &fault));
                if outcome.as_ref().is_ok_and(|outcome| !outcome.wrong.is_empty()) {
                    // What is left of it is ended with its sandbox.
                    place = Place::new();
                }
                serde_json::to_string(&outcome)
            }
        };
        println!("{}", answer.expect("it is plain data"));
        // Nobody else waits for what was killed, and the dead have rows in /proc, too: calls of the next case.
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
    }
    ExitCode::SUCCESS
}

fn count(place: &mut Place, command: &str) -> Result<Counts, String> {
    let command: fault::Command = command.parse()?;
    let log = case::trace(place, command, &strace::trace_all())?;
    let mut counts = Counts {
        most: strace::most_calls(&log),
        loader: BTreeMap::new(),
    };
    if command.is_traced_from_its_start() {
        counts.loader = strace::loader_calls(&log);
    }
    Ok(counts)
}

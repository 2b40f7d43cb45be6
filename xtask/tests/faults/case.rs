//! One case: a command with one fault, what it said, whether that is true, and whether all works again without the fault.

use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::census::{Process, process, strike, supervisor, watchdog};
use crate::fault::{Command, Fault};
use crate::it::sandbox::{Ended, Running, is_free};
use crate::place::{LIMIT, Place, SETTLES, Wrong, lives, panic, until};
use crate::strace::{befell_a_service, injected, is_traced};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xtask");

/// How long after all runs a command may need to say so.
const SAYS: Duration = Duration::from_secs(5);

/// What became of a case.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The calls that failed, as strace(1) shows them. Without any the case tried nothing.
    pub(crate) injected: Vec<String>,
    pub(crate) wrong: Wrong,
    /// The exit code, and all output.
    pub(crate) said: String,
}

/// Plays it. The place is to be thrown away if anything is wrong.
pub(crate) fn play(place: &mut Place, fault: &Fault) -> Outcome {
    let trace = format!("trace={},execve", fault.syscall);
    let mut case = Case {
        place,
        command: fault.command,
        tracing: vec!["-e".to_owned(), trace, "-e".to_owned(), fault.injection()],
        ended: None,
        wrong: Wrong::new(),
    };
    let log = case.run();
    // Without memory std itself panics, or aborts, before a thread of ours has begun.
    if case.wrong.iter().any(|wrong| is_stds_own_end(wrong)) {
        let codes = ["ended with 101", "ended by a signal"];
        case.wrong
            .retain(|wrong| !is_stds_own_end(wrong) && !codes.contains(&&**wrong));
    }
    // It explains the others.
    case.wrong.sort_by_key(|wrong| !wrong.starts_with("panic at"));
    let mut outcome = Outcome {
        injected: injected(&log),
        wrong: case.wrong,
        said: String::new(),
    };
    if let Some(ended) = case.ended {
        let code = ended.code.map_or("a signal".to_owned(), |code| code.to_string());
        let Ended { stdout, stderr, .. } = &ended;
        outcome.said = format!("ended with {code}\n{stdout}{stderr}");
        let is_silent = stdout.is_empty() && stderr.is_empty() && ended.code != Some(0);
        if is_silent && fault.syscall != "write" {
            outcome.wrong.push("ended without a word".to_owned());
        }
    }
    outcome
}

fn is_stds_own_end(wrong: &str) -> bool {
    wrong.contains("std/src/sys/pal/unix/stack_overflow.rs") || wrong.contains("memory allocation of")
}

/// Runs a command without a fault; what strace(1) logs with these arguments.
///
/// # Errors
/// Something is wrong nevertheless.
pub(crate) fn trace(place: &mut Place, command: Command, trace: &str) -> Result<String, String> {
    let mut case = Case {
        place,
        command,
        tracing: vec!["-e".to_owned(), trace.to_owned()],
        ended: None,
        wrong: Wrong::new(),
    };
    let log = case.run();
    case.wrong
        .is_empty()
        .then_some(log)
        .ok_or_else(|| case.wrong.join("; "))
}

struct Case<'a> {
    place: &'a mut Place,
    command: Command,
    /// For strace(1).
    tracing: Vec<String>,
    ended: Option<Ended>,
    wrong: Wrong,
}

impl Case<'_> {
    /// From a calm state to the next one; the log of strace(1).
    fn run(&mut self) -> String {
        let _ = std::fs::remove_file(self.place.log());
        if let Err(wrong) = self.place.ensure(self.command.needs_a_stack()) {
            self.wrong.push(format!("before the fault: {wrong}"));
            return String::new();
        }
        if let Err(wrong) = self.act() {
            self.wrong.push(wrong);
        }
        self.place.untrace();
        let log = self.log();
        self.wrong.extend(self.place.last_words());
        self.wrong.extend(self.place.harmed());
        let again = self.place.down().and_then(|()| self.place.up());
        self.wrong.extend(again.err());
        self.wrong.extend(self.place.harmed());
        log
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.place.log()).unwrap_or_default()
    }

    fn act(&mut self) -> Result<(), String> {
        match self.command {
            Command::Up => self.traced(&["up", "--detach", "--timeout", "8s"])?,
            Command::Status => self.traced(&["status", "--format", "json"])?,
            Command::Restart => self.traced(&["restart"])?,
            Command::Down => self.traced(&["down"])?,
            Command::UpAfterCrash => {
                self.place.crash()?;
                self.traced(&["up", "--detach", "--timeout", "8s"])?;
            }
            Command::DownAfterCrash => {
                self.place.crash()?;
                self.traced(&["down"])?;
            }
            Command::UpBackground => self.traced_with_all(&["up", "--detach", "--timeout", "8s"])?,
            Command::SupervisorRestart => self.beside(&["restart"])?,
            Command::SupervisorDown => self.beside(&["down"])?,
            Command::PortKill => return self.kill_a_stranger(),
            Command::UpForeground => return self.stay_on_the_foreground(),
            Command::WatchdogAfterKill => return self.leave_the_watchdog_alone(),
        }
        self.judge_code(false);
        let is_success = self.ended.as_ref().is_some_and(|ended| ended.code == Some(0));
        let against = match self.command {
            // What befell a service itself, such as a wrapper that cannot fork, it may end with a moment later.
            Command::UpBackground if befell_a_service(&self.log()) => Wrong::new(),
            // It changes nothing, whatever it says.
            Command::Status => {
                self.judge_status();
                self.place.not_whole()
            }
            Command::Down | Command::DownAfterCrash | Command::SupervisorDown if is_success => self.place.left(),
            _ if is_success => self.place.not_whole(),
            _ => Wrong::new(),
        };
        self.object("success", against);
        Ok(())
    }

    /// Traces the command's own process; what it executes is let go.
    fn traced(&mut self, words: &[&str]) -> Result<(), String> {
        let mut command = self.place.strace(&["-b", "execve"]);
        command.args(&self.tracing).arg(PROGRAM).args(words);
        self.end(Running::start(command))
    }

    /// Traces everybody that comes of the command, beside it: strace(1) itself would end with the last of them.
    fn traced_with_all(&mut self, words: &[&str]) -> Result<(), String> {
        let mut command = self.place.strace(&["-D"]);
        command.args(&self.tracing).arg(PROGRAM).args(words);
        self.end(Running::start(command))
    }

    /// Traces one that lives, from now on.
    fn attach(&self, to: &Process) -> Result<(), String> {
        let mut command = self.place.strace(&["-b", "execve", "-p", &to.pid.to_string()]);
        command.args(&self.tracing);
        // It ends with the traced one, or with `untrace`.
        let tracer = Running::start(command);
        if until(SETTLES, || is_traced(to.pid) || tracer.has_ended()) && !tracer.has_ended() {
            return Ok(());
        }
        Err(format!("the test cannot trace: {}", tracer.stderr()))
    }

    /// Traces the supervisor, and runs another command that asks it.
    fn beside(&mut self, words: &[&str]) -> Result<(), String> {
        let all = self.place.census();
        let supervisor = supervisor(&all).ok_or("the test finds no supervisor")?;
        self.attach(supervisor)?;
        self.end(self.place.sandbox.start(words))
    }

    fn end(&mut self, running: Running) -> Result<(), String> {
        if !until(LIMIT, || running.has_ended()) {
            return Err(self.hung(&running));
        }
        // A tracer beside it holds its outputs open.
        self.place.untrace();
        let ended = running.wait();
        self.wrong.extend(panic(&format!("{}\n{}", ended.stdout, ended.stderr)));
        self.ended = Some(ended);
        Ok(())
    }

    /// Ends it, so that it does nothing while the next commands run.
    fn hung(&self, running: &Running) -> String {
        let all = self.place.census();
        let is_it = |process: &&Process| process.command.first().is_some_and(|word| word == PROGRAM);
        all.iter()
            .filter(is_it)
            .for_each(|process| strike(process, Signal::KILL));
        format!("hangs: {}{}", running.stdout().trim(), running.stderr().trim())
    }

    fn judge_code(&mut self, was_interrupted: bool) {
        match self.ended.as_ref().map(|ended| ended.code) {
            None | Some(Some(0..=7)) => {}
            Some(Some(130)) if was_interrupted => {}
            Some(Some(code)) => self.wrong.push(format!("ended with {code}")),
            Some(None) => self.wrong.push("ended by a signal".to_owned()),
        }
    }

    fn object(&mut self, claim: &str, against: Wrong) {
        let against = against.into_iter().map(|fact| format!("FALSE {claim}: {fact}"));
        self.wrong.extend(against);
    }

    /// With 0 it shows every service, and as ready or running.
    fn judge_status(&mut self) {
        let Some(Ended {
            code: Some(0), stdout, ..
        }) = &self.ended
        else {
            return;
        };
        let status: Value = serde_json::from_str(stdout).unwrap_or_default();
        let is_ready = |name: &str| {
            let services = status["services"].as_array().into_iter().flatten();
            services
                .into_iter()
                .any(|it| it["name"] == name && (it["state"] == "ready" || it["state"] == "running"))
        };
        if !["listener", "wrapper"].into_iter().all(is_ready) {
            let shown = format!("it showed {stdout}");
            self.object("success", vec![shown]);
        }
    }

    fn kill_a_stranger(&mut self) -> Result<(), String> {
        let port = self.place.strangers;
        let sandbox = &self.place.sandbox;
        let mut stranger = sandbox.other(sandbox.project().join("service"));
        stranger.args(["--listen", &format!("127.0.0.1:{port}"), "--announce", "here I am"]);
        let stranger = Running::start(stranger);
        stranger.wait_for("here I am");
        let before = process(stranger.pid()).ok_or("the test has no owner to kill")?;
        let acted = self.traced(&["port", "kill", &port.to_string(), "--yes", "--grace", "1s"]);
        let is_success = self.ended.as_ref().is_some_and(|ended| ended.code == Some(0));
        if is_success && (lives(&before) || !is_free(port)) {
            self.object("success", vec!["the owner lives, or the port is busy".to_owned()]);
        }
        stranger.kill_alone();
        if acted.is_ok() {
            stranger.wait();
        }
        self.judge_code(false);
        let against = self.place.not_whole();
        self.object("peace with the stack", against);
        acted
    }

    fn stay_on_the_foreground(&mut self) -> Result<(), String> {
        let mut command = self.place.strace(&["-b", "execve"]);
        command.args(&self.tracing).args([PROGRAM, "up", "--timeout", "8s"]);
        let running = Running::start(command);
        let is_ready = || running.stderr().contains("eady in ") || running.stdout().contains("eady in ");
        // What cannot be written is not said.
        let is_there = || is_ready() || running.has_ended() || self.place.is_whole();
        if !until(LIMIT, is_there) {
            return Err(self.hung(&running));
        }
        until(SAYS, || is_ready() || running.has_ended());
        let mut was_interrupted = false;
        if !running.has_ended() {
            if is_ready() {
                let against = self.place.not_whole();
                self.object("readiness", against);
            }
            let all = self.place.census();
            let is_up = |process: &&Process| process.command.get(1).is_some_and(|word| word == "up");
            if let Some(up) = all.iter().find(is_up) {
                strike(up, Signal::INT);
                was_interrupted = true;
            }
        }
        self.end(running)?;
        self.judge_code(was_interrupted);
        let ended = self.ended.as_ref().expect("it has just ended");
        if ended.code == Some(0) {
            self.wrong.push("ended with 0 before Ctrl-C".to_owned());
        } else if format!("{}{}", ended.stdout, ended.stderr).contains("nothing is left") {
            let against = self.place.left();
            self.object("end", against);
        }
        Ok(())
    }

    fn leave_the_watchdog_alone(&mut self) -> Result<(), String> {
        let all = self.place.census();
        let (Some(supervisor), Some(watchdog)) = (supervisor(&all), watchdog(&all)) else {
            return Err("the test finds no supervisor or watchdog".to_owned());
        };
        self.attach(watchdog)?;
        strike(supervisor, Signal::KILL);
        until(LIMIT, || !lives(watchdog))
            .then_some(())
            .ok_or_else(|| "the watchdog hangs".to_owned())
    }
}

//! The process of a service that is a container: starts it through Compose, prints its log, and stops it when told to.
//!
//! A container that ran before is followed and left running.

mod job;
mod leftover;
mod log;
mod note;

use std::io::Write;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::reexec;
use crate::diagnostic::Exit;
use crate::foreign::visible;
use crate::plan::Environment;
use crate::preflight::compose::unusable;
use crate::process::compose::{ComposeContainer, ContainerHealth, ContainerState, is_alive};
use crate::system::clock::wall;
use crate::system::compose::Compose;
use crate::system::os;
pub(crate) use job::Job;
pub(crate) use leftover::{Leftover, Speed, end, of};
pub(crate) use note::ContainerNote;

/// How often Compose is asked while the container starts.
const START_INTERVAL: Duration = Duration::from_secs(1);

/// The same for one that is ready and has a health check.
const HEALTH_INTERVAL: Duration = Duration::from_secs(10);

/// The pause before the log of a running container is read again.
const LOG_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long the last lines of a log may take.
const LOG_END_TIMEOUT: Duration = Duration::from_secs(1);

/// A second signal, such as that of the watchdog, also reaches `stop` itself.
const MAX_STOPS: usize = 3;

/// Runs until the container has exited, or is stopped as told; returns its exit code.
pub(crate) fn attend(job: Job) -> u8 {
    let (sender, inbox) = channel();
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    let listens = os::on_signals(move |signal| {
        if signal.is_interrupt() {
            tell.store(true, Ordering::Relaxed);
        }
        // The receiver lives as long as the program.
        let _ = sender.send(());
    });
    if let Err(error) = listens {
        say(&crate::system::cause(&error));
        return Exit::Failed.code();
    }
    let environment = environment();
    let directory = std::env::current_dir().unwrap_or_default();
    let is_wanted = || !told.load(Ordering::Relaxed);
    match Compose::find(&job.service, &directory, &environment, &is_wanted) {
        Ok((compose, containers)) => Attendance::new(job, compose, inbox, &told).run(containers),
        // Nothing was started. What an earlier run left has its note still.
        Err(_) if !is_wanted() => Exit::Done.code(),
        Err(problem) => {
            say(&unusable(&job.service, &problem).message);
            Exit::Missing.code()
        }
    }
}

/// Our environment, in which Compose may start this program for another purpose.
fn environment() -> Environment {
    std::env::vars_os()
        .filter(|(name, _)| name != reexec::VARIABLE)
        .collect()
}

struct Attendance<'a> {
    job: Job,
    compose: Compose,
    /// That of an earlier run whose helper was killed.
    earlier: Option<ContainerNote>,
    note: ContainerNote,
    /// One for each signal.
    inbox: Receiver<()>,
    /// A signal asks us to end.
    told: &'a AtomicBool,
    /// When to ask Compose again.
    ask_at: Option<Instant>,
}

impl<'a> Attendance<'a> {
    fn new(job: Job, compose: Compose, inbox: Receiver<()>, told: &'a AtomicBool) -> Self {
        Attendance {
            earlier: ContainerNote::read(&job.note),
            note: ContainerNote {
                helper: std::process::id(),
                has_started: false,
                program: compose.name(),
                service: job.service.clone(),
                containers: Vec::new(),
            },
            job,
            compose,
            inbox,
            told,
            ask_at: None,
        }
    }

    fn run(mut self, containers: Vec<ComposeContainer>) -> u8 {
        let mut since = None;
        if is_alive(&containers) {
            // One that an earlier run of ours left is ours still.
            let is_ours = |note: &ContainerNote| note.has_started && note.may_be(&containers);
            let is_ours = self.earlier.as_ref().is_some_and(is_ours);
            self.take_note(is_ours, containers);
            let names = self.note.names();
            say(&match is_ours {
                true => format!("{names} was left running by an earlier run"),
                false => format!("{names} runs already, and will be left running"),
            });
        } else {
            since = Some(wall());
            self.take_note(true, Vec::new());
            let up = self.compose.service_command(&["up", "--detach", "--no-deps"]);
            let code = match self.finish_unless_told(up) {
                Ok(status) if status.success() => None,
                Ok(status) => Some(code(status)),
                Err(_) if self.is_told_to_stop() => None,
                Err(problem) => {
                    say(&problem);
                    Some(Exit::Missing.code())
                }
            };
            if let (Some(code), false) = (code, self.is_told_to_stop()) {
                self.stop();
                return code;
            }
        }
        self.follow(since)
    }

    /// Prints the log until the container has exited or we are told to stop.
    fn follow(&mut self, since: Option<jiff::Timestamp>) -> u8 {
        let mut words = vec!["--tail".to_owned(), "0".to_owned()];
        if let Some(since) = since {
            words = vec!["--since".to_owned(), since.to_string()];
        }
        while !self.is_told_to_stop() {
            self.ask();
            let ended_at = wall();
            let followed = self.logs(&["--follow"], &words);
            let followed = self.finish_unless_told(followed);
            if self.is_told_to_stop() {
                break;
            }
            if let Err(problem) = followed {
                say(&problem);
            }
            self.ask();
            if let Some(code) = self.note.ended_with() {
                say(&format!("{} has exited with code {code}", self.note.names()));
                self.note.remove(&self.job.note);
                return code.try_into().unwrap_or(1);
            }
            // The engine closed the log, or was restarted.
            words = vec!["--since".to_owned(), ended_at.to_string()];
            self.pause(LOG_RETRY_INTERVAL);
        }
        if self.note.has_started {
            let since = wall().to_string();
            self.stop();
            // The signal has also reached the program that printed the log.
            let rest = self.logs(&[], &["--since".to_owned(), since]);
            let _ = self.finish(rest);
        } else {
            self.note.remove(&self.job.note);
        }
        0
    }

    fn logs(&self, how: &[&str], since: &[String]) -> Command {
        let mut words = vec!["logs", "--no-log-prefix", "--no-color"];
        words.extend(how);
        words.extend(since.iter().map(String::as_str));
        let mut logs = self.compose.service_command(&words);
        logs.stdout(Stdio::piped());
        logs
    }

    /// Stops the container, until Compose says that it does not run.
    fn stop(&mut self) {
        let timeout = self.job.service.stop_timeout_seconds();
        let mut words = vec!["stop"];
        words.extend(timeout.iter().flat_map(|seconds| ["--timeout", seconds]));
        for _ in 0..MAX_STOPS {
            let stop = self.compose.service_command(&words);
            let _ = self.finish(stop);
            match self.compose.containers(&|| true) {
                Ok(containers) if !is_alive(&containers) => return self.note.remove(&self.job.note),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Waits for a command to end, and asks Compose meanwhile when that is due. When we are told to stop, it is told as
    /// well: the signal may have come before it was started.
    fn finish_unless_told(&mut self, command: Command) -> Result<ExitStatus, String> {
        match self.is_told_to_stop() {
            true => Err("told to stop".to_owned()),
            false => self.finish(command),
        }
    }

    /// The same for a command that belongs to stopping.
    fn finish(&mut self, mut command: Command) -> Result<ExitStatus, String> {
        let mut was_told = self.is_told_to_stop();
        let started = os::spawn_with_us(&mut command);
        let mut child = started.map_err(|error| {
            let program = command.get_program().to_owned();
            crate::system::problem("run", program.as_ref(), &error).message
        })?;
        let copied = child.stdout.take().map(log::copy).transpose()?;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => {
                    // A process that keeps the pipe open is not waited for.
                    let _ = copied.map(|copied| copied.recv_timeout(LOG_END_TIMEOUT));
                    return Ok(status);
                }
                Ok(None) => {}
                Err(error) => return Err(crate::system::cause(&error)),
            }
            self.wait();
            if self.is_told_to_stop() && !was_told {
                was_told = true;
                os::signal_child(child.id(), os::Signal::Term);
            }
        }
    }

    /// Waits for a signal, of a child or for us, or until Compose is to be asked.
    fn wait(&mut self) {
        let heard = match self.ask_at {
            Some(at) => self.inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        if heard.is_err() {
            self.ask();
        }
    }

    fn is_told_to_stop(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    fn pause(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        let left = || until.saturating_duration_since(Instant::now());
        while !self.is_told_to_stop() && self.inbox.recv_timeout(left()).is_ok() {}
    }

    /// Asks Compose for the containers and notes its answer. Without an answer, the last one remains.
    fn ask(&mut self) {
        let is_wanted = || !self.is_told_to_stop();
        if let Ok(containers) = self.compose.containers(&is_wanted) {
            self.take_note(self.note.has_started, containers);
        }
        let of = |containers: &[ComposeContainer]| {
            let is_up = |it: &ComposeContainer| it.state == ContainerState::Running;
            let health = |wanted: ContainerHealth| containers.iter().any(|it| it.health == wanted);
            match containers.iter().all(is_up) && !containers.is_empty() {
                true if health(ContainerHealth::Starting) || health(ContainerHealth::Unhealthy) => Some(START_INTERVAL),
                true if health(ContainerHealth::Healthy) => Some(HEALTH_INTERVAL),
                true => None,
                false => Some(START_INTERVAL),
            }
        };
        self.ask_at = of(&self.note.containers).map(|pause| Instant::now() + pause);
    }

    fn take_note(&mut self, has_started: bool, containers: Vec<ComposeContainer>) {
        self.note.has_started = has_started;
        self.note.containers = containers;
        if let Err(problem) = self.note.write(&self.job.note) {
            say(&problem.message);
        }
    }
}

/// As a shell reports it.
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| code.try_into().ok()).unwrap_or(1)
}

/// A line in the log of the service.
fn say(line: &str) {
    // The supervisor may be gone.
    let _ = writeln!(std::io::stdout(), "{}", visible(line));
}

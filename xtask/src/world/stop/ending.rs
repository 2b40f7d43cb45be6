//! The order of signals: ask, let go on, wait, ask the user, kill. Each goes through a handle that was pinned first.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{LOOK, Outcome, Progress, Request, Survivor, Talk};
use crate::preflight::ProcessState;
use crate::preflight::targets::Target;
use crate::world::audit::Audit;
use crate::world::os::{self, Handle, Signal};

/// A master that ends its own workers has done so by then.
const LINGER: Duration = Duration::from_millis(200);
/// For SIGKILL: only a process that hangs in the kernel outlives it for long.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// Ends the tree unless nothing is left to end, `still_holds` denies it, or the system does.
pub(super) fn run(
    request: &Request<'_>,
    still_holds: &dyn Fn(&[u32]) -> bool,
    talk: &mut Talk<'_>,
    audit: &mut Audit,
) -> Outcome {
    let mut living = Vec::new();
    for (place, target) in request.tree.processes.iter().enumerate() {
        match Handle::open(&target.identity) {
            Ok(Some(handle)) => living.push(Living { handle, target, place }),
            Ok(None) => {}
            Err(problem) => return Outcome::Refused(problem.message),
        }
    }
    living.retain(|process| !process.handle.is_gone());
    let pids: Vec<u32> = living.iter().map(|process| process.target.identity.pid).collect();
    // Asked after the handles were opened: what holds the port now is what they mean.
    if living.is_empty() || !still_holds(&pids) {
        return Outcome::Gone;
    }
    let denied: Vec<Target> = living
        .iter()
        .filter(|process| process.handle.is_denied())
        .map(|process| process.target.clone())
        .collect();
    if !denied.is_empty() {
        return Outcome::Denied(denied);
    }
    Ending {
        request,
        living,
        talk,
        audit,
        started: Instant::now(),
    }
    .run()
}

struct Living<'a> {
    handle: Handle,
    target: &'a Target,
    /// Its index in the tree.
    place: usize,
}

struct Ending<'a, 'b> {
    request: &'a Request<'a>,
    living: Vec<Living<'a>>,
    talk: &'a mut Talk<'b>,
    audit: &'a mut Audit,
    started: Instant,
}

enum Waited {
    AllGone,
    Over,
    Interrupted,
}

impl Ending<'_, '_> {
    fn run(mut self) -> Outcome {
        let deadline = self.started + self.request.grace;
        let first = self.request.tree.first;
        self.ask(|place| place < first);
        let mut waited = Waited::Over;
        if first < self.request.tree.processes.len() {
            waited = self.wait(deadline.min(self.started + LINGER));
            if let Waited::Over = waited {
                self.ask(|place| place >= first);
            }
        }
        if let Waited::Over = waited {
            waited = self.wait(deadline);
        }
        match waited {
            Waited::AllGone => return self.stopped(false),
            Waited::Interrupted => return Outcome::Interrupted(self.survivors()),
            Waited::Over => {}
        }
        let survivors = self.survivors();
        if !(self.talk.confirm_kill)(&survivors) {
            self.bury();
            return match self.survivors() {
                survivors if survivors.is_empty() => self.stopped(false),
                survivors => Outcome::Survived(survivors),
            };
        }
        // An answer takes its time: some may have ended meanwhile.
        self.bury();
        let killed = !self.living.is_empty();
        for index in 0..self.living.len() {
            self.send(index, Signal::Kill);
        }
        match self.wait(Instant::now() + KILL_PATIENCE) {
            Waited::AllGone => self.stopped(killed),
            Waited::Over => Outcome::Survived(self.survivors()),
            Waited::Interrupted => Outcome::Interrupted(self.survivors()),
        }
    }

    /// Asks those to end whose place in the tree is `meant`.
    fn ask(&mut self, meant: impl Fn(usize) -> bool) {
        for index in 0..self.living.len() {
            let process = &self.living[index];
            if !meant(process.place) {
                continue;
            }
            let is_suspended = state(process.target) == Some(ProcessState::Suspended);
            // A suspended process takes the signal once it goes on, and must find it there then.
            if self.send(index, self.request.signal) && is_suspended {
                self.send(index, Signal::Cont);
            }
        }
    }

    /// Whether it was delivered. One that was not has ended or changed its user meanwhile; waiting shows which.
    fn send(&mut self, index: usize, signal: Signal) -> bool {
        let process = &self.living[index];
        let outcome = process.handle.signal(signal);
        let unwritten = self
            .audit
            .note(Timestamp::now(), signal, process.target, self.request.why, outcome);
        if let Some(problem) = unwritten {
            (self.talk.progress)(&Progress::NotAudited(problem));
        }
        if outcome.is_ok() {
            (self.talk.progress)(&Progress::Sent {
                signal,
                target: process.target.clone(),
            });
        }
        outcome.is_ok()
    }

    /// Waits until all have ended, `deadline` is reached, or Ctrl-C.
    fn wait(&mut self, deadline: Instant) -> Waited {
        let mut next_word = Instant::now() + Duration::from_secs(1);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let handles: Vec<&Handle> = self.living.iter().map(|process| &process.handle).collect();
            os::wait_all(&handles, left.min(LOOK));
            self.bury();
            if self.living.is_empty() {
                return Waited::AllGone;
            }
            if (self.talk.interrupted)() {
                return Waited::Interrupted;
            }
            let now = Instant::now();
            if now >= deadline {
                return Waited::Over;
            }
            if now >= next_word {
                next_word = now + Duration::from_secs(1);
                let survivors = self.survivors();
                let left = deadline - now;
                (self.talk.progress)(&Progress::StillThere { survivors, left });
            }
        }
    }

    /// Drops those that have ended.
    fn bury(&mut self) {
        self.living.retain(|process| !process.handle.is_gone());
    }

    fn survivors(&self) -> Vec<Survivor> {
        let survivors = self.living.iter().map(|process| Survivor {
            target: process.target.clone(),
            state: state(process.target).unwrap_or(ProcessState::Running),
        });
        survivors.collect()
    }

    fn stopped(&self, killed: bool) -> Outcome {
        Outcome::Stopped {
            after: self.started.elapsed(),
            killed,
        }
    }
}

fn state(target: &Target) -> Option<ProcessState> {
    let process = os::process(target.identity.pid)?;
    (process.identity == target.identity).then_some(process.state)
}

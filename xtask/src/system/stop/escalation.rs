//! The order of signals: stop signal, SIGCONT, wait, question, SIGKILL. All go through handles opened beforehand.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{KillReason, POLL_INTERVAL, Progress, StopCallbacks, StopOutcome, StopRequest, Survivor};
use crate::process::ProcessState;
use crate::process::targets::Target;
use crate::system::audit::Audit;
use crate::system::os::{self, Handle, Look, Signal, SignalError};
use crate::system::terminal::pause;

/// By then, a master that stops its own workers has done so.
const WORKER_EXIT_TIMEOUT: Duration = Duration::from_millis(200);
/// After SIGKILL: only a process stuck in the kernel takes longer.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// Stops the tree, unless nothing is alive, `still_holds` is false, or the system forbids it.
pub(super) fn run(
    request: &StopRequest<'_>,
    still_holds: &dyn Fn(&[u32]) -> bool,
    talk: &mut StopCallbacks<'_>,
    audit: &mut Audit,
) -> StopOutcome {
    let mut pids = request.tree.processes.iter().map(|target| target.identity.pid);
    if let Some(pid) = pids.find(|pid| *pid <= 1) {
        return StopOutcome::Refused(format!("pid {pid} is never signalled"));
    }
    let tree = request.tree.processes.iter().enumerate();
    let mut living: Vec<Living> = tree
        .map(|(place, target)| Living {
            handle: None,
            target,
            place,
        })
        .collect();
    drop_ended(&mut living);
    let pids: Vec<u32> = living.iter().map(|process| process.target.identity.pid).collect();
    // Checked after opening the handles, so that the handles refer to the processes that hold the port now.
    if living.is_empty() || !still_holds(&pids) {
        return StopOutcome::Gone;
    }
    let denied: Vec<Target> = living
        .iter()
        .filter(|process| matches!(process.look(Handle::is_denied), Ok(Some(true))))
        .map(|process| process.target.clone())
        .collect();
    if !denied.is_empty() {
        return StopOutcome::Denied(denied);
    }
    Ending {
        request,
        living,
        talk,
        audit,
        started: Instant::now(),
        asked: Vec::new(),
    }
    .run()
}

/// A process of the tree that is not known to have exited.
struct Living<'a> {
    /// Kept open for the first live processes; for the others, opened and compared for each use.
    handle: Option<Handle>,
    target: &'a Target,
    /// Its index in the tree.
    place: usize,
}

impl Living<'_> {
    /// `None` if it has exited, `Err` if that could not be determined.
    fn look<T>(&self, look: impl FnOnce(&Handle) -> T) -> Look<T> {
        match &self.handle {
            Some(handle) => Ok(Some(look(handle))),
            None => Ok(Handle::open(&self.target.identity)?.as_ref().map(look)),
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.look(Handle::is_gone), Ok(None | Some(true)))
    }
}

/// Removes processes that have exited, and opens handles for the first remaining ones. A handle is a descriptor, so a
/// tree may have more processes than available handles.
fn drop_ended(living: &mut Vec<Living>) {
    living.retain(|process| !process.has_ended());
    let room = (os::open_files_now() / 4).min(MAX_PINNED);
    for process in living.iter_mut().take(room).filter(|process| process.handle.is_none()) {
        // If it cannot be opened now, it is opened for each use.
        process.handle = Handle::open(&process.target.identity).ok().flatten();
    }
}

/// More than nearly all trees need.
const MAX_PINNED: usize = 64;

struct Ending<'a, 'b> {
    request: &'a StopRequest<'a>,
    living: Vec<Living<'a>>,
    talk: &'a mut StopCallbacks<'b>,
    audit: &'a mut Audit,
    started: Instant,
    /// What became of each stop signal.
    asked: Vec<Result<(), SignalError>>,
}

enum Waited {
    AllGone,
    Over,
    Interrupted,
}

impl Ending<'_, '_> {
    fn run(mut self) -> StopOutcome {
        let deadline = self.started + self.request.grace;
        let first = self.request.tree.n_first_wave;
        self.ask(|place| place < first);
        let mut waited = Waited::Over;
        if first < self.request.tree.processes.len() {
            if !can_only_be_killed(&self.asked) {
                waited = self.wait(deadline.min(self.started + WORKER_EXIT_TIMEOUT));
            }
            if let Waited::Over = waited {
                self.ask(|place| place >= first);
            }
        }
        let at_once = can_only_be_killed(&self.asked);
        if let Waited::Over = waited
            && !at_once
        {
            waited = self.wait(deadline);
        }
        match waited {
            Waited::AllGone => return self.stopped(false),
            Waited::Interrupted => return StopOutcome::Interrupted(self.survivors()),
            Waited::Over => {}
        }
        let survivors = self.survivors();
        let why = if at_once {
            KillReason::CannotBeAsked
        } else {
            KillReason::StillThere
        };
        if !(self.talk.confirm_kill)(&survivors, why) {
            drop_ended(&mut self.living);
            return match self.survivors() {
                survivors if survivors.is_empty() => self.stopped(false),
                survivors => StopOutcome::Survived(survivors),
            };
        }
        // The user may take a while to answer: some processes may have exited meanwhile.
        drop_ended(&mut self.living);
        let killed = !self.living.is_empty();
        for index in 0..self.living.len() {
            // Waiting shows whether it has ended.
            let _ = self.send(index, Signal::Kill);
        }
        match self.wait(Instant::now() + KILL_TIMEOUT) {
            Waited::AllGone => self.stopped(killed),
            Waited::Over => StopOutcome::Survived(self.survivors()),
            Waited::Interrupted => StopOutcome::Interrupted(self.survivors()),
        }
    }

    /// Sends the stop signal to the processes whose index in the tree satisfies `meant`.
    fn ask(&mut self, meant: impl Fn(usize) -> bool) {
        for index in 0..self.living.len() {
            let process = &self.living[index];
            if !meant(process.place) {
                continue;
            }
            let is_suspended = state(process.target) == Some(ProcessState::Suspended);
            // A suspended process handles the signal only after SIGCONT, so the signal is sent first.
            let outcome = self.send(index, self.request.signal);
            self.asked.push(outcome);
            if outcome.is_ok() && is_suspended {
                let _ = self.send(index, Signal::Cont);
            }
        }
    }

    /// If it was not delivered, the process has exited or changed its user, which waiting shows, or cannot be asked.
    fn send(&mut self, index: usize, signal: Signal) -> Result<(), SignalError> {
        let process = &self.living[index];
        let outcome = match process.look(|handle| handle.signal(signal)) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(SignalError::Gone),
            Err(_) => Err(SignalError::Unknown),
        };
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
        outcome
    }

    /// Waits until all have exited, `deadline` is reached, or Ctrl-C is pressed.
    fn wait(&mut self, deadline: Instant) -> Waited {
        let mut next_word = Instant::now() + Duration::from_secs(1);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let handles: Vec<&Handle> = self
                .living
                .iter()
                .filter_map(|process| process.handle.as_ref())
                .collect();
            match handles.is_empty() {
                true => pause(left.min(POLL_INTERVAL)),
                false => drop(os::wait_all(&handles, left.min(POLL_INTERVAL))),
            }
            drop_ended(&mut self.living);
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

    fn survivors(&self) -> Vec<Survivor> {
        let survivors = self.living.iter().map(|process| Survivor {
            target: process.target.clone(),
            state: state(process.target),
        });
        survivors.collect()
    }

    fn stopped(&self, killed: bool) -> StopOutcome {
        StopOutcome::Stopped {
            after: self.started.elapsed(),
            killed,
        }
    }
}

/// Whether waiting is of no use, because no process was asked to end and the system has no way of asking.
fn can_only_be_killed(asked: &[Result<(), SignalError>]) -> bool {
    !asked.contains(&Ok(())) && asked.contains(&Err(SignalError::Impossible))
}

#[test]
fn what_cannot_be_asked_to_end_is_not_waited_for() {
    let impossible = Err(SignalError::Impossible);
    assert!(can_only_be_killed(&[impossible]));
    assert!(can_only_be_killed(&[Err(SignalError::Gone), impossible]));
    assert!(!can_only_be_killed(&[impossible, Ok(())]));
    assert!(!can_only_be_killed(&[
        Err(SignalError::Gone),
        Err(SignalError::Unknown)
    ]));
    assert!(!can_only_be_killed(&[]));
}

/// `None` if it could not be inspected or has exited.
fn state(target: &Target) -> Option<ProcessState> {
    let process = os::process(target.identity.pid).ok()??;
    (process.identity == target.identity).then_some(process.state)
}

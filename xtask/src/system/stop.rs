//! Ends processes, gently first, and says only what was verified.
//!
//! Whom to end is `process::targets`, asking is the caller's: everything that depends on a screen or on who looks up
//! owners comes in as a function.

mod escalation;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::audit::Audit;
use super::os::{Handle, Signal};
use crate::diagnostic::Diagnostic;
use crate::process::targets::{Target, Tree};
use crate::process::{ProcessRef, ProcessState, Tag};

/// Whom to end, and how.
pub(crate) struct StopRequest<'a> {
    pub(crate) tree: &'a Tree,
    /// Asks to end: SIGTERM, or a service's own.
    pub(crate) signal: Signal,
    /// From the first signal to the question whether to kill.
    pub(crate) grace: Duration,
    /// For the audit log, such as `it holds port 8000`.
    pub(crate) why: &'a str,
}

/// The port that is to come free.
pub(crate) struct Port<'a> {
    /// Whether some of these pids hold it now.
    pub(crate) still_holds: &'a dyn Fn(&[u32]) -> bool,
    /// Whether it can be bound now.
    pub(crate) is_free: &'a dyn Fn() -> bool,
    /// Who listens on it or is bound to it now.
    pub(crate) holder: &'a dyn Fn() -> Option<PortHolder>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortHolder {
    pub(crate) process: ProcessRef,
    /// Most likely who started it.
    pub(crate) parent: Option<Target>,
    /// Of a process that devtasks started: its supervisor starts it again.
    pub(crate) tag: Option<Tag>,
}

/// The way to the user.
pub(crate) struct StopCallbacks<'a> {
    /// Asked when the grace is over: may these be killed?
    pub(crate) confirm_kill: &'a mut dyn FnMut(&[Survivor]) -> bool,
    pub(crate) progress: &'a mut dyn FnMut(&Progress),
    /// Ctrl-C: nothing more is signalled then.
    pub(crate) interrupted: &'a dyn Fn() -> bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    Sent {
        signal: Signal,
        target: Target,
    },
    /// Told every second; `left` is until the question or until we give up.
    StillThere {
        survivors: Vec<Survivor>,
        left: Duration,
    },
    /// The audit log cannot be written; told once.
    NotAudited(Diagnostic),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Survivor {
    pub(crate) target: Target,
    /// `None`: it could not be looked at, so it may live.
    pub(crate) state: Option<ProcessState>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StopOutcome {
    /// All have ended; the port, if one was given, can be bound and was not taken again while we watched.
    Stopped { after: Duration, killed: bool },
    /// They had ended, or let go of the port, before anything was signalled, and the port can be bound.
    Gone,
    /// Nothing was signalled, for this reason.
    Refused(String),
    /// Nothing was signalled: the system does not let us, they are another user's.
    Denied(Vec<Target>),
    /// The kill was not confirmed, or even that did not end them.
    Survived(Vec<Survivor>),
    /// They ended, and somebody else took the port.
    Respawned(PortHolder),
    /// They ended, nobody is seen to hold the port, and yet it cannot be bound.
    StillBusy,
    /// Ctrl-C; these still live.
    Interrupted(Vec<Survivor>),
}

/// Ends the tree that holds a port, and proves that the port can be bound. Whether it stays so is for [`watch_port`] to say.
pub(crate) fn stop(
    request: &StopRequest<'_>,
    port: &Port<'_>,
    talk: &mut StopCallbacks<'_>,
    audit: &mut Audit,
) -> StopOutcome {
    match escalation::run(request, port.still_holds, talk, audit) {
        StopOutcome::Stopped { after, killed } => {
            freed(port).map_or_else(|busy| busy, |()| StopOutcome::Stopped { after, killed })
        }
        StopOutcome::Gone => freed(port).map_or_else(|busy| busy, |()| StopOutcome::Gone),
        ended => ended,
    }
}

/// Those whom the system does not let us signal. Where there are any, nobody of the tree is signalled.
pub(crate) fn denied(tree: &Tree) -> Vec<&Target> {
    let is_denied = |target: &&Target| {
        let handle = Handle::open(&target.identity).ok().flatten();
        handle.is_some_and(|handle| handle.is_denied())
    };
    tree.processes.iter().filter(is_denied).collect()
}

/// Ends processes for their own sake, such as leftovers of an earlier run.
pub(crate) fn end(request: &StopRequest<'_>, talk: &mut StopCallbacks<'_>, audit: &mut Audit) -> StopOutcome {
    escalation::run(request, &|_| true, talk, audit)
}

/// For the port to come free once its holders have ended.
const FREE_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two looks at the port, and at Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Waits until the port can be bound; somebody new on it ends the wait.
fn freed(port: &Port<'_>) -> Result<(), StopOutcome> {
    let deadline = Instant::now() + FREE_TIMEOUT;
    while !(port.is_free)() {
        if let Some(holder) = (port.holder)() {
            return Err(StopOutcome::Respawned(holder));
        }
        if Instant::now() >= deadline {
            return Err(StopOutcome::StillBusy);
        }
        pause();
    }
    Ok(())
}

/// Free once is not free for good: a loop or a service manager needs a moment to start the next one. For each port who
/// has taken it within `patience`; Ctrl-C ends the watch.
///
/// Looks the owner up instead of trying to bind, which could get in the way of an honest start.
pub(crate) fn watch_port(
    holders: &[&dyn Fn() -> Option<PortHolder>],
    patience: Duration,
    interrupted: &dyn Fn() -> bool,
) -> Vec<Option<PortHolder>> {
    let deadline = Instant::now() + patience;
    let mut taken: Vec<Option<PortHolder>> = holders.iter().map(|_| None).collect();
    loop {
        for (holder, taken) in holders.iter().zip(&mut taken).filter(|(_, taken)| taken.is_none()) {
            *taken = holder();
        }
        if Instant::now() >= deadline || taken.iter().all(Option::is_some) || interrupted() {
            return taken;
        }
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "the kernel tells nobody that a port came free")]
fn pause() {
    std::thread::sleep(POLL_INTERVAL);
}

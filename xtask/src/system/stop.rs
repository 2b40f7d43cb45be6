//! Stops processes, gently first, and reports only what was verified.
//!
//! `process::targets` chooses the processes and the caller asks the user: everything that needs a screen or a look-up
//! of owners is passed as a function.

mod escalation;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::audit::Audit;
use super::os::{Handle, Signal};
use crate::diagnostic::Diagnostic;
use crate::process::targets::{Target, Tree};
use crate::process::{ProcessRef, ProcessState, Tag};

/// The processes to stop, and how.
pub(crate) struct StopRequest<'a> {
    pub(crate) tree: &'a Tree,
    /// The first signal: SIGTERM, or the stop signal of a service.
    pub(crate) signal: Signal,
    /// The time between the first signal and the question whether to kill.
    pub(crate) grace: Duration,
    /// The reason for the audit log, such as `it holds port 8000`.
    pub(crate) why: &'a str,
}

/// The port that must become free.
pub(crate) struct Port<'a> {
    /// Whether any of these pids holds it now.
    pub(crate) still_holds: &'a dyn Fn(&[u32]) -> bool,
    /// Whether it can be bound now.
    pub(crate) is_free: &'a dyn Fn() -> bool,
    /// The process that listens on it or is bound to it now.
    pub(crate) holder: &'a dyn Fn() -> Option<PortHolder>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortHolder {
    pub(crate) process: ProcessRef,
    /// Most likely the process that started it.
    pub(crate) parent: Option<Target>,
    /// Set if devtasks started it; its supervisor will restart it.
    pub(crate) tag: Option<Tag>,
}

/// The dialogue with the user.
pub(crate) struct StopCallbacks<'a> {
    /// May these processes be killed?
    pub(crate) confirm_kill: &'a mut dyn FnMut(&[Survivor], KillReason) -> bool,
    pub(crate) progress: &'a mut dyn FnMut(&Progress),
    /// Ctrl-C: no more signals are sent.
    pub(crate) interrupted: &'a dyn Fn() -> bool,
}

/// Why processes are to be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KillReason {
    /// The grace period is over.
    StillThere,
    /// The system has no way of asking them to end.
    CannotBeAsked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    Sent {
        signal: Signal,
        target: Target,
    },
    /// Reported every second; `left` is the time until the question or until giving up.
    StillThere {
        survivors: Vec<Survivor>,
        left: Duration,
    },
    /// The audit log cannot be written; reported once.
    NotAudited(Diagnostic),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Survivor {
    pub(crate) target: Target,
    /// `None`: it could not be inspected, so it may be alive.
    pub(crate) state: Option<ProcessState>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StopOutcome {
    /// All have exited; the port, if any, can be bound and was not taken again while it was watched.
    Stopped { after: Duration, killed: bool },
    /// They had exited or released the port before anything was signalled, and the port can be bound.
    Gone,
    /// No signal was sent, for this reason.
    Refused(String),
    /// No signal was sent: these processes belong to other users.
    Denied(Vec<Target>),
    /// The kill was not confirmed, or it did not end these processes.
    Survived(Vec<Survivor>),
    /// They exited, and another process took the port.
    Respawned(PortHolder),
    /// They exited and no owner is visible, but the port cannot be bound.
    StillBusy,
    /// Ctrl-C; these processes are still alive.
    Interrupted(Vec<Survivor>),
}

/// Stops the holders of a port and verifies that it can be bound. [`watch_port`] checks whether it stays free.
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

/// The processes that we may not signal. If there are any, none of the tree is signalled.
pub(crate) fn denied(tree: &Tree) -> Vec<&Target> {
    let is_denied = |target: &&Target| {
        let handle = Handle::open(&target.identity).ok().flatten();
        handle.is_some_and(|handle| handle.is_denied())
    };
    tree.processes.iter().filter(is_denied).collect()
}

/// Stops processes for another reason than a port, such as leftovers of an earlier run.
pub(crate) fn end(request: &StopRequest<'_>, talk: &mut StopCallbacks<'_>, audit: &mut Audit) -> StopOutcome {
    escalation::run(request, &|_| true, talk, audit)
}

/// How long a port may take to become free after its holders have exited.
const FREE_TIMEOUT: Duration = Duration::from_secs(1);
/// The interval between checks of the port and of Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Waits until the port can be bound, or until another process holds it.
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

/// Watches ports for `patience`, because a restart loop or a service manager may take a free port again. Returns the
/// new holder of each port, if any; Ctrl-C ends the watch.
///
/// Looks up the owner instead of binding, which could disturb a legitimate start.
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

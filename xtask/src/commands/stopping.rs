//! Stopping processes from the command line: the messages around `system::stop`, for port owners and for leftovers.

use std::time::Duration;

use crate::commands::Context;
use crate::commands::events::Inbox;
use crate::diagnostic::{Diagnostic, Exit, Hint, Platform};
use crate::foreign::Foreign;
use crate::ports::conflict::stop_there;
use crate::ports::{Endpoint, Owner, SocketState};
use crate::process::Identity;
use crate::process::targets::{Targets, Tree};
use crate::report::words;
use crate::system::audit::Audit;
use crate::system::os::{self, Signal};
use crate::system::owners::{self, Addresses};
use crate::system::runs;
use crate::system::stop::{self, KillReason, PortHolder, Progress, StopCallbacks, StopOutcome, Survivor};

/// Interaction with the user while a process is stopped.
pub(super) struct StopUi<'a> {
    pub(super) context: &'a Context,
    /// Asks a yes-or-no question.
    pub(super) confirm_kill: &'a mut dyn FnMut(&str) -> bool,
    pub(super) inbox: &'a Inbox,
}

pub(super) enum StopResult {
    /// They have exited and, for a port, it can be bound.
    Done,
    Interrupted,
    Not(Diagnostic),
}

/// How long a port is watched after its owner has exited: a restart loop or service manager is that fast.
const RESTART_WATCH_TIME: Duration = Duration::from_secs(1);

/// A port whose holders are to be stopped.
pub(super) struct Busy {
    pub(super) port: Endpoint,
    /// The holders that were shown to the user.
    pub(super) holders: Vec<Identity>,
    /// The process that keeps starting them, if it is to be stopped too.
    pub(super) starter: Option<Identity>,
}

impl Busy {
    pub(super) fn new(port: Endpoint, owners: &[Owner]) -> Self {
        let holders = owners.iter().filter(|owner| owner.holds_by != SocketState::Connection);
        Busy {
            port,
            holders: holders.map(|owner| owner.process.identity.clone()).collect(),
            starter: None,
        }
    }

    /// The processes to stop so that the port becomes free.
    pub(super) fn targets(&self) -> Result<Targets, Diagnostic> {
        let all: Vec<Identity> = self.holders.iter().chain(&self.starter).cloned().collect();
        owners::targets(&all)
    }
}

/// Stops the holders of the ports and what belongs to them, verifies that the ports can be bound at these addresses,
/// and watches them for a while. Returns the outcome for each port.
pub(super) fn stop_owners(
    busy: &[Busy],
    addresses: Addresses,
    grace: Duration,
    ui: &mut StopUi,
) -> Result<Vec<StopOutcome>, Diagnostic> {
    let inbox = ui.inbox;
    let _signalling = inbox.interrupt.signalling();
    let mut outcomes: Vec<StopOutcome> = Vec::new();
    for one in busy {
        let was_interrupted = matches!(outcomes.last(), Some(StopOutcome::Interrupted(_))) || inbox.interrupted();
        let outcome = match was_interrupted {
            true => StopOutcome::Interrupted(Vec::new()),
            false => stop_one(one, addresses, grace, ui)?,
        };
        outcomes.push(outcome);
    }
    if outcomes.iter().any(|it| matches!(it, StopOutcome::Stopped { .. })) {
        watch_freed_ports(busy, &mut outcomes, addresses, inbox);
    }
    Ok(outcomes)
}

fn stop_one(busy: &Busy, addresses: Addresses, grace: Duration, ui: &mut StopUi) -> Result<StopOutcome, Diagnostic> {
    let tree = match busy.targets()? {
        Targets::End(tree) => tree,
        Targets::Refused { pid, name, reason } => {
            return Ok(StopOutcome::Refused(refused_companion(pid, &name, &reason)));
        }
    };
    let port = &busy.port;
    let port = stop::Port {
        // A process that starts servers holds no port between two of them.
        still_holds: &|pids| {
            busy.starter.is_some()
                || owners::holders(port, addresses)
                    .iter()
                    .any(|owner| pids.contains(&owner.process.identity.pid))
        },
        is_free: &|| owners::is_free(port, addresses),
        holder: &|| owners::holder(port, addresses),
    };
    let why = format!("it holds port {}", busy.port.typed());
    ui.listen(&tree, grace, &why, |request, callbacks, audit| {
        stop::stop(request, &port, callbacks, audit)
    })
}

/// Watches the ports that became free, whatever the reason.
fn watch_freed_ports(busy: &[Busy], outcomes: &mut [StopOutcome], addresses: Addresses, inbox: &Inbox) {
    let is_free = |outcome: &StopOutcome| matches!(outcome, StopOutcome::Stopped { .. } | StopOutcome::Gone);
    let mut free: Vec<(&Busy, &mut StopOutcome)> = busy.iter().zip(outcomes).filter(|(_, it)| is_free(it)).collect();
    let holders: Vec<_> = free
        .iter()
        .map(|(one, _)| {
            let port = one.port;
            move || owners::holder(&port, addresses)
        })
        .collect();
    let holders: Vec<&dyn Fn() -> Option<PortHolder>> = holders.iter().map(|it| it as _).collect();
    let taken = stop::watch_port(&holders, RESTART_WATCH_TIME, &|| inbox.interrupted());
    for ((_, outcome), holder) in free.iter_mut().zip(taken) {
        if let Some(holder) = holder {
            **outcome = StopOutcome::Respawned(holder);
        }
    }
}

/// The reason why an owner is not stopped: a process that would end with it must be left alone.
pub(super) fn refused_companion(pid: u32, name: &Foreign, reason: &str) -> String {
    format!("`{name}` (pid {pid}) would have to end too, and is left alone: {reason}")
}

/// Stops processes that hold no port.
pub(super) fn end(
    tree: &Tree,
    grace: Duration,
    why: &str,
    done: &str,
    ui: &mut StopUi,
) -> Result<StopResult, Diagnostic> {
    let _signalling = ui.inbox.interrupt.signalling();
    let outcome = ui.listen(tree, grace, why, stop::end)?;
    Ok(report_outcome(outcome, ui.context, done, ""))
}

impl StopUi<'_> {
    fn listen(
        &mut self,
        tree: &Tree,
        grace: Duration,
        why: &str,
        stop: impl FnOnce(&stop::StopRequest, &mut StopCallbacks, &mut Audit) -> StopOutcome,
    ) -> Result<StopOutcome, Diagnostic> {
        let (context, inbox) = (self.context, self.inbox);
        let mut audit = Audit::new(runs::audit_log()?, context.typed.clone());
        let confirm_kill = &mut *self.confirm_kill;
        let mut callbacks = StopCallbacks {
            confirm_kill: &mut |survivors, why| {
                // The question whether to stop it has said that it can only be killed.
                let was_confirmed = why == KillReason::CannotBeAsked && !os::CAN_ASK_OTHERS;
                was_confirmed || confirm_kill(&kill_question(survivors, why, grace))
            },
            progress: &mut |progress| match progress {
                Progress::StillThere { survivors, left } => {
                    context.say(&format!(
                        "  {} still there, {} left",
                        names(survivors),
                        words::duration(*left)
                    ));
                }
                Progress::NotAudited(problem) => drop(context.fail(std::slice::from_ref(problem))),
                Progress::Sent { .. } => {}
            },
            interrupted: &|| inbox.interrupted(),
        };
        let request = stop::StopRequest {
            tree,
            signal: Signal::Term,
            grace,
            why,
        };
        Ok(stop(&request, &mut callbacks, &mut audit))
    }
}

/// Reports the outcome for the owners of a port; a failure becomes a problem with its exit code.
pub(super) fn told_of_port(outcome: StopOutcome, context: &Context, port: Endpoint) -> StopResult {
    let port = port.name();
    report_outcome(outcome, context, &format!("{port} is free"), &port)
}

fn report_outcome(outcome: StopOutcome, context: &Context, done: &str, port: &str) -> StopResult {
    let not = |message: String, exit: Exit| StopResult::Not(Diagnostic::new(message).exit(exit));
    match outcome {
        StopOutcome::Stopped { after, killed } => {
            let how = if killed { "killed" } else { "stopped" };
            context.say(&format!("  {how} in {}, {done}", words::duration(after)));
            StopResult::Done
        }
        StopOutcome::Gone => {
            context.say(&format!("  already gone, {done}"));
            StopResult::Done
        }
        StopOutcome::Interrupted(_) => StopResult::Interrupted,
        StopOutcome::Refused(reason) => not(format!("nothing was signalled: {reason}"), Exit::Refused),
        StopOutcome::Denied(targets) => {
            let first = targets
                .first()
                .map(|it| format!("`{}` (pid {})", it.name, it.identity.pid))
                .unwrap_or_default();
            not(
                format!("{first} belongs to another user and cannot be signalled"),
                Exit::Refused,
            )
        }
        StopOutcome::Survived(survivors) => not(format!("{} still there", names(&survivors)), Exit::Survived),
        StopOutcome::Respawned(holder) => StopResult::Not(respawn_problem(&holder, port)),
        StopOutcome::StillBusy => not(
            format!("{port} did not come free although its owner has ended"),
            Exit::Survived,
        ),
    }
}

/// The process that took the port again, its parent, and how to stop that.
fn respawn_problem(holder: &PortHolder, port: &str) -> Diagnostic {
    let process = &holder.process;
    let taken = format!(
        "{port} was taken again at once, by `{}` (pid {})",
        process.name, process.pid
    );
    if let Some(tag) = &holder.tag {
        // Stopping its supervisor would stop the whole stack.
        let service = if tag.is_supervisor() {
            String::new()
        } else {
            format!(" {}", tag.service)
        };
        return Diagnostic::new(format!("{taken}, which devtasks runs for `{}`", tag.project))
            .hints(stop_there(tag, &format!("down{service}")))
            .exit(Exit::Survived);
    }
    let Some(parent) = &holder.parent else {
        return Diagnostic::new(taken).exit(Exit::Survived);
    };
    let pid = parent.identity.pid;
    let message = format!("{taken}, which `{}` (pid {pid}) started", parent.name);
    // Never suggest killing the terminal's shell.
    match owners::targets(std::slice::from_ref(&parent.identity)) {
        Ok(Targets::End(_)) => {
            let first = "if it starts servers again and again, end it first:";
            let kill = Hint::from(format!("{first} `kill {pid}`"));
            let taskkill = format!("{first} `taskkill /pid {pid} /t /f`");
            Diagnostic::new(message).hint(kill.on(Platform::Windows, taskkill))
        }
        Ok(Targets::Refused { name, reason, .. }) => {
            Diagnostic::new(message).hint(format!("end in `{name}` what starts it again; {reason}"))
        }
        Err(_) => Diagnostic::new(message),
    }
    .exit(Exit::Survived)
}

/// Asks whether to stop `it`, and says how.
pub(super) fn stop_question(it: &str, grace: Duration) -> String {
    format!("Stop {it}? {}.", how_it_is_stopped(grace))
}

/// How a process that this command has not started is stopped.
pub(super) fn how_it_is_stopped(grace: Duration) -> String {
    match os::CAN_ASK_OTHERS {
        true => format!(
            "SIGTERM first; SIGKILL after {}, if you confirm it",
            words::duration(grace)
        ),
        false => "It is killed: Windows cannot ask a program to end that this command has not started".to_owned(),
    }
}

fn kill_question(survivors: &[Survivor], why: KillReason, grace: Duration) -> String {
    let names = names(survivors);
    match why {
        KillReason::StillThere => format!("  {names} still there after {}. Kill?", words::duration(grace)),
        KillReason::CannotBeAsked => {
            format!("  {names} to be killed: no signal that asks to end could be sent. Kill?")
        }
    }
}

/// The subject and verb of a sentence, such as `python3` (pid 4242) is; `node` (pid 7), `sh` (pid 8) are.
fn names(survivors: &[Survivor]) -> String {
    let name = |it: &Survivor| {
        let unseen = if it.state.is_none() {
            " (it could not be looked at)"
        } else {
            ""
        };
        format!("`{}` (pid {}){unseen}", it.target.name, it.target.identity.pid)
    };
    let verb = if survivors.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", survivors.iter().map(name).collect::<Vec<_>>().join(", "))
}

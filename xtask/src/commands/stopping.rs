//! Ending processes from the command line: the words around `world::stop`, for owners of a port and for leftovers.

use std::time::Duration;

use crate::commands::Context;
use crate::error::{Exit, Problem};
use crate::preflight::targets::{Targets, Tree};
use crate::preflight::{Finding, HoldsBy, Identity, PortRef};
use crate::report::words;
use crate::world::audit::Audit;
use crate::world::os::Signal;
use crate::world::stop::{self, Outcome, Progress, Survivor, Talk};
use crate::world::{owners, runs};

/// The way to the user while something is being stopped.
pub(super) struct Voice<'a> {
    pub(super) context: &'a Context,
    /// A question that is answered with yes or no.
    pub(super) confirm_kill: &'a mut dyn FnMut(&str) -> bool,
    pub(super) interrupted: &'a dyn Fn() -> bool,
}

pub(super) enum Ended {
    /// They have ended and, where it is about a port, it can be bound.
    Done,
    Interrupted,
    Not(Problem),
}

/// How long a port is watched after its owner has ended: a loop or a manager starts it again within that time.
const WATCH: Duration = Duration::from_secs(1);

/// Ends whoever holds the port, with what belongs to them, and proves that the port can be bound.
pub(super) fn stop_owners(
    found: &Finding,
    port: &PortRef,
    grace: Duration,
    voice: &mut Voice,
) -> Result<Ended, Problem> {
    let holders = found
        .owners
        .iter()
        .filter(|owner| owner.holds_by != HoldsBy::Connection);
    let holders: Vec<Identity> = holders.map(|owner| owner.identity.clone()).collect();
    let tree = match owners::targets(&holders)? {
        Targets::End(tree) => tree,
        Targets::Refused { pid, name, reason } => {
            let problem = Problem::new(format!(
                "`{name}` (pid {pid}) would have to end too, and is left alone: {reason}"
            ));
            return Ok(Ended::Not(problem.exit(Exit::Refused)));
        }
    };
    let number = port.number;
    let port = stop::Port {
        still_holds: &|pids| {
            owners::holders(port)
                .iter()
                .any(|owner| pids.contains(&owner.identity.pid))
        },
        is_free: &|| owners::is_free(port),
        holder: &|| owners::holder(port),
        watch: WATCH,
    };
    let why = format!("it holds port {number}");
    let outcome = voice.listen(&tree, grace, &why, |request, talk, audit| {
        stop::stop(request, &port, talk, audit)
    })?;
    Ok(told(
        outcome,
        voice.context,
        &format!("port {number} is free"),
        Some(number),
    ))
}

/// Ends processes for their own sake.
pub(super) fn end(tree: &Tree, grace: Duration, why: &str, done: &str, voice: &mut Voice) -> Result<Ended, Problem> {
    let outcome = voice.listen(tree, grace, why, stop::end)?;
    Ok(told(outcome, voice.context, done, None))
}

impl Voice<'_> {
    fn listen(
        &mut self,
        tree: &Tree,
        grace: Duration,
        why: &str,
        stop: impl FnOnce(&stop::Request, &mut Talk, &mut Audit) -> Outcome,
    ) -> Result<Outcome, Problem> {
        let context = self.context;
        let mut audit = Audit::new(runs::audit_log()?, context.typed.clone());
        let confirm_kill = &mut *self.confirm_kill;
        let mut talk = Talk {
            confirm_kill: &mut |survivors| {
                confirm_kill(&format!(
                    "  {} still there after {}. Kill?",
                    names(survivors),
                    words::duration(grace)
                ))
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
            interrupted: self.interrupted,
        };
        let request = stop::Request {
            tree,
            signal: Signal::Term,
            grace,
            why,
        };
        Ok(stop(&request, &mut talk, &mut audit))
    }
}

/// Says how it went; what went wrong becomes a problem with its exit code.
fn told(outcome: Outcome, context: &Context, done: &str, port: Option<u16>) -> Ended {
    let not = |message: String, exit: Exit| Ended::Not(Problem::new(message).exit(exit));
    let port = port.map(|port| format!("port {port}")).unwrap_or_default();
    match outcome {
        Outcome::Stopped { after, killed } => {
            let how = if killed { "killed" } else { "stopped" };
            context.say(&format!("  {how} in {}, {done}", words::duration(after)));
            Ended::Done
        }
        Outcome::Gone => {
            context.say(&format!("  already gone, {done}"));
            Ended::Done
        }
        Outcome::Interrupted(_) => Ended::Interrupted,
        Outcome::Refused(reason) => not(format!("nothing was signalled: {reason}"), Exit::Refused),
        Outcome::Denied(targets) => {
            let first = targets
                .first()
                .map(|it| format!("`{}` (pid {})", it.name, it.identity.pid))
                .unwrap_or_default();
            not(
                format!("{first} belongs to another user and cannot be signalled"),
                Exit::Refused,
            )
        }
        Outcome::Survived(survivors) => not(format!("{} still there", names(&survivors)), Exit::Survived),
        Outcome::Respawned(holder) => {
            let process = holder.process;
            let taken = format!(
                "{port} was taken again at once, by `{}` (pid {})",
                process.name, process.pid
            );
            let Some(parent) = holder.parent else {
                return not(taken, Exit::Survived);
            };
            let message = format!("{taken}, which `{}` (pid {}) started", parent.name, parent.pid);
            let hint = format!(
                "if it starts servers again and again, end it first: `kill {}`",
                parent.pid
            );
            Ended::Not(Problem::new(message).exit(Exit::Survived).hint(hint))
        }
        Outcome::StillBusy => not(
            format!("{port} did not come free although its owner has ended"),
            Exit::Survived,
        ),
    }
}

/// `python3` (pid 4242) is, `node` (pid 7), `sh` (pid 8) are.
fn names(survivors: &[Survivor]) -> String {
    let name = |it: &Survivor| format!("`{}` (pid {})", it.target.name, it.target.identity.pid);
    let verb = if survivors.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", survivors.iter().map(name).collect::<Vec<_>>().join(", "))
}

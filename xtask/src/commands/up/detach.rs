//! `up --detach`: a background supervisor starts the stack; events are shown until all services are ready.

use std::sync::Arc;
use std::time::Duration;

use super::reporter::UpReporter;
use super::{Ready, UpRequest};
use crate::commands::events::Inbox;
use crate::commands::replies::{self, Completed, Ended, News};
use crate::commands::screen::Screen;
use crate::commands::{Context, watching};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::plan::Plan;
use crate::protocol::Mode;
use crate::protocol::Request;
use crate::run::background;
use crate::run::driver::{Message, Observer, RunOutcome};
use crate::supervise::State;
use crate::system::clock::wall;
use crate::system::runs::{CheckoutLock, StateDir};

/// `None` if another process has become the supervisor meanwhile.
pub(super) fn detach(
    ready: &Ready,
    up_request: &UpRequest,
    directory: &StateDir,
    lock: CheckoutLock,
    screen: Screen,
    inbox: &Inbox,
    context: &Context,
) -> Result<Option<Exit>, Diagnostics> {
    let plan = &ready.plan;
    let request = Request::Up {
        names: plan.services.iter().map(|service| service.name.clone()).collect(),
        again: Vec::new(),
        services: plan.services.clone(),
        conflicts: ready.conflicts.clone(),
        give_up_after: up_request.give_up_after,
        log_export: plan.log_export.clone(),
        prepared: Some(ready.prepared),
    };
    let screen = Arc::new(screen);
    let mut show = UpReporter::new(Arc::clone(&screen), plan, context, wall(), Mode::Background);
    show.is_for_task = up_request.task.is_some();
    show.timings.clone_from(&up_request.timings);
    let sender = inbox.sender.clone();
    let programs = background::programs(directory)?;
    if inbox.interrupted() {
        return Ok(Some(watching::interrupted("nothing was started", context)));
    }
    drop(lock);
    background::start(&programs, plan, ready.metrics, directory, request, move |reply| {
        drop(sender.send(Message::Replied(reply)))
    })?;
    let ended = follow_start(plan, &mut show, &screen, inbox);
    screen.finish(Duration::from_secs(1));
    match ended? {
        Watched::Ended(exit) => Ok(Some(exit)),
        Watched::Not if background::supervisor_stderr(directory).is_empty() => Ok(None),
        Watched::Not => {
            let problem = Diagnostic::new("the supervisor in the background has died");
            Err(problem.hint(background::supervisor_stderr(directory)).into())
        }
    }
}

enum Watched {
    Ended(Exit),
    /// The supervisor has exited without a reply.
    Not,
}

fn follow_start(plan: &Plan, show: &mut UpReporter<'_>, screen: &Screen, inbox: &Inbox) -> Result<Watched, Diagnostic> {
    let mut exit = None;
    loop {
        let mut hear = |news: News<'_>| match news {
            News::Transition(it) => {
                let service = plan.services.iter().find(|service| service.name == it.service);
                if let Some(service) = service {
                    show.transition(it, service);
                }
            }
            News::Progress(progress) => show.progress(progress),
            News::StartNotice(notice) => show.start_notice(notice),
        };
        let Completed {
            exit: ended,
            snapshot: last,
            survivors,
        } = match replies::follow(&inbox.receiver, &mut hear)? {
            Ended::Done(completed) => *completed,
            Ended::Gone => return Ok(exit.map_or(Watched::Not, Watched::Ended)),
            Ended::Interrupted => {
                screen.draw("");
                let rest = match show.is_for_task {
                    true => "what was started is stopped again",
                    false => "startup continues in the background",
                };
                screen.say(&format!("Interrupted; {rest}."));
                return Ok(Watched::Ended(Exit::Interrupted));
            }
        };
        let has_failed = last.services.iter().any(|service| service.state == State::Failed);
        show.settled(ended == Exit::Done, Duration::ZERO);
        if ended == Exit::Failed && !has_failed {
            screen.tell_problem(&watching::stopped_early());
        }
        let outcome = RunOutcome {
            exit: ended,
            by_request: ended == Exit::Done,
            last,
            survivors,
        };
        let ended = show.finish(&outcome);
        if outcome.runs_on() {
            return Ok(Watched::Ended(ended));
        }
        // The supervisor exits immediately, so the next `up` does not have to wait for it.
        exit = Some(ended);
    }
}

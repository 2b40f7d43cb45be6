//! `up --detach`: a supervisor in the background starts the stack, and what happens is shown until all are ready.

use std::sync::Arc;
use std::time::Duration;

use super::UpRequest;
use super::reporter::UpReporter;
use crate::commands::events::Inbox;
use crate::commands::screen::Screen;
use crate::commands::{Context, watching};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::plan::Plan;
use crate::protocol::Mode;
use crate::protocol::{Reply, Request};
use crate::run::background;
use crate::run::driver::{Message, Observer, RunOutcome};
use crate::supervise::State;
use crate::system::clock::wall;
use crate::system::runs::{CheckoutLock, StateDir};

/// `None` when somebody else has become the supervisor meanwhile.
pub(super) fn detach(
    plan: &Plan,
    up_request: &UpRequest,
    directory: &StateDir,
    lock: CheckoutLock,
    screen: Screen,
    inbox: &Inbox,
    context: &Context,
) -> Result<Option<Exit>, Diagnostics> {
    let request = Request::Up {
        names: plan.services.iter().map(|service| service.name.clone()).collect(),
        services: plan.services.clone(),
        give_up_after: up_request.give_up_after,
    };
    let screen = Arc::new(screen);
    let mut show = UpReporter::new(Arc::clone(&screen), plan, context, wall(), Mode::Background);
    let sender = inbox.sender.clone();
    let programs = background::programs(directory)?;
    if inbox.interrupted() {
        return Ok(Some(watching::interrupted("started", context)));
    }
    drop(lock);
    background::start(&programs, plan, directory, request, move |reply| {
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
    /// It is gone without an answer.
    Not,
}

fn follow_start(plan: &Plan, show: &mut UpReporter<'_>, screen: &Screen, inbox: &Inbox) -> Result<Watched, Diagnostic> {
    let mut exit = None;
    loop {
        let reply = match inbox.receiver.recv().expect("we hold a sender ourselves") {
            Message::Replied(reply) => reply?,
            Message::Signal(heard) if heard.is_interrupt() => {
                screen.draw("");
                screen.say("Interrupted; startup continues in the background.");
                return Ok(Watched::Ended(Exit::Interrupted));
            }
            // Nothing else concerns one who supervises nothing.
            _ => continue,
        };
        match reply {
            Reply::Transition(it) => {
                let service = plan.services.iter().find(|service| service.name == it.service);
                if let Some(service) = service {
                    show.transition(&it, service);
                }
            }
            Reply::Progress(under_way) => show.progress(&under_way),
            Reply::Done {
                exit: ended,
                snapshot,
                survivors,
            } => {
                let runs_on = !snapshot.services.iter().all(|service| service.state.is_over());
                let has_failed = snapshot.services.iter().any(|service| service.state == State::Failed);
                show.settled(ended == Exit::Done, Duration::ZERO);
                if ended == Exit::Failed && !has_failed {
                    screen.tell_problem(&watching::stopped_early());
                }
                let ended = show.finish(&RunOutcome {
                    exit: ended,
                    by_request: ended == Exit::Done,
                    last: snapshot,
                    survivors,
                });
                if runs_on {
                    return Ok(Watched::Ended(ended));
                }
                // It ends at once: whoever calls `up` next does not have to wait for it.
                exit = Some(ended);
            }
            Reply::Refused(problem) => return Err(problem),
            Reply::Ending => return Ok(exit.map_or(Watched::Not, Watched::Ended)),
            Reply::Status(_) | Reply::Services(_) | Reply::Why(_) => {}
        }
    }
}

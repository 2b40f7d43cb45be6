//! Follows what a running supervisor replies: the one loop of every command that asked for something.

use std::sync::mpsc::Receiver;

use crate::diagnostic::{Diagnostic, Exit};
use crate::protocol::{Reply, ServiceProgress, Snapshot, Transition};
use crate::run::driver::Message;

/// What happens in the run meanwhile.
pub(super) enum News<'a> {
    Transition(&'a Transition),
    Progress(&'a [ServiceProgress]),
}

/// How the conversation ended.
pub(super) enum Ended {
    Done(Box<Completed>),
    /// The run is shutting down and takes nothing new, or its supervisor is gone.
    Gone,
    /// Ctrl-C. The supervisor goes on.
    Interrupted,
}

/// The request was carried out, or failed.
pub(super) struct Completed {
    pub(super) exit: Exit,
    pub(super) snapshot: Snapshot,
    /// What is left although it was told to end.
    pub(super) survivors: Vec<Diagnostic>,
}

/// Hands on the news until the supervisor is done.
///
/// # Errors
/// The supervisor refused the request, or its reply makes no sense.
pub(super) fn follow(inbox: &Receiver<Message>, hear: &mut dyn FnMut(News<'_>)) -> Result<Ended, Diagnostic> {
    loop {
        let reply = match inbox.recv().expect("the thread that hears signals holds a sender") {
            Message::Replied(reply) => reply?,
            Message::Signal(heard) if heard.is_interrupt() => return Ok(Ended::Interrupted),
            // The others are for a driver, and a client has none.
            Message::Signal(_)
            | Message::StdinLine(_)
            | Message::OutputClosed
            | Message::Probed { .. }
            | Message::PipeEnded { .. }
            | Message::Request(..) => continue,
        };
        match reply {
            Reply::Transition(transition) => hear(News::Transition(&transition)),
            Reply::Progress(progress) => hear(News::Progress(&progress)),
            Reply::Done {
                exit,
                snapshot,
                survivors,
            } => {
                return Ok(Ended::Done(Box::new(Completed {
                    exit,
                    snapshot,
                    survivors,
                })));
            }
            Reply::Refused(problem) => return Err(problem),
            Reply::Ending => return Ok(Ended::Gone),
            // Replies to a question, which nobody here has asked.
            Reply::Status(_) | Reply::Services(_) | Reply::Why(_) => {}
        }
    }
}

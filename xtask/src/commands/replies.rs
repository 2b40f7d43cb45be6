//! Follows the replies of a running supervisor, for all commands that send a request.

use std::sync::mpsc::Receiver;

use crate::diagnostic::{Diagnostic, Exit};
use crate::protocol::{Reply, ServiceProgress, Snapshot, StartNotice, Transition};
use crate::run::driver::Message;

/// Events of the run before the final reply.
pub(super) enum News<'a> {
    Transition(&'a Transition),
    Progress(&'a [ServiceProgress]),
    StartNotice(&'a StartNotice),
}

/// How the connection ended.
pub(super) enum Ended {
    Done(Box<Completed>),
    /// The run is shutting down and takes no requests, or its supervisor is gone.
    Gone,
    /// Ctrl-C was pressed. The supervisor continues.
    Interrupted,
}

/// The request succeeded or failed.
pub(super) struct Completed {
    pub(super) exit: Exit,
    pub(super) snapshot: Snapshot,
    /// What is left although it was told to stop.
    pub(super) survivors: Vec<Diagnostic>,
}

/// Passes on the events until the supervisor is done.
///
/// # Errors
/// The supervisor refused the request, or its reply is invalid.
pub(super) fn follow(inbox: &Receiver<Message>, hear: &mut dyn FnMut(News<'_>)) -> Result<Ended, Diagnostic> {
    loop {
        let reply = match inbox.recv().expect("the thread that hears signals holds a sender") {
            Message::Replied(reply) => reply?,
            Message::Signal(heard) if heard.is_interrupt() => return Ok(Ended::Interrupted),
            // The other messages are for a driver, which a client does not have.
            Message::Signal(_)
            | Message::StdinLine(_)
            | Message::OutputClosed
            | Message::Probed { .. }
            | Message::PipeEnded { .. }
            | Message::Watch(_)
            | Message::Measure(_)
            | Message::Attach { .. }
            | Message::Request(..) => continue,
        };
        match reply {
            Reply::Transition(transition) => hear(News::Transition(&transition)),
            Reply::Progress(progress) => hear(News::Progress(&progress)),
            Reply::StartNotice(notice) => hear(News::StartNotice(&notice)),
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
            // Replies to other requests.
            Reply::Status(_) | Reply::Services(_) | Reply::Metrics(_) | Reply::Why(_) => {}
            Reply::Attached { .. } | Reply::Output(_) | Reply::Remark(_) => {}
        }
    }
}

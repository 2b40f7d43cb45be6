//! Attaches clients, and our own keyboard, to a service.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::watch::not_of_this_run;
use super::{Driver, Message};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::plan::{Runs, Service, Stdin};
use crate::protocol::{Reply, Size};
use crate::run::attachments::Attachment;

/// What an attached one types with, and what it sees.
pub(crate) type Attached = (Attachment, Receiver<Reply>);

/// Asks the driver to attach us to a service, perhaps with a terminal of this size.
///
/// # Errors
/// The service takes no input or does not run, or the run is over.
pub(crate) fn attach(driver: &Sender<Message>, service: &str, size: Option<Size>) -> Result<Attached, Diagnostic> {
    let (reply, replies) = channel();
    let service = service.to_owned();
    // A driver that has ended receives nothing.
    let _ = driver.send(Message::Attach { service, size, reply });
    let over = || Diagnostic::new("the running stack is shutting down");
    replies.recv().unwrap_or_else(|_| Err(over()))
}

impl Driver<'_> {
    pub(super) fn attach(&self, name: &str, size: Option<Size>) -> Result<Attached, Diagnostic> {
        let unit = self.machine.unit(name).ok_or_else(|| not_of_this_run(name))?;
        let (instance, state) = (&self.services[unit], self.machine.state(unit));
        if let Some(problem) = takes_no_input(&instance.service) {
            return Err(problem);
        }
        if state.is_over() {
            let problem = Diagnostic::new(format!("`{name}` does not run: it is {}", state.name()));
            return Err(problem.hint(Hint::run("start it with", format!("up {name}"))));
        }
        Ok(instance.log.attachments().attach(instance.service.tty, size))
    }
}

fn takes_no_input(service: &Service) -> Option<Diagnostic> {
    let name = &service.name;
    let problem = match &service.runs {
        Runs::Compose(_) => Diagnostic::new(format!("`{name}` is a container; its input is not ours")),
        Runs::External => Diagnostic::new(format!("somebody else runs `{name}`; its input is not ours")),
        Runs::Command if service.tty || service.stdin == Stdin::Open => return None,
        Runs::Command => Diagnostic::new(format!("`{name}` has neither a terminal nor an open input"))
            .hint(format!(
                "set `tty = true` in [services.{name}], for debuggers and prompts, or `stdin = \"open\"`"
            ))
            .hint(Hint::run("look at its output with", format!("logs -f {name}"))),
    };
    Some(problem.exit(Exit::Failed))
}

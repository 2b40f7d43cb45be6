//! Frees one busy port: shows the owner, asks if configured, and stops it.

use super::numbers::Numbers;
use super::preflight::{NotStarted, Preflight};
use crate::commands::events::Interrupted;
use crate::commands::stopping::{self, Busy, StopResult, StopUi, stop_question, told_of_port};
use crate::commands::tell;
use crate::diagnostic::Exit;
use crate::plan::{Plan, PortId};
use crate::ports::conflict::finding;
use crate::ports::{Endpoint, Finding};
use crate::preflight::resolution::Remedy;
use crate::report;
use crate::system::owners::{self, Addresses};

impl Preflight<'_> {
    /// Stops the owner of one port, if the policy permits it. A port that is free meanwhile is not an error.
    pub(super) fn free(&self, numbers: &Numbers, to_do: &Plan, id: &PortId) -> Result<(), NotStarted> {
        let (service, port) = to_do.port(id).expect("only ports of the plan are judged");
        // The owner may have changed since preflight: the one that is shown is the one that is stopped.
        let asked = Endpoint::from(port);
        let facts = owners::look_up(&[asked], Addresses::Service);
        let ours = self.ours(to_do).for_service(&service.name, port);
        let found = finding(&asked, &facts[&asked], &ours);
        let remedy = self.policy().remedy(Some(port), &found);
        match remedy {
            Remedy::NotNeeded => return Ok(()),
            Remedy::Blocked | Remedy::Reassign => {
                self.tell(&self.hinted(numbers, Some(id), found.clone()));
                return Err(self.blocked(found.exit));
            }
            Remedy::Ask | Remedy::Stop => {}
        }
        let reader = self.context.reader(self.context.paint_stderr());
        self.event(&found);
        // Shown even with `--quiet` if the user is asked, or permits stopping foreign processes.
        if !self.context.json {
            tell(&format!("{}\n\n", report::finding::owners(&found, &reader).trim_end()));
        }
        let grace = service.stop_grace_period;
        if remedy == Remedy::Ask {
            match self.inbox.confirm(&stop_question("it", grace), self.context) {
                Ok(true) => {}
                Ok(false) => return Err(self.left_alone(&self.hinted(numbers, Some(id), found))),
                Err(Interrupted) => return Err(self.blocked(Exit::Interrupted)),
            }
        }
        let mut voice = StopUi {
            context: self.context,
            confirm_kill: &mut |question| {
                let asks = self.context.terminals.interactive;
                self.request.yes || asks && matches!(self.inbox.confirm(question, self.context), Ok(true))
            },
            inbox: self.inbox,
        };
        let busy = [Busy::new(asked, &found.subject.owners)];
        let mut outcomes = stopping::stop_owners(&busy, Addresses::Service, grace, &mut voice)?;
        let outcome = outcomes.pop().expect("there is one for the one port");
        match told_of_port(outcome, self.context, asked) {
            StopResult::Done => Ok(()),
            StopResult::Not(_) if self.inbox.interrupted() => Err(self.blocked(Exit::Interrupted)),
            StopResult::Interrupted => Err(self.blocked(Exit::Interrupted)),
            // In `up`, a port that stays busy always gives the same exit code.
            StopResult::Not(problem) => {
                self.context.fail(&[problem]);
                Err(self.blocked(Exit::PortBusy))
            }
        }
    }

    fn left_alone(&self, finding: &Finding) -> NotStarted {
        self.context.say("  The process was left running; nothing was started.");
        for hint in &finding.hints {
            let (program, paint) = (&self.context.program, self.context.paint_stderr());
            self.context.say(&report::problem::hint(hint, program, paint));
        }
        self.blocked(Exit::PortBusy)
    }
}

//! Frees one busy port: shows the owner, asks if configured, and stops it.

use std::path::Path;
use std::time::Duration;

use super::numbers::Numbers;
use super::preflight::{NotStarted, Preflight};
use crate::commands::answer::{Choice, NO, YES};
use crate::commands::events::Interrupted;
use crate::commands::stopping::{self, Busy, StopResult, StopUi, how_it_is_stopped, told_of_port};
use crate::commands::tell;
use crate::diagnostic::Exit;
use crate::plan::{Plan, PortId};
use crate::ports::conflict::finding;
use crate::ports::{Endpoint, Finding, Owner};
use crate::preflight::resolution::Remedy;
use crate::report;
use crate::report::words;
use crate::system::owners::{self, Addresses};

/// What became of a busy port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freed {
    /// It can be bound.
    Free,
    /// The service is to have another one.
    Moves,
}

/// What the user may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Stop,
    Move,
    Leave,
}

impl Preflight<'_> {
    /// Stops the owner of one port, if the policy permits it and the user agrees. A port that is free meanwhile is not
    /// an error.
    pub(super) fn free(&self, numbers: &Numbers, to_do: &Plan, id: &PortId) -> Result<Freed, NotStarted> {
        let (service, port) = to_do.port(id).expect("only ports of the plan are judged");
        // The owner may have changed since preflight: the one that is shown is the one that is stopped.
        let asked = Endpoint::from(port);
        let facts = owners::look_up(&[asked], Addresses::Service);
        let ours = self.ours(to_do).for_service(&service.name, port);
        let found = finding(&asked, &facts[&asked], &ours);
        let remedy = self.policy().remedy(Some(port), &found);
        match remedy {
            Remedy::NotNeeded => return Ok(Freed::Free),
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
            let can_move =
                self.policy().may_suggest_move(port, &found) && self.draft.could_move(&numbers.allocation, id);
            match self.wish(&found, grace, can_move, &to_do.checkout) {
                Ok(Wish::Stop) => {}
                Ok(Wish::Move) => return Ok(Freed::Moves),
                Ok(Wish::Leave) => return Err(self.left_alone(&self.hinted(numbers, Some(id), found))),
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
            StopResult::Done => Ok(Freed::Free),
            StopResult::Not(_) if self.inbox.interrupted() => Err(self.blocked(Exit::Interrupted)),
            StopResult::Interrupted => Err(self.blocked(Exit::Interrupted)),
            // In `up`, a port that stays busy always gives the same exit code.
            StopResult::Not(problem) => {
                self.context.fail(&[problem]);
                Err(self.blocked(Exit::PortBusy))
            }
        }
    }

    /// Asks what is to be done about a busy port. Its owner was shown. What probably is an old server of this checkout is
    /// stopped by default; everything else is left alone.
    fn wish(&self, found: &Finding, grace: Duration, can_move: bool, checkout: &Path) -> Result<Wish, Interrupted> {
        let paint = self.context.paint_stderr();
        let choice = |means, letter, words| Choice { means, letter, words };
        let stop = how_it_is_stopped(grace);
        let mut choices = vec![(choice(Wish::Stop, 's', &YES[..]), "stop it", stop)];
        if can_move {
            let port = choice(Wish::Move, 'p', &["port", "next"][..]);
            let follows = "everything that refers to it follows".to_owned();
            choices.push((port, "use the next free port", follows));
        }
        let leave = choice(Wish::Leave, 'n', &NO[..]);
        choices.push((leave, "leave it", "nothing is started".to_owned()));
        let width = choices.iter().map(|(_, what, _)| what.len()).max().unwrap_or(0);
        let lines = choices.iter().map(|(choice, what, how)| {
            let letter = paint.bold(&choice.letter.to_string());
            let beside = width + 7;
            let how = words::wrapped(how, self.context.terminals.width.saturating_sub(beside));
            let how: Vec<String> = how.lines().map(|line| paint.dim(line)).collect();
            let how = how.join(&format!("\n{:beside$}", ""));
            format!("  {letter}  {what:<width$}  {how}\n")
        });
        let mut lines: String = lines.collect();
        let mut default = choices.len() - 1;
        if is_old_server(found, checkout) {
            default = 0;
            let service = found.subject.service.as_deref().unwrap_or_default();
            let head = format!("It runs in this checkout, so it may be an old `{service}`.");
            lines.insert_str(0, &format!("{}\n", paint.warn(&head)));
        }
        let choices: Vec<_> = choices.into_iter().map(|(choice, _, _)| choice).collect();
        self.inbox.choose(&lines, &choices, default, self.context)
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

/// Whether all owners are servers that were started by hand in this checkout.
fn is_old_server(found: &Finding, checkout: &Path) -> bool {
    let is_here = |owner: &Owner| {
        let directory = owner.process.cwd.as_ref();
        owner.process.tag.is_none() && directory.is_some_and(|directory| directory.raw().starts_with(checkout))
    };
    !found.subject.owners.is_empty() && found.subject.owners.iter().all(is_here)
}

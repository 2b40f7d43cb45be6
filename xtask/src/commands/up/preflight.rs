//! One `up`: what it was asked for, what counts as its own, and whom it asks and tells.

use super::UpRequest;
use crate::commands::events::Inbox;
use crate::commands::{CommandResult, Context, tell, watching};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Level};
use crate::plan::{Draft, Plan};
use crate::ports::Finding;
use crate::ports::conflict::CallerContext;
use crate::preflight::resolution::ConflictPolicy;
use crate::protocol::Record;
use crate::report::json;
use crate::run::project::Project;
use crate::run::run_status;
use crate::supervise::State;
use crate::supervise::steps::Running;
use crate::system::clock::wall;
use crate::system::os;

/// What was asked for, and whom to ask and tell.
#[derive(Clone, Copy)]
pub(super) struct Preflight<'a> {
    pub(super) project: &'a Project,
    pub(super) draft: &'a Draft<'a>,
    pub(super) request: &'a UpRequest,
    /// The run that is joined. Without one, whoever asks holds the lock of the checkout: no process of an earlier run has a
    /// supervisor any more.
    pub(super) live: Option<&'a (Vec<Running>, Record)>,
    pub(super) inbox: &'a Inbox,
    pub(super) context: &'a Context,
}

/// Why nothing is started.
pub(super) enum NotStarted {
    /// It was told already.
    Exit(Exit),
    Problems(Diagnostics),
}

impl From<Diagnostics> for NotStarted {
    fn from(problems: Diagnostics) -> Self {
        NotStarted::Problems(problems)
    }
}

impl From<Diagnostic> for NotStarted {
    fn from(problem: Diagnostic) -> Self {
        NotStarted::Problems(problem.into())
    }
}

impl From<NotStarted> for CommandResult {
    fn from(why: NotStarted) -> Self {
        match why {
            NotStarted::Exit(exit) => Ok(exit),
            NotStarted::Problems(problems) => Err(problems),
        }
    }
}

impl Preflight<'_> {
    pub(super) fn running(&self) -> &[Running] {
        self.live.map_or(&[], |(running, _)| running)
    }

    /// What counts as ours. A service of the live run that waits, and is started with another port now, leaves its own to
    /// others.
    pub(super) fn ours(&self, to_do: &Plan) -> CallerContext {
        let is_replaced = |it: &&Running| {
            let mut names = to_do.services.iter().map(|service| &service.name);
            matches!(it.state, State::Waiting | State::Backoff) && names.any(|name| *name == it.service.name)
        };
        let live_run = self.live.map(|(_, record)| record.run.clone());
        CallerContext {
            reserved: run_status::reserved(self.running().iter().filter(|it| !is_replaced(it))),
            ..CallerContext::new(&to_do.project, &to_do.checkout, live_run, os::user_id())
        }
        .with_reserved_numbers(self.request.allocation.numbers())
    }

    pub(super) fn policy(&self) -> ConflictPolicy {
        ConflictPolicy {
            on_conflict: self.request.on_conflict,
            yes: self.request.yes,
            interactive: self.context.terminals.interactive,
        }
    }

    pub(super) fn tell(&self, finding: &Finding) {
        self.event(finding);
        if self.context.json && finding.level != Level::Fail {
            return;
        }
        tell(&self.context.render_finding(finding));
    }

    pub(super) fn event(&self, finding: &Finding) {
        if self.context.json {
            let finding = json::finding(finding, &self.context.program);
            let event = json::event(wall(), "finding", json::Found { finding });
            // Whoever closed stdout has the exit code.
            let _ = self.context.print(&json::line(&event));
        }
    }
    /// For an exit that is told. A program that reads JSON gets the summary.
    pub(super) fn blocked(&self, exit: Exit) -> NotStarted {
        if self.context.json {
            let _ = self.context.print(&watching::summary(exit, &[]));
        }
        NotStarted::Exit(exit)
    }

    /// Has Ctrl-C ended it?
    pub(super) fn check_interrupt(&self) -> Result<(), NotStarted> {
        match self.inbox.interrupted() {
            true => Err(NotStarted::Exit(watching::interrupted("started", self.context))),
            false => Ok(()),
        }
    }
}

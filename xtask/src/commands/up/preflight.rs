//! One `up`: its request, what counts as its own, and how it asks and reports.

use std::collections::BTreeSet;
use std::path::PathBuf;

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
use crate::supervise::steps::{Running, Step, Todo, steps};
use crate::system::os;
use crate::system::venvs::VenvLooks;

/// The request, and the means to ask and report.
#[derive(Clone, Copy)]
pub(super) struct Preflight<'a> {
    pub(super) project: &'a Project,
    pub(super) draft: &'a Draft<'a>,
    pub(super) request: &'a UpRequest,
    /// The run to join. Without one, the caller holds the lock of the checkout, so no process of an earlier run has a
    /// supervisor.
    pub(super) live: Option<&'a (Vec<Running>, Record)>,
    /// What is known of the venvs.
    pub(super) venvs: &'a VenvLooks,
    /// The venvs that this `up` has changed, or would change: what runs in them is restarted.
    pub(super) synced: &'a BTreeSet<PathBuf>,
    pub(super) inbox: &'a Inbox,
    pub(super) context: &'a Context,
}

/// Why nothing is started.
pub(super) enum NotStarted {
    /// Reported already.
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

    /// What is to be done with each service. A task of `run` takes what runs as it is.
    pub(super) fn steps<'p>(&self, plan: &'p Plan) -> Vec<Step<'p>> {
        let mut steps = steps(&plan.services, self.running(), self.synced);
        if self.request.task.is_some() {
            let restarts = steps.iter_mut().filter(|step| matches!(step.todo, Todo::Restart(_)));
            restarts.for_each(|step| step.todo = Todo::Keep);
        }
        steps
    }

    /// What counts as ours. A service of the live run that waits and gets another port now gives up its old one.
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
            let event = watching::finding(json::finding(finding, &self.context.program));
            // If stdout is closed, the exit code still tells.
            let _ = self.context.print(&event);
        }
    }

    /// For an exit that has been reported. In JSON mode, writes the summary.
    pub(super) fn blocked(&self, exit: Exit) -> NotStarted {
        NotStarted::Exit(watching::end(exit, &[], self.context))
    }

    /// Fails if Ctrl-C was pressed.
    pub(super) fn check_interrupt(&self) -> Result<(), NotStarted> {
        match self.inbox.interrupted() {
            true => Err(NotStarted::Exit(watching::interrupted(
                "nothing was started",
                self.context,
            ))),
            false => Ok(()),
        }
    }
}

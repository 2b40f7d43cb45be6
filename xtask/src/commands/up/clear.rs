//! Gets everything out of the way of a start: leftovers of earlier runs, and the owners of busy ports.

use std::time::Duration;

use super::numbers::Numbers;
use super::preflight::Preflight;
use super::settle::{Notice, Settled};
use crate::commands::stopping::StopResult;
use crate::commands::{leftovers, watching};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Level};
use crate::plan::{OnConflict, Plan};
use crate::ports::Finding;
use crate::system::runs::StateDir;

impl Preflight<'_> {
    /// Tells what was found and gets ports free, or returns the exit of an `up` that cannot start.
    pub(super) fn clear(&self, numbers: &Numbers, settled: &Settled) -> Result<Option<Exit>, Diagnostics> {
        let resolution = &settled.resolution;
        if self.inbox.interrupted() {
            return Ok(Some(watching::interrupted("started", self.context)));
        }
        if !settled.stuck.is_empty() {
            let is_told = |finding: &Finding| settled.stuck.iter().any(|it| it.subject.port == finding.subject.port);
            let others = resolution.reassign().into_iter().map(|(_, finding)| finding);
            let others = others.filter(|finding| !is_told(finding));
            settled.stuck.iter().chain(others).for_each(|it| self.tell(it));
            return Ok(Some(self.blocked(Exit::PortBusy)));
        }
        let findings = resolution.0.iter().map(|it| &it.finding);
        findings
            .filter(|finding| finding.level == Level::Warn)
            .for_each(|finding| self.tell(finding));
        if resolution.is_blocked() {
            for it in resolution.failing() {
                self.tell(&self.hinted(numbers, it.port.as_ref(), it.finding.clone()));
            }
            let exits = resolution.failing().map(|it| it.finding.exit);
            return Ok(Some(self.blocked(Exit::worst(exits))));
        }
        for port in resolution.failing().filter_map(|it| it.port.as_ref()) {
            if let Some(exit) = self.free(numbers, &settled.to_do, port)? {
                return Ok(Some(self.blocked(exit)));
            }
            self.context.say("");
        }
        Ok(None)
    }

    /// Whatever earlier runs left is ended first, then ports settle and are got free.
    pub(super) fn clear_all(
        &self,
        numbers: &mut Numbers,
        directory: &StateDir,
    ) -> Result<Result<Settled, Exit>, Diagnostics> {
        if directory.record().map_err(|it| leftovers::not_verified(&it))?.is_some()
            && let Some(exit) = self.end_leftovers(&numbers.plan, directory)?
        {
            return Ok(Err(exit));
        }
        let mut notice = |notice: Notice<'_>| match notice {
            Notice::Looks { .. } => {}
            Notice::Reassigned(finding) => self.tell(finding),
        };
        let mut settled = self.settle(numbers, &mut notice)?;
        // Its record is gone, but its processes tell by their tags.
        if settled.resolution.has_leftovers() && !self.inbox.interrupted() {
            let elsewhere = leftovers::elsewhere(&self.project.checkout).map_err(|it| leftovers::not_verified(&it))?;
            if let Some(problem) = elsewhere {
                return Err(problem.exit(Exit::PortBusy).into());
            }
            if let Some(exit) = self.end_leftovers(&numbers.plan, directory)? {
                return Ok(Err(exit));
            }
            settled = self.settle(numbers, &mut notice)?;
            // They were ended, and are back.
            if settled.resolution.has_leftovers() && !self.inbox.interrupted() {
                return Ok(Err(Exit::PortBusy));
            }
        }
        Ok(match self.clear(numbers, &settled)? {
            Some(exit) => Err(exit),
            None => Ok(settled),
        })
    }

    /// Ends what earlier runs of this checkout left; an exit where that may not or does not work.
    fn end_leftovers(&self, plan: &Plan, directory: &StateDir) -> Result<Option<Exit>, Diagnostic> {
        let left = leftovers::of(&plan.checkout).map_err(|it| leftovers::not_verified(&it))?;
        leftovers::tell_left_alone(&left.left_alone, self.context);
        let left = left.processes;
        if self.request.on_conflict == Some(OnConflict::Fail) && !left.is_empty() {
            self.tell(&leftovers::finding(&left));
            return Ok(Some(Exit::PortBusy));
        }
        let grace = plan.services.iter().map(|service| service.stop_grace_period).max();
        let grace = grace.unwrap_or(Duration::from_secs(10));
        match leftovers::end(&left, grace, self.context, self.inbox)? {
            StopResult::Done => {
                directory.forget_last();
                Ok(None)
            }
            StopResult::Interrupted => Ok(Some(Exit::Interrupted)),
            StopResult::Not(problem) => Ok(Some(self.context.fail(&[problem]))),
        }
    }

    fn blocked(&self, exit: Exit) -> Exit {
        if self.context.json {
            let _ = self.context.print(&watching::summary(exit, &[]));
        }
        exit
    }
}

//! Prepares a start: stops leftovers of earlier runs and the owners of busy ports.

use std::time::Duration;

use super::free_port::Freed;
use super::numbers::Numbers;
use super::preflight::{NotStarted, Preflight};
use super::settle::{Notice, Settled};
use crate::commands::stopping::StopResult;
use crate::commands::{leftovers, tell};
use crate::diagnostic::{Code, ConflictKind, Exit, Level};
use crate::plan::{OnConflict, Plan, PortId};
use crate::ports::Finding;
use crate::preflight::resolution::{Resolution, ResolvedFinding};
use crate::report;
use crate::system::runs::StateDir;

impl Preflight<'_> {
    /// Reports all findings and frees busy ports, or gives their services other ones, as the user wishes.
    pub(super) fn clear(
        &self,
        numbers: &mut Numbers,
        mut settled: Settled,
        notice: &mut dyn FnMut(Notice<'_>),
    ) -> Result<Settled, NotStarted> {
        loop {
            let moving = self.free_all(numbers, &settled)?;
            if moving.is_empty() {
                return Ok(settled);
            }
            let taken: Vec<_> = moving.iter().map(|(port, finding)| (port, finding)).collect();
            let mut tell = |finding: &Finding| self.tell(finding);
            let stuck = self.reassign(numbers, &settled.to_do, &taken, &mut tell)?;
            if !stuck.is_empty() {
                stuck.iter().for_each(|it| self.tell(it));
                return Err(self.blocked(Exit::PortBusy));
            }
            settled = self.settle(numbers, notice)?;
        }
    }

    /// Reports all findings and frees busy ports. Returns those that are to move instead.
    fn free_all(&self, numbers: &Numbers, settled: &Settled) -> Result<Vec<(PortId, Finding)>, NotStarted> {
        let resolution = &settled.resolution;
        self.check_interrupt()?;
        if !settled.stuck.is_empty() {
            let others = resolution.reassign().into_iter().map(|(_, finding)| finding);
            let others = others.filter(|finding| !settled.is_stuck(finding));
            settled.stuck.iter().chain(others).for_each(|it| self.tell(it));
            return Err(self.blocked(Exit::PortBusy));
        }
        let findings = resolution.0.iter().map(|it| &it.finding);
        findings
            .filter(|finding| finding.level == Level::Warn)
            .for_each(|finding| self.tell(finding));
        if resolution.is_blocked() {
            let (together, single) = of_one_checkout(resolution);
            if !together.is_empty() && !self.context.json {
                let can_move = together.iter().all(|it| {
                    let port = it.port.as_ref();
                    port.is_some_and(|id| self.draft.could_move(&numbers.allocation, id))
                });
                let findings: Vec<_> = together.iter().map(|it| &it.finding).collect();
                let reader = self.context.reader(self.context.paint_stderr());
                tell(&report::finding::other_checkout(&findings, can_move, &reader));
            }
            let of_json = together.iter().filter(|_| self.context.json);
            for it in single.iter().chain(of_json) {
                self.tell(&self.hinted(numbers, it.port.as_ref(), it.finding.clone()));
            }
            let exits = resolution.failing().map(|it| it.finding.exit);
            return Err(self.blocked(Exit::worst(exits)));
        }
        let taken = resolution
            .failing()
            .filter_map(|it| Some((it.port.as_ref()?, &it.finding)));
        let taken: Vec<_> = taken.collect();
        if let [_, _, ..] = taken[..] {
            self.context.say(&report::finding::overview(
                taken.iter().map(|(_, finding)| *finding),
                self.context.paint_stderr(),
            ));
        }
        let mut moving = Vec::new();
        for (port, finding) in taken {
            if self.free(numbers, &settled.to_do, port)? == Freed::Moves {
                moving.push((port.clone(), finding.clone()));
            }
            self.context.say("");
        }
        // Ctrl-C may have been pressed while an owner was stopped.
        self.check_interrupt()?;
        Ok(moving)
    }

    /// Stops leftovers of earlier runs, reassigns ports, and frees busy ones.
    pub(super) fn clear_all(&self, numbers: &mut Numbers, directory: &StateDir) -> Result<Settled, NotStarted> {
        if directory.record().map_err(|it| leftovers::not_verified(&it))?.is_some() {
            self.end_leftovers(&numbers.plan, directory)?;
        }
        let mut notice = |notice: Notice<'_>| match notice {
            Notice::Looks { .. } => {}
            Notice::Reassigned(finding) => self.tell(finding),
        };
        let mut settled = self.settle(numbers, &mut notice)?;
        // The record of that run is gone, but its processes still have their tags.
        if settled.resolution.has_leftovers() && !self.inbox.interrupted() {
            let elsewhere = leftovers::elsewhere(&self.project.checkout).map_err(|it| leftovers::not_verified(&it))?;
            if let Some(problem) = elsewhere {
                return Err(problem.exit(Exit::PortBusy).into());
            }
            self.end_leftovers(&numbers.plan, directory)?;
            settled = self.settle(numbers, &mut notice)?;
            // They were stopped and have come back.
            if settled.resolution.has_leftovers() && !self.inbox.interrupted() {
                return Err(self.blocked(Exit::PortBusy));
            }
        }
        self.clear(numbers, settled, &mut notice)
    }

    /// Stops leftovers of earlier runs of this checkout, if permitted.
    fn end_leftovers(&self, plan: &Plan, directory: &StateDir) -> Result<(), NotStarted> {
        let left = leftovers::of(&plan.checkout).map_err(|it| leftovers::not_verified(&it))?;
        leftovers::tell_left_alone(&left.left_alone, self.context);
        let left = left.processes;
        if self.request.on_conflict == Some(OnConflict::Fail) && !left.is_empty() {
            self.tell(&leftovers::finding(&left));
            return Err(self.blocked(Exit::PortBusy));
        }
        let grace = plan.services.iter().map(|service| service.stop_grace_period).max();
        let grace = grace.unwrap_or(Duration::from_secs(10));
        match leftovers::end(&left, grace, self.context, self.inbox)? {
            StopResult::Done => {
                directory.forget_last();
                Ok(())
            }
            StopResult::Interrupted => Err(self.blocked(Exit::Interrupted)),
            StopResult::Not(problem) => Err(problem.into()),
        }
    }
}

/// The failing findings: those about ports that the stack of one other checkout has, if there are several, and the rest.
fn of_one_checkout(resolution: &Resolution) -> (Vec<&ResolvedFinding>, Vec<&ResolvedFinding>) {
    let checkout = |it: &ResolvedFinding| match it.finding.code {
        Code::PortBusy(ConflictKind::OtherCheckout | ConflictKind::OtherProject) => {
            let tag = it.finding.subject.owners.first()?.process.tag.as_ref()?;
            (!tag.is_supervisor()).then(|| tag.checkout.clone())
        }
        _ => None,
    };
    let first = resolution.failing().find_map(checkout);
    let (together, single): (Vec<_>, Vec<_>) = resolution
        .failing()
        .partition(|it| first.is_some() && checkout(it) == first);
    match together.len() {
        0 | 1 => (Vec::new(), resolution.failing().collect()),
        _ => (together, single),
    }
}

//! Before anything is spawned: ends leftovers, judges all that the start needs, and gets busy ports out of the way.

use std::time::Duration;

use super::UpRequest;
use super::reassignment::MovablePort;
use super::summary_line::head;
use crate::commands::events::{Inbox, Interrupted};
use crate::commands::stopping::{self, Busy, StopResult, StopUi, told_of_port};
use crate::commands::{Context, leftovers, tell, watching};
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Diagnostics, Exit, Level};
use crate::plan::{OnConflict, Plan, Port, Service};
use crate::ports::conflict::{CallerContext, finding, split};
use crate::ports::{Endpoint, Finding, PortFact};
use crate::preflight::Facts;
use crate::preflight::duplicate::duplicates;
use crate::preflight::limit::open_files;
use crate::preflight::needs::needs;
use crate::report;
use crate::report::{json, words};
use crate::run::project::Project;
use crate::run::reservations::Moves;
use crate::system::clock::wall;
use crate::system::observe;
use crate::system::owners::{self, Addresses};
use crate::system::runs::StateDir;

#[derive(PartialEq)]
pub(super) enum PreflightOutcome {
    /// Everything is there and every port is free; `head` says so in a line.
    Clear {
        head: String,
    },
    /// Ports were taken, and in this plan their services have others. It was not looked at yet.
    Moved(Box<Plan>),
    Blocked(Exit),
    /// Processes of an earlier run of this checkout hold a port.
    Leftovers,
}

/// What is about to be started.
#[derive(Clone, Copy)]
pub(super) struct Preflight<'a> {
    pub(super) plan: &'a Plan,
    pub(super) project: &'a Project,
    pub(super) up_request: &'a UpRequest,
    /// With the run that it joins. Without one whoever asks holds the checkout's lock: no process of an earlier run has
    /// a supervisor any more.
    pub(super) ours: &'a CallerContext,
    pub(super) inbox: &'a Inbox,
    pub(super) context: &'a Context,
}

/// A finding, and the port it concerns.
pub(super) type PortFinding<'a> = (Option<(&'a Service, &'a Port)>, Finding);

impl<'a> Preflight<'a> {
    /// What earlier runs left is ended first.
    pub(super) fn clear_all(&self, directory: &StateDir) -> Result<PreflightOutcome, Diagnostics> {
        if directory.record().map_err(|it| leftovers::not_verified(&it))?.is_some()
            && let Some(exit) = self.end_leftovers(directory)?
        {
            return Ok(PreflightOutcome::Blocked(exit));
        }
        let way = self.clear()?;
        // Its record is gone, but its processes tell by their tags.
        if way == PreflightOutcome::Leftovers {
            let elsewhere = leftovers::elsewhere(&self.plan.checkout).map_err(|it| leftovers::not_verified(&it))?;
            if let Some(problem) = elsewhere {
                return Err(problem.exit(Exit::PortBusy).into());
            }
            return match self.end_leftovers(directory)? {
                Some(exit) => Ok(PreflightOutcome::Blocked(exit)),
                None => self.clear(),
            };
        }
        Ok(way)
    }

    /// What clearing would say, and the plan with the ports that would move. A conflict that would be solved without a
    /// question is a warning. `moves` are those foreseen so far: a port moves once.
    pub(super) fn dry_run(&self, moves: &mut Moves) -> Result<(Vec<Finding>, Option<Plan>), Diagnostics> {
        let facts = observe::facts(self.plan, &self.inbox.interrupt);
        let findings = self.judge_all(&facts);
        let movable = self.movable(&findings);
        let is_new = |(service, port, _): &MovablePort<'_>| !moves.has(&service.name, &port.key);
        if !movable.is_empty() && movable.iter().all(is_new) {
            match self.foresee_moves(&movable, moves)? {
                (moves, Some(plan)) => return Ok((moves, Some(plan))),
                (stuck, None) => {
                    let others = findings.iter().map(|(_, finding)| finding);
                    let others = others.filter(|it| {
                        it.subject.port.is_none() || stuck.iter().all(|stuck| stuck.subject.port != it.subject.port)
                    });
                    return Ok((others.chain(&stuck).cloned().collect(), None));
                }
            }
        }
        let solved = |(port, finding): PortFinding<'_>| {
            let stops = |(_, port): (&Service, &Port)| self.way_out(port) == ConflictAction::Stop;
            match finding.level == Level::Fail && self.may_solve(port, &finding) && port.is_some_and(stops) {
                true => Finding {
                    level: Level::Warn,
                    message: format!("{}; it would be stopped", finding.message),
                    ..finding
                },
                false => self.hinted(port, finding),
            }
        };
        Ok((findings.into_iter().map(solved).collect(), None))
    }

    /// Everything there is to say before a start; what concerns a port stands beside it.
    fn judge_all(&self, facts: &Facts) -> Vec<PortFinding<'a>> {
        let plan = self.plan;
        let mut findings: Vec<PortFinding<'_>> = Vec::new();
        // In a run that is joined it is its supervisor's limit that counts.
        let limit = || open_files(plan, facts);
        let limit = self.ours.live_run.is_none().then(limit).flatten();
        let needs = duplicates(plan).into_iter().chain(limit).chain(needs(plan, facts));
        findings.extend(needs.map(|finding| (None, finding)));
        for service in &plan.services {
            let judged = service
                .ports
                .iter()
                .map(|port| (Some((service, port)), self.judge(service, port, facts)));
            findings.extend(judged);
            findings.extend(
                service
                    .ports
                    .iter()
                    .filter_map(|port| Some((None, self.remark(service, port, facts)?))),
            );
        }
        findings
    }

    pub(super) fn clear(&self) -> Result<PreflightOutcome, Diagnostics> {
        let plan = self.plan;
        let facts = observe::facts(plan, &self.inbox.interrupt);
        if self.inbox.interrupted() {
            return Ok(PreflightOutcome::Blocked(watching::interrupted(
                "started",
                self.context,
            )));
        }
        let findings = self.judge_all(&facts);
        if findings
            .iter()
            .any(|(_, finding)| finding.code == Code::PortBusy(ConflictKind::OwnLeftover))
        {
            return Ok(PreflightOutcome::Leftovers);
        }
        let movable = self.movable(&findings);
        if !movable.is_empty() {
            return self.move_on(&movable);
        }
        for (_, finding) in findings.iter().filter(|(_, finding)| finding.level == Level::Warn) {
            self.tell(finding);
        }
        let failing: Vec<_> = findings
            .iter()
            .filter(|(_, finding)| finding.level == Level::Fail)
            .collect();
        if failing.iter().any(|(port, finding)| !self.may_solve(*port, finding)) {
            for (port, finding) in &failing {
                self.tell(&self.hinted(*port, finding.clone()));
            }
            return Ok(self.blocked(Exit::worst(failing.iter().map(|(_, finding)| finding.exit))));
        }
        for (service, port) in failing.into_iter().filter_map(|(port, _)| *port) {
            if let Some(exit) = self.solve(service, port)? {
                return Ok(self.blocked(exit));
            }
            self.context.say("");
        }
        Ok(PreflightOutcome::Clear {
            head: head(plan, &facts, self.context),
        })
    }

    /// Ends what earlier runs of this checkout left; an exit where that may not or does not work.
    fn end_leftovers(&self, directory: &StateDir) -> Result<Option<Exit>, Diagnostic> {
        let left = leftovers::of(&self.plan.checkout).map_err(|it| leftovers::not_verified(&it))?;
        leftovers::tell_left_alone(&left.left_alone, self.context);
        let left = left.processes;
        if self.up_request.on_conflict == Some(OnConflict::Fail) && !left.is_empty() {
            self.tell(&leftovers::finding(&left));
            return Ok(Some(Exit::PortBusy));
        }
        let grace = self.plan.services.iter().map(|service| service.stop_grace_period).max();
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

    fn judge(&self, service: &Service, port: &Port, facts: &Facts) -> Finding {
        let asked = Endpoint::from(port);
        self.finding(service, port, asked, &facts.ports[&asked])
    }

    /// What stands in the way of `asked`, for a port of this service.
    pub(super) fn finding(&self, service: &Service, port: &Port, asked: Endpoint, fact: &PortFact) -> Finding {
        finding(&asked, fact, &self.ours.for_service(&service.name, port))
    }

    fn remark(&self, service: &Service, port: &Port, facts: &Facts) -> Option<Finding> {
        let ours = self.ours.for_service(&service.name, port);
        let port = Endpoint::from(port);
        split(&port, &facts.ports[&port], &ours)
    }

    /// Might the owner be stopped, by what was asked or by asking?
    pub(super) fn may_solve(&self, port: Option<(&Service, &Port)>, finding: &Finding) -> bool {
        let Some((_, port)) = port else { return false };
        let is_foreign_conflict = matches!(
            finding.code,
            Code::PortBusy(ConflictKind::Foreign | ConflictKind::Bound) | Code::PortShared | Code::PortSplit
        );
        let stops = match self.way_out(port) {
            ConflictAction::Ask | ConflictAction::Stop => true,
            ConflictAction::Next | ConflictAction::Fail => false,
        };
        is_foreign_conflict && stops
    }

    pub(super) fn way_out(&self, port: &Port) -> ConflictAction {
        let asks = self.context.terminals.interactive;
        match (self.up_request.on_conflict, port.on_conflict) {
            (Some(OnConflict::Next), _) | (None, OnConflict::Next) => ConflictAction::Next,
            (Some(OnConflict::Kill), _) => ConflictAction::Stop,
            (None, OnConflict::Kill) if asks || self.up_request.yes => ConflictAction::Stop,
            (Some(OnConflict::Fail), _) | (None, OnConflict::Fail) => ConflictAction::Fail,
            (Some(OnConflict::Ask), _) | (None, OnConflict::Ask) if self.up_request.yes => ConflictAction::Stop,
            (Some(OnConflict::Ask), _) | (None, OnConflict::Ask) if asks => ConflictAction::Ask,
            (Some(OnConflict::Ask) | None, _) => ConflictAction::Fail,
        }
    }

    /// Gets one port free, if that is wanted; an exit if it stays busy.
    fn solve(&self, service: &Service, port: &Port) -> Result<Option<Exit>, Diagnostic> {
        // Somebody may have gone, or come, since preflight: the owner that is shown is the one that is stopped.
        let asked = Endpoint::from(port);
        let facts = owners::look_up(&[asked], Addresses::Service);
        let found = self.finding(service, port, asked, &facts[&asked]);
        if found.level != Level::Fail {
            return Ok(None);
        }
        if !self.may_solve(Some((service, port)), &found) {
            self.tell(&self.hinted(Some((service, port)), found.clone()));
            return Ok(Some(found.exit));
        }
        let reader = self.context.reader(self.context.paint_stderr());
        self.event(&found);
        // Whoever is asked, or lets us stop a stranger, sees whom, even if they want to hear little.
        if !self.context.json {
            tell(&format!("{}\n\n", report::finding::owners(&found, &reader).trim_end()));
        }
        let grace = service.stop_grace_period;
        if self.way_out(port) == ConflictAction::Ask {
            let question = format!(
                "Stop it? SIGTERM first; SIGKILL after {}, if you confirm it.",
                words::duration(grace)
            );
            match self.inbox.confirm(&question, self.context) {
                Ok(true) => {}
                Ok(false) => return Ok(Some(self.left_alone(&self.hinted(Some((service, port)), found)))),
                Err(Interrupted) => return Ok(Some(Exit::Interrupted)),
            }
        }
        let mut voice = StopUi {
            context: self.context,
            confirm_kill: &mut |question| {
                let asks = self.context.terminals.interactive;
                self.up_request.yes || asks && matches!(self.inbox.confirm(question, self.context), Ok(true))
            },
            inbox: self.inbox,
        };
        let busy = [Busy::new(asked, &found.subject.owners)];
        let mut outcomes = stopping::stop_owners(&busy, Addresses::Service, grace, &mut voice)?;
        let outcome = outcomes.pop().expect("there is one for the one port");
        Ok(match told_of_port(outcome, self.context, asked) {
            StopResult::Not(_) if self.inbox.interrupted() => Some(Exit::Interrupted),
            StopResult::Done => None,
            StopResult::Interrupted => Some(Exit::Interrupted),
            // For `up` a port that stays busy is one code, whatever the reason.
            StopResult::Not(problem) => {
                self.context.fail(&[problem]);
                Some(Exit::PortBusy)
            }
        })
    }

    fn left_alone(&self, finding: &Finding) -> Exit {
        self.context.say("  The process was left running; nothing was started.");
        for hint in &finding.hints {
            let (program, paint) = (&self.context.program, self.context.paint_stderr());
            self.context.say(&report::problem::hint(hint, program, paint));
        }
        Exit::PortBusy
    }

    pub(super) fn tell(&self, finding: &Finding) {
        self.event(finding);
        if self.context.json && finding.level != Level::Fail {
            return;
        }
        tell(&self.context.render_finding(finding));
    }

    fn event(&self, finding: &Finding) {
        if self.context.json {
            let event = json::event(
                wall(),
                "finding",
                json::Found {
                    finding: json::finding(finding, &self.context.program),
                },
            );
            // Whoever closed stdout has the exit code.
            let _ = self.context.print(&json::line(&event));
        }
    }

    pub(super) fn blocked(&self, exit: Exit) -> PreflightOutcome {
        if self.context.json {
            let _ = self.context.print(&watching::summary(exit, &[]));
        }
        PreflightOutcome::Blocked(exit)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConflictAction {
    Ask,
    Stop,
    /// Its service moves on.
    Next,
    Fail,
}

//! `on_conflict = "next"`: services whose port is taken get the next one that is free, and the plan is made again.

use std::path::Path;

use super::UpRequest;
use super::preflight::{ConflictAction, PortFinding, Preflight, PreflightOutcome};
use crate::commands::Context;
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Diagnostics, Exit, Hint, Level};
use crate::plan::{Origin, Plan, Port, Service};
use crate::ports::conflict::{CallerContext, finding};
use crate::ports::{Endpoint, Finding, Subject};
use crate::report::words;
use crate::run::project::{PendingReassignment, ReassignedPort, ReservationMode, ReservedPlan};
use crate::run::reservations::{BaseTaken, Moves};
use crate::supervise::steps::Running;
use crate::system::owners::{self, Addresses};

/// A plan whose ports are noted, what is to be said of that, and what has moved with it.
pub(super) struct PlanWithFindings {
    pub(super) plan: Plan,
    pub(super) findings: Vec<Finding>,
    pub(super) moves: Moves,
}

/// A port that is taken and may move.
pub(super) type MovablePort<'a> = (&'a Service, &'a Port, &'a Finding);

impl Preflight<'_> {
    /// Notes the ports of what was asked for, or only looks, as [`UpRequest::ports`] says. Those of a stack that runs or starts
    /// elsewhere are as good as taken, though nobody may listen there yet; `running` is what has its ports here already.
    pub(super) fn note(&self, running: &[Running]) -> Result<PlanWithFindings, Diagnostics> {
        let runs = |service: &Service, port: &Port| {
            let mut live = running
                .iter()
                .filter(|it| !it.state.is_over() && it.service.name == service.name);
            live.any(|it| {
                it.service
                    .ports
                    .iter()
                    .any(|its| Endpoint::from(its) == Endpoint::from(port))
            })
        };
        let may_move =
            |service: &Service, port: &Port| self.way_out(port) == ConflictAction::Next && !runs(service, port);
        let can_have = |service: &str, key: &str, asked: Endpoint| self.can_have(service, key, asked);
        let ReservedPlan {
            plan,
            yielded,
            moves,
            displaced,
            broken,
        } = self
            .project
            .reserve(&self.up_request.asked, self.up_request.ports, &may_move, &can_have)?;
        if let Some(broken) = broken {
            self.context.say(&registry_reset(&broken));
        }
        let displaced = displaced
            .iter()
            .filter_map(|one| base_taken_message(one, &plan, self.context));
        displaced.for_each(|said| self.context.say(&said));
        let findings = yielded.iter().flat_map(|one| self.yields(one, &plan)).collect();
        Ok(PlanWithFindings { plan, findings, moves })
    }

    fn yields(&self, one: &ReassignedPort, plan: &Plan) -> Vec<Finding> {
        let ReassignedPort { service, port, rival } = one;
        let (kind, state) = (
            match rival.project == plan.project {
                true => ConflictKind::OtherCheckout,
                false => ConflictKind::OtherProject,
            },
            match rival.is_starting {
                true => "starting",
                false => "running",
            },
        );
        let asked = Endpoint::from(port);
        let checkout = words::foreign_path(&rival.checkout, self.context.home.as_deref());
        let message = format!(
            "port {} is reserved by `{}` in {checkout}, which is {state}",
            asked.typed(),
            rival.project
        );
        let finding = Diagnostic::new(message)
            .code(Code::PortBusy(kind))
            .level(Level::Warn)
            .exit(Exit::Done)
            .at(&port.place)
            .about(Subject {
                port: Some(asked),
                ..Subject::service(service)
            });
        self.moved((service, port, &finding), plan)
    }

    /// That it moves, and who will not know.
    fn moved(&self, one: (&str, &Port, &Finding), plan: &Plan) -> Vec<Finding> {
        let said = moved(one, plan, self.verb());
        let others = hardcoded_elsewhere(one.0, one.1, plan)
            .into_iter()
            .map(|message| Finding {
                message,
                subject: Subject {
                    owners: Vec::new(),
                    ..said.subject.clone()
                },
                ..said.clone()
            });
        std::iter::once(said.clone()).chain(others).collect()
    }

    fn verb(&self) -> &'static str {
        match self.up_request.ports {
            ReservationMode::Save | ReservationMode::ResetAndSave => "moves",
            ReservationMode::ReadOnly | ReservationMode::ResetOnly => "would move",
        }
    }

    /// All that may move; none where something stands in the way that no move gets out of it.
    pub(super) fn movable<'f>(&self, findings: &'f [PortFinding<'_>]) -> Vec<MovablePort<'f>> {
        let mut movable = Vec::new();
        for (port, finding) in findings.iter().filter(|(_, finding)| finding.level == Level::Fail) {
            match *port {
                Some((service, port)) if self.may_move(port, finding) => movable.push((service, port, finding)),
                port if self.may_solve(port, finding) => {}
                _ => return Vec::new(),
            }
        }
        movable
    }

    /// Another port would do for a number that is taken, but not for a service of this stack that has it.
    fn may_move(&self, port: &Port, finding: &Finding) -> bool {
        finding.code.is_taken_by_others() && self.way_out(port) == ConflictAction::Next
    }

    /// With the way that is always there, if it is: its port could move, and it was not asked to.
    pub(super) fn hinted(&self, port: Option<(&Service, &Port)>, mut finding: Finding) -> Finding {
        let Some((service, port)) = port else { return finding };
        let is_asked = self.way_out(port) == ConflictAction::Next;
        let is_open = finding.level == Level::Fail && finding.code.is_taken_by_others() && !is_asked;
        if is_open
            && self
                .project
                .could_move(&self.up_request.asked, &service.name, &port.key)
        {
            let next = format!("let `{}` take the next free port:", service.name);
            let hint = Hint::run(&next, "up --on-conflict next").or_after(&finding.hints);
            finding.hints.push(hint);
        }
        finding
    }

    /// Notes where the services move, then says it, and who has the ports: a terminal may be slow, and others wait.
    pub(super) fn move_on(&self, movable: &[MovablePort<'_>]) -> Result<PreflightOutcome, Diagnostics> {
        let moving = self.moving(movable, &Moves::default(), ReservationMode::Save)?;
        let stuck: Vec<_> = movable
            .iter()
            .filter_map(|one| cannot_move(one, &moving.plan))
            .collect();
        if !stuck.is_empty() {
            drop(moving);
            let others = movable
                .iter()
                .filter(|(_, _, finding)| stuck.iter().all(|it| it.subject.port != finding.subject.port));
            let others = others.map(|(_, _, finding)| *finding);
            stuck.iter().chain(others).for_each(|finding| self.tell(finding));
            return Ok(self.blocked(Exit::PortBusy));
        }
        let plan = moving.keep()?;
        for one in movable {
            let (service, port, finding) = *one;
            let move_ = (service.name.as_str(), port, finding);
            self.moved(move_, &plan).iter().for_each(|finding| self.tell(finding));
        }
        Ok(PreflightOutcome::Moved(Box::new(plan)))
    }

    /// What [`Preflight::move_on`] would say, and its plan unless a service cannot move. Nothing is noted, so `moves` is what
    /// the next one starts from.
    pub(super) fn foresee_moves(
        &self,
        movable: &[MovablePort<'_>],
        moves: &mut Moves,
    ) -> Result<(Vec<Finding>, Option<Plan>), Diagnostics> {
        let moving = self.moving(movable, moves, self.up_request.ports)?;
        let stuck: Vec<_> = movable
            .iter()
            .filter_map(|one| cannot_move(one, &moving.plan))
            .collect();
        if !stuck.is_empty() {
            return Ok((stuck, None));
        }
        *moves = moving.moves();
        let told = movable
            .iter()
            .flat_map(|(service, port, finding)| self.moved((&service.name, port, finding), &moving.plan));
        Ok((told.collect(), Some(moving.plan)))
    }

    fn moving(
        &self,
        movable: &[MovablePort<'_>],
        before: &Moves,
        ports: ReservationMode,
    ) -> Result<PendingReassignment<'_>, Diagnostics> {
        let taken: Vec<_> = movable
            .iter()
            .map(|(service, port, _)| (service.name.as_str(), port.key.as_str()))
            .collect();
        let can_have = |service: &str, key: &str, asked: Endpoint| self.can_have(service, key, asked);
        let asked = &self.up_request.asked;
        Ok(self.project.move_on(asked, &taken, before, ports, &can_have)?)
    }

    /// It is free, or the service's own process has it already.
    fn can_have(&self, service: &str, key: &str, asked: Endpoint) -> bool {
        if owners::can_be_served(asked) {
            return true;
        }
        let Some((service, port)) = self.plan.port(service, key) else {
            return false;
        };
        let facts = owners::look_up(&[asked], Addresses::Service);
        let found = self.finding(service, port, asked, &facts[&asked]);
        found.code == Code::PortBusy(ConflictKind::OwnRunning) && found.level == Level::Ok
    }
}

/// Why the port is not moved after all.
pub(in crate::commands) fn cannot_move((service, port, finding): &MovablePort<'_>, plan: &Plan) -> Option<Finding> {
    let (planned, now) = plan.port(&service.name, &port.key)?;
    let (why, hint) = match now.origin {
        Origin::Moved { from } => {
            let place = planned.names(from)?;
            let variable = planned.variable_of(now);
            let hint = format!("write `${{{variable}}}` instead of {from} in its {place}, and it moves");
            (format!("its {place} says {from}"), Some(Hint::from(hint)))
        }
        Origin::Declared | Origin::Auto => ("no port above it is free".to_owned(), None),
    };
    let who = who(planned, now);
    Some(Finding {
        message: format!("{}, and {who} cannot move: {why}", finding.message),
        hints: hint.into_iter().chain(finding.hints.iter().cloned()).collect(),
        ..(*finding).clone()
    })
}

fn moved((name, port, finding): (&str, &Port, &Finding), plan: &Plan, verb: &str) -> Finding {
    let move_ = plan.port(name, &port.key).map(|(service, now)| {
        let (who, from, to) = (who(service, now), port.number, now.number);
        format!("; {who} {verb} from port {from} to {to}, and everything that refers to it")
    });
    Finding {
        level: Level::Warn,
        message: format!("{}{}", finding.message, move_.unwrap_or_default()),
        hints: Vec::new(),
        exit: Exit::Done,
        ..finding.clone()
    }
}

/// Services that say the declared number where a reference would follow. Of its own command and health check it was asked
/// before.
fn hardcoded_elsewhere(name: &str, port: &Port, plan: &Plan) -> Vec<String> {
    let Some((moved, now)) = plan.port(name, &port.key) else {
        return Vec::new();
    };
    let Origin::Moved { from } = now.origin else {
        return Vec::new();
    };
    let reference = match moved.url() {
        Some(_) if moved.ports.first() == Some(now) => format!("services.{name}.url"),
        _ => format!("services.{name}.ports.{}", now.key),
    };
    let others = plan
        .services
        .iter()
        .filter(|it| it.ports.iter().all(|its| its.number != from));
    let said = others.filter_map(|it| {
        let places = words::list(&it.addresses(from))?;
        Some(format!(
            "`{}` still says {from} in its {places}: write `${{{reference}}}` there",
            it.name
        ))
    });
    said.collect()
}

/// `` `api` ``, or `` `api`'s `admin` `` where it has several ports.
fn who(service: &Service, port: &Port) -> String {
    match service.ports.len() {
        0 | 1 => format!("`{}`", service.name),
        _ => format!("`{}`'s `{}`", service.name, port.key),
    }
}

/// A port that began elsewhere than at its base.
fn base_taken_message(one: &BaseTaken, plan: &Plan, context: &Context) -> Option<String> {
    let (service, port) = plan.port(&one.service, &one.key)?;
    let (who, number, base) = (who(service, port), port.number, one.base);
    let there = words::foreign_path(&one.by.checkout, context.home.as_deref());
    let said = format!(
        "{who} is on port {number} instead of {base}, which is reserved by `{}` in {there}",
        one.by.project
    );
    Some(match one.by.may_return {
        true => format!("{said}: `{} up --reset-ports` there and then here.", context.program),
        false => format!("{said}."),
    })
}

fn registry_reset(broken: &Path) -> String {
    format!(
        "The port reservation file was corrupt and has been reset. The old one is kept as `{}`.",
        broken.display()
    )
}

/// What is worth knowing of ports that moved earlier, and of those that returned.
pub(super) fn remarks(plan: &Plan, up_request: &UpRequest, ours: &CallerContext, context: &Context) {
    for service in &plan.services {
        for port in &service.ports {
            let Some((_, before)) = up_request.before.port(&service.name, &port.key) else {
                continue;
            };
            let (who, number) = (who(service, port), port.number);
            match (up_request.ports, port.origin) {
                (ReservationMode::ResetAndSave | ReservationMode::ResetOnly, _) if number != before.number => {
                    let verb = match port.origin {
                        Origin::Declared => "returns",
                        Origin::Auto | Origin::Moved { .. } => "moves",
                    };
                    context.say(&format!("{who} {verb} from port {} to {number}.", before.number));
                }
                (ReservationMode::Save | ReservationMode::ReadOnly, Origin::Moved { from })
                    if number == before.number =>
                {
                    context.say(&instead(service, port, from, ours, context));
                }
                _ => {}
            }
        }
    }
}

fn instead(service: &Service, port: &Port, from: u16, ours: &CallerContext, context: &Context) -> String {
    let declared = Endpoint {
        number: from,
        ..Endpoint::from(port)
    };
    let ours = ours.for_service(&service.name, port);
    let facts = owners::look_up(&[declared], Addresses::Service);
    let found = finding(&declared, &facts[&declared], &ours);
    let (who, number, program) = (who(service, port), port.number, &context.program);
    match found.code {
        Code::PortFree => format!(
            "{who} is on port {number} instead of {from}, which is free again: `{program} up --reset-ports` returns to it."
        ),
        _ => format!("{who} is on port {number} instead of {from}: {}.", found.message),
    }
}

//! `on_conflict = "next"`: services whose port is taken get the next one that is free, and the plan is made anew.

use std::path::Path;

use super::Wish;
use super::clear::{Clearing, Judged, Way, WayOut};
use crate::commands::Context;
use crate::error::{Exit, Problems};
use crate::plan::{Origin, Plan, Port, Service};
use crate::preflight::verdict::{Ours, finding};
use crate::preflight::{Finding, Level, PortRef};
use crate::report::words;
use crate::supervise::steps::Running;
use crate::world::owners::{self, Addresses};
use crate::world::project::{Moving, Ports, Settled, Yielded};
use crate::world::reservations::{Displaced, Moves};

/// A plan whose ports are noted, what is to be said of that, and what has moved with it.
pub(super) struct Noted {
    pub(super) plan: Plan,
    pub(super) findings: Vec<Finding>,
    pub(super) moves: Moves,
}

/// A port that is taken and may move.
pub(super) type Movable<'a> = (&'a Service, &'a Port, &'a Finding);

impl Clearing<'_> {
    /// Notes the ports of what was asked for, or only looks, as [`Wish::ports`] says. Those of a stack that runs or starts
    /// elsewhere are as good as taken, though nobody may listen there yet; `running` is what has its ports here already.
    pub(super) fn note(&self, running: &[Running]) -> Result<Noted, Problems> {
        let runs = |service: &Service, port: &Port| {
            let mut live = running
                .iter()
                .filter(|it| !it.state.is_over() && it.service.name == service.name);
            live.any(|it| {
                it.service
                    .ports
                    .iter()
                    .any(|its| PortRef::from(its) == PortRef::from(port))
            })
        };
        let may_move = |service: &Service, port: &Port| self.way_out(port) == WayOut::Next && !runs(service, port);
        let can_have = |service: &str, key: &str, asked: PortRef| self.can_have(service, key, asked);
        let Settled {
            plan,
            yielded,
            moves,
            displaced,
            broken,
        } = self
            .project
            .settle(&self.wish.asked, self.wish.ports, &may_move, &can_have)?;
        if let Some(broken) = broken {
            self.context.say(&begun_anew(&broken));
        }
        let displaced = displaced
            .iter()
            .filter_map(|one| self::displaced(one, &plan, self.context));
        displaced.for_each(|said| self.context.say(&said));
        let findings = yielded.iter().flat_map(|one| self.yields(one, &plan)).collect();
        Ok(Noted { plan, findings, moves })
    }

    fn yields(&self, one: &Yielded, plan: &Plan) -> Vec<Finding> {
        let Yielded { service, port, rival } = one;
        let (code, state) = (
            match rival.project == plan.project {
                true => "port.busy.other_checkout",
                false => "port.busy.other_project",
            },
            match rival.is_starting {
                true => "starting",
                false => "running",
            },
        );
        let asked = PortRef::from(port);
        let checkout = words::foreign_path(&rival.checkout, self.context.home.as_deref());
        let message = format!(
            "port {} is reserved by `{}` in {checkout}, which is {state}",
            asked.typed(),
            rival.project
        );
        let finding = Finding {
            code,
            level: Level::Warn,
            service: Some(service.clone()),
            message,
            hints: Vec::new(),
            at: Some(port.place.clone()),
            port: Some(asked),
            owners: Vec::new(),
            exit: Exit::Done,
        };
        self.moved((service, port, &finding), plan)
    }

    /// That it moves, and who will not know.
    fn moved(&self, one: (&str, &Port, &Finding), plan: &Plan) -> Vec<Finding> {
        let said = moved(one, plan, self.verb());
        let others = left_behind(one.0, one.1, plan).into_iter().map(|message| Finding {
            message,
            owners: Vec::new(),
            ..said.clone()
        });
        std::iter::once(said.clone()).chain(others).collect()
    }

    fn verb(&self) -> &'static str {
        match self.wish.ports {
            Ports::Note | Ports::NoteAnew => "moves",
            Ports::Look | Ports::LookAnew => "would move",
        }
    }

    /// All that may move; none where something stands in the way that no move gets out of it.
    pub(super) fn movable<'f>(&self, findings: &'f [Judged<'_>]) -> Vec<Movable<'f>> {
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
        finding.is_strangers() && self.way_out(port) == WayOut::Next
    }

    /// With the way that is always there, if it is: its port could move, and it was not asked to.
    pub(super) fn hinted(&self, port: Option<(&Service, &Port)>, mut finding: Finding) -> Finding {
        let Some((service, port)) = port else { return finding };
        let is_asked = self.way_out(port) == WayOut::Next;
        let is_open = finding.level == Level::Fail && finding.is_strangers() && !is_asked;
        if is_open && self.project.could_move(&self.wish.asked, &service.name, &port.key) {
            let or = if finding.hints.is_empty() { "" } else { "or " };
            let (name, form) = (&service.name, &self.context.form);
            let hint = format!("{or}let `{name}` take the next free port: `{form} up --on-conflict next`");
            finding.hints.push(hint);
        }
        finding
    }

    /// Notes where the services move, then says it, and who has the ports: a terminal may be slow, and others wait.
    pub(super) fn move_on(&self, movable: &[Movable<'_>]) -> Result<Way, Problems> {
        let moving = self.moving(movable, &Moves::default(), Ports::Note)?;
        let stuck: Vec<_> = movable.iter().filter_map(|one| stuck(one, &moving.plan)).collect();
        if !stuck.is_empty() {
            drop(moving);
            let others = movable
                .iter()
                .filter(|(_, _, finding)| stuck.iter().all(|it| it.port != finding.port));
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
        Ok(Way::Moved(Box::new(plan)))
    }

    /// What [`Clearing::move_on`] would say, and its plan unless a service cannot move. Nothing is noted, so `moves` is what
    /// the next one starts from.
    pub(super) fn foresee_moves(
        &self,
        movable: &[Movable<'_>],
        moves: &mut Moves,
    ) -> Result<(Vec<Finding>, Option<Plan>), Problems> {
        let moving = self.moving(movable, moves, self.wish.ports)?;
        let stuck: Vec<_> = movable.iter().filter_map(|one| stuck(one, &moving.plan)).collect();
        if !stuck.is_empty() {
            return Ok((stuck, None));
        }
        *moves = moving.moves();
        let told = movable
            .iter()
            .flat_map(|(service, port, finding)| self.moved((&service.name, port, finding), &moving.plan));
        Ok((told.collect(), Some(moving.plan)))
    }

    fn moving(&self, movable: &[Movable<'_>], before: &Moves, ports: Ports) -> Result<Moving<'_>, Problems> {
        let taken: Vec<_> = movable
            .iter()
            .map(|(service, port, _)| (service.name.as_str(), port.key.as_str()))
            .collect();
        let can_have = |service: &str, key: &str, asked: PortRef| self.can_have(service, key, asked);
        let asked = &self.wish.asked;
        Ok(self.project.move_on(asked, &taken, before, ports, &can_have)?)
    }

    /// It is free, or the service's own process has it already.
    fn can_have(&self, service: &str, key: &str, asked: PortRef) -> bool {
        if owners::can_be_served(asked) {
            return true;
        }
        let Some((service, port)) = self.plan.port(service, key) else {
            return false;
        };
        let facts = owners::look_up(&[asked], Addresses::Service);
        let found = self.finding(service, port, asked, &facts[&asked]);
        found.code == "port.busy.own_running" && found.level == Level::Ok
    }
}

/// Why the port is not moved after all.
pub(in crate::commands) fn stuck((service, port, finding): &Movable<'_>, plan: &Plan) -> Option<Finding> {
    let (planned, now) = plan.port(&service.name, &port.key)?;
    let (why, hint) = match now.origin {
        Origin::Moved { from } => {
            let place = planned.names(from)?;
            let variable = planned.variable_of(now);
            let hint = format!("write `${{{variable}}}` instead of {from} in its {place}, and it moves");
            (format!("its {place} says {from}"), Some(hint))
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
fn left_behind(name: &str, port: &Port, plan: &Plan) -> Vec<String> {
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
fn displaced(one: &Displaced, plan: &Plan, context: &Context) -> Option<String> {
    let (service, port) = plan.port(&one.service, &one.key)?;
    let (who, number, base) = (who(service, port), port.number, one.base);
    let there = words::foreign_path(&one.by.checkout, context.home.as_deref());
    let said = format!(
        "{who} is on port {number} instead of {base}, which is reserved by `{}` in {there}",
        one.by.project
    );
    Some(match one.by.may_return {
        true => format!("{said}: `{} up --reset-ports` there and then here.", context.form),
        false => format!("{said}."),
    })
}

fn begun_anew(broken: &Path) -> String {
    format!(
        "The file of reserved ports could not be understood and was begun anew. It is kept as `{}`.",
        broken.display()
    )
}

/// What is worth knowing of ports that moved earlier, and of those that returned.
pub(super) fn remarks(plan: &Plan, wish: &Wish, ours: &Ours, context: &Context) {
    for service in &plan.services {
        for port in &service.ports {
            let Some((_, before)) = wish.before.port(&service.name, &port.key) else {
                continue;
            };
            let (who, number) = (who(service, port), port.number);
            match (wish.ports, port.origin) {
                (Ports::NoteAnew | Ports::LookAnew, _) if number != before.number => {
                    let verb = match port.origin {
                        Origin::Declared => "returns",
                        Origin::Auto | Origin::Moved { .. } => "moves",
                    };
                    context.say(&format!("{who} {verb} from port {} to {number}.", before.number));
                }
                (Ports::Note | Ports::Look, Origin::Moved { from }) if number == before.number => {
                    context.say(&instead(service, port, from, ours, context));
                }
                _ => {}
            }
        }
    }
}

fn instead(service: &Service, port: &Port, from: u16, ours: &Ours, context: &Context) -> String {
    let declared = PortRef {
        number: from,
        ..PortRef::from(port)
    };
    let ours = ours.wanting(&service.name, port);
    let facts = owners::look_up(&[declared], Addresses::Service);
    let found = finding(&declared, &facts[&declared], &ours, &context.form);
    let (who, number, form) = (who(service, port), port.number, &context.form);
    match found.code {
        "port.free" => format!(
            "{who} is on port {number} instead of {from}, which is free again: `{form} up --reset-ports` returns to it."
        ),
        _ => format!("{who} is on port {number} instead of {from}: {}.", found.message),
    }
}

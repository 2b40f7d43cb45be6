//! `on_conflict = "next"`: services whose port is taken get the next one that is free, and the plan is made anew.

use super::Wish;
use super::clear::{Clearing, Judged, Way, WayOut};
use crate::commands::Context;
use crate::error::{Exit, Problems};
use crate::plan::{Origin, Plan, Port, Service};
use crate::preflight::verdict::{Ours, finding};
use crate::preflight::{Finding, Level, PortRef};
use crate::world::owners::{self, Addresses};
use crate::world::project::{Moving, Ports};
use crate::world::reservations::Moves;

/// A port that is taken and may move.
pub(super) type Movable<'a> = (&'a Service, &'a Port, &'a Finding);

impl Clearing<'_> {
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
        let is_strangers = finding.is_taken() && finding.code != "port.busy.own_running";
        is_strangers && self.way_out(port) == WayOut::Next
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
            self.tell(&moved(one, &plan, "moves"));
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
        let told = movable.iter().map(|one| moved(one, &moving.plan, "would move"));
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
        if owners::can_be_had(asked) {
            return true;
        }
        let Some((service, port)) = find(service, key, self.plan) else {
            return false;
        };
        let facts = owners::look_up(&[asked], Addresses::Service);
        let found = self.finding(service, port, asked, &facts[&asked]);
        found.code == "port.busy.own_running" && found.level == Level::Ok
    }
}

fn find<'p>(service: &str, key: &str, plan: &'p Plan) -> Option<(&'p Service, &'p Port)> {
    let service = plan.services.iter().find(|it| it.name == service)?;
    let port = service.ports.iter().find(|it| it.key == key)?;
    Some((service, port))
}

/// Why the port is not moved after all.
pub(in crate::commands) fn stuck((service, port, finding): &Movable<'_>, plan: &Plan) -> Option<Finding> {
    let (planned, now) = find(&service.name, &port.key, plan)?;
    let name = &service.name;
    let Origin::Moved { from } = now.origin else {
        return Some((*finding).clone());
    };
    let place = planned.names(from)?;
    let variable = planned.variable_of(now);
    let hint = format!("write `${{{variable}}}` instead of {from} in its {place}, and it moves");
    Some(Finding {
        message: format!("{}, and `{name}` cannot move: its {place} says {from}", finding.message),
        hints: std::iter::once(hint).chain(finding.hints.iter().cloned()).collect(),
        ..(*finding).clone()
    })
}

fn moved((service, port, finding): &Movable<'_>, plan: &Plan, verb: &str) -> Finding {
    let name = &service.name;
    let to = find(name, &port.key, plan).map_or(port.number, |(_, now)| now.number);
    let move_ = format!(
        "`{name}` {verb} from port {} to {to}, and everything that refers to it",
        port.number
    );
    Finding {
        level: Level::Warn,
        message: format!("{}; {move_}", finding.message),
        hints: Vec::new(),
        exit: Exit::Done,
        ..(*finding).clone()
    }
}

/// What is worth knowing of ports that moved earlier, and of those that returned.
pub(super) fn remarks(plan: &Plan, wish: &Wish, ours: &Ours, context: &Context) {
    for service in &plan.services {
        for port in &service.ports {
            let Some((_, before)) = find(&service.name, &port.key, &wish.before) else {
                continue;
            };
            let (name, number) = (&service.name, port.number);
            match (wish.ports, port.origin) {
                (Ports::NoteAnew | Ports::LookAnew, _) if number != before.number => {
                    context.say(&format!("`{name}` returns from port {} to {number}.", before.number));
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
    let (name, number, form) = (&service.name, port.number, &context.form);
    match found.code {
        "port.free" => format!(
            "`{name}` is on port {number} instead of {from}, which is free again: `{form} up --reset-ports` returns to it."
        ),
        _ => format!("`{name}` is on port {number} instead of {from}: {}.", found.message),
    }
}

//! `up` on a stack that already runs: what is missing is started through the running supervisor.

use std::time::Duration;

use super::{Inbox, Wish, clear};
use crate::commands::{Context, watching};
use crate::error::{Exit, Problems};
use crate::plan::{self, Plan};
use crate::report::words;
use crate::supervise::State;
use crate::world::clock::wall;
use crate::world::control::{Reply, Request, Service, Snapshot};
use crate::world::driver::Message;
use crate::world::live;
use crate::world::runs::Folder;

/// `None` when there is no supervisor to talk to after all.
pub(super) fn join(
    plan: &Plan,
    wish: &Wish,
    folder: &Folder,
    inbox: &Inbox,
    context: &Context,
) -> Result<Option<Exit>, Problems> {
    let Some((mut client, record)) = live::client(folder) else {
        return Ok(None);
    };
    client.send(&Request::Status);
    let running = match client.receive(Some(Duration::from_secs(5)))? {
        Reply::Status(snapshot) => snapshot,
        Reply::Refused(problem) => return Err(problem.into()),
        Reply::Transition(_) | Reply::UnderWay(_) | Reply::Why(_) | Reply::Done { .. } | Reply::Ending => {
            return Ok(None);
        }
    };
    let ends = |service: &Service| service.state.is_over() || service.state == State::Stopping;
    if running.services.iter().all(ends) {
        return Ok(None);
    }
    for (service, port) in moved(plan, &running) {
        context.say(&format!(
            "`{}` runs with port {port}, not with {}: it takes up a change with `{form} down` and `{form} up`.",
            service.name,
            service.ports[0].number,
            form = context.form
        ));
    }
    let age = Duration::try_from(wall().duration_since(record.started_at)).unwrap_or_default();
    let missing = missing(plan, &running);
    let pid = record.supervisor.pid;
    if missing.services.is_empty() {
        context.say(&format!(
            "{} is already running (pid {pid}, up {}).",
            plan.project,
            words::duration(age)
        ));
    } else {
        let names: Vec<_> = missing
            .services
            .iter()
            .map(|service| format!("`{}`", service.name))
            .collect();
        context.say(&format!(
            "{} is running (pid {pid}); starting {} there.",
            plan.project,
            names.join(", ")
        ));
        if let clear::Way::Blocked(exit) = clear::clear_more(&missing, wish, &record.run, inbox, context)? {
            return Ok(Some(exit));
        }
    }
    let Some((mut client, _)) = live::client(folder) else {
        return Ok(None);
    };
    client.send(&Request::Up {
        names: plan.services.iter().map(|service| service.name.clone()).collect(),
        services: missing.services,
        give_up_after: wish.give_up_after,
        progress: false,
    });
    let sender = inbox.sender.clone();
    client.follow(move |reply| drop(sender.send(Message::Replied(reply))));
    watching::watch(&inbox.receiver, context)
}

/// Services that run on another main port than is planned now, and that port.
fn moved<'a>(plan: &'a Plan, running: &Snapshot) -> Vec<(&'a plan::Service, u16)> {
    let port_now = |service: &plan::Service| {
        let now = running
            .services
            .iter()
            .find(|it| it.name == service.name && !it.state.is_over())?;
        let (now, planned) = (now.ports.first()?.number, service.ports.first()?.number);
        (now != planned).then_some(now)
    };
    plan.services
        .iter()
        .filter_map(|service| Some((service, port_now(service)?)))
        .collect()
}

/// The services of the plan that the running supervisor does not run; a task that has completed is not missed.
fn missing(plan: &Plan, running: &Snapshot) -> Plan {
    let is_done = |service: &Service| service.task && service.state == State::Exited;
    let runs = |name: &str| {
        let mut running = running.services.iter();
        running.any(|it| it.name == name && (!it.state.is_over() || is_done(it)))
    };
    let services = plan
        .services
        .iter()
        .filter(|service| !runs(&service.name))
        .cloned()
        .collect();
    Plan {
        services,
        ..plan.clone()
    }
}

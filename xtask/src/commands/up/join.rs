//! `up` on a stack that already runs: what is missing is started through the running supervisor.

use std::time::Duration;

use super::preflight::{Preflight, PreflightOutcome};
use super::{UpRequest, reassignment};
use crate::commands::events::Inbox;
use crate::commands::{Context, watching};
use crate::diagnostic::{Diagnostics, Exit};
use crate::plan::Plan;
use crate::ports::conflict::CallerContext;
use crate::protocol::Record;
use crate::protocol::Request;
use crate::report::steps::change;
use crate::report::words;
use crate::run::driver::Message;
use crate::run::project::Project;
use crate::run::run_status;
use crate::supervise::State;
use crate::supervise::steps::{Running, Step, Todo, steps};
use crate::system::clock::wall;
use crate::system::os;
use crate::system::runs::StateDir;

/// `None` when there is no supervisor to talk to after all.
pub(super) fn join(
    project: &Project,
    up_request: &UpRequest,
    directory: &StateDir,
    inbox: &Inbox,
    context: &Context,
) -> Result<Option<Exit>, Diagnostics> {
    let Some((running, record)) = run_status::running(&project.checkout)? else {
        return Ok(None);
    };
    if running.iter().all(Running::is_ending) {
        return Ok(None);
    }
    let looked = Preflight {
        plan: &up_request.before,
        project,
        up_request,
        ours: &ours(&up_request.before, &record, &running).with_reserved_numbers(up_request.numbers.clone()),
        inbox,
        context,
    };
    let claim = project.claim();
    let noted = looked.note(&running)?;
    noted.findings.iter().for_each(|finding| looked.tell(finding));
    let mut plan = noted.plan;
    let mut said = String::new();
    let services = loop {
        let to_do: Vec<_> = steps(&plan.services, &running)
            .into_iter()
            .filter(|step| step.todo != Todo::Keep)
            .collect();
        let announced = announcement(&plan, &to_do, &record);
        let services: Vec<_> = to_do.iter().map(|step| step.service.clone()).collect();
        if services.is_empty() {
            said = announced;
            break services;
        }
        if announced != said {
            context.say(&announced);
            said = announced;
        }
        let more = Plan {
            services: services.clone(),
            ..plan.clone()
        };
        let ours = ours(&more, &record, &running).with_reserved_numbers(up_request.numbers.clone());
        let clearing = Preflight {
            plan: &more,
            ours: &ours,
            ..looked
        };
        match clearing.clear()? {
            PreflightOutcome::Moved(moved) => plan = *moved,
            PreflightOutcome::Blocked(exit) => return Ok(Some(exit)),
            PreflightOutcome::Clear { .. } | PreflightOutcome::Leftovers => break services,
        }
    };
    if inbox.interrupted() {
        return Ok(Some(watching::interrupted("started", context)));
    }
    let Some((mut client, _)) = run_status::client(directory) else {
        return Ok(None);
    };
    claim.keep();
    client.send(&Request::Up {
        names: plan.services.iter().map(|service| service.name.clone()).collect(),
        services: services.clone(),
        give_up_after: up_request.give_up_after,
    });
    // Whoever reads that it runs already is waited for by the supervisor.
    if services.is_empty() {
        context.say(&said);
    }
    for name in unknown(up_request, &running) {
        context.say(&format!(
            "`{name}` runs on and is no longer in devtasks.toml: `{} down {name}` stops it.",
            context.program
        ));
    }
    reassignment::remarks(&plan, up_request, &ours(&plan, &record, &running), context);
    let sender = inbox.sender.clone();
    client.follow(move |reply| drop(sender.send(Message::Replied(reply))));
    watching::follow(&inbox.receiver, context)
}

/// What counts as ours beside a live run. Who waits, and is started with another port now, leaves its own to others.
pub(super) fn ours(to_do: &Plan, record: &Record, running: &[Running]) -> CallerContext {
    let is_replaced = |it: &&Running| {
        let mut names = to_do.services.iter().map(|service| &service.name);
        matches!(it.state, State::Waiting | State::Backoff) && names.any(|name| *name == it.service.name)
    };
    CallerContext {
        reserved: run_status::reserved(running.iter().filter(|it| !is_replaced(it))),
        ..CallerContext::new(&to_do.project, &to_do.checkout, Some(record.run.clone()), os::user_id())
    }
}

/// `shop is running (pid 100); restarting `api` (port 8000 → 8001), starting `web` there.`
fn announcement(plan: &Plan, to_do: &[Step<'_>], record: &Record) -> String {
    let (project, pid) = (&plan.project, record.supervisor.pid);
    if to_do.is_empty() {
        let age = Duration::try_from(wall().duration_since(record.started_at)).unwrap_or_default();
        return format!("{project} is already running (pid {pid}, up {}).", words::duration(age));
    }
    let restarted = to_do.iter().filter_map(|step| match &step.todo {
        Todo::Restart(changes) => {
            let changes: Vec<_> = changes.iter().map(change).collect();
            Some(format!("restarting `{}` ({})", step.service.name, changes.join(", ")))
        }
        Todo::Start | Todo::Keep => None,
    });
    let started = to_do.iter().filter(|step| step.todo == Todo::Start);
    let names: Vec<_> = started.map(|step| format!("`{}`", step.service.name)).collect();
    let started = (!names.is_empty()).then(|| format!("starting {}", names.join(", ")));
    let what: Vec<_> = restarted.chain(started).collect();
    format!("{project} is running (pid {pid}); {} there.", what.join(", "))
}

/// What runs although the file does not name it any more.
pub(super) fn unknown(up_request: &UpRequest, running: &[Running]) -> Vec<String> {
    let asked_for_all = up_request.asked.services.is_empty();
    let is_unknown = |it: &&Running| !it.state.is_over() && !up_request.known.contains(&it.service.name);
    let unknown = running.iter().filter(|_| asked_for_all).filter(is_unknown);
    unknown.map(|it| it.service.name.clone()).collect()
}

//! `up` on a running stack: the running supervisor starts what is missing.

use std::time::Duration;

use super::numbers::Numbers;
use super::preflight::{NotStarted, Preflight};
use super::settle::Notice;
use super::{UpRequest, metrics, remarks, timings, venvs};
use crate::commands::CommandResult;
use crate::commands::timings::last;
use crate::commands::watching::{self, FollowedRequest};
use crate::diagnostic::{Diagnostics, Exit};
use crate::plan::{Plan, Service};
use crate::protocol::Request;
use crate::report::steps::change;
use crate::report::words;
use crate::run::driver::Message;
use crate::run::run_status;
use crate::supervise::steps::{Running, Todo};
use crate::supervise::timings::Prepared;
use crate::system::clock::wall;
use crate::system::runs::StateDir;

/// `None` if there is no supervisor after all.
pub(super) fn join(alone: &Preflight<'_>, directory: &StateDir) -> Result<Option<Exit>, Diagnostics> {
    let Some(live) = run_status::running(&alone.project.checkout)? else {
        return Ok(None);
    };
    if live.0.iter().all(Running::is_ending) {
        return Ok(None);
    }
    let up = Preflight {
        live: Some(&live),
        ..*alone
    };
    let mut numbers = up.allocate(&mut |finding| up.tell(finding))?;
    let mut said = String::new();
    let (services, again, prepared) = match make_ready(&up, &mut numbers, &mut said, directory) {
        Ok(ready) => ready,
        Err(why) => {
            numbers.restore();
            return CommandResult::from(why).map(Some);
        }
    };
    let Some((mut client, _)) = run_status::client(directory) else {
        numbers.restore();
        return Ok(None);
    };
    let plan = numbers.plan;
    client.send(&Request::Up {
        names: plan.services.iter().map(|service| service.name.clone()).collect(),
        services: services.clone(),
        again,
        conflicts: numbers.conflicts.into_values().collect(),
        give_up_after: up.request.give_up_after,
        log_export: Vec::new(),
        prepared: Some(prepared),
    });
    // Shown only after the request was sent, so the supervisor already waits for readiness.
    if services.is_empty() {
        up.context.say(&said);
    }
    for name in unknown(up.request, &live.0) {
        up.context.say(&format!(
            "`{name}` runs on and is no longer in devtasks.toml: `{} down {name}` stops it.",
            up.context.program
        ));
    }
    metrics::remark(up.request).iter().for_each(|text| up.context.say(text));
    remarks::remarks(&up, &plan);
    let sender = up.inbox.sender.clone();
    client.follow(move |reply| drop(sender.send(Message::Replied(reply))));
    let running = live.0.iter().map(|it| it.service.name.as_str());
    let names = running.chain(plan.services.iter().map(|service| service.name.as_str()));
    watching::follow(&up.inbox.receiver, FollowedRequest::Up, names, up.context, &|| {
        timings::show_joined(up.request, last(&plan.checkout).as_ref(), &plan.project, up.context);
    })
}

/// The services to start or restart, if nothing prevents it, the names of those in a venv that was changed, and what was
/// done before. `said` is the last announcement.
fn make_ready(
    up: &Preflight<'_>,
    numbers: &mut Numbers,
    said: &mut String,
    directory: &StateDir,
) -> Result<(Vec<Service>, Vec<String>, Prepared), NotStarted> {
    let synced = match up.request.task {
        // It restarts nothing, so what runs keeps its packages.
        Some(_) => venvs::sync(up, &up.not_kept(&numbers.plan), directory)?,
        None => venvs::sync(up, &numbers.plan, directory)?,
    };
    let prepared = synced.prepared(up.request.began);
    let synced = synced.changed;
    let up = &Preflight { synced: &synced, ..*up };
    let mut notice = |notice: Notice<'_>| match notice {
        Notice::Looks { plan, to_do } => {
            let text = announcement(up, plan);
            if !to_do.services.is_empty() && text != *said {
                up.context.say(&text);
            }
            *said = text;
        }
        Notice::Reassigned(finding) => up.tell(finding),
    };
    let mut settled = up.settle(numbers, &mut notice)?;
    // The running supervisor is responsible for leftovers of earlier runs.
    if settled.resolution.has_leftovers() {
        up.check_interrupt()?;
    } else {
        settled = up.clear(numbers, settled, &mut notice)?;
    }
    let mut restarted = up.steps(&numbers.plan);
    restarted.retain(|step| matches!(step.todo, Todo::Restart(_)));
    let in_changed = |service: &&Service| service.venv.as_ref().is_some_and(|venv| synced.contains(&venv.path));
    let restarted = restarted.iter().map(|step| step.service).filter(in_changed);
    let again = restarted.map(|service| service.name.clone()).collect();
    Ok((settled.to_do.services, again, prepared))
}

/// `shop is running (pid 100); restarting `api` (port 8000 → 8001), starting `web` there.`
fn announcement(up: &Preflight<'_>, plan: &Plan) -> String {
    let (project, record) = (&plan.project, &up.live.expect("a running stack is joined").1);
    let pid = record.supervisor.pid;
    let mut to_do = up.steps(plan);
    to_do.retain(|step| step.todo != Todo::Keep);
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

/// Running services that are no longer in the file.
pub(super) fn unknown(request: &UpRequest, running: &[Running]) -> Vec<String> {
    let asked_for_all = request.asked.services.is_empty();
    let is_unknown = |it: &&Running| !it.state.is_over() && !request.known.contains(&it.service.name);
    let unknown = running.iter().filter(|_| asked_for_all).filter(is_unknown);
    unknown.map(|it| it.service.name.clone()).collect()
}

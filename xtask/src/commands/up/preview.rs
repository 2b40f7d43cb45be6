//! `up --plan`: what would be done, service by service, and what stands in the way. Nothing is changed.

use super::preflight::Preflight;
use super::reassignment::PlanWithFindings;
use super::{UpRequest, join};
use crate::commands::events::Inbox;
use crate::commands::{CommandResult, Context, exit_after_print, leftovers};
use crate::diagnostic::{Exit, Level};
use crate::plan::Plan;
use crate::ports::conflict::CallerContext;
use crate::report;
use crate::report::steps::Steps;
use crate::run::project::Project;
use crate::run::run_status;
use crate::supervise::steps::{Running, Todo, steps};
use crate::system::os;

pub(super) fn show(project: &Project, up_request: &UpRequest, context: &Context) -> CommandResult {
    let live = run_status::running(&project.checkout)?;
    let (running, record) = match &live {
        Some((running, record)) => (running.as_slice(), Some(record)),
        None => (&[][..], None),
    };
    let ours = |to_do: &Plan| {
        let ours = match record {
            Some(record) => join::ours(to_do, record, running),
            None => CallerContext::new(&to_do.project, &to_do.checkout, None, os::user_id()),
        };
        ours.with_reserved_numbers(up_request.numbers.clone())
    };
    let looked = Preflight {
        plan: &up_request.before,
        project,
        up_request,
        ours: &ours(&up_request.before),
        inbox: &Inbox::disconnected(),
        context,
    };
    let PlanWithFindings {
        mut plan,
        mut findings,
        mut moves,
    } = looked.note(running)?;
    let to_do = loop {
        let to_do = to_do(&plan, running);
        let clearing = Preflight {
            plan: &to_do,
            ours: &ours(&to_do),
            ..looked
        };
        let (seen, moved) = clearing.dry_run(&mut moves)?;
        findings.extend(seen);
        match moved {
            Some(moved) => plan = moved,
            None => break to_do,
        }
    };
    let steps = steps(&plan.services, running);
    let left = match record {
        Some(_) => Vec::new(),
        None => leftovers::of(&plan.checkout)?.processes,
    };
    if !left.is_empty() {
        findings.push(leftovers::finding(&left).level(Level::Warn));
    }
    let unknown = join::unknown(up_request, running);
    let seen = Steps {
        plan: &plan,
        steps: &steps,
        findings: &findings,
        unknown: &unknown,
    };
    let failing = findings.iter().filter(|finding| finding.level == Level::Fail);
    let exit = Exit::worst(failing.map(|finding| finding.exit));
    if context.json {
        return Ok(exit_after_print(context.print(&seen.json(&context.program)), exit));
    }
    let paint = context.paint();
    let head = match record {
        Some(record) => format!("running  ({}, pid {})", record.mode.name(), record.supervisor.pid),
        None => "not running".to_owned(),
    };
    let mut text = format!("{}  {head}\n\n{}\n", paint.bold(&plan.project), seen.table(paint));
    let reader = context.reader(paint);
    for finding in findings.iter().filter(|finding| finding.level != Level::Ok) {
        text.push_str(&format!("{}\n", report::finding::finding(finding, &reader)));
    }
    let n_restarted = steps
        .iter()
        .filter(|step| matches!(step.todo, Todo::Restart(_)))
        .count();
    let n_started = to_do.services.len() - n_restarted;
    let what = match (n_started, n_restarted) {
        _ if !seen.is_clear() => "start nothing".to_owned(),
        (0, 0) => "change nothing".to_owned(),
        (started, 0) => format!("start {started}"),
        (0, restarted) => format!("restart {restarted}"),
        (started, restarted) => format!("start {started} and restart {restarted}"),
    };
    text.push_str(&format!("`{} up` would {what}. Nothing was done.\n", context.program));
    Ok(exit_after_print(context.print(&text), exit))
}

/// What is not as it should be yet.
fn to_do(plan: &Plan, running: &[Running]) -> Plan {
    let steps = steps(&plan.services, running);
    let mut to_do = plan.clone();
    to_do.services.retain(|service| {
        let step = steps.iter().find(|step| step.service.name == service.name);
        step.is_some_and(|step| step.todo != Todo::Keep)
    });
    to_do
}

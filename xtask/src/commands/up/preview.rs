//! `up --plan`: what would be done, service by service, and what stands in the way. Nothing is changed.

use super::{Wish, clear, join};
use crate::commands::{Context, Ended, leftovers, quietly};
use crate::error::Exit;
use crate::plan::Plan;
use crate::preflight::{Finding, Level};
use crate::report;
use crate::report::steps::Steps;
use crate::supervise::steps::{Todo, steps};
use crate::world::live;

pub(super) fn show(plan: &Plan, wish: &Wish, context: &Context) -> Ended {
    let live = live::running(&plan.checkout)?;
    let (running, record) = match &live {
        Some((running, record)) => (running.as_slice(), Some(record)),
        None => (&[][..], None),
    };
    let steps = steps(&plan.services, running);
    let mut to_do = plan.clone();
    to_do.services.retain(|service| {
        let step = steps.iter().find(|step| step.service.name == service.name);
        step.is_some_and(|step| step.todo != Todo::Keep)
    });
    let live_run = record.map(|record| record.run.clone());
    let mut findings = clear::foresee(&to_do, wish, live_run.as_deref(), context);
    let left = match live_run {
        Some(_) => Vec::new(),
        None => leftovers::of(&plan.checkout)?,
    };
    if !left.is_empty() {
        findings.push(Finding {
            level: Level::Warn,
            ..leftovers::finding(&left, &context.form)
        });
    }
    let unknown = join::unknown(wish, running);
    let seen = Steps {
        plan,
        steps: &steps,
        findings: &findings,
        unknown: &unknown,
    };
    let failing = findings.iter().filter(|finding| finding.level == Level::Fail);
    let exit = Exit::worst(failing.map(|finding| finding.exit));
    if context.json {
        return Ok(quietly(context.print(&seen.json()), exit));
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
    text.push_str(&format!("`{} up` would {what}. Nothing was done.\n", context.form));
    Ok(quietly(context.print(&text), exit))
}

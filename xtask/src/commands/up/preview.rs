//! `up --plan`: what would be done for each service, and what prevents it. Nothing is changed.

use super::join;
use super::numbers::Numbers;
use super::preflight::Preflight;
use super::settle::{Notice, Settled};
use super::venvs;
use crate::commands::{CommandResult, exit_after_print, leftovers};
use crate::diagnostic::{Exit, Level};
use crate::plan::Runs;
use crate::ports::Finding;
use crate::preflight::resolution::{Remedy, ResolvedFinding};
use crate::report;
use crate::report::steps::Steps;
use crate::run::run_status;
use crate::supervise::steps::{Step, Todo};

pub(super) fn show(alone: &Preflight<'_>) -> CommandResult {
    let live = run_status::running(&alone.project.checkout)?;
    let up = Preflight {
        live: live.as_ref(),
        ..*alone
    };
    let mut findings = Vec::new();
    let mut numbers = up.allocate(&mut |finding| findings.push(finding.clone()))?;
    let due = venvs::due(&up, &numbers.plan);
    let up = Preflight { synced: &due, ..up };
    let settled = up.settle(&mut numbers, &mut |notice| match notice {
        Notice::Looks { .. } => {}
        Notice::Reassigned(finding) => findings.push(finding.clone()),
    })?;
    findings.extend(foreseen(&up, &numbers, &settled));
    if live.is_none() {
        let left = leftovers::of(&up.project.checkout)?.processes;
        if !left.is_empty() {
            findings.push(leftovers::finding(&left).level(Level::Warn));
        }
    }
    let seen = Steps {
        plan: &numbers.plan,
        steps: &up.steps(&numbers.plan),
        findings: &findings,
        unknown: &join::unknown(up.request, up.running()),
    };
    let failing = findings.iter().filter(|finding| finding.level == Level::Fail);
    let exit = Exit::worst(failing.map(|finding| finding.exit));
    let text = match up.context.json {
        true => seen.json(&up.context.program),
        false => people(&up, &seen),
    };
    Ok(exit_after_print(up.context.print(&text), exit))
}

/// The findings about ports that are not reassigned. A conflict that is solved without a question is a warning.
fn foreseen(up: &Preflight<'_>, numbers: &Numbers, settled: &Settled) -> Vec<Finding> {
    let all = settled.resolution.0.iter();
    if !settled.stuck.is_empty() {
        let others = all.map(|it| &it.finding).filter(|finding| !settled.is_stuck(finding));
        return others.chain(&settled.stuck).cloned().collect();
    }
    let foresee = |ResolvedFinding { port, finding, remedy }: &ResolvedFinding| match remedy {
        Remedy::Stop => Finding {
            level: Level::Warn,
            message: format!("{}; it would be stopped", finding.message),
            ..finding.clone()
        },
        Remedy::NotNeeded | Remedy::Ask | Remedy::Reassign | Remedy::Blocked => {
            up.hinted(numbers, port.as_ref(), finding.clone())
        }
    };
    all.map(foresee).collect()
}

fn people(up: &Preflight<'_>, seen: &Steps<'_>) -> String {
    let (context, paint) = (up.context, up.context.paint());
    let head = match up.live {
        Some((_, record)) => format!("running  ({}, pid {})", record.mode.name(), record.supervisor.pid),
        None => "not running".to_owned(),
    };
    let mut text = format!("{}  {head}\n\n{}\n", paint.bold(&seen.plan.project), seen.table(paint));
    let reader = context.reader(paint);
    let is_told = |finding: &&Finding| finding.level != Level::Ok || finding.is_note();
    for finding in seen.findings.iter().filter(is_told) {
        text.push_str(&format!("{}\n", report::finding::finding(finding, &reader)));
    }
    let external = |step: &&Step<'_>| step.service.runs == Runs::External;
    let n = |is_meant: &dyn Fn(&&Step<'_>) -> bool| seen.steps.iter().filter(is_meant).count();
    let counts = [
        ("start", n(&|step| step.todo == Todo::Start && !external(step))),
        ("restart", n(&|step| matches!(step.todo, Todo::Restart(_)))),
        ("wait for", n(&|step| step.todo == Todo::Start && external(step))),
    ];
    let parts = counts.iter().filter(|(_, n)| *n > 0);
    let parts: Vec<String> = parts.map(|(does, n)| format!("{does} {n}")).collect();
    let what = match report::words::list(&parts) {
        _ if !seen.is_clear() => "start nothing".to_owned(),
        None => "change nothing".to_owned(),
        Some(parts) => parts,
    };
    text.push_str(&format!("`{} up` would {what}. Nothing was done.\n", context.program));
    text
}

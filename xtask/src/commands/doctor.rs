//! `doctor`: all checks of `up` and some more, without changing anything.

use std::collections::BTreeMap;

use crate::commands::long_wait::{during, looks_at};
use crate::commands::{CommandResult, Context, exit_after_print, leftovers};
use crate::diagnostic::{Code, ConflictKind, Diagnostic, Diagnostics, Exit, Level};
use crate::plan::{Allocation, DeclaredPort, Draft, Plan, PortId, Runs, Selection};
use crate::ports::conflict::{CallerContext, ephemeral, split};
use crate::ports::{Endpoint, Finding};
use crate::preflight::check::port_finding;
use crate::preflight::compose::absent;
use crate::preflight::duplicate::duplicates;
use crate::preflight::env_files::EnvFileFact;
use crate::preflight::limit::open_files;
use crate::preflight::mismatch::Mismatch;
use crate::preflight::needs::needs;
use crate::preflight::reloader::reloaders;
use crate::preflight::resolution::{ConflictPolicy, Remedy};
use crate::preflight::{Facts, VenvState};
use crate::report::{self, json, reassignment, words};
use crate::run::project::{Project, ProjectPath};
use crate::run::reservations::Registry;
use crate::run::run_status::{self, HealthSource};
use crate::system::interrupt::Interrupt;
use crate::system::venvs::VenvLooks;
use crate::system::{observe, os, owners};

/// Check everything that a start needs: ports, commands, directories, env files, venvs
#[derive(clap::Args)]
#[command(after_help = "\
Looks at every service, whatever its profiles, if none is named, and changes nothing.

Examples:
  devtasks doctor
  devtasks doctor backend
  devtasks doctor --strict --format json     in CI

Exit codes:
  0    all is well, or there are only warnings and no `--strict`
  1    a check failed
  2    wrong usage, or devtasks.toml is wrong")]
pub(crate) struct Args {
    /// Only these services, and those they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Warnings, and what could not be found out, fail too
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    look(args, context).map_err(|problems| problems.ending_with(Exit::Failed))
}

fn look(args: Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref()).map_err(|problems| unreadable(problems, context))?;
    let registry = Registry::read(project.reference()).map_err(|problem| unreadable(problem.into(), context))?;
    let draft = project
        .draft(&selection(args.services.clone()))
        .map_err(|problems| unreadable(problems.into(), context))?;
    let allocation = registry.allocate(&draft.declared(), &BTreeMap::new());
    let (plan, problems) = draft.plan(&allocation);
    let look = || observe::facts(&plan, &VenvLooks::default(), &Interrupt::default());
    let facts = during(looks_at(&plan), context, look);
    let mut findings = duplicates(&plan);
    findings.extend(ports(&plan, &facts, &allocation, &registry, &draft));
    let env_files = project.env_files(&plan);
    findings.extend(others(&project, &plan, &facts, &env_files)?);
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    let ok = problems.is_empty() && worst < if args.strict { Level::Unknown } else { Level::Fail };
    let exit = match ok {
        true => Exit::Done,
        false if problems.iter().any(|problem| problem.exit == Exit::Usage) => Exit::Usage,
        false if findings.iter().any(|finding| finding.exit == Exit::Usage) => Exit::Usage,
        false => Exit::Failed,
    };
    let text = if context.json {
        json::line(&json::Doctor {
            schema_version: json::SCHEMA_VERSION,
            project: Some(&plan.project),
            checkout: Some(&plan.checkout),
            ok,
            findings: problems
                .iter()
                .map(|it| json::problem(it, &context.program))
                .chain(findings.iter().map(|it| json::finding(it, &context.program)))
                .collect(),
        })
    } else {
        people(
            &problems,
            &findings,
            &inventory(&findings, &plan, &facts, &env_files),
            context,
        )
    };
    Ok(exit_after_print(context.print(&text), exit))
}

/// These services, or everything if none is named.
fn selection(services: Vec<String>) -> Selection {
    Selection {
        everything: services.is_empty(),
        services,
        ..Selection::default()
    }
}

/// A file that cannot be read or planned also gives a JSON document.
fn unreadable(problems: Diagnostics, context: &Context) -> Diagnostics {
    if context.json {
        let place = ProjectPath::find(context.file.as_deref());
        let checkout = place.ok().map(|place| place.directory);
        let _ = context.print(&json::line(&json::Doctor {
            schema_version: json::SCHEMA_VERSION,
            project: None,
            checkout: checkout.as_deref(),
            ok: false,
            findings: problems
                .0
                .iter()
                .map(|it| json::problem(it, &context.program))
                .collect(),
        }));
    }
    problems
}

/// The findings about all ports. A conflict that `up` would solve with another number, without stopping the owner, is
/// not an error.
fn ports(
    plan: &Plan,
    facts: &Facts,
    allocation: &Allocation,
    registry: &Registry<'_>,
    draft: &Draft<'_>,
) -> Vec<Finding> {
    let ours = CallerContext::new(
        &plan.project,
        &plan.checkout,
        run_status::run(&plan.checkout),
        os::user_id(),
    )
    .with_reserved_numbers(allocation.numbers());
    let mut findings = Vec::new();
    let mut taken = Vec::new();
    for service in &plan.services {
        for declared in &service.ports {
            let port = Endpoint::from(declared);
            let fact = &facts.ports[&port];
            if service.runs == Runs::External {
                findings.extend(absent(service, declared, fact));
                continue;
            }
            let found = port_finding(service, declared, facts, &ours);
            let ours = ours.for_service(&service.name, declared);
            if ConflictPolicy::default().remedy(Some(declared), &found) == Remedy::Reassign {
                taken.push((findings.len(), PortId::new(&service.name, &declared.key)));
            }
            findings.push(found);
            findings.extend(split(&port, fact, &ours));
            findings.extend(ephemeral(&port, fact, &ours));
        }
    }
    if taken.is_empty() {
        return findings;
    }
    let ids: Vec<PortId> = taken.iter().map(|(_, id)| id.clone()).collect();
    // The new number is not reported, because it may be another one by then.
    let can_have = |port: &DeclaredPort, number| {
        owners::can_be_served(Endpoint {
            number,
            host: port.host,
            protocol: port.protocol,
        })
    };
    let Ok(moved) = draft.complete_plan(&registry.reassign(allocation, &ids, &can_have)) else {
        // `up` would stop before this, and the reason is reported elsewhere.
        return findings;
    };
    for (at, id) in &taken {
        let found = &findings[*at];
        findings[*at] = reassignment::cannot_move(id, found, &moved).unwrap_or_else(|| Finding {
            level: Level::Warn,
            message: format!("{}; `up` would move `{}` on", found.message, id.service),
            hints: Vec::new(),
            exit: Exit::Done,
            ..found.clone()
        });
    }
    findings
}

/// The findings about everything except ports.
fn others(
    project: &Project,
    plan: &Plan,
    facts: &Facts,
    env_files: &[EnvFileFact],
) -> Result<Vec<Finding>, Diagnostic> {
    let live_run = run_status::run(&plan.checkout);
    let mut findings = mismatches(plan)?;
    // A running stack has its descriptors already.
    findings.extend(live_run.is_none().then(|| open_files(plan, facts)).flatten());
    findings.extend(needs(plan, facts));
    findings.extend(reloaders(plan));
    findings.extend(project.env_findings(env_files));
    let mut left = leftovers::of(&plan.checkout)?.processes;
    left.retain(|(_, tag)| live_run.as_ref().is_none_or(|run| tag.run != *run));
    if !left.is_empty() {
        findings.push(leftovers::finding(&left).level(Level::Warn));
    }
    if live_run.is_none() {
        let containers = leftovers::containers_finding(&plan.checkout);
        findings.extend(containers.map(|finding| finding.level(Level::Warn)));
    }
    Ok(findings)
}

/// Services of the live run that listen elsewhere than declared.
fn mismatches(plan: &Plan) -> Result<Vec<Finding>, Diagnostic> {
    let mut findings = Vec::new();
    let Some(status) = run_status::status(&plan.checkout, HealthSource::Service)? else {
        return Ok(findings);
    };
    for seen in status.services {
        let name = &seen.status.name;
        let Some(service) = plan.services.iter().find(|service| service.name == *name) else {
            continue;
        };
        for port in seen.ports {
            let declared = service.ports.iter().find(|declared| declared.key == port.name);
            let mismatch = declared.and_then(|declared| Mismatch::new(&service.ports, declared, &port.elsewhere));
            findings.extend(mismatch.map(|it| it.finding(service)));
        }
    }
    Ok(findings)
}

fn people(problems: &[Diagnostic], findings: &[Finding], inventory: &str, context: &Context) -> String {
    let paint = context.paint();
    let reader = context.reader(paint);
    let told = findings
        .iter()
        .filter(|finding| context.verbose || finding.level != Level::Ok);
    let mut texts: Vec<_> = problems
        .iter()
        .map(|problem| report::problem::problem(problem, &context.program, paint))
        .collect();
    texts.extend(told.map(|it| report::finding::finding(it, &reader)));
    let is_well = problems.is_empty() && findings.iter().all(|finding| finding.level == Level::Ok);
    if is_well {
        texts.push(format!("{} {}\n", paint.good("All checks passed:"), inventory));
        return texts.join("");
    }
    let failing = problems.len() + findings.iter().filter(|it| it.level == Level::Fail).count();
    let is_warning = |it: &&Finding| matches!(it.level, Level::Warn | Level::Unknown);
    let rest = findings.iter().filter(is_warning).count();
    let mut sums = Vec::new();
    if failing > 0 {
        sums.push(format!("{} failed", words::count(failing, "check")));
    }
    if rest > 0 {
        sums.push(words::count(rest, "warning"));
    }
    format!("{}\n{}.\n", texts.join("\n"), sums.join(", "))
}

/// `3 ports free, 1 venv (Python 3.12.4), 4 commands, 2 env files, 0 leftovers.`
fn inventory(findings: &[Finding], plan: &Plan, facts: &Facts, env_files: &[EnvFileFact]) -> String {
    let ports = |code: Code| findings.iter().filter(|finding| finding.code == code).count();
    let mut parts = Vec::new();
    match (ports(Code::PortFree), ports(Code::PortBusy(ConflictKind::OwnRunning))) {
        (free, 0) => parts.push(format!("{} free", words::count(free, "port"))),
        (free, ours) => parts.push(format!(
            "{} ({free} free, {ours} ours)",
            words::count(free + ours, "port")
        )),
    }
    let versions = facts.venvs.values().filter_map(|fact| match &fact.state {
        VenvState::Works { version } => Some(version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")),
        _ => None,
    });
    let versions: Vec<_> = versions.collect();
    match versions.as_slice() {
        [] => {}
        versions => parts.push(format!(
            "{} (Python {})",
            words::count(versions.len(), "venv"),
            versions.join(", ")
        )),
    }
    let count = |runs: fn(&Runs) -> bool| plan.services.iter().filter(|it| runs(&it.runs)).count();
    parts.push(words::count(count(|runs| *runs == Runs::Command), "command"));
    for (n, of_which) in [
        (count(|runs| matches!(runs, Runs::Compose(_))), "Compose service"),
        (count(|runs| *runs == Runs::External), "external service"),
    ] {
        parts.extend((n > 0).then(|| words::count(n, of_which)));
    }
    let n_env_files = env_files.iter().filter(|file| file.exists).count();
    parts.push(words::count(n_env_files, "env file"));
    parts.push("0 leftovers".to_owned());
    let notes = findings.iter().filter(|finding| finding.is_note()).count();
    match notes {
        0 => format!("{}.", parts.join(", ")),
        notes => format!("{}, {} (see `-v`).", parts.join(", "), words::count(notes, "note")),
    }
}

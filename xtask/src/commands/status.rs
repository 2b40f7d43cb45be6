//! `status`: what runs, whether it is healthy, and whether our own processes listen.

use std::path::{Path, PathBuf};

use crate::commands::long_wait::during;
use crate::commands::timings::picture;
use crate::commands::watched::{self, Frame};
use crate::commands::{CommandResult, Context, exit_after_print, leftovers, stranded, timings};
use crate::diagnostic::{Diagnostics, Exit, Hint};
use crate::plan::Selection;
use crate::protocol::{ObservedService, RunStatus, ServiceStatus};
use crate::report;
use crate::report::finding::sentence;
use crate::run::logs::failed;
use crate::run::project::{Project, ProjectPath};
use crate::run::run_status::{self, HealthSource};
use crate::system::clock::wall;
use crate::system::runs::StateDir;

/// Show what runs: state, ports really listening, health, clients
#[derive(clap::Args)]
#[command(after_help = "\
Asks now: the ports in the kernel, the health at the service itself. With --watch, the health is that of
the supervisor's last check, so that services are not asked every second.

Examples:
  devtasks status
  devtasks status --watch
  devtasks status backend --format json
  devtasks status --timings      the last start as a waterfall, also of a run that has ended

Exit codes:
  0    every service shown is ready, every task has completed
  1    at least one is not; `--timings`: no start is known
  2    wrong usage, or devtasks.toml is wrong
  130  `--watch` was ended by Ctrl-C")]
pub(crate) struct Args {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Refresh every second; without a terminal, print the table only when it changes
    #[arg(long, short)]
    watch: bool,
    /// Show how long each service took at the last start, and what it waited for; with a file, as a picture too
    #[arg(long, value_name = "FILE.svg", num_args = 0..=1, require_equals = true, value_parser = picture,
          conflicts_with_all = ["services", "watch"])]
    timings: Option<Option<PathBuf>>,
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    look(&args, context).map_err(|problems| problems.ending_with(Exit::Failed))
}

fn look(args: &Args, context: &Context) -> CommandResult {
    if let Err(problem) = ProjectPath::find(context.file.as_deref()) {
        return Err(stranded::with_stranded_hint(problem).into());
    }
    let project = Project::find(context.file.as_deref())?;
    if let Some(picture) = &args.timings {
        return show_timings(picture.as_deref(), &project, context);
    }
    if args.watch {
        return watched::watch(context, |width| {
            let status = observed(args, &project, HealthSource::Supervisor)?;
            Ok(Frame {
                text: text(&status, &project, width, context),
                key: key(&status),
            })
        });
    }
    let look = || observed(args, &project, HealthSource::Service);
    let status = during("asking the services for their health", context, look)?;
    let exit = if status.is_ready() { Exit::Done } else { Exit::Failed };
    let text = text(&status, &project, context.terminals.width, context);
    Ok(exit_after_print(context.print(&text), exit))
}

/// The last start, also of a run that has ended.
fn show_timings(picture: Option<&Path>, project: &Project, context: &Context) -> CommandResult {
    let timings = timings::last(&project.checkout);
    let (name, checkout) = (&project.name, &project.checkout);
    let text = match (&timings, context.json) {
        (timings, true) => report::json::timings(name, checkout, timings.as_ref()),
        (Some(timings), false) => report::timings::text(timings, Some(wall()), context.paint()),
        (None, false) => String::new(),
    };
    let printed = context.print(&text);
    let timings = timings.ok_or_else(timings::none)?;
    if let Some(path) = picture {
        timings::write_picture(&timings, name, path)?;
    }
    Ok(exit_after_print(printed, Exit::Done))
}

/// The services that were asked for, or all.
fn observed(args: &Args, project: &Project, health: HealthSource) -> Result<RunStatus, Diagnostics> {
    let asked = Selection {
        services: args.services.clone(),
        ..Selection::default()
    };
    let mut status = match run_status::status(&project.checkout, health)? {
        Some(status) => status,
        None => at_rest(project, &asked)?,
    };
    if !args.services.is_empty() {
        // The plan rejects unknown names.
        let (plan, _) = project.plan(&asked)?;
        let is_shown = |name: &str| status.services.iter().any(|service| service.status.name == name);
        let mut missing = plan.services;
        missing.retain(|service| !is_shown(&service.name));
        let run = status.record.as_ref().map(|record| record.run.as_str());
        let at_rest = run_status::at_rest(&missing, &project.checkout, run);
        status.services.extend(at_rest);
        status
            .services
            .retain(|service| args.services.contains(&service.status.name));
    }
    Ok(status)
}

/// What makes a table another one; its ages and clients change all the time.
fn key(status: &RunStatus) -> String {
    let service = |it: &ObservedService| {
        let ports = it.ports.iter().map(|port| (port.number, port.listening, port.ours));
        let ports: Vec<_> = ports.collect();
        let ServiceStatus {
            name,
            state,
            pid,
            restarts,
            waiting_for,
            ..
        } = &it.status;
        format!(
            "{name} {state:?} {pid:?} {restarts} {waiting_for:?} {:?} {ports:?}\n",
            it.health.status
        )
    };
    let run = status.record.as_ref().map_or("", |record| record.run.as_str());
    format!("{run}\n{}", status.services.iter().map(service).collect::<String>())
}

fn text(status: &RunStatus, project: &Project, width: usize, context: &Context) -> String {
    if context.json {
        return report::json::status(status);
    }
    let mut text = report::status::table(status, wall(), context.paint(), width);
    if status.record.is_none() {
        // This is only a remark: if leftovers cannot be looked up, `down` says so.
        let left = leftovers::of(&project.checkout).unwrap_or_default().processes;
        let processes = (!left.is_empty()).then(|| leftovers::finding(&left));
        for finding in processes
            .into_iter()
            .chain(leftovers::containers_finding(&project.checkout))
        {
            text.push_str(&format!("\n{}.\n", sentence(&finding.message)));
        }
        let gone = stranded::remarks(context).into_iter();
        text.extend(gone.map(|remark| format!("\n{remark}\n")));
        let mut hints = vec![Hint::run("start it with", "up")];
        let failed = StateDir::existing(&project.checkout).map_or(Vec::new(), |directory| failed(&directory.logs()));
        if let Some((line, hint)) = report::status::failed(&failed, wall()) {
            text.push_str(&format!("\n{line}\n"));
            hints.insert(0, hint);
        }
        text.push_str(&report::problem::hints(&hints, &context.program, context.paint()));
    }
    text
}

/// Nothing runs: the services that `up` would start, as stopped.
fn at_rest(project: &Project, asked: &Selection) -> Result<RunStatus, Diagnostics> {
    let (plan, problems) = project.plan(asked)?;
    if !problems.is_empty() {
        return Err(problems.into());
    }
    Ok(RunStatus {
        project: plan.project.clone(),
        checkout: plan.checkout.clone(),
        record: None,
        services: run_status::at_rest(&plan.services, &plan.checkout, None),
        log_export: Vec::new(),
    })
}

//! `venv sync`: makes venvs and installs what is missing in them.

use super::progress::SyncProgress;
use super::{Chosen, called};
use crate::commands::events::Inbox;
use crate::commands::long_wait::during;
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::{Diagnostics, Exit, Platform};
use crate::foreign::visible;
use crate::plan::{Plan, Venv};
use crate::preflight::recipe::{Recipe, Work};
use crate::report::json;
use crate::system::runs::StateDir;
use crate::system::venvs::VenvLooks;
use crate::system::venvs::sync::{SyncEnd, Syncer, steps};

/// Make venvs, and install what `requirements` or `project` of devtasks.toml asks for
#[derive(clap::Args)]
#[command(after_help = "\
uv projects are synced by `uv sync`, Poetry projects by `poetry install`, if those are in the PATH.
For anything else uv is used if it is there, or else `python -m venv` and pip.
A venv that works is changed in place. A broken one is put back if the new one cannot be made.

Examples:
  devtasks venv sync              every venv of the file
  devtasks venv sync api
  devtasks venv sync --dry-run    only print the commands

Exit codes:
  0    all hold what is asked for
  1    a command failed
  2    wrong usage, or devtasks.toml is wrong
  5    no Python fits, or an input is missing
  130  interrupted by Ctrl-C")]
pub(super) struct Args {
    /// Only these: names of the file, or paths as listed
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print the commands, and run none
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let mut chosen = Chosen::find(&args.names, context)?;
    if args.names.is_empty() {
        // One that a service has found is changed only when it is named.
        chosen.venvs.retain(|venv| venv.name.is_some());
    }
    if chosen.venvs.is_empty() {
        context.say("devtasks.toml names no venv.");
    }
    if args.dry_run {
        return preview(&chosen, context);
    }
    let directory = StateDir::of(&chosen.plan.checkout)?;
    let inbox = Inbox::open(String::new())?;
    let looks = VenvLooks::noted_in(&directory);
    // Several at once; what is noted of them costs a few looks at files.
    during("looking at venvs", context, || {
        looks.at(&chosen.venvs, &inbox.interrupt)
    });
    let syncer = Syncer {
        checkout: &chosen.plan.checkout,
        notes: directory.venvs(),
        environment: &chosen.project.calling,
        looks: &looks,
        interrupt: &inbox.interrupt,
    };
    let mut problems = Vec::new();
    for venv in &chosen.venvs {
        let name = called(&chosen.plan, venv);
        match SyncProgress::new(&name, context).follow(&syncer, venv) {
            SyncEnd::Unchanged(_) | SyncEnd::Changed(_) => {}
            SyncEnd::Failed(failure) => problems.push(failure.problem),
            SyncEnd::Interrupted { state } => {
                context.say(&format!("Interrupted; {state}."));
                return Ok(Exit::Interrupted);
            }
        }
    }
    if context.json {
        let facts = looks.at(&chosen.venvs, &inbox.interrupt);
        let rows: Vec<_> = chosen.venvs.iter().map(|venv| chosen.row(venv, &facts)).collect();
        chosen.print_json(&rows, Exit::Done, context);
    }
    match problems.is_empty() {
        true => Ok(Exit::Done),
        false => Err(Diagnostics::from(problems)),
    }
}

fn preview(chosen: &Chosen, context: &Context) -> CommandResult {
    let inbox = Inbox::open(String::new())?;
    let look = || VenvLooks::default().at(&chosen.venvs, &inbox.interrupt);
    let facts = during("looking at venvs", context, look);
    if inbox.interrupted() {
        context.say("Interrupted.");
        return Ok(Exit::Interrupted);
    }
    let mut text = String::new();
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    for venv in &chosen.venvs {
        let commands = match steps(&chosen.plan.checkout, venv, &facts[&venv.path]) {
            Ok((work, steps)) => {
                let steps = steps
                    .iter()
                    .map(|step| step.typed_on(Platform::here(), &chosen.plan.checkout));
                let commands: Vec<String> = steps.collect();
                let recipe = &facts[&venv.path].recipe;
                text.push_str(&would(&chosen.plan, venv, work, recipe, &commands));
                Some(commands)
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        rows.push(json::VenvCommands {
            name: venv.name.as_deref(),
            path: &venv.path,
            commands,
        });
    }
    if context.json {
        text = json::line(&json::VenvPreview {
            schema_version: json::SCHEMA_VERSION,
            project: &chosen.plan.project,
            checkout: &chosen.plan.checkout,
            venvs: rows,
        });
    }
    let exit = exit_after_print(context.print(&text), Exit::Done);
    match problems.is_empty() {
        true => Ok(exit),
        false => Err(Diagnostics::from(problems)),
    }
}

fn would(plan: &Plan, venv: &Venv, work: Work, recipe: &Recipe, commands: &[String]) -> String {
    let name = called(plan, venv);
    if commands.is_empty() {
        return format!("{name}: nothing to do\n");
    }
    let aside = match work {
        Work::Remake => " after the old venv was set aside",
        Work::Make | Work::Fill => "",
    };
    let remark = recipe.remark().map(|it| format!("{name}: {it}\n")).unwrap_or_default();
    let commands: String = commands.iter().map(|it| format!("  {}\n", visible(it))).collect();
    format!("{remark}{name}: would run{aside}\n{commands}")
}

//! `venv`: the venvs of the project: what they are, what is wrong with them, and how they are made.

mod check;
mod list;
pub(in crate::commands) mod marked;
pub(in crate::commands) mod progress;
mod sync;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::commands::events::{Inbox, Interrupted};
use crate::commands::long_wait::during;
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::foreign::visible;
use crate::plan::{Plan, Selection, Venv, unknown};
use crate::ports::Subject;
use crate::preflight::VenvFact;
use crate::preflight::needs::venv::venv_trouble;
use crate::report::json;
use crate::report::venvs::VenvRow;
use crate::run::project::Project;
use crate::system::venvs::VenvLooks;

/// Look into the project's Python venvs, and make and fill them; without a subcommand, list them
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  devtasks venv              list them
  devtasks venv check        what is wrong with them, as `up` would say
  devtasks venv sync api     make [venvs.api], or install what is missing in it")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<VenvCommand>,
}

#[derive(clap::Subcommand)]
enum VenvCommand {
    List(list::Args),
    Check(check::Args),
    Sync(sync::Args),
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    match args.command {
        None => list::run(&list::Args::default(), context),
        Some(VenvCommand::List(args)) => list::run(&args, context),
        Some(VenvCommand::Check(args)) => check::run(&args, context),
        Some(VenvCommand::Sync(args)) => sync::run(&args, context),
    }
}

/// What `list` and `check` say without any.
const NO_VENVS: &str = "No service uses a venv, and devtasks.toml names none.\n";

/// The venvs that a command is about.
struct Chosen {
    project: Project,
    /// Every service of the file that can be planned.
    plan: Plan,
    venvs: Vec<Venv>,
}

impl Chosen {
    /// `names` are names in the file, or paths as they are listed; none means all.
    ///
    /// # Errors
    /// The file is wrong, or there is no such venv.
    fn find(names: &[String], context: &Context) -> Result<Self, Diagnostics> {
        let project = Project::find(context.file.as_deref())?;
        let asked = Selection {
            everything: true,
            ..Selection::default()
        };
        // What is wrong with the services is told by `doctor`.
        let (plan, _) = project.plan(&asked)?;
        let (mut venvs, problems) = project.draft(&asked)?.venvs(&plan);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let mut unknowns: Vec<Diagnostic> = Vec::new();
        for name in names {
            if !venvs.iter().any(|venv| is_called(&plan, venv, name)) {
                let shown: Vec<_> = venvs.iter().map(|venv| called(&plan, venv)).collect();
                unknowns.push(unknown("venv", name, shown.iter().map(String::as_str)));
            }
        }
        if !unknowns.is_empty() {
            return Err(unknowns.into());
        }
        venvs.retain(|venv| names.is_empty() || names.iter().any(|name| is_called(&plan, venv, name)));
        Ok(Chosen { project, plan, venvs })
    }

    /// Looks at all of them, and believes no note.
    ///
    /// # Errors
    /// Ctrl-C was pressed; an interpreter that never answers is ended with all that it has started.
    fn rows(&self, inbox: &Inbox, context: &Context) -> Result<Vec<VenvRow>, Interrupted> {
        let look = || VenvLooks::default().at(&self.venvs, &inbox.interrupt);
        let facts = during("looking at venvs", context, look);
        if inbox.interrupted() {
            context.say("Interrupted.");
            return Err(Interrupted);
        }
        Ok(self.venvs.iter().map(|venv| self.row(venv, &facts)).collect())
    }

    fn row(&self, venv: &Venv, facts: &BTreeMap<PathBuf, VenvFact>) -> VenvRow {
        let fact = &facts[&venv.path];
        let uses_it = |it: &&crate::plan::Service| it.venv.as_ref().is_some_and(|used| used.path == venv.path);
        let services = self.plan.services.iter().filter(uses_it);
        let trouble = venv_trouble(&self.plan.checkout, venv, fact);
        VenvRow {
            venv: venv.clone(),
            state: fact.state.clone(),
            services: services.map(|service| service.name.clone()).collect(),
            trouble: trouble.map(|it| it.about(Subject::default())),
        }
    }

    fn print_json(&self, rows: &[VenvRow], exit: Exit, context: &Context) -> Exit {
        let document = json::Venvs {
            schema_version: json::SCHEMA_VERSION,
            project: &self.plan.project,
            checkout: &self.plan.checkout,
            ok: rows.iter().all(VenvRow::is_fine),
            venvs: rows
                .iter()
                .map(|row| json::VenvDocument::new(row, &context.program))
                .collect(),
        };
        exit_after_print(context.print(&json::line(&document)), exit)
    }
}

/// The name of a venv, or its path as seen from the project; escaped.
fn called(plan: &Plan, venv: &Venv) -> String {
    let name = venv.name.clone().unwrap_or_else(|| path_of(plan, venv));
    visible(&name).into_owned()
}

fn path_of(plan: &Plan, venv: &Venv) -> String {
    let path = venv.path.strip_prefix(&plan.checkout).unwrap_or(&venv.path);
    path.display().to_string()
}

fn is_called(plan: &Plan, venv: &Venv, name: &str) -> bool {
    venv.name.as_deref() == Some(name) || path_of(plan, venv) == name.trim_end_matches('/')
}

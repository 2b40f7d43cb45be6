//! `doctor`: all checks of `up` and some more.

mod examine;
mod fix;

use crate::commands::{CommandResult, Context, exit_after_print, tell};
use crate::diagnostic::{Diagnostics, Exit};
use crate::report::doctor::{Results, people};
use crate::report::github::{Directories, annotated, step_summary};
use crate::report::{json, junit};
use crate::run::project::{Project, ProjectPath};
use crate::system::github;
use examine::examine;
use fix::{Fixed, fix};

/// Check everything that a start needs: ports, commands, directories, env files, venvs
#[derive(clap::Args)]
#[command(after_help = "\
Looks at every service, whatever its profiles, if none is named. Changes nothing without `--fix`, which ends what
earlier runs left, removes stale pid files, copies `.env.example` to `.env`, and makes or fills venvs.

Examples:
  devtasks doctor
  devtasks doctor backend
  devtasks doctor -v                         everything that was checked, by kind
  devtasks doctor --fix                      repair what can be repaired, and look again
  devtasks doctor --strict                   in CI: annotations if that is GitHub Actions
  devtasks doctor --format junit > doctor.xml

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
    /// Repair what can be repaired without harm, after one question with a list
    #[arg(long)]
    fix: bool,
    /// With `--fix`: repair without the question
    #[arg(long, short, requires = "fix")]
    yes: bool,
}

/// `--format`, as this command knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Human,
    Json,
    Github,
    Junit,
}

/// Without a form, GitHub's if that is where we run.
pub(crate) fn run(args: Args, form: Option<Form>, context: &Context) -> CommandResult {
    let form = form.unwrap_or_else(|| match github::is_here() {
        true => Form::Github,
        false => Form::Human,
    });
    look(args, form, context).map_err(|problems| problems.ending_with(Exit::Failed))
}

fn look(args: Args, form: Form, context: &Context) -> CommandResult {
    let found = Project::find(context.file.as_deref());
    let examined = found.and_then(|project| Ok((examine(&project, &args.services, context)?, project)));
    match examined {
        Ok((mut examined, project)) => {
            if args.fix {
                match fix(&project, &examined, args.yes, context)? {
                    Fixed::Something => examined = examine(&project, &args.services, context)?,
                    Fixed::Nothing => {}
                    Fixed::Interrupted => return Ok(Exit::Failed),
                }
            }
            let results = Results::of(&examined, args.strict);
            Ok(exit_after_print(
                context.print(&text(&results, form, context)),
                results.exit(),
            ))
        }
        Err(problems) => unreadable(problems, form, context),
    }
}

/// A file that cannot be read or planned is told in every form. People read it on stderr.
fn unreadable(problems: Diagnostics, form: Form, context: &Context) -> CommandResult {
    let place = ProjectPath::find(context.file.as_deref());
    let checkout = place.ok().map(|place| place.directory);
    let results = Results::unreadable(&problems.0, checkout.as_deref());
    if form != Form::Human {
        let _ = context.print(&text(&results, form, context));
    }
    match form {
        // What is on stderr stands in the same log.
        Form::Github => Ok(results.exit()),
        Form::Human | Form::Json | Form::Junit => Err(problems),
    }
}

fn text(results: &Results<'_>, form: Form, context: &Context) -> String {
    let reader = context.reader(context.paint());
    match form {
        Form::Human => people(results, context.verbose, &reader),
        Form::Json => json::doctor(results, &context.program),
        Form::Junit => junit::document(results, &reader),
        Form::Github => {
            if let Err(problem) = github::add_to_summary(&step_summary(results, &reader)) {
                tell(&format!("warning: {}\n", problem.message));
            }
            let here = github::here();
            let directories = Directories {
                checkout: results.checkout.map_or_else(|| here.clone(), ToOwned::to_owned),
                workspace: github::workspace(),
                here,
            };
            annotated(results, &directories, &reader)
        }
    }
}

//! `env`: the variables that a service gets beyond those of this terminal.

use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::Exit;
use crate::report::environment::{self, Dialect};
use crate::run::project::Project;

/// Print the variables that a service gets, beyond those of this terminal
#[derive(clap::Args)]
#[command(after_help = "\
Secrets are masked, unless you say `--reveal`. If the service runs, its ports are those that it has now.

Examples:
  devtasks env backend
  eval \"$(devtasks env backend --reveal)\"               set them in this shell
  devtasks env backend --format dotenv --reveal > .env.backend
  devtasks env backend --format json

Exit codes:
  0    they are on stdout
  1    the running supervisor does not answer
  2    wrong usage, or devtasks.toml is wrong")]
pub(crate) struct Args {
    /// The service or task
    service: String,
    /// Also the values of secrets
    #[arg(long)]
    reveal: bool,
}

/// `dialect` is `--format`: for this command also `shell`, the default, and `dotenv`.
pub(crate) fn run(args: &Args, dialect: Dialect, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    let service = project.service_beside(&args.service)?;
    let difference = project.beyond_calling(&service.environment);
    if !args.reveal && environment::has_secrets(&difference) {
        context.say("Secrets are masked: `--reveal` shows them.");
    }
    let text = environment::environment(&service.name, &difference, args.reveal, dialect);
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

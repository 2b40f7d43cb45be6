//! `exec`: any command in the environment of a service or task.

use crate::commands::{CommandResult, Context};
use crate::run::foreground;
use crate::run::project::Project;

/// Run a command in the environment, directory and venv of a service
#[derive(clap::Args)]
#[command(after_help = "\
Nothing is started beside it, and the service need not run. If it runs, its ports are those that it has now.
The exit code is the command's own.

Examples:
  devtasks exec backend -- python manage.py shell
  devtasks exec backend -- sh -c 'curl localhost:$PORT/healthz'
  devtasks exec frontend npm test

Exit codes:
  1    the running supervisor does not answer
  2    wrong usage, or devtasks.toml is wrong
  5    the command or the service's directory is missing")]
pub(crate) struct Args {
    /// The service or task
    service: String,
    /// The command, found in the service's PATH
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "COMMAND",
        value_hint = clap::ValueHint::CommandWithArguments
    )]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    let service = project.service_beside(&args.service)?;
    let command = foreground::command(&args.command, &service, &project.checkout)?;
    Ok(foreground::replace(command, &args.command[0])?)
}

//! `config`: what every value of `devtasks.toml` comes to.

use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::Exit;
use crate::report::resolved::Resolved;
use crate::run::project::Project;

/// Print the resolved configuration; variables filled in, ports as numbers, secrets masked
#[derive(clap::Args)]
#[command(after_help = "\
Every service and task, whatever its profiles, as a devtasks.toml that means the same in this directory. What
is left out is the default. If the stack runs, its ports are those that it has now.

Examples:
  devtasks config
  devtasks config --format json
  devtasks config --reveal > resolved.toml

Exit codes:
  0    it is on stdout
  1    the running supervisor does not answer
  2    wrong usage, or devtasks.toml is wrong
  5    an env file cannot be read")]
pub(crate) struct Args {
    /// Also the values of secrets
    #[arg(long)]
    reveal: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    let resolved = project.resolve()?;
    let resolved = Resolved {
        config: &project.config,
        plan: &resolved.plan,
        file: &resolved.file,
        env_files: resolved.env_files,
        venvs: &resolved.venvs,
        metrics: resolved.metrics,
        reveal: args.reveal,
    };
    let text = if context.json { resolved.json() } else { resolved.toml() };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

//! `venv list`: every venv of the project with its state.

use super::{Chosen, NO_VENVS};
use crate::commands::events::Inbox;
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::Exit;
use crate::report::venvs::table;

/// List the venvs of the file and of its services: path, Python version, state, services
#[derive(clap::Args, Default)]
#[command(after_help = "\
Every interpreter is run, for its version. Nothing is changed.

Examples:
  devtasks venv list
  devtasks venv list --format json

Exit codes:
  0    the look worked, whatever it found
  2    wrong usage, or devtasks.toml is wrong
  130  interrupted by Ctrl-C")]
pub(super) struct Args {
    /// Only these: names of the file, or paths as listed
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let chosen = Chosen::find(&args.names, context)?;
    let inbox = Inbox::open(String::new())?;
    let Ok(rows) = chosen.rows(&inbox, context) else {
        return Ok(Exit::Interrupted);
    };
    if context.json {
        return Ok(chosen.print_json(&rows, Exit::Done, context));
    }
    let text = match rows.is_empty() {
        true => NO_VENVS.to_owned(),
        false => table(&rows, &chosen.plan.checkout, context.paint()),
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

//! `venv check`: what is wrong with the venvs of the project.

use super::{Chosen, NO_VENVS, called};
use crate::commands::events::Inbox;
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::Exit;
use crate::report;
use crate::report::venvs::VenvRow;

/// Say what is wrong with the venvs: missing, broken, moved, of the wrong version, without a package
#[derive(clap::Args)]
#[command(after_help = "\
The packages are compared with `requirements` or `project` of devtasks.toml. Nothing is changed.

Examples:
  devtasks venv check
  devtasks venv check api --format json

Exit codes:
  0    all are in order
  2    wrong usage, or devtasks.toml is wrong
  5    a venv, its interpreter or a package is missing
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
    let troubles = rows.iter().filter_map(|row| row.trouble.as_ref());
    let exit = Exit::worst(troubles.map(|trouble| trouble.exit));
    if context.json {
        return Ok(chosen.print_json(&rows, exit, context));
    }
    let reader = context.reader(context.paint());
    let mut texts: Vec<String> = rows
        .iter()
        .filter_map(|row| row.trouble.as_ref())
        .map(|trouble| report::finding::finding(trouble, &reader))
        .collect();
    let fine: Vec<_> = rows
        .iter()
        .filter(|row| row.trouble.is_none())
        .map(|row| fine(row, &chosen))
        .collect();
    if !fine.is_empty() {
        texts.push(format!("{} {}\n", context.paint().good("In order:"), fine.join(", ")));
    }
    if rows.is_empty() {
        texts.push(NO_VENVS.to_owned());
    }
    Ok(exit_after_print(context.print(&texts.join("\n")), exit))
}

fn fine(row: &VenvRow, chosen: &Chosen) -> String {
    let name = called(&chosen.plan, &row.venv);
    match row.python() {
        Some(version) => format!("{name} (Python {version})"),
        None => name,
    }
}

//! `schema`: the JSON Schema of `devtasks.toml`.

use crate::commands::{CommandResult, Context, exit_after_print};
use crate::config::schema::schema;
use crate::diagnostic::Exit;

/// Print the JSON Schema of devtasks.toml, for editors
#[derive(clap::Args)]
#[command(after_help = "\
An editor with a TOML language server (Taplo, as in Even Better TOML) completes and checks a devtasks.toml
whose first line names the schema: `#:schema ./devtasks.schema.json`.

Examples:
  devtasks schema > devtasks.schema.json

Exit codes:
  0    it is on stdout
  2    wrong usage")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> CommandResult {
    Ok(exit_after_print(context.print(&schema()), Exit::Done))
}

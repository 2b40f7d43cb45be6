//! `port find`: finds a free port.

use super::port_arg::number;
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::{Diagnostic, Exit};
use crate::report::json;
use crate::system::owners;

/// Print the number of a free port
#[derive(clap::Args)]
#[command(after_help = "\
It can be bound at every address, by TCP and by UDP. Ports that the system gives to any connection come
last. It is not reserved: another process may take it before you do.

Examples:
  devtasks port find
  devtasks port find --near 8000              8000, or the next one that is free
  PORT=$(devtasks port find) npm start

Exit codes:
  0    the number is on stdout
  1    there is none
  2    wrong usage")]
pub(super) struct Args {
    /// This one, or the next above it that is free
    #[arg(long, value_name = "PORT", value_parser = number)]
    near: Option<u16>,
}

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let Some(number) = owners::find_free_port(args.near) else {
        let from = args.near.map(|near| format!(" from {near} on")).unwrap_or_default();
        return Err(Diagnostic::new(format!("no port{from} is free")).into());
    };
    let text = if context.json {
        json::line(&json::FreePort {
            schema_version: json::SCHEMA_VERSION,
            number,
        })
    } else {
        format!("{number}\n")
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

//! `metrics`: what the running stack shows to Prometheus, on stdout or in a file.

use std::path::{Path, PathBuf};

use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::run::project::Project;
use crate::run::run_status;
use crate::system::new_file::{Readers, replace};
use crate::system::problem;

/// Print the metrics of the running stack for Prometheus, or write them to a file
#[derive(clap::Args)]
#[command(after_help = "\
Asks the running stack, whether it serves metrics at an address (`up --metrics`) or not. The format is
the text format of Prometheus, 0.0.4.

The file is for the textfile collector of node_exporter: written beside and renamed, readable by all,
without metrics of the supervisor's own process, for which node_exporter has the same names. Its name
must end with `.prom`. Nothing is written while no stack runs.

Examples:
  devtasks metrics
  devtasks metrics --textfile /var/lib/node_exporter/devtasks.prom

Exit codes:
  0    printed or written
  1    no stack runs, it does not answer, or the file cannot be written
  2    wrong usage, or devtasks.toml is wrong")]
pub(crate) struct Args {
    /// Write them to this file instead
    #[arg(long, value_name = "FILE")]
    textfile: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    if context.json {
        let problem = Diagnostic::new("metrics have a format of their own, and are not printed as JSON");
        return Err(problem.hint("leave `--format json` out").exit(Exit::Usage).into());
    }
    let project = Project::find(context.file.as_deref())?;
    if let Some(path) = &args.textfile {
        check_name(path)?;
    }
    let text = run_status::metrics(&project.checkout, args.textfile.is_some())?.ok_or_else(nothing_runs)?;
    let Some(path) = &args.textfile else {
        return Ok(exit_after_print(context.print(&text), Exit::Done));
    };
    replace(path, &text, Readers::All).map_err(|error| problem("write", path, &error))?;
    Ok(Exit::Done)
}

/// Source: node_exporter, collector/textfile.go: only `*.prom` is read.
fn check_name(path: &Path) -> Result<(), Diagnostic> {
    if path.extension().is_some_and(|ending| ending == "prom") {
        return Ok(());
    }
    let problem = Diagnostic::new(format!("`{}` does not end with `.prom`", path.display()));
    let hint = format!(
        "write `{}`; node_exporter reads no other files",
        path.with_extension("prom").display()
    );
    Err(problem.hint(hint).exit(Exit::Usage))
}

fn nothing_runs() -> Diagnostic {
    Diagnostic::new("no stack of this checkout runs, so there are no metrics").hint(Hint::run("start it with", "up"))
}

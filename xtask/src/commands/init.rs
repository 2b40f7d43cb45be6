//! `init`: writes `devtasks.toml` from what the repository shows.

use std::path::Path;

use crate::commands::long_wait::during;
use crate::commands::{CommandResult, Context, proposed, tell};
use crate::detect::propose;
use crate::diagnostic::Diagnostic;
use crate::report;
use crate::run::project::NewFile;
use crate::system::repository;

/// Write a devtasks.toml from what this directory shows
#[derive(clap::Args)]
#[command(after_help = "\
Reads manifests, sources, a Procfile, Compose files, scripts of package.json, .claude/launch.json,
.vscode/tasks.json and the ports in env files. Every value has its reason in a comment. A file that
is there already is never changed.

Examples:
  devtasks init
  devtasks init --print | less

Exit codes:
  0    it is written or, with `--print`, shown
  1    nothing was found that could be started
  2    wrong usage, or there is a devtasks.toml already")]
pub(crate) struct Args {
    /// Write it to stdout, and no file
    #[arg(long)]
    print: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let file = NewFile::beside(context.file.as_deref())?;
    if !args.print {
        file.must_be_new("init --print")?;
    }
    let repository = during("reading the repository", context, || repository::whole(&file.directory));
    let proposal = propose(&repository);
    if proposal.is_empty() {
        tell(&report::proposal::left(&proposal));
        return Err(nothing_found(&file.directory).into());
    }
    proposed::finish(&proposal, &file, "init", args.print, context)
}

fn nothing_found(directory: &Path) -> Diagnostic {
    let problem = Diagnostic::new(format!(
        "nothing in `{}` shows what is to be started",
        directory.display()
    ));
    problem.hint("write `devtasks.toml` yourself, beginning with `[services.web]`, `command = \"…\"` and `port = 8000`")
}

//! `import`: writes `devtasks.toml` from one file of another tool.

use std::path::{Path, PathBuf};

use crate::commands::{CommandResult, Context, proposed, tell};
use crate::detect::{is_compose_file, propose_from};
use crate::diagnostic::{Diagnostic, Exit};
use crate::foreign::shell_word;
use crate::report;
use crate::run::project::NewFile;
use crate::system::{problem, repository};

/// Write a devtasks.toml from one file, such as a Procfile, Compose file or package.json
#[derive(clap::Args)]
#[command(after_help = "\
What the file says becomes services and tasks; what could not be carried over is listed. A
devtasks.toml that is there already is never changed.

Examples:
  devtasks import Procfile
  devtasks import compose.yaml --print

Exit codes:
  0    it is written or, with `--print`, shown
  1    nothing in the file could be started
  2    wrong usage, the file cannot be read, or there is a devtasks.toml already")]
pub(crate) struct Args {
    /// Procfile, compose.yaml, package.json, launch.json or tasks.json
    #[arg(value_name = "FILE")]
    // Not `file`, which is an option of every command.
    source: PathBuf,
    /// Write it to stdout, and no file
    #[arg(long)]
    print: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let file = NewFile::beside(context.file.as_deref())?;
    let name = args.source.to_string_lossy();
    let typed = shell_word(&name);
    if !args.print {
        file.must_be_new(&format!("import {typed} --print"))?;
    }
    let (path, real) = file.place_of(&args.source)?;
    let mut repository = repository::whole(&file.directory);
    repository::add(&mut repository, &path, &real)
        .map_err(|error| problem("read", &args.source, &error).exit(Exit::Usage))?;
    let name = args.source.file_name().unwrap_or_default().to_string_lossy();
    if is_compose_file(&name) {
        repository::resolve(&mut repository, &file.directory, &path);
    }
    let Some(proposal) = propose_from(&repository, &path) else {
        return Err(unknown_kind(&args.source).into());
    };
    if proposal.is_empty() {
        tell(&report::proposal::left(&proposal));
        return Err(nothing_in(&args.source).into());
    }
    proposed::finish(&proposal, &file, &format!("import {typed}"), args.print, context)
}

fn unknown_kind(file: &Path) -> Diagnostic {
    Diagnostic::new(format!("`{}` is of no kind that can be imported", file.display()))
        .hint("name a Procfile, a Compose file, `package.json`, `launch.json` or `tasks.json`")
        .exit(Exit::Usage)
}

fn nothing_in(file: &Path) -> Diagnostic {
    Diagnostic::new(format!("nothing in `{}` could be started", file.display()))
        .hint("name another file, or write `devtasks.toml` yourself")
}

//! `export`: what another program needs to run the stack.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::commands::{CommandResult, Context, exit_after_print, tell};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::export::{self, Exported, Request};
use crate::report;
use crate::report::json;
use crate::run::export_directory::{self, ExportDirectory};
use crate::run::project::Project;

/// Write what another program needs to run the stack
#[derive(clap::Args)]
#[command(after_help = "\
What the target does not do is listed on stderr, with what was put in its place. `[export] root` in
devtasks.toml is the project's directory on the other machine.

Examples:
  devtasks export procfile > Procfile
  devtasks export compose --output deploy
  devtasks export procfile --output deploy
  devtasks export procfile --output deploy --check    in CI: are the files there up to date?
  devtasks export systemd --output deploy             units, to be copied to /etc/systemd/system

Exit codes:
  0    they are written, or on stdout
  1    `--check`: files differ; `--strict`: the target does not do all
  2    wrong usage, devtasks.toml is wrong, or a file was not made by this command
  5    an env file is missing")]
pub(crate) struct Args {
    /// The program that will run the stack
    #[arg(value_enum)]
    target: Target,
    /// For the systemd of a user instead of that of the machine; `systemd` only
    #[arg(long)]
    user: bool,
    /// Write the files there, instead of to stdout
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    output: Option<PathBuf>,
    /// Write nothing, and fail if the files in `--output` are not up to date
    #[arg(long, requires = "output")]
    check: bool,
    /// Fail if the target does not do all that devtasks.toml says
    #[arg(long)]
    strict: bool,
    /// Also services of this profile
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    Systemd,
    Supervisor,
    Pm2,
    Procfile,
    Compose,
    Kubernetes,
    Prometheus,
    Grafana,
    Vector,
    Alloy,
}

fn target(args: &Args) -> Result<export::Target, Diagnostic> {
    Ok(match (args.target, args.user) {
        (Target::Systemd, true) => export::Target::SystemdUser,
        (_, true) => {
            let problem = Diagnostic::new("`--user` is for `export systemd` only");
            return Err(problem.hint("leave `--user` away").exit(Exit::Usage));
        }
        (Target::Systemd, false) => export::Target::Systemd,
        (Target::Supervisor, false) => export::Target::Supervisor,
        (Target::Pm2, false) => export::Target::Pm2,
        (Target::Procfile, false) => export::Target::Procfile,
        (Target::Compose, false) => export::Target::Compose,
        (Target::Kubernetes, false) => export::Target::Kubernetes,
        (Target::Prometheus, false) => export::Target::Prometheus,
        (Target::Grafana, false) => export::Target::Grafana,
        (Target::Vector, false) => export::Target::Vector,
        (Target::Alloy, false) => export::Target::Alloy,
    })
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    let target = target(args)?;
    let project = Project::find(context.file.as_deref())?;
    let asked = target.selection(&args.profile);
    let elsewhere = project.plan_elsewhere(&asked, target.root(), &target.address())?;
    let to_project = match &args.output {
        Some(output) => export_directory::way_back(output, &project.checkout)?,
        None => PathBuf::from("."),
    };
    let exported = export::export(
        target,
        &Request {
            plan: &elsewhere.plan,
            made_from: &elsewhere.made_from,
            metrics: elsewhere.metrics,
            config: &project.config,
            to_project: &to_project,
        },
    )?;
    if let Some(note) = report::export::from_calling(&elsewhere.from_calling) {
        context.say(&note);
    }
    let lost = lost(args, &exported, target);
    let differ = match (&args.output, args.check) {
        (Some(output), true) => Some(ExportDirectory::new(output, target).differing(&exported.files)?),
        (_, _) => None,
    };
    let written = match (&args.output, &differ) {
        (Some(output), None) => Some(ExportDirectory::new(output, target).write(&exported.files)?),
        (_, _) => None,
    };
    let answer = match (context.json, &args.output) {
        (true, _) => json::line(&json::exported(target, &exported, differ.as_deref())),
        (false, None) => report::export::files(&exported.files),
        (false, Some(_)) => String::new(),
    };
    let printed = context.print(&answer);
    if let (Some(written), Some(output)) = (written, &args.output) {
        context.say(&report::export::written(&written, exported.files.len(), output));
    }
    if !context.quiet && !context.json && (differ.is_none() || args.strict) {
        tell(&report::export::losses(
            &exported.losses,
            target,
            context.paint_stderr(),
        ));
    }
    let outdated = differ.iter().flatten().map(|path| outdated(path, args, target));
    let problems: Vec<_> = outdated.chain(lost).collect();
    if problems.is_empty() {
        return Ok(exit_after_print(printed, Exit::Done));
    }
    Err(problems.into())
}

fn lost(args: &Args, exported: &Exported, target: export::Target) -> Option<Diagnostic> {
    let is_lossy = args.strict && !exported.losses.is_empty();
    is_lossy.then(|| Diagnostic::new(format!("{} does not do all that devtasks.toml says", target.title())))
}

fn outdated(path: &Path, args: &Args, target: export::Target) -> Diagnostic {
    let output = args.output.iter().map(|output| output.display().to_string());
    let output = output.map(|output| ["--output".to_owned(), output]);
    let profiles = args.profile.iter().map(|name| ["--profile".to_owned(), name.clone()]);
    let options: Vec<String> = output.chain(profiles).flatten().collect();
    let command = format!("export {} {}", target.name(), shell_words::join(options));
    let problem = Diagnostic::new(format!(
        "`{}` is not what `export {}` would write",
        path.display(),
        target.name()
    ));
    problem.hint(Hint::run("write it with", command))
}

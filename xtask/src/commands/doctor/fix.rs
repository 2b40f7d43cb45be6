//! `doctor --fix`: what can be repaired without harm. It is listed, asked about once, and told as it is done.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::commands::events::{Inbox, Interrupted};
use crate::commands::venv::progress::SyncProgress;
use crate::commands::{Context, down, tell};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit, Level};
use crate::foreign::visible;
use crate::plan::{Venv, VenvInputs, seen_from};
use crate::preflight::recipe::Work;
use crate::report::doctor::Examination;
use crate::report::words;
use crate::run::project::Project;
use crate::system::new_file::{self, Readers};
use crate::system::runs::StateDir;
use crate::system::venvs::VenvLooks;
use crate::system::venvs::sync::{SyncEnd, Syncer, steps};
use crate::system::{files, observe, pidfiles, problem};

/// One repair. What it changes belongs to this checkout, and can be made again.
enum Fix {
    /// Processes and containers of earlier runs are ended.
    Leftovers,
    /// A pid file of a process that is gone is removed.
    Pidfile(PathBuf),
    /// An env file that does not exist becomes a copy of its example.
    EnvFile { file: PathBuf, example: PathBuf },
    /// A venv of the file is made or filled.
    Venv(Box<Venv>, Work),
}

/// How it ended.
pub(super) enum Fixed {
    /// Look again.
    Something,
    Nothing,
    Interrupted,
}

/// Asks, unless `yes`, and repairs.
///
/// # Errors
/// Signals cannot be listened for, or there is no state directory.
pub(super) fn fix(
    project: &Project,
    examined: &Examination,
    yes: bool,
    context: &Context,
) -> Result<Fixed, Diagnostics> {
    let fixes = fixes(examined);
    if fixes.is_empty() {
        if !examined.findings.iter().all(|it| it.level == Level::Ok) {
            context.say("Nothing of this can be repaired by `--fix`.");
        }
        return Ok(Fixed::Nothing);
    }
    let checkout = &examined.plan.checkout;
    let list: String = fixes
        .iter()
        .map(|fix| format!("  {}\n", visible(&fix.sentence(checkout))))
        .collect();
    let what = words::count(fixes.len(), "repair");
    let inbox = Inbox::open(String::new())?;
    if !yes && !context.terminals.interactive {
        tell(&format!(
            "{what} could be made:\n{list}None was made, because nobody can be asked here: `--fix --yes` makes them.\n\n"
        ));
        return Ok(Fixed::Nothing);
    }
    tell(&format!("{what} can be made:\n{list}"));
    if !yes {
        match inbox.confirm("Make them?", context) {
            Ok(true) => {}
            Ok(false) => return Ok(Fixed::Nothing),
            Err(Interrupted) => return Ok(Fixed::Interrupted),
        }
    }
    let mut end = Fixed::Something;
    for fix in &fixes {
        match fix.make(project, examined, &inbox, &context.for_people()) {
            Ok(()) => {}
            Err(Problem::Told(problems)) => drop(context.fail(&problems.0)),
            Err(Problem::Interrupted) => {
                end = Fixed::Interrupted;
                break;
            }
        }
    }
    tell("\n");
    Ok(end)
}

/// In the order in which they are made: what runs may hold what is repaired.
fn fixes(examined: &Examination) -> Vec<Fix> {
    let Examination {
        plan,
        facts,
        env_files,
        findings,
        ..
    } = examined;
    let mut fixes = Vec::new();
    // A running stack takes care of its own.
    let has_left = findings.iter().any(|it| it.code == Code::RunLeftovers);
    fixes.extend((has_left && !examined.is_running).then_some(Fix::Leftovers));
    let stale = plan
        .services
        .iter()
        .filter_map(|it| facts.services.get(&it.name)?.pidfile.as_ref());
    fixes.extend(stale.map(|stale| Fix::Pidfile(stale.path.clone())));
    let missing = env_files.iter().filter(|file| !file.exists);
    fixes.extend(missing.filter_map(|file| {
        let (example, _) = file.example.as_ref()?;
        Some(Fix::EnvFile {
            file: plan.checkout.join(&file.path),
            example: plan.checkout.join(example),
        })
    }));
    let mut seen = BTreeSet::new();
    // One that a service has found is changed only when it is named.
    let named = plan
        .venvs()
        .filter(|it| it.name.is_some() && it.inputs != VenvInputs::Unknown);
    for venv in named.filter(|it| seen.insert(&it.path)) {
        let steps = facts
            .venvs
            .get(&venv.path)
            .map(|fact| steps(&plan.checkout, venv, fact));
        if let Some(Ok((work, steps))) = steps
            && !steps.is_empty()
        {
            fixes.push(Fix::Venv(Box::new(venv.clone()), work));
        }
    }
    fixes
}

/// Why a repair was not made.
enum Problem {
    Told(Diagnostics),
    Interrupted,
}

impl From<Diagnostic> for Problem {
    fn from(problem: Diagnostic) -> Self {
        Problem::Told(problem.into())
    }
}

impl Fix {
    fn sentence(&self, checkout: &Path) -> String {
        let shown = |path: &Path| seen_from(checkout, path);
        match self {
            Fix::Leftovers => "end what earlier runs of this checkout left".to_owned(),
            Fix::Pidfile(path) => format!("remove the stale pid file `{}`", shown(path)),
            Fix::EnvFile { file, example } => format!(
                "copy `{}` to `{}`, which is to be filled in",
                shown(example),
                shown(file)
            ),
            Fix::Venv(venv, work) => {
                let path = shown(&venv.path);
                match work {
                    Work::Make => format!("make venv `{path}`, and install what is asked for"),
                    Work::Remake => format!("make venv `{path}` again, and install what is asked for"),
                    Work::Fill => format!("install what venv `{path}` lacks"),
                }
            }
        }
    }

    fn make(&self, project: &Project, examined: &Examination, inbox: &Inbox, context: &Context) -> Result<(), Problem> {
        let checkout = &examined.plan.checkout;
        let shown = |path: &Path| visible(&seen_from(checkout, path)).into_owned();
        match self {
            Fix::Leftovers => match down::leftovers_alone(checkout, context, inbox) {
                Ok(Exit::Interrupted) => Err(Problem::Interrupted),
                Ok(_) => Ok(()),
                Err(problems) => Err(Problem::Told(problems)),
            },
            Fix::Pidfile(path) => {
                // It is judged again.
                pidfiles::remove_if_stale(path);
                context.say(&format!("Removed `{}`.", shown(path)));
                Ok(())
            }
            Fix::EnvFile { file, example } => {
                copy(example, file)?;
                context.say(&format!(
                    "Copied `{}` to `{}`; fill it in.",
                    shown(example),
                    shown(file)
                ));
                Ok(())
            }
            Fix::Venv(venv, _) => sync(venv, project, inbox, context),
        }
    }
}

/// Only the user can read the copy: it will hold secrets. Nothing is overwritten.
fn copy(example: &Path, file: &Path) -> Result<(), Diagnostic> {
    let bytes = files::read_regular(example, observe::MAX_ENV_FILE_BYTES);
    let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.map_err(|error| problem("read", example, &error))?;
    new_file::write_new(file, &text, Readers::Owner).map_err(|error| problem("write", file, &error))
}

fn sync(venv: &Venv, project: &Project, inbox: &Inbox, context: &Context) -> Result<(), Problem> {
    let directory = StateDir::of(&project.checkout)?;
    let looks = VenvLooks::noted_in(&directory);
    let syncer = Syncer {
        checkout: &project.checkout,
        notes: directory.venvs(),
        environment: &project.calling,
        looks: &looks,
        interrupt: &inbox.interrupt,
    };
    let name = venv.name.as_deref().unwrap_or("venv");
    match SyncProgress::new(&visible(name), context).follow(&syncer, venv) {
        SyncEnd::Unchanged(_) | SyncEnd::Changed(_) => Ok(()),
        SyncEnd::Failed(failure) => Err(failure.problem.into()),
        SyncEnd::Interrupted { state } => {
            context.say(&format!("Interrupted; {state}."));
            Err(Problem::Interrupted)
        }
    }
}

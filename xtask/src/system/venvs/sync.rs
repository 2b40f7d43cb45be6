//! Makes and fills a venv with the tools of the machine, so that it holds what is asked for.
//!
//! A venv that works is filled in place: its scripts contain its path, so it cannot be built elsewhere and moved. pip
//! and uv download everything before they change anything, which keeps it usable if they fail. A broken venv is set
//! aside by a rename, and put back if the new one cannot be made.

mod aside;
mod step;

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{VenvLooks, stamp};
use crate::diagnostic::{Diagnostic, Exit, Level, Platform};
use crate::plan::{Environment, Venv};
use crate::preflight::needs::venv::{contents_trouble, venv_trouble};
use crate::preflight::recipe::{Source, Step, Work};
use crate::preflight::{VenvContents, VenvFact, VenvState};
use crate::system::interrupt::Interrupt;
use crate::system::{os, problem, terminal};
use aside::{Aside, is_venv};
use step::StepEnd;

/// What a sync needs besides its venv.
pub(crate) struct Syncer<'a> {
    /// The project's directory, in which the steps run.
    pub(crate) checkout: &'a Path,
    /// Where notes, locks and the output of the steps lie.
    pub(crate) notes: PathBuf,
    /// The environment of the steps.
    pub(crate) environment: &'a Environment,
    pub(crate) looks: &'a VenvLooks,
    pub(crate) interrupt: &'a Interrupt,
}

/// What happens now.
pub(crate) enum SyncNotice<'a> {
    /// Another sync of the same venv is at work.
    Waits,
    /// Something to know before the first step.
    Remark(String),
    /// A step begins: as typed.
    Step(&'a str),
    /// It goes on, since this time; the last line of its output.
    Progress(&'a str, Duration, String),
}

pub(crate) enum SyncEnd {
    /// It held what is asked for already.
    Unchanged(VenvFact),
    Changed(VenvFact),
    Failed(SyncFailure),
    Interrupted {
        /// What that leaves.
        state: String,
    },
}

/// Why a venv could not be made or filled.
pub(crate) struct SyncFailure {
    /// Without the last lines.
    pub(crate) problem: Diagnostic,
    /// The last lines of the step that failed, oldest first.
    pub(crate) tail: Vec<String>,
}

impl From<Diagnostic> for SyncFailure {
    fn from(problem: Diagnostic) -> Self {
        SyncFailure {
            problem,
            tail: Vec::new(),
        }
    }
}

/// The steps that a sync would take now; none if nothing is to be done.
///
/// # Errors
/// What is at the place is no venv, or something that the steps need is missing.
pub(crate) fn steps(checkout: &Path, venv: &Venv, fact: &VenvFact) -> Result<(Work, Vec<Step>), Diagnostic> {
    let told = |trouble: Option<Diagnostic>| {
        let trouble = trouble.expect("such a venv is in trouble");
        trouble.level(Level::Fail).exit(Exit::Missing)
    };
    let work = match &fact.state {
        VenvState::NotAVenv => return Err(told(venv_trouble(checkout, venv, fact))),
        VenvState::Missing => Work::Make,
        VenvState::InterpreterMissing { .. }
        | VenvState::LinkLoop
        | VenvState::Moved { .. }
        | VenvState::Broken { .. } => Work::Remake,
        VenvState::Works { version } => match fact.recipe.wanted(venv) {
            Some(wanted) if !wanted.allows(version) => Work::Remake,
            Some(_) | None => Work::Fill,
        },
    };
    match (work, &fact.contents) {
        (_, VenvContents::InputMissing(_)) => return Err(told(contents_trouble(checkout, venv, fact))),
        (_, VenvContents::Unknown(_)) if fact.recipe.source == Source::Nothing => {
            return Err(told(contents_trouble(checkout, venv, fact)));
        }
        (Work::Fill, VenvContents::NotLookedAt | VenvContents::Complete) => return Ok((work, Vec::new())),
        (Work::Remake, _) if !is_venv(&venv.path) => return Err(not_remade(venv)),
        (Work::Remake, _) if fact.recipe.holds_more.is_some() => {
            return Err(told(venv_trouble(checkout, venv, fact)));
        }
        (Work::Make | Work::Remake, _) if !fact.recipe.uses_uv() && fact.recipe.python.is_none() => {
            return Err(no_python(venv, fact));
        }
        (Work::Make | Work::Remake | Work::Fill, _) => {}
    }
    // What is set aside first needs no clearing.
    let steps = match work {
        Work::Remake => Work::Make,
        Work::Make | Work::Fill => work,
    };
    Ok((work, fact.recipe.steps(venv, steps)))
}

/// Whether it works, and nothing is to be done, or nothing can be.
pub(crate) fn is_in_order(checkout: &Path, venv: &Venv, fact: &VenvFact) -> bool {
    let is_known = !matches!(fact.contents, VenvContents::Unknown(_)) || fact.recipe.source != Source::Nothing;
    match venv_trouble(checkout, venv, fact) {
        None => true,
        Some(trouble) => trouble.level != Level::Fail && !is_known,
    }
}

impl Syncer<'_> {
    pub(crate) fn sync(&self, venv: &Venv, notice: &mut dyn FnMut(SyncNotice<'_>)) -> SyncEnd {
        match self.try_sync(venv, notice) {
            Ok(end) => end,
            Err(failure) => SyncEnd::Failed(failure),
        }
    }

    fn try_sync(&self, venv: &Venv, notice: &mut dyn FnMut(SyncNotice<'_>)) -> Result<SyncEnd, SyncFailure> {
        let Some(_lock) = self.lock(venv, notice)? else {
            return Ok(untouched());
        };
        let before = self.look(venv);
        if self.interrupt.was_heard() {
            return Ok(untouched());
        }
        let (work, todo) = steps(self.checkout, venv, &before)?;
        if todo.is_empty() {
            return Ok(SyncEnd::Unchanged(before));
        }
        // The first Ctrl-C is ours: the step is ended, and the old venv put back.
        let _ours = self.interrupt.signalling();
        let aside = match work {
            Work::Remake => Some(Aside::set(&venv.path)?),
            Work::Make | Work::Fill => Aside::left_behind(&venv.path),
        };
        let marks = stamp::marks(venv);
        let log = self.notes.join(format!("{}.log", stamp::name(&venv.path)));
        let mut output = File::create(&log).map_err(|error| problem("write", &log, &error))?;
        if let Some(remark) = before.recipe.remark() {
            notice(SyncNotice::Remark(remark));
        }
        for step in &todo {
            let typed = step.typed_on(Platform::here(), self.checkout);
            notice(SyncNotice::Step(&typed));
            let mut progress = |elapsed, line| notice(SyncNotice::Progress(&typed, elapsed, line));
            let end = step::run(step, self, &log, &mut output, &mut progress);
            if matches!(end, StepEnd::Done) {
                continue;
            }
            self.looks.forget(venv);
            let state = match aside {
                Some(aside) if work != Work::Fill => aside.put_back()?,
                _ if marks == stamp::marks(venv) => format!("nothing in `{}` has changed", self.shown(venv)),
                _ => format!("`{}` is made in part: a next sync completes it", self.shown(venv)),
            };
            return match end {
                StepEnd::Done | StepEnd::Interrupted => Ok(SyncEnd::Interrupted { state }),
                StepEnd::Failed(how) => Err(SyncFailure {
                    problem: Diagnostic::new(format!("`{typed}` {how}; {state}"))
                        .hint(format!("read its whole output in `{}`", log.display())),
                    tail: step::last_lines(&log),
                }),
            };
        }
        if let Some(aside) = aside {
            aside.remove();
        }
        self.looks.forget(venv);
        let fact = self.look(venv);
        match venv_trouble(self.checkout, venv, &fact) {
            Some(mut trouble) if trouble.exit != Exit::Done => {
                trouble.message = format!("all steps were done, and {}", trouble.message);
                trouble.hints.clear();
                let failure = trouble.hint(format!("read what they said in `{}`", log.display()));
                Err(SyncFailure {
                    problem: failure,
                    tail: step::last_lines(&log),
                })
            }
            Some(_) | None => Ok(SyncEnd::Changed(fact)),
        }
    }

    fn look(&self, venv: &Venv) -> VenvFact {
        let mut facts = self.looks.at([venv], self.interrupt);
        facts.remove(&venv.path).expect("it was looked at")
    }

    fn shown(&self, venv: &Venv) -> String {
        let path = venv.path.strip_prefix(self.checkout).unwrap_or(&venv.path);
        path.display().to_string()
    }

    /// The lock of the venv; `None` after an interrupt.
    fn lock(&self, venv: &Venv, notice: &mut dyn FnMut(SyncNotice<'_>)) -> Result<Option<File>, Diagnostic> {
        fs::create_dir_all(&self.notes).map_err(|error| problem("make", &self.notes, &error))?;
        let path = self.notes.join(format!("{}.lock", stamp::name(&venv.path)));
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| problem("open", &path, &error))?;
        let mut has_waited = false;
        while !os::try_lock(&file).map_err(|error| problem("lock", &path, &error))? {
            if !std::mem::replace(&mut has_waited, true) {
                notice(SyncNotice::Waits);
            }
            if self.interrupt.was_heard() {
                return Ok(None);
            }
            terminal::pause(LOCK_INTERVAL);
            // The other one changes it.
            self.looks.forget(venv);
        }
        Ok(Some(file))
    }
}

/// The interval between attempts to get the lock.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

fn untouched() -> SyncEnd {
    SyncEnd::Interrupted {
        state: "nothing was changed".to_owned(),
    }
}

fn not_remade(venv: &Venv) -> Diagnostic {
    Diagnostic::new(format!(
        "`{}` was not made by `venv`, `virtualenv` or uv: it has no `pyvenv.cfg`, so it is left alone",
        venv.path.display()
    ))
    .exit(Exit::Missing)
    .at(&venv.place)
    .hint("repair it with the tool that made it, such as conda; or name another directory as `path`")
}

fn no_python(venv: &Venv, fact: &VenvFact) -> Diagnostic {
    let problem = match fact.recipe.wanted(venv) {
        Some(wanted) => Diagnostic::new(format!("no Python in the PATH is `{}`", wanted.text)),
        None => Diagnostic::new("there is no `python3` in the PATH"),
    };
    problem
        .exit(Exit::Missing)
        .at(&venv.place)
        .hint("install one; or install `uv`, which brings its own")
}

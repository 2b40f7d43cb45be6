//! Python venvs: the search from a directory upward, the check that runs their interpreter, and how they are made.

mod interpreter;
mod judge;
mod pyproject;
mod recipe;
mod stamp;
pub(crate) mod sync;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::answer::{self, Answer};
use super::interrupt::Interrupt;
use super::runs::StateDir;
use super::threads;
use crate::plan::{Venv, VenvInputs};
use crate::preflight::{VenvContents, VenvFact, VenvState};
use judge::Question;

/// The nearest venv in `directory` or above, up to `top`: `.venv`, `venv` or `env`.
pub(crate) fn nearest(directory: &Path, top: &Path) -> Option<PathBuf> {
    let directories = directory.ancestors().take_while(|directory| directory.starts_with(top));
    let named = directories.flat_map(|directory| [".venv", "venv", "env"].map(|name| directory.join(name)));
    named.into_iter().find(|venv| venv.join("pyvenv.cfg").is_file())
}

/// How long an interpreter or a tool may take to answer. A cold disk is slow, a broken interpreter never answers.
const TIMEOUT: Duration = Duration::from_secs(10);

/// # Errors
/// There is no answer; in words. After an interrupt the words must not be used.
fn ask(command: &mut Command, interrupt: &Interrupt) -> Result<Answer, String> {
    answer::ask(command, TIMEOUT, &|| !interrupt.was_heard())
}

/// Looks at venvs, at each once.
#[derive(Debug, Default)]
pub(crate) struct VenvLooks {
    /// Where it is noted what was found; without it nothing is noted or believed.
    notes: Option<PathBuf>,
    seen: Mutex<BTreeMap<PathBuf, VenvFact>>,
}

impl VenvLooks {
    /// Looks that believe what an earlier one has noted in the state directory, as long as nothing has changed.
    pub(crate) fn noted_in(directory: &StateDir) -> Self {
        VenvLooks {
            notes: Some(directory.venvs()),
            seen: Mutex::default(),
        }
    }

    /// What is known of each venv by its path, looked at in parallel. After an interrupt the result must not be used.
    pub(crate) fn at<'a>(
        &self,
        venvs: impl IntoIterator<Item = &'a Venv>,
        interrupt: &Interrupt,
    ) -> BTreeMap<PathBuf, VenvFact> {
        let mut by_path: BTreeMap<&Path, &Venv> = BTreeMap::new();
        for venv in venvs {
            let known = by_path.entry(&venv.path).or_insert(venv);
            // The same directory may be found by one service and named by another.
            if known.inputs == VenvInputs::Unknown {
                *known = venv;
            }
        }
        let mut facts = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&Venv> = by_path
            .values()
            .copied()
            .filter(|it| !facts.contains_key(&it.path))
            .collect();
        let looks = threads::share(&new, threads::UNLIMITED, |venv| self.look_at(venv, interrupt));
        facts.extend(new.iter().map(|venv| venv.path.clone()).zip(looks));
        let asked = by_path.keys().filter_map(|path| facts.get_key_value(*path));
        asked.map(|(path, fact)| (path.clone(), fact.clone())).collect()
    }

    /// The venv was changed.
    fn forget(&self, venv: &Venv) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&venv.path);
    }

    fn look_at(&self, venv: &Venv, interrupt: &Interrupt) -> VenvFact {
        let mut recipe = recipe::recipe(venv);
        let noted = || self.notes.as_ref().filter(|_| venv.inputs != VenvInputs::Unknown);
        if let Some(notes) = noted()
            && let Some(version) = stamp::read(notes, venv, &recipe)
        {
            return VenvFact {
                state: VenvState::Works { version },
                contents: VenvContents::Complete,
                recipe,
            };
        }
        let question = Question::of(venv, &recipe);
        let (state, contents, files) = judge::judge(venv, &recipe, question, interrupt);
        let wanted = recipe.wanted(venv).cloned();
        let wanted = wanted.as_ref();
        let is_allowed = |version: &[u32]| wanted.is_none_or(|wanted| wanted.allows(version));
        let works = matches!(&state, VenvState::Works { version } if is_allowed(version));
        if !works {
            recipe.holds_more = interpreter::other_entry(&venv.path);
        }
        if !works && !recipe.uses_uv() {
            recipe.python = recipe::python(wanted, interrupt);
        }
        if let (Some(notes), VenvState::Works { version }, VenvContents::Complete) = (noted(), &state, &contents)
            && !interrupt.was_heard()
        {
            stamp::write(notes, venv, &recipe, version, &files);
        }
        VenvFact {
            state,
            contents,
            recipe,
        }
    }
}

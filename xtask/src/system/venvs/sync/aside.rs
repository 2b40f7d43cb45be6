//! Venvs that are set aside, put back and removed. Nothing else is ever removed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::system::problem;

/// A broken venv that was renamed, so that another can be made in its place.
pub(super) struct Aside {
    place: PathBuf,
    aside: PathBuf,
}

impl Aside {
    fn of(place: &Path) -> Self {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(".devtasks-replaced");
        Aside {
            place: place.to_owned(),
            aside: place.with_file_name(name),
        }
    }

    pub(super) fn set(place: &Path) -> Result<Self, Diagnostic> {
        if let Some(older) = Aside::left_behind(place) {
            remove(&older.aside)?;
        }
        let aside = Aside::of(place);
        fs::rename(place, &aside.aside).map_err(|error| problem("move", place, &error))?;
        Ok(aside)
    }

    /// What a sync that was killed has set aside.
    pub(super) fn left_behind(place: &Path) -> Option<Self> {
        let aside = Aside::of(place);
        is_venv(&aside.aside).then_some(aside)
    }

    /// Returns what that leaves, in words.
    pub(super) fn put_back(self) -> Result<String, Diagnostic> {
        let Aside { place, aside } = self;
        let is_there = place.symlink_metadata().is_ok();
        let removed = if is_there { remove(&place) } else { Ok(()) };
        removed
            .and_then(|()| fs::rename(&aside, &place).map_err(|error| problem("move", &aside, &error)))
            .map_err(|problem| problem.hint(format!("find the old venv in `{}`", aside.display())))?;
        Ok("the old venv was put back".to_owned())
    }

    /// The new one is complete.
    pub(super) fn remove(self) {
        // If it stays, the next sync removes it.
        let _ = remove(&self.aside);
    }
}

/// Removes a venv, or an empty directory, and nothing else.
fn remove(path: &Path) -> Result<(), Diagnostic> {
    let removed = match is_venv(path) || path.is_symlink() {
        true => fs::remove_dir_all(path),
        false => fs::remove_dir(path),
    };
    removed.map_err(|error| match is_venv(path) {
        true => problem("remove", path, &error),
        false => Diagnostic::new(format!(
            "`{}` is in the way and no venv, so it is not removed",
            path.display()
        )),
    })
}

pub(super) fn is_venv(path: &Path) -> bool {
    path.join("pyvenv.cfg").is_file()
}

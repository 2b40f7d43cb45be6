//! Where a project is, whatever its file says.

use std::path::{Path, PathBuf};

use crate::error::{Exit, Problem};
use crate::world::problem;

const FILE: &str = "devtasks.toml";

/// A project's file and folder.
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    /// The file as the user would name it: relative, where it lies below the current folder.
    pub(crate) shown: PathBuf,
    /// Canonical.
    pub(crate) folder: PathBuf,
}

impl Place {
    /// That of `file` or, without one, of the `devtasks.toml` of the current folder or the nearest above it.
    ///
    /// # Errors
    /// There is none, or its folder cannot be found.
    pub(crate) fn find(file: Option<&Path>) -> Result<Place, Problem> {
        let here = std::env::current_dir().map_err(|error| problem("find", Path::new("."), &error))?;
        let file = match file {
            Some(file) => here.join(file),
            None => nearest(&here).ok_or_else(|| no_project(&here))?,
        };
        let shown = file.strip_prefix(&here).unwrap_or(&file).to_owned();
        let unfindable = |error| problem("read", &shown, &error).exit(Exit::Usage);
        let folder = file.parent().unwrap_or(&here).canonicalize().map_err(unfindable)?;
        Ok(Place { file, shown, folder })
    }
}

/// Whatever kind of file has the name: one that is passed over in silence would be looked for at length.
fn nearest(here: &Path) -> Option<PathBuf> {
    let mut files = here.ancestors().map(|folder| folder.join(FILE));
    files.find(|file| file.symlink_metadata().is_ok() && !file.is_dir())
}

fn no_project(here: &Path) -> Problem {
    Problem::new(format!(
        "there is no `{FILE}` in `{}` or any folder above",
        here.display()
    ))
    .hint(format!(
        "go to a project's folder, or name its file with `--file PATH/{FILE}`"
    ))
    .exit(Exit::Usage)
}

//! Where a project is, whatever its file says.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Exit, Problem};
use crate::foreign::command_line;
use crate::world::runs::StateDir;
use crate::world::{caller, os, problem};

const FILE: &str = "devtasks.toml";

/// A project's file and folder.
pub(crate) struct ProjectPath {
    pub(crate) file: PathBuf,
    /// The file as the user would name it: relative, where it lies below the current folder.
    pub(crate) shown: PathBuf,
    /// Canonical.
    pub(crate) folder: PathBuf,
}

impl ProjectPath {
    /// That of `file` or, without one, of the `devtasks.toml` of the current folder or the nearest above it.
    ///
    /// # Errors
    /// There is none, it is another user's and was not named, or its folder cannot be found or noted.
    pub(crate) fn find(file: Option<&Path>) -> Result<ProjectPath, Problem> {
        let here = match std::env::current_dir() {
            // A folder that was deleted under our feet does not matter to a whole path.
            Err(_) if file.is_some_and(Path::is_absolute) => PathBuf::new(),
            here => here.map_err(|error| problem("find", Path::new("."), &error).exit(Exit::Usage))?,
        };
        let is_named = file.is_some();
        let file = match file {
            Some(file) => here.join(file),
            None => nearest(&here).ok_or_else(|| no_project(&here))?,
        };
        let shown = file.strip_prefix(&here).unwrap_or(&file).to_owned();
        // Whoever names a file consents to what it runs.
        if !is_named && let Some(owner) = stranger(&file) {
            return Err(untrusted(&file, owner));
        }
        let unfindable = |error| problem("read", &shown, &error).exit(Exit::Usage);
        let folder = file.parent().unwrap_or(&here).canonicalize().map_err(unfindable)?;
        if folder.to_str().is_none() || file.to_str().is_none() {
            return Err(not_utf8(&folder));
        }
        Ok(ProjectPath { file, shown, folder })
    }
}

/// The project's folder, also one that is gone if it is named and a run of it is noted: what runs without it can be ended.
///
/// # Errors
/// As [`ProjectPath::find`].
pub(crate) fn folder(file: Option<&Path>) -> Result<PathBuf, Problem> {
    ProjectPath::find(file).map(|place| place.folder).or_else(|problem| {
        let gone = file.and_then(gone);
        let is_noted =
            |folder: &PathBuf| StateDir::existing(folder).is_some_and(|it| matches!(it.record(), Ok(Some(_))));
        gone.filter(is_noted).ok_or(problem)
    })
}

/// The folder of a file in a folder that is not there: canonical as far as it is there.
fn gone(file: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let folder = file.parent()?;
    let mut above = folder.ancestors().skip(1);
    let (there, real) = above.find_map(|it| Some((it, it.canonicalize().ok()?)))?;
    let is_gone = std::fs::symlink_metadata(folder).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    is_gone.then(|| real.join(folder.strip_prefix(there).unwrap_or(folder)))
}

/// The owner of the file, or of a link in its place, who is not one of those whose files we act on.
///
/// Anybody may put a file into a folder such as `/tmp`, above the projects of others.
fn stranger(file: &Path) -> Option<u32> {
    let trusted = caller::trusted();
    let seen = [file.symlink_metadata(), file.metadata()].into_iter().flatten();
    let mut owners = seen.filter_map(|seen| os::owner(&seen));
    owners.find(|owner| !trusted.contains(owner))
}

fn untrusted(file: &Path, owner: u32) -> Problem {
    let name = os::user_name(owner).map_or_else(|| owner.to_string(), |name| format!("`{name}`"));
    let typed = command_line(&[file.to_string_lossy().into_owned()]);
    Problem::new(format!(
        "`{}` belongs to user {name}, so it is not read: what it says would run as you",
        file.display()
    ))
    .hint(format!("name it with `--file {typed}` if you trust that user"))
    .code("file.untrusted")
    .exit(Exit::Usage)
}

/// It is a name in notes and in the environment of services.
fn not_utf8(folder: &Path) -> Problem {
    Problem::new(format!("the path of this project is not UTF-8: `{}`", folder.display()))
        .hint("rename the folder, or the one above it whose name is shown with `�`")
        .exit(Exit::Usage)
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

//! Where a project is, whatever its file says.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Exit};
use crate::foreign::command_line;
use crate::system::runs::StateDir;
use crate::system::{caller, os, problem};

const FILE: &str = "devtasks.toml";

/// A project's file and directory.
pub(crate) struct ProjectPath {
    pub(crate) file: PathBuf,
    /// The file as the user would name it: relative, where it lies below the current directory.
    pub(crate) shown: PathBuf,
    /// Canonical.
    pub(crate) directory: PathBuf,
}

impl ProjectPath {
    /// That of `file` or, without one, of the `devtasks.toml` of the current directory or the nearest above it.
    ///
    /// # Errors
    /// There is none, it is another user's and was not named, or its directory cannot be found or noted.
    pub(crate) fn find(file: Option<&Path>) -> Result<ProjectPath, Diagnostic> {
        let here = match std::env::current_dir() {
            // A directory that was deleted under our feet does not matter to a whole path.
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
        let directory = file.parent().unwrap_or(&here).canonicalize().map_err(unfindable)?;
        if directory.to_str().is_none() || file.to_str().is_none() {
            return Err(not_utf8(&directory));
        }
        Ok(ProjectPath { file, shown, directory })
    }
}

/// The project's directory, also one that is gone if it is named and a run of it is noted: what runs without it can be
/// ended.
///
/// # Errors
/// As [`ProjectPath::find`].
pub(crate) fn directory(file: Option<&Path>) -> Result<PathBuf, Diagnostic> {
    ProjectPath::find(file).map(|place| place.directory).or_else(|problem| {
        let gone = file.and_then(gone);
        let is_noted =
            |directory: &PathBuf| StateDir::existing(directory).is_some_and(|it| matches!(it.record(), Ok(Some(_))));
        gone.filter(is_noted).ok_or(problem)
    })
}

/// The directory of a file in a directory that is not there: canonical as far as it is there.
fn gone(file: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let directory = file.parent()?;
    let mut above = directory.ancestors().skip(1);
    let (there, real) = above.find_map(|it| Some((it, it.canonicalize().ok()?)))?;
    let is_gone = std::fs::symlink_metadata(directory).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    is_gone.then(|| real.join(directory.strip_prefix(there).unwrap_or(directory)))
}

/// The owner of the file, or of a link in its place, who is not one of those whose files we act on.
///
/// Anybody may put a file into a directory such as `/tmp`, above the projects of others.
fn stranger(file: &Path) -> Option<u32> {
    let trusted = caller::trusted();
    let seen = [file.symlink_metadata(), file.metadata()].into_iter().flatten();
    let mut owners = seen.filter_map(|seen| os::owner(&seen));
    owners.find(|owner| !trusted.contains(owner))
}

fn untrusted(file: &Path, owner: u32) -> Diagnostic {
    let name = os::user_name(owner).map_or_else(|| owner.to_string(), |name| format!("`{name}`"));
    let typed = command_line(&[file.to_string_lossy().into_owned()]);
    Diagnostic::new(format!(
        "`{}` belongs to user {name}, so it is not read: what it says would run as you",
        file.display()
    ))
    .hint(format!("name it with `--file {typed}` if you trust that user"))
    .code(Code::FileUntrusted)
    .exit(Exit::Usage)
}

/// It is a name in notes and in the environment of services.
fn not_utf8(directory: &Path) -> Diagnostic {
    Diagnostic::new(format!(
        "the path of this project is not UTF-8: `{}`",
        directory.display()
    ))
    .hint("rename the directory, or the one above it whose name is shown with `�`")
    .exit(Exit::Usage)
}

/// Whatever kind of file has the name: one that is passed over in silence would be looked for at length.
fn nearest(here: &Path) -> Option<PathBuf> {
    let mut files = here.ancestors().map(|directory| directory.join(FILE));
    files.find(|file| file.symlink_metadata().is_ok() && !file.is_dir())
}

fn no_project(here: &Path) -> Diagnostic {
    Diagnostic::new(format!(
        "there is no `{FILE}` in `{}` or any directory above",
        here.display()
    ))
    .hint(format!(
        "go to a project's directory, or name its file with `--file PATH/{FILE}`"
    ))
    .exit(Exit::Usage)
}

//! The location of a project, independent of its file's contents.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::detect::found;
use crate::diagnostic::{Code, Diagnostic, Exit, Hint};
use crate::foreign::command_line;
use crate::system::runs::StateDir;
use crate::system::{caller, os, problem, repository};

pub(super) const FILE: &str = "devtasks.toml";

/// A project's file and directory.
pub(crate) struct ProjectPath {
    pub(crate) file: PathBuf,
    /// The path as the user would write it: relative if it is below the current directory.
    pub(crate) shown: PathBuf,
    /// Canonical.
    pub(crate) directory: PathBuf,
}

impl ProjectPath {
    /// The path of `file` or, without one, of the nearest `devtasks.toml` from the current directory upward.
    ///
    /// # Errors
    /// There is none, it belongs to another user and was not named, or its directory cannot be found or recorded.
    pub(crate) fn find(file: Option<&Path>) -> Result<ProjectPath, Diagnostic> {
        let here = match std::env::current_dir() {
            // A deleted current directory does not matter for an absolute path.
            Err(_) if file.is_some_and(Path::is_absolute) => PathBuf::new(),
            here => here.map_err(|error| problem("find", Path::new("."), &error).exit(Exit::Usage))?,
        };
        let is_named = file.is_some();
        let file = match file {
            Some(file) => here.join(file),
            None => nearest(&here).ok_or_else(|| no_project(&here))?,
        };
        let shown = file.strip_prefix(&here).unwrap_or(&file).to_owned();
        // Naming a file is consent to run it.
        if !is_named && let Some(owner) = stranger(&file) {
            return Err(untrusted(&file, owner));
        }
        let unfindable = |error| problem("read", &shown, &error).exit(Exit::Usage);
        let directory = dunce::canonicalize(file.parent().unwrap_or(&here)).map_err(unfindable)?;
        if directory.to_str().is_none() || file.to_str().is_none() {
            return Err(not_utf8(&directory));
        }
        Ok(ProjectPath { file, shown, directory })
    }
}

/// The project's directory. It may be gone if it is named and a run of it is recorded, so that the run can be stopped.
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

/// The directory of a file in a missing directory: canonical as far as it exists.
fn gone(file: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let directory = file.parent()?;
    let mut above = directory.ancestors().skip(1);
    let (there, real) = above.find_map(|it| Some((it, dunce::canonicalize(it).ok()?)))?;
    let is_gone = std::fs::symlink_metadata(directory).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    is_gone.then(|| real.join(directory.strip_prefix(there).unwrap_or(directory)))
}

/// The owner of the file, or of a link in its place, if it is not a trusted user.
///
/// Any user may put a file into a directory such as `/tmp`, above other users' projects.
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

/// The path is used as a name in records and in the environment of services.
fn not_utf8(directory: &Path) -> Diagnostic {
    Diagnostic::new(format!(
        "the path of this project is not UTF-8: `{}`",
        directory.display()
    ))
    .hint("rename the directory, or the one above it whose name is shown with `�`")
    .exit(Exit::Usage)
}

/// Any type of file counts: if one were skipped silently, the user would search for the reason.
pub(super) fn nearest(here: &Path) -> Option<PathBuf> {
    let mut files = here.ancestors().map(|directory| directory.join(FILE));
    files.find(|file| file.symlink_metadata().is_ok() && !file.is_dir())
}

fn no_project(here: &Path) -> Diagnostic {
    let write: Vec<Hint> = what_init_would_find(here).into_iter().collect();
    let elsewhere = Hint::from(format!(
        "go to a project's directory, or name its file with `--file PATH/{FILE}`"
    ));
    let elsewhere = elsewhere.or_after(&write);
    Diagnostic::new(format!(
        "there is no `{FILE}` in `{}` or any directory above",
        here.display()
    ))
    .hints(write)
    .hint(elsewhere)
    .exit(Exit::Usage)
}

/// Where `init` would look, if this directory is a project's. It may find nothing there, as in a library.
fn what_init_would_find(here: &Path) -> Option<Hint> {
    const MAX_NAMES: usize = 4;
    let repository = repository::glance(here, caller::home().as_deref())?;
    let found = found(&repository);
    let shown: Vec<&str> = found.iter().take(MAX_NAMES).map(String::as_str).collect();
    let more = if found.len() > MAX_NAMES { ", …" } else { "" };
    let hint = Hint::run("run", "init").then(&format!(
        ", which looks for what is to be started in {}{more}",
        shown.join(", ")
    ));
    (!found.is_empty()).then_some(hint)
}

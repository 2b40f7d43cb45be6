//! A `devtasks.toml` that is to be written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::place::{FILE, nearest};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::system::new_file::{self, Readers};
use crate::system::problem;

/// Its place.
#[derive(Debug)]
pub(crate) struct NewFile {
    pub(crate) file: PathBuf,
    /// The path as the user would write it.
    pub(crate) shown: PathBuf,
    /// The project's directory, canonical.
    pub(crate) directory: PathBuf,
}

impl NewFile {
    /// `file`, or `devtasks.toml` in the current directory.
    ///
    /// # Errors
    /// Its directory does not exist, or is none.
    pub(crate) fn beside(file: Option<&Path>) -> Result<NewFile, Diagnostic> {
        let shown = file.map_or_else(|| PathBuf::from(FILE), Path::to_owned);
        let unfindable = |path: &Path, error: &std::io::Error| problem("find", path, error).exit(Exit::Usage);
        let absolute = std::path::absolute(&shown).map_err(|error| unfindable(&shown, &error))?;
        let above = absolute.parent().unwrap_or(&absolute);
        let directory = dunce::canonicalize(above).map_err(|error| unfindable(above, &error))?;
        if !directory.is_dir() {
            return Err(unfindable(above, &ErrorKind::NotADirectory.into()));
        }
        Ok(NewFile {
            file: absolute,
            shown,
            directory,
        })
    }

    /// The `devtasks.toml` that commands in this directory use without this one: the nearest above. `None` also if this one
    /// has another name, for it is used only when it is named.
    pub(crate) fn hidden(&self) -> Option<PathBuf> {
        let is_found = self.file.ends_with(FILE);
        is_found.then(|| nearest(self.directory.parent()?)).flatten()
    }

    /// # Errors
    /// There is one. `instead` shows what would be written.
    pub(crate) fn must_be_new(&self, instead: &str) -> Result<(), Diagnostic> {
        match self.file.symlink_metadata() {
            Ok(_) => Err(self.is_there(instead)),
            Err(_) => Ok(()),
        }
    }

    /// # Errors
    /// It has appeared meanwhile, or cannot be written.
    pub(crate) fn write(&self, text: &str) -> Result<(), Diagnostic> {
        new_file::write_new(&self.file, text, Readers::Umask).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.is_there("init --print"),
            _ => problem("write", &self.shown, &error),
        })
    }

    /// The path of another file as seen from the project's directory, and the file. One outside counts as if it stood there.
    ///
    /// # Errors
    /// It does not exist.
    pub(crate) fn place_of(&self, file: &Path) -> Result<(String, PathBuf), Diagnostic> {
        let real = dunce::canonicalize(file).map_err(|error| problem("read", file, &error).exit(Exit::Usage))?;
        let inside = real.strip_prefix(&self.directory).map(Path::to_owned);
        let path = inside.unwrap_or_else(|_| PathBuf::from(real.file_name().unwrap_or_default()));
        let parts: Vec<_> = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        Ok((parts.join("/"), real))
    }

    fn is_there(&self, instead: &str) -> Diagnostic {
        Diagnostic::new(format!(
            "there is a `{}` already, and it is never overwritten",
            self.shown.display()
        ))
        .hint(Hint::run("see what would be written with", instead))
        .exit(Exit::Usage)
    }
}

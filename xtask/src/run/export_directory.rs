//! The directory that `export --output` writes to, and that `--check` compares.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::export::{ExportFile, Target, mark};
use crate::system::new_file::{self, Readers};
use crate::system::{files, problem};

/// Of a file that is there, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

pub(crate) struct ExportDirectory<'a> {
    directory: &'a Path,
    target: Target,
}

impl<'a> ExportDirectory<'a> {
    pub(crate) fn new(directory: &'a Path, target: Target) -> Self {
        ExportDirectory { directory, target }
    }

    /// Writes what differs; returns the paths that were written.
    ///
    /// # Errors
    /// A file was not made by this command, or cannot be written. Then none was changed, unless one could not be written.
    pub(crate) fn write(&self, files: &[ExportFile]) -> Result<Vec<PathBuf>, Diagnostics> {
        let mut foreign = Vec::new();
        let mut changed = Vec::new();
        for file in files {
            match self.there(file)? {
                Some(text) if text == file.text => {}
                Some(text) if !text.contains(&mark(self.target)) => foreign.push(self.not_ours(file)),
                Some(_) | None => changed.push(file),
            }
        }
        if !foreign.is_empty() {
            return Err(foreign.into());
        }
        std::fs::create_dir_all(self.directory).map_err(|error| problem("make", self.directory, &error))?;
        let write = |file: &&ExportFile| {
            let path = self.directory.join(&file.name);
            let readers = if file.has_variables {
                Readers::Owner
            } else {
                Readers::Umask
            };
            new_file::replace(&path, &file.text, readers).map_err(|error| problem("write", &path, &error))?;
            Ok(path)
        };
        changed
            .iter()
            .map(write)
            .collect::<Result<_, Diagnostic>>()
            .map_err(Diagnostics::from)
    }

    /// The files that are missing or differ.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn differing(&self, files: &[ExportFile]) -> Result<Vec<PathBuf>, Diagnostics> {
        let mut differing = Vec::new();
        for file in files {
            if self.there(file)?.as_deref() != Some(&file.text) {
                differing.push(self.directory.join(&file.name));
            }
        }
        Ok(differing)
    }

    fn there(&self, file: &ExportFile) -> Result<Option<String>, Diagnostic> {
        let path = self.directory.join(&file.name);
        match files::read_regular(&path, MAX_FILE_BYTES) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(problem("read", &path, &error)),
        }
    }

    fn not_ours(&self, file: &ExportFile) -> Diagnostic {
        let path = self.directory.join(&file.name);
        Diagnostic::new(format!(
            "`{}` was not made by `export {}`, and is not overwritten",
            path.display(),
            self.target.name()
        ))
        .hint("name another directory with `--output`, or move the file away")
        .exit(Exit::Usage)
    }
}

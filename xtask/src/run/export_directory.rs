//! The directory that `export --output` writes to, and that `--check` compares.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::export::{ExportFile, Target, mark};
use crate::system::new_file::{self, Readers};
use crate::system::{files, os, problem};

/// Of a file that is there, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

pub(crate) struct ExportDirectory<'a> {
    directory: &'a Path,
    target: Target,
}

/// The project's directory, seen from `directory`: `.` or `..` if that lies in the project, else absolute.
///
/// # Errors
/// There is no working directory.
pub(crate) fn way_back(directory: &Path, project: &Path) -> Result<PathBuf, Diagnostic> {
    let absolute = std::path::absolute(directory).map_err(|error| problem("find", directory, &error))?;
    // It may not exist yet.
    let mut above = absolute.ancestors();
    let real = above.find_map(|above| {
        Some(
            dunce::canonicalize(above)
                .ok()?
                .join(absolute.strip_prefix(above).ok()?),
        )
    });
    let real = real.unwrap_or(absolute);
    let Ok(within) = real.strip_prefix(project) else {
        return Ok(project.to_owned());
    };
    let back: PathBuf = within.components().map(|_| "..").collect();
    Ok(if back.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        back
    })
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
                Some(text) if text == file.text && !self.is_open(file) => {}
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

    /// The files that are missing or differ. Who may read one does not count: git keeps no such thing.
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

    /// It has variables, and others may read it.
    fn is_open(&self, file: &ExportFile) -> bool {
        file.has_variables && os::is_open_to_others(&self.directory.join(&file.name))
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

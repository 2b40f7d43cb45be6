//! Writes a file whole or not at all: one that is not there yet, and never over another one; or in the place of another.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::os;

/// # Errors
/// `AlreadyExists`, or it cannot be written.
pub(crate) fn write_new(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let beside = beside(path);
    let written = os::create_new(&beside, readers).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    // A link fails if something has that name by now; a rename would replace it.
    let linked = written.and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    linked
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The user alone.
    Owner,
    /// Whoever the umask lets.
    Umask,
    /// Everybody, whatever the umask is: another user's program reads it.
    All,
}

/// Replaces the file, if there is one.
///
/// # Errors
/// It cannot be written; what was there is left as it was.
pub(crate) fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let beside = beside(path);
    // A process with this pid may have been killed in the middle.
    let _ = fs::remove_file(&beside);
    let replaced = os::create_new(&beside, readers)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    replaced.inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// In the same directory, so that it can be renamed; the name does not end like that of the file, so that nobody takes it
/// for one.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

#[cfg(test)]
mod tests;

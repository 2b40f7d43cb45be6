//! What GitHub Actions says to a step, and the file that takes its summary.
//!
//! Source: docs.github.com, "Variables reference" and "Adding a job summary".

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::system::problem;

/// Whether we run in a step.
pub(crate) fn is_here() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// The directory of the repository, canonical.
pub(crate) fn workspace() -> Option<PathBuf> {
    dunce::canonicalize(std::env::var_os("GITHUB_WORKSPACE")?).ok()
}

/// The current directory, canonical.
pub(crate) fn here() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    dunce::canonicalize(&here).unwrap_or(here)
}

/// Adds to the summary of the step, if it has one.
///
/// # Errors
/// It cannot be written.
pub(crate) fn add_to_summary(text: &str) -> Result<(), Diagnostic> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let file = PathBuf::from(file);
    let opened = OpenOptions::new().append(true).create(true).open(&file);
    let written = opened.and_then(|mut it| it.write_all(text.as_bytes()));
    written.map_err(|error| problem("write", &file, &error))
}

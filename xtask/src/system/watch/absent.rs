//! What stands for the watcher in a build without it. The key `watch` is an error there, so only the plan of another
//! build gets this far.

use std::path::Path;

use super::{WatchNotice, WatchedFiles};
use crate::diagnostic::Diagnostic;

/// No file names what is watched.
pub(crate) fn n_directories<'a>(_: impl Iterator<Item = (&'a Path, &'a Vec<String>)>) -> u64 {
    0
}

pub(crate) struct Watcher;

impl Watcher {
    /// # Errors
    /// Always.
    pub(crate) fn start(_: impl Fn(WatchNotice) + Send + 'static) -> Result<Self, Diagnostic> {
        Err(Diagnostic::new(
            "the running supervisor is of a build that cannot watch files",
        ))
    }

    pub(crate) fn watch(&self, _: Vec<WatchedFiles>) {}
}

//! Files that services watch: a thread hears that something happens below their directories, waits until it is over, and
//! tells which files have changed. Who restarts what is decided elsewhere.

#[cfg(not(feature = "watch"))]
mod absent;
#[cfg(feature = "watch")]
mod snapshot;
#[cfg(feature = "watch")]
mod watcher;

use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::supervise::ChangedFiles;

#[cfg(not(feature = "watch"))]
pub(crate) use absent::{Watcher, n_directories};
#[cfg(feature = "watch")]
pub(crate) use watcher::{Watcher, n_directories};

/// What a service watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WatchedFiles {
    pub(crate) service: String,
    /// Where the globs begin, absolute.
    pub(crate) directory: PathBuf,
    /// They were checked when the file was read.
    pub(crate) globs: Vec<String>,
}

/// What the thread tells.
#[derive(Debug)]
#[cfg_attr(not(feature = "watch"), expect(dead_code, reason = "there is no thread"))]
pub(crate) enum WatchNotice {
    Changed {
        service: String,
        files: ChangedFiles,
    },
    /// A service runs without being watched, and why.
    Refused {
        service: String,
        problem: Diagnostic,
    },
    Remark(Diagnostic),
}

//! Access to the machine: files, sockets, processes, threads, environment and clock.

mod answer;
pub(crate) mod attribution;
pub(crate) mod audit;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod clock;
pub(crate) mod compose;
mod compose_config;
pub(crate) mod engines;
pub(crate) mod files;
pub(crate) mod github;
pub(crate) mod http_time;
pub(crate) mod interrupt;
mod launchd;
pub(crate) mod new_file;
pub(crate) mod observe;
pub(crate) mod os;
pub(crate) mod output_queue;
pub(crate) mod owners;
pub(crate) mod pidfiles;
pub(crate) mod probe;
pub(crate) mod repository;
pub(crate) mod runs;
pub(crate) mod stop;
pub(crate) mod terminal;
pub(crate) mod threads;
#[cfg(feature = "metrics")]
pub(crate) mod usage;
pub(crate) mod venvs;
pub(crate) mod watch;

use std::io;
use std::path::Path;

use crate::diagnostic::Diagnostic;

/// A failed file operation: ``cannot read `devtasks.toml`: permission denied``.
pub(crate) fn problem(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot {verb} `{}`: {}", path.display(), cause(error)))
}

/// The cause of an I/O error in words: `permission denied`.
pub(crate) fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "no space left on the disk".to_owned(),
        // Other kinds use the system's message without its error number.
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

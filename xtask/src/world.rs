//! The only door to the machine: files, sockets, processes, threads, environment and clock.

pub(crate) mod attribution;
pub(crate) mod audit;
pub(crate) mod background;
pub(crate) mod caller;
pub(crate) mod clock;
pub(crate) mod control;
pub(crate) mod driver;
mod engines;
pub(crate) mod files;
mod health;
pub(crate) mod interrupt;
pub(crate) mod logs;
pub(crate) mod observe;
pub(crate) mod os;
pub(crate) mod output_queue;
pub(crate) mod owners;
pub(crate) mod probe;
pub(crate) mod project;
pub(crate) mod reexec;
pub(crate) mod reservations;
pub(crate) mod run_status;
pub(crate) mod runs;
mod sockets;
mod spawn;
pub(crate) mod stop;
pub(crate) mod terminal;
pub(crate) mod threads;
mod venvs;
pub(crate) mod watchdog;

use std::io;
use std::path::Path;

use crate::diagnostic::Diagnostic;

/// ``cannot read `devtasks.toml`: permission denied``.
pub(crate) fn problem(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot {verb} `{}`: {}", path.display(), cause(error)))
}

/// `permission denied`.
fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "no space left on the disk".to_owned(),
        // The remaining kinds are the system's own words, with its number cut off.
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

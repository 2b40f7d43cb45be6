//! The note of a container's helper: what Compose last said of the container, and whether the helper started it.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;
use crate::plan::ComposeService;
use crate::process::compose::{ComposeContainer, ContainerState, is_alive};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContainerNote {
    /// The container did not run before.
    pub(crate) has_started: bool,
    /// The program that answers for it, such as `docker compose`.
    pub(crate) program: String,
    pub(crate) service: ComposeService,
    /// Empty until Compose has created them.
    pub(crate) containers: Vec<ComposeContainer>,
}

impl ContainerNote {
    /// `None` if there is none, or it cannot be read.
    pub(crate) fn read(path: &Path) -> Option<ContainerNote> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes it at once, for readers that may come at any time.
    ///
    /// # Errors
    /// The disk is full, or the directory is gone.
    pub(super) fn write(&self, path: &Path) -> Result<(), Diagnostic> {
        let beside = path.with_extension("new");
        let text = serde_json::to_vec(self).expect("a note is plain data");
        let write = || -> io::Result<()> {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            fs::write(&beside, text)?;
            fs::rename(&beside, path)
        };
        write().map_err(|error| crate::system::problem("write", path, &error))
    }

    pub(super) fn remove(&self, path: &Path) {
        // It may be gone.
        let _ = fs::remove_file(path);
    }

    /// Whether these running containers may be those of the note: the same, or the ones that were being created.
    pub(super) fn may_be(&self, running: &[ComposeContainer]) -> bool {
        let is_known = |it: &ComposeContainer| self.containers.iter().any(|known| known.id == it.id);
        self.containers.is_empty() || running.iter().any(is_known)
    }

    /// The exit code, once none of them runs; 0 if they are gone.
    pub(super) fn ended_with(&self) -> Option<i32> {
        if is_alive(&self.containers) {
            return None;
        }
        let codes = self.containers.iter().map(|it| match it.state {
            ContainerState::Ended { code } => code,
            ContainerState::Running | ContainerState::Created | ContainerState::Other(_) => 0,
        });
        Some(codes.max().unwrap_or(0))
    }

    /// ``container `shop-db-1` ``.
    pub(crate) fn names(&self) -> String {
        let names: Vec<String> = self.containers.iter().map(|it| format!("`{}`", it.name)).collect();
        match names.as_slice() {
            [] => "the container".to_owned(),
            [one] => format!("container {one}"),
            several => format!("containers {}", several.join(", ")),
        }
    }
}

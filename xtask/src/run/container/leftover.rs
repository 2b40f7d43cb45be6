//! Containers that a helper started and did not stop, because it was killed: found by their notes, and stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ContainerNote, environment};
use crate::diagnostic::{Diagnostic, Exit};
use crate::foreign::shell_word;
use crate::preflight::compose::unusable;
use crate::process::compose::is_alive;
use crate::system::compose::Compose;
use crate::system::runs::StateDir;

/// A container that a run started.
pub(crate) struct Leftover {
    /// The service in devtasks.toml.
    pub(crate) service: String,
    pub(crate) note: ContainerNote,
    path: PathBuf,
}

/// The started containers whose notes are left.
pub(crate) fn of(directory: &StateDir) -> Vec<Leftover> {
    let entries = fs::read_dir(directory.containers()).into_iter().flatten().flatten();
    let mut left: Vec<Leftover> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let service = path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned();
            let note = ContainerNote::read(&path).filter(|note| note.has_started)?;
            Some(Leftover { service, note, path })
        })
        .collect();
    left.sort_by(|one, other| one.service.cmp(&other.service));
    left
}

/// How long a container may take to stop. The Compose file may give it more than a few seconds.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How long Compose may take to kill one.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

impl Leftover {
    /// Nobody has stopped it meanwhile.
    pub(crate) fn is_there(&self) -> bool {
        self.path.exists()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    /// It may finish what it does.
    Usual,
    /// It had its time, or the user is in a hurry.
    AtOnce,
}

/// Stops it and verifies that nothing of it runs.
///
/// # Errors
/// It may still run.
pub(crate) fn end(left: &Leftover, checkout: &Path, speed: Speed) -> Result<(), Diagnostic> {
    let note = &left.note;
    let survived = |why: String| {
        let problem = Diagnostic::new(format!("{} of `{}` may still run: {why}", note.names(), left.service));
        problem
            .hint(format!("stop it with `{}`", by_hand(note)))
            .exit(Exit::Survived)
    };
    let environment = environment();
    // The project is known once the container is; then no variable of the Compose file is needed.
    let found = match note.containers.first() {
        Some(container) => Compose::find_project(container.project.raw(), &note.service.name, &environment),
        None => Compose::find(&note.service, checkout, &environment, &|| true),
    };
    let (compose, containers) = found.map_err(|problem| survived(unusable(&note.service, &problem).message))?;
    let gone = || note.remove(&left.path);
    if !is_alive(&containers) {
        gone();
        return Ok(());
    }
    let told = match speed {
        Speed::Usual => compose.run("stop", STOP_TIMEOUT),
        Speed::AtOnce => compose.run("kill", KILL_TIMEOUT),
    };
    match compose.containers(&|| true) {
        Ok(containers) if !is_alive(&containers) => {
            gone();
            Ok(())
        }
        Ok(_) => Err(survived(told.err().unwrap_or("it was told to stop".to_owned()))),
        Err(said) => Err(survived(said.unwrap_or("Compose does not answer".to_owned()))),
    }
}

/// The command that stops it.
fn by_hand(note: &ContainerNote) -> String {
    let project = note.containers.first().map(|it| shell_word(it.project.raw()));
    let project = project.map_or(String::new(), |project| format!(" --project-name {project}"));
    format!("{}{project} stop {}", note.program, shell_word(&note.service.name))
}

//! Asks a container engine what a Compose file means. It starts nothing, and needs no running engine.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::answer;
use crate::detect::is_found_by_compose;
use crate::process::compose::PROGRAMS;

/// For all of them together.
const PATIENCE: Duration = Duration::from_secs(3);

/// The file as JSON, variables as they are written and paths as seen from `directory`; `None` if no program answers.
pub(crate) fn resolved(directory: &Path, file: &str) -> Option<String> {
    let deadline = Instant::now() + PATIENCE;
    let there = PROGRAMS.into_iter().filter(|program| which::which(program[0]).is_ok());
    let answer = there
        .into_iter()
        .find_map(|program| ask(program, directory, file, deadline))?;
    let top = directory.to_str()?;
    Some(
        answer
            .replace(&format!("\"{top}/"), "\"./")
            .replace(&format!("\"{top}\""), "\".\""),
    )
}

fn ask(program: &[&str], directory: &Path, file: &str, deadline: Instant) -> Option<String> {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]);
    // A file that Compose finds by itself is read together with its override.
    if !is_found_by_compose(file) {
        command.args(["-f", file]);
    }
    command.args(["config", "--format", "json", "--no-interpolate"]);
    // A file that includes others from elsewhere is not a reason to fetch them.
    // Source: docs.docker.com, "Pre-defined environment variables"; compose's pkg/remote.
    command
        .env("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "false")
        .env("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "false");
    command.current_dir(directory);
    let left = deadline.saturating_duration_since(Instant::now());
    let answer = answer::ask(&mut command, left, &|| true).ok()?;
    // Some write a warning before the document.
    let start = answer.stdout.find('{')?;
    answer.is_success().then(|| answer.stdout[start..].to_owned())
}

//! A Procfile: `NAME: COMMAND`, one a line. One written for development comes before the other.

use super::program::{Origin, Program};
use super::repository::{Repository, parent};

const NAMES: [&str; 3] = ["Procfile.dev", "Procfile.local", "Procfile"];

pub(crate) fn programs(repository: &Repository) -> Vec<Program> {
    let Some((path, text)) = NAMES
        .into_iter()
        .find_map(|name| repository.named(name).into_iter().next())
    else {
        return Vec::new();
    };
    of_text(path, text)
}

/// Processes that a platform runs at a deployment, and that no development stack needs.
const TASKS: [&str; 4] = ["release", "migrate", "postdeploy", "predeploy"];

pub(crate) fn of_text(path: &str, text: &str) -> Vec<Program> {
    let program = |line: &str| {
        let (name, command) = line.split_once(':')?;
        let (name, command) = (name.trim(), command.trim());
        let is_name = !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
        let why = format!("{path}: {name}: {command}");
        (is_name && !command.is_empty()).then(|| {
            let program = Program::new(Origin::Procfile, parent(path), command, why);
            program.named(name).task(TASKS.contains(&name))
        })
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(program)
        .collect()
}

//! What a repository shows of its stack → a proposed `devtasks.toml`, every value with its reason.
//!
//! [`Repository`] holds the facts: names and texts of files, and what the machine has. Each source of programs has a file
//! of its own: `procfile`, `editors`, `node`, `python`, `compiled`, `compose`. A [`Program`](program::Program) is what
//! such a source says; a [`Candidate`](candidate::Candidate) is that program made to follow its port; `combine` keeps
//! each program once; `assemble` gives names, ports and dependencies; `text` writes the file.

mod assemble;
mod candidate;
mod combine;
mod compiled;
mod compose;
mod containers;
mod editors;
mod entry;
mod env;
mod follow;
mod found;
mod health;
mod installs;
mod line;
mod listens;
mod naming;
mod node;
mod procfile;
mod program;
mod proposal;
mod python;
mod redis;
mod repository;
mod text;
mod tool;
mod vite;
mod workspace;
pub(crate) mod yaml;

pub(crate) use compose::{is_compose_file, is_found_by_compose};
pub(crate) use found::found;
pub(crate) use node::LOCK_FILES;
use program::Program;
pub(crate) use proposal::{Packages, Process, Proposal, Runs, Service, Task, Venv};
pub(crate) use repository::{COMMANDS, Repository, Want, wanted};
pub(crate) use text::{command, text};
pub(crate) use workspace::members;

/// A proposal from everything that the repository shows.
pub(crate) fn propose(repository: &Repository) -> Proposal {
    let programs = [
        procfile::programs(repository),
        editors::launch(repository),
        node::programs(repository),
        editors::tasks(repository),
        python::programs(repository),
        compiled::programs(repository),
    ];
    let file = compose::file(repository);
    let mut proposal = assemble::assembled(programs.concat(), file, true, repository);
    proposal.found = found(repository);
    proposal
}

/// A proposal from one file alone, whose kind its name tells; `None` if it is of no known kind.
pub(crate) fn propose_from(repository: &Repository, path: &str) -> Option<Proposal> {
    let text = repository.text(path).unwrap_or_default();
    let name = repository::base(path);
    let programs: Vec<Program> = match name {
        "launch.json" => editors::of_launch(path, text),
        "tasks.json" => editors::of_tasks(path, text),
        "package.json" => {
            let mut all = node::programs(repository);
            all.retain(|program| program.directory == repository::parent(path));
            all
        }
        name if name.starts_with("Procfile") => procfile::of_text(path, text),
        name if is_compose_file(name) => Vec::new(),
        _ => return None,
    };
    let file = is_compose_file(name).then(|| (path.to_owned(), compose::read(repository, path)));
    let mut proposal = assemble::assembled(programs, file, false, repository);
    proposal.found = vec![path.to_owned()];
    Some(proposal)
}

/// The Compose file that a proposal would be made from.
pub(crate) fn compose_path(repository: &Repository) -> Option<String> {
    compose::file(repository).map(|(path, _)| path)
}

#[cfg(test)]
mod tests;

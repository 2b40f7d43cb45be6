//! Reads a repository as far as `detect` needs it: bounded in depth, number and size, and never blocked by a pipe.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::{compose_config, files};
use crate::detect::{COMMANDS, Repository, Want, compose_path, members, wanted};

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Directories below the top.
    depth: usize,
    entries: usize,
    /// Of one file, in bytes.
    file_bytes: u64,
    /// Of all sources, in bytes.
    source_bytes: usize,
}

/// For a proposal.
const WHOLE: Limits = Limits {
    depth: 4,
    entries: 20_000,
    file_bytes: 256 << 10,
    source_bytes: 16 << 20,
};

/// For a hint: manifests only, which takes a few milliseconds.
const GLANCE: Limits = Limits {
    depth: 2,
    entries: 1_000,
    file_bytes: 64 << 10,
    source_bytes: 0,
};

/// Directories of tools and of their output.
const SKIPPED: [&str; 14] = [
    "node_modules",
    "bower_components",
    "target",
    "dist",
    "build",
    "out",
    "coverage",
    "__pycache__",
    "site-packages",
    "venv",
    "env",
    "tmp",
    "log",
    "logs",
];

/// Hidden directories that say something.
const HIDDEN: [&str; 2] = [".claude", ".vscode"];

/// Everything that a proposal may need. An engine is asked about Compose files.
pub(crate) fn whole(directory: &Path) -> Repository {
    let mut repository = read(directory, WHOLE);
    let found = COMMANDS.iter().filter(|command| which::which(command).is_ok());
    repository.commands = found.map(|command| (*command).to_owned()).collect();
    if let Some(path) = compose_path(&repository) {
        resolve(&mut repository, directory, &path);
    }
    repository
}

/// The manifests near the top; `None` where nobody has a project: the home directory, and the top of the file system.
pub(crate) fn glance(directory: &Path, home: Option<&Path>) -> Option<Repository> {
    let is_project = directory.parent().is_some() && home != Some(directory);
    is_project.then(|| read(directory, GLANCE))
}

/// Adds a file that the walk has not met.
pub(crate) fn add(repository: &mut Repository, path: &str, file: &Path) -> std::io::Result<()> {
    let text = text(file, WHOLE.file_bytes)?;
    repository.files.insert(path.to_owned(), Some(text));
    Ok(())
}

/// Asks an engine about a Compose file.
pub(crate) fn resolve(repository: &mut Repository, directory: &Path, path: &str) {
    let resolved = compose_config::resolved(directory, path);
    repository.compose.extend(resolved.map(|json| (path.to_owned(), json)));
}

fn read(directory: &Path, limits: Limits) -> Repository {
    let mut repository = Repository {
        name: directory
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        ..Repository::default()
    };
    let (paths, venvs, is_cut) = walk(directory, limits);
    repository.venvs = venvs;
    repository.is_cut = is_cut;
    let mut left = limits.source_bytes;
    // Nearest to the top first, and manifests before sources, which may be many.
    for (path, file) in &paths {
        if wanted(path) == Want::Manifest {
            repository
                .files
                .insert(path.clone(), text(file, limits.file_bytes).ok());
        }
    }
    repository.members = members(&repository);
    for (path, file) in paths {
        match wanted(&path) {
            Want::Manifest => {}
            Want::Source if !repository.is_aside("", &path) => {
                let text = (left > 0).then(|| text(&file, limits.file_bytes).ok()).flatten();
                let n = text.as_ref().map_or(0, String::len);
                repository.is_cut |= left > 0 && n >= left;
                left = left.saturating_sub(n);
                repository.files.insert(path, text);
            }
            Want::Source | Want::Name => {
                repository.files.insert(path, None);
            }
        }
    }
    repository
}

fn text(file: &Path, limit: u64) -> std::io::Result<String> {
    let bytes = files::read_regular(file, limit)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

type Walked = (Vec<(String, PathBuf)>, BTreeSet<String>, bool);

/// All files, those nearest to the top first; directories that are venvs; whether there were more.
fn walk(top: &Path, limits: Limits) -> Walked {
    let (mut files, mut venvs, mut is_cut) = (Vec::new(), BTreeSet::new(), false);
    let mut n_entries = 0;
    let mut directories = VecDeque::from([(top.to_owned(), String::new(), 0)]);
    while let Some((directory, path, depth)) = directories.pop_front() {
        // One that cannot be read has nothing to say.
        let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        let mut sorted = BTreeMap::new();
        for entry in entries {
            n_entries += 1;
            if n_entries > limits.entries {
                is_cut = true;
                break;
            }
            sorted.insert(entry.file_name().to_string_lossy().into_owned(), entry);
        }
        for (name, entry) in sorted {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}/{name}")
            };
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_directory {
                files.push((below, entry.path()));
            } else if entry.path().join("pyvenv.cfg").is_file() {
                venvs.insert(below);
            } else if depth < limits.depth && is_entered(&name, depth) {
                directories.push_back((entry.path(), below, depth + 1));
            }
        }
        if is_cut {
            break;
        }
    }
    (files, venvs, is_cut)
}

fn is_entered(name: &str, depth: usize) -> bool {
    match name.starts_with('.') {
        true => depth == 0 && HIDDEN.contains(&name),
        false => !SKIPPED.contains(&name),
    }
}

#[cfg(test)]
mod tests;

//! The facts of a repository: its files, as far as they were read, and what the machine has.
//!
//! Paths are relative to the top, with `/`. The top itself is the empty path.

use std::collections::{BTreeMap, BTreeSet};

/// What was seen of a repository.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    /// The name of its directory.
    pub(crate) name: String,
    /// Every file that was seen; its text, if it was read.
    pub(crate) files: BTreeMap<String, Option<String>>,
    /// Directories of packages that a workspace declares. None of them is skipped because of its name.
    pub(crate) members: BTreeSet<String>,
    /// Directories that are Python venvs.
    pub(crate) venvs: BTreeSet<String>,
    /// Of the commands that matter, those on PATH.
    pub(crate) commands: BTreeSet<String>,
    /// Compose files, as a container engine resolves them: path → JSON.
    pub(crate) compose: BTreeMap<String, String>,
    /// Files were left out because there are too many, or too large ones.
    pub(crate) is_cut: bool,
}

/// Commands that a proposal may need.
pub(crate) const COMMANDS: [&str; 10] = [
    "docker",
    "docker-compose",
    "podman",
    "redis-server",
    "uv",
    "poetry",
    "npm",
    "pnpm",
    "yarn",
    "bun",
];

/// Directories whose programs are not part of the stack.
const ASIDE: &str = "benchmark benchmarks doc docs e2e example examples fixture fixtures playground playgrounds sample samples \
    spec template templates test tests third_party vendor";

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Its text, first of all.
    Manifest,
    /// Its text, as far as there is room.
    Source,
    Name,
}

/// Files that say what a project consists of.
const MANIFESTS: [&str; 21] = [
    "package.json",
    "pnpm-workspace.yaml",
    "pyproject.toml",
    "Pipfile",
    "go.mod",
    "Cargo.toml",
    "Gemfile",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "launch.json",
    "tasks.json",
    "local.yml",
    "base.txt",
    "local.txt",
    "dev.txt",
    "development.txt",
    "manage.py",
    ".air.toml",
    "config.ru",
];

const SOURCES: [&str; 11] = ["py", "js", "mjs", "cjs", "ts", "mts", "cts", "go", "rs", "rb", "php"];

/// What is wanted of the file with this path.
pub(crate) fn wanted(path: &str) -> Want {
    let name = base(path);
    let is_manifest = MANIFESTS.contains(&name)
        || name.starts_with("Procfile")
        || (name.starts_with("requirements") && name.ends_with(".txt"))
        || super::is_compose_file(name)
        || super::env::is_env_file(name);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        _ if is_manifest => Want::Manifest,
        Some(extension) if SOURCES.contains(&extension) => Want::Source,
        Some(_) | None => Want::Name,
    }
}

impl Repository {
    /// The text of a file that was read.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Files with this name, those at the top first, without those of examples and tests.
    pub(crate) fn named<'r>(&'r self, name: &str) -> Vec<(&'r str, &'r str)> {
        let mut found: Vec<_> = self
            .read()
            .filter(|(path, _)| base(path) == name && !self.is_aside("", path))
            .collect();
        found.sort_by_key(|(path, _)| path.matches('/').count());
        found
    }

    /// Sources with one of these extensions below a directory, those nearest to it first, without examples and tests.
    pub(crate) fn sources<'r>(&'r self, directory: &str, extensions: &[&str]) -> Vec<(&'r str, &'r str)> {
        let is_source = |path: &str| {
            let extension = path.rsplit_once('.').map(|(_, extension)| extension);
            extension.is_some_and(|it| extensions.contains(&it)) && !is_test(path)
        };
        let below = self
            .read()
            .filter(|(path, _)| below(directory, path).is_some() && !self.is_aside(directory, path));
        let mut found: Vec<_> = below.filter(|(path, _)| is_source(path)).collect();
        found.sort_by_key(|(path, _)| path.matches('/').count());
        found
    }

    /// Whether a file lies in a directory of examples, tests or documents below this one.
    pub(crate) fn is_aside(&self, directory: &str, path: &str) -> bool {
        let is_inner = |above: &&str| self.members.contains(*above) && above.len() > directory.len();
        let from = upwards(parent(path)).find(is_inner).unwrap_or(directory);
        below(from, path).is_some_and(|rest| {
            let mut parts = parent(rest).split('/');
            parts.any(|part| ASIDE.split_whitespace().any(|aside| aside == part))
        })
    }

    fn read(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }
}

/// `backend` and `app.py` → `backend/app.py`; follows `.` and `..`.
pub(crate) fn join(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The directory of a path; empty at the top.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(crate) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The rest of a path below a directory.
pub(crate) fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    match directory {
        "" => Some(path),
        directory => path.strip_prefix(directory)?.strip_prefix('/'),
    }
}

/// A directory and all above it, up to the top.
pub(crate) fn upwards(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |directory| {
        (!directory.is_empty()).then(|| parent(directory))
    })
}

fn is_test(path: &str) -> bool {
    let name = base(path);
    name.starts_with("test_")
        || name == "conftest.py"
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains("_test.")
}

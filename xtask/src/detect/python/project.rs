//! The Python projects of a repository: what lists their packages, and the venv that holds them.

use crate::detect::repository::{Repository, below, join, parent, upwards};

/// A directory with a list of packages.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) directory: String,
    /// The texts of all its lists.
    lists: String,
    /// The directories of projects inside it.
    inner: Vec<String>,
}

/// Where the packages of a project are listed, as `[venvs.NAME]` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packages {
    Requirements(Vec<String>),
    /// A directory with `pyproject.toml`.
    Project(String),
    /// Nothing that a venv could be made from.
    Pipfile,
}

const LISTS: [&str; 8] = [
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "requirements-dev.txt",
    "requirements/base.txt",
    "requirements/local.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
];

/// All projects, those at the top first.
pub(crate) fn projects(repository: &Repository) -> Vec<Project> {
    let names = [
        "requirements.txt",
        "pyproject.toml",
        "Pipfile",
        "base.txt",
        "local.txt",
        "dev.txt",
        "development.txt",
    ];
    let files = names.into_iter().flat_map(|name| repository.named(name));
    let home = |path: &str| {
        let directory = parent(path);
        if !path.ends_with("/base.txt")
            && LISTS
                .iter()
                .any(|list| *list == path.rsplit('/').next().unwrap_or_default())
        {
            return Some(directory.to_owned());
        }
        let above = if directory == "requirements" {
            Some("")
        } else {
            directory.strip_suffix("/requirements")
        };
        above.map(str::to_owned)
    };
    let mut directories: Vec<String> = files.into_iter().filter_map(|(path, _)| home(path)).collect();
    directories.sort_by_key(|directory| {
        (
            directory.matches('/').count() + usize::from(!directory.is_empty()),
            directory.clone(),
        )
    });
    directories.dedup();
    let project = |directory: String| {
        let texts = LISTS.iter().filter_map(|list| repository.text(&join(&directory, list)));
        let lists = texts.collect::<Vec<_>>().join("\n");
        Project {
            directory,
            lists,
            inner: Vec::new(),
        }
    };
    let all = directories.into_iter().map(project);
    // A file of settings for tools is no project.
    let mut projects: Vec<Project> = all.filter(|project| project.packages(repository).is_some()).collect();
    let directories: Vec<String> = projects.iter().map(|project| project.directory.clone()).collect();
    for project in &mut projects {
        let is_inner = |it: &&String| **it != project.directory && below(&project.directory, it).is_some();
        project.inner = directories.iter().filter(is_inner).cloned().collect();
    }
    projects
}

/// The directory of the project that a directory belongs to.
pub(crate) fn project_of<'d>(repository: &Repository, directory: &'d str) -> Option<&'d str> {
    let known = projects(repository);
    upwards(directory).find(|above| known.iter().any(|project| project.directory == **above))
}

impl Project {
    /// Whether a list names this package.
    pub(crate) fn lists(&self, package: &str) -> bool {
        self.lists.lines().any(|line| {
            let line = line
                .split('#')
                .next()
                .unwrap_or_default()
                .to_lowercase()
                .replace('_', "-");
            let mut names =
                line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '.'));
            names.any(|name| name == package)
        })
    }

    /// Whether a file belongs to this project and not to one inside it.
    pub(crate) fn owns(&self, path: &str) -> bool {
        below(&self.directory, path).is_some() && !self.inner.iter().any(|inner| below(inner, path).is_some())
    }

    pub(crate) fn packages(&self, repository: &Repository) -> Option<Packages> {
        let file = |name: &str| join(&self.directory, name);
        let has = |name: &str| repository.has(&file(name));
        let pyproject = repository.text(&file("pyproject.toml")).unwrap_or_default();
        let is_project = pyproject
            .lines()
            .any(|line| ["[project]", "[tool.poetry]"].contains(&line.trim()));
        if is_project && (has("uv.lock") || has("poetry.lock")) {
            return Some(Packages::Project(self.directory.clone()));
        }
        let order = [
            "requirements.txt",
            "requirements/local.txt",
            "requirements/dev.txt",
            "requirements/development.txt",
            "requirements/base.txt",
            "requirements-dev.txt",
        ];
        if let Some(list) = order.into_iter().find(|list| has(list)) {
            return Some(Packages::Requirements(vec![file(list)]));
        }
        if is_project {
            return Some(Packages::Project(self.directory.clone()));
        }
        has("Pipfile").then_some(Packages::Pipfile)
    }

    /// What tells of the packages, for a comment.
    pub(crate) fn evidence(&self, repository: &Repository) -> String {
        let names = [
            "uv.lock",
            "poetry.lock",
            "requirements.txt",
            "pyproject.toml",
            "Pipfile",
            "requirements/local.txt",
            "requirements/dev.txt",
            "requirements/base.txt",
        ];
        let there = names
            .into_iter()
            .map(|name| join(&self.directory, name))
            .find(|path| repository.has(path));
        there.unwrap_or_else(|| self.directory.clone())
    }

    /// The venv's directory: one that is there, else `.venv`.
    pub(crate) fn venv(&self, repository: &Repository) -> String {
        let mut usual = [".venv", "venv", "env"]
            .map(|name| join(&self.directory, name))
            .into_iter();
        usual
            .find(|path| repository.venvs.contains(path))
            .unwrap_or_else(|| join(&self.directory, ".venv"))
    }
}

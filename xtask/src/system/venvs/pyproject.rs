//! What a `pyproject.toml` says of the venv of its project, and a `uv.lock` of the projects beside it.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::plan::Versions;
use crate::system::files;

/// Of a project's file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pyproject {
    /// Its name, if it is a package that a build system installs.
    pub(super) package: Option<String>,
    /// `None` if they are not listed, or made up by a build system.
    pub(super) dependencies: Option<Vec<String>>,
    /// If it is a list of release numbers.
    pub(super) requires_python: Option<Versions>,
    /// It has a `[tool.uv]`.
    pub(super) is_of_uv: bool,
}

impl Pyproject {
    /// `None` if there is none, or it is no TOML.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let text = read(&directory.join("pyproject.toml"))?;
        let document = DeTable::parse(&text).ok()?;
        let root = document.get_ref();
        let project = table(root, "project");
        let is_dynamic = project.is_some_and(|it| strings(it, "dynamic").iter().any(|it| it == "dependencies"));
        let listed = project.filter(|_| !is_dynamic).map(|it| strings(it, "dependencies"));
        let name = project
            .and_then(|it| it.get("name")?.get_ref().as_str())
            .map(str::to_owned);
        let python = project.and_then(|it| it.get("requires-python")?.get_ref().as_str());
        Some(Pyproject {
            requires_python: python.and_then(|it| Versions::parse(it).ok()),
            package: name.filter(|_| root.get("build-system").is_some()),
            dependencies: listed,
            is_of_uv: table(root, "tool").is_some_and(|tool| tool.get("uv").is_some()),
        })
    }
}

/// The directories of the projects that a `uv.lock` was made from, besides its own.
pub(super) fn locked_projects(directory: &Path) -> Vec<PathBuf> {
    let Some(text) = read(&directory.join("uv.lock")) else {
        return Vec::new();
    };
    let Ok(document) = DeTable::parse(&text) else {
        return Vec::new();
    };
    let packages = document.get_ref().get("package").and_then(|it| it.get_ref().as_array());
    let sources = packages
        .into_iter()
        .flatten()
        .filter_map(|it| table(it.get_ref().as_table()?, "source"));
    let paths = sources.flat_map(|source| ["editable", "virtual", "directory"].map(|kind| source.get(kind)));
    let paths = paths.flatten().filter_map(|path| path.get_ref().as_str());
    paths.map(|path| directory.join(path)).collect()
}

fn read(file: &Path) -> Option<String> {
    String::from_utf8(files::read_regular(file, MAX_FILE_BYTES).ok()?).ok()
}

fn table<'a, 't>(of: &'a DeTable<'t>, key: &str) -> Option<&'a DeTable<'t>> {
    of.get(key)?.get_ref().as_table()
}

fn strings(of: &DeTable<'_>, key: &str) -> Vec<String> {
    let list = of.get(key).and_then(|it| it.get_ref().as_array());
    let texts = list.into_iter().flatten().filter_map(|it| match it.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    });
    texts.collect()
}

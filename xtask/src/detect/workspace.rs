//! The packages that a workspace of Node.js declares: `"workspaces": ["apps/*"]`, or `packages` of pnpm.

use std::collections::BTreeSet;

use serde_json::Value;

use super::repository::{Repository, base, below, join, parent};
use super::yaml;

/// Directories of packages that some workspace of the repository declares.
pub(crate) fn members(repository: &Repository) -> BTreeSet<String> {
    let packages: Vec<&str> = repository
        .files
        .keys()
        .filter(|path| base(path) == "package.json")
        .map(|path| parent(path))
        .collect();
    let mut found = BTreeSet::new();
    for (path, text) in &repository.files {
        let Some(globs) = text.as_deref().and_then(|text| globs(base(path), text)) else {
            continue;
        };
        let top = parent(path);
        let (left_out, wanted): (Vec<String>, Vec<String>) = globs.into_iter().partition(|glob| glob.starts_with('!'));
        let is_one_of = |globs: &[String], directory: &str| globs.iter().any(|glob| fits(glob, directory));
        let is_member = |directory: &&str| {
            below(top, directory)
                .is_some_and(|rest| !rest.is_empty() && is_one_of(&wanted, rest) && !is_one_of(&left_out, rest))
        };
        found.extend(packages.iter().copied().filter(is_member).map(str::to_owned));
    }
    found
}

fn globs(name: &str, text: &str) -> Option<Vec<String>> {
    let list = match name {
        "package.json" => {
            let mut manifest: Value = serde_json::from_str(text).ok()?;
            let mut workspaces = manifest.get_mut("workspaces")?.take();
            // Yarn 1 also knows a table.
            match workspaces.get_mut("packages") {
                Some(packages) => packages.take(),
                None => workspaces,
            }
        }
        "pnpm-workspace.yaml" => yaml::value(text)?.get_mut("packages")?.take(),
        _ => return None,
    };
    let globs = list.as_array()?.iter().filter_map(Value::as_str);
    Some(globs.map(str::to_owned).collect())
}

/// Whether a glob, with or without the `!` before it, means a directory.
fn fits(glob: &str, directory: &str) -> bool {
    let glob = join("", glob.trim_start_matches('!'));
    let parts: Vec<&str> = glob.split('/').collect();
    let names: Vec<&str> = directory.split('/').collect();
    all_fit(&parts, &names)
}

fn all_fit(parts: &[&str], names: &[&str]) -> bool {
    match (parts, names) {
        ([], []) => true,
        (["**", rest @ ..], names) => {
            // As for pnpm, tests are only meant if they are named.
            let is_further = |names: &[&str]| !["test", "tests"].contains(&names[0]) && all_fit(parts, &names[1..]);
            all_fit(rest, names) || !names.is_empty() && is_further(names)
        }
        ([part, parts @ ..], [name, names @ ..]) => fits_name(part, name) && all_fit(parts, names),
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

/// `*` is any part of a name.
fn fits_name(part: &str, name: &str) -> bool {
    match part.split_once('*') {
        None => part == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let mut ends = (0..=rest.len()).filter(|at| rest.is_char_boundary(*at));
            ends.any(|at| fits_name(after, &rest[at..]))
        }),
    }
}

//! The packages of a Node project: who installs them, and whether that was done.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::detect::LOCK_FILES;
use crate::plan::Service;
use crate::preflight::{CommandFact, NodeFact, NodeState, PackageManager};
use crate::system::files;

/// The Node project whose packages the command needs; `None` if it needs none.
pub(super) fn node(service: &Service, command: &CommandFact, checkout: &Path) -> Option<NodeFact> {
    let words = service.command.parts();
    let package = package_of(&words, &service.working_dir, checkout)?;
    let manifest = json(&package.join("package.json")).unwrap_or_default();
    let has = |table: &str| manifest[table].as_object().is_some_and(|table| !table.is_empty());
    let is_needed = match words.iter().find_map(|word| runner(word)) {
        Some(Runner::Node) => has("dependencies"),
        Some(Runner::Script) => has("dependencies") || has("devDependencies") || !manifest["workspaces"].is_null(),
        // `vite` is no program of the `PATH`, and a dependency of the project.
        None => {
            let lists = |program: &&str| {
                let in_table = |table: &str| !manifest[table][*program].is_null();
                in_table("dependencies") || in_table("devDependencies")
            };
            matches!(command, CommandFact::NotFound { near: None }) && words.first().is_some_and(lists)
        }
    };
    if !is_needed {
        return None;
    }
    let (directory, lock) = installed_at(&package, checkout);
    let manager = lock.as_deref().map_or_else(|| without_lock(&manifest), manager);
    Some(NodeFact {
        has_lock: lock.is_some(),
        state: state(&package, &directory, manager, lock),
        directory,
        manager,
    })
}

/// The Node project of a service whose command was found.
pub(crate) fn node_of(service: &Service, checkout: &Path) -> Option<NodeFact> {
    node(service, &CommandFact::Found(PathBuf::new()), checkout)
}

/// The directory of the package whose scripts and programs the words mean.
pub(super) fn package_of(words: &[&str], working_dir: &Path, checkout: &Path) -> Option<PathBuf> {
    nearest_package(&start(words, working_dir), checkout)
}

/// What a word of a command runs.
enum Runner {
    /// `node`: JavaScript that may need the dependencies.
    Node,
    /// A script or a program of the project.
    Script,
}

fn runner(word: &str) -> Option<Runner> {
    const SCRIPTS: [&str; 7] = ["npm", "npx", "pnpm", "pnpx", "yarn", "bun", "bunx"];
    let name = Path::new(word).file_stem()?.to_str()?;
    match name {
        _ if word.contains("node_modules/") => Some(Runner::Script),
        "node" => Some(Runner::Node),
        name => SCRIPTS.contains(&name).then_some(Runner::Script),
    }
}

/// The directory that the command means: `npm --prefix frontend run dev`, `frontend/node_modules/.bin/vite`.
fn start(words: &[&str], working_dir: &Path) -> PathBuf {
    const DIRECTORY: [&str; 4] = ["--prefix", "--dir", "--cwd", "-C"];
    let option = words
        .windows(2)
        .find(|pair| DIRECTORY.contains(&pair[0]))
        .map(|pair| pair[1]);
    let assigned = || {
        words.iter().find_map(|word| {
            let (option, directory) = word.split_once('=')?;
            DIRECTORY.contains(&option).then_some(directory)
        })
    };
    let path = || {
        words
            .iter()
            .find_map(|word| word.split_once("node_modules/"))
            .map(|(before, _)| before)
    };
    let directory = option.or_else(assigned).or_else(path);
    directory.map_or(working_dir.to_owned(), |directory| working_dir.join(directory))
}

fn nearest_package(directory: &Path, checkout: &Path) -> Option<PathBuf> {
    let mut directories = directory.ancestors().take_while(|it| it.starts_with(checkout));
    directories
        .find(|it| it.join("package.json").is_file())
        .map(Path::to_owned)
}

/// Where the packages are installed, and the lock file there. A package of a workspace is installed with the others.
fn installed_at(package: &Path, checkout: &Path) -> (PathBuf, Option<PathBuf>) {
    let lock = |directory: &Path| {
        LOCK_FILES
            .iter()
            .map(|(name, _)| directory.join(name))
            .find(|path| path.is_file())
    };
    let is_workspace = |directory: &Path| {
        let manifest = || json(&directory.join("package.json")).unwrap_or_default();
        directory.join("pnpm-workspace.yaml").is_file() || !manifest()["workspaces"].is_null()
    };
    let mut directories = package.ancestors().take_while(|it| it.starts_with(checkout));
    let root = directories
        .find(|it| lock(it).is_some())
        .filter(|it| *it == package || is_workspace(it));
    let directory = root.unwrap_or(package);
    (directory.to_owned(), lock(directory))
}

fn manager(lock: &Path) -> PackageManager {
    match lock.file_name().and_then(|name| name.to_str()).unwrap_or_default() {
        "pnpm-lock.yaml" => PackageManager::Pnpm,
        "yarn.lock" => {
            let start = files::read_regular(lock, MAX_BYTES).unwrap_or_default();
            // Source: a comment that version 1 writes into every lock file.
            match String::from_utf8_lossy(&start).contains("# yarn lockfile v1") {
                true => PackageManager::YarnClassic,
                false => PackageManager::YarnBerry,
            }
        }
        "bun.lock" | "bun.lockb" => PackageManager::Bun,
        _ => PackageManager::Npm,
    }
}

/// By `"packageManager": "pnpm@9.1.0"`, which corepack reads.
fn without_lock(manifest: &Value) -> PackageManager {
    let named = manifest["packageManager"].as_str().unwrap_or_default();
    match named.split('@').next().unwrap_or_default() {
        "pnpm" => PackageManager::Pnpm,
        "yarn" if named.starts_with("yarn@1") => PackageManager::YarnClassic,
        "yarn" => PackageManager::YarnBerry,
        "bun" => PackageManager::Bun,
        _ => PackageManager::Npm,
    }
}

fn state(package: &Path, directory: &Path, manager: PackageManager, lock: Option<PathBuf>) -> NodeState {
    let modules = directory.join("node_modules");
    // Yarn's Plug'n'Play has a file instead of the directory.
    if directory.join(".pnp.cjs").is_file() || directory.join(".pnp.js").is_file() {
        return NodeState::Installed;
    }
    if !modules.is_dir() && !package.join("node_modules").is_dir() {
        return NodeState::Missing;
    }
    match lock {
        Some(lock) if is_older(&modules, manager, &lock) => NodeState::Older { lock },
        Some(_) | None => NodeState::Installed,
    }
}

/// Programs write the lock file and their own note of the packages at nearly the same time.
const WRITTEN_TOGETHER: Duration = Duration::from_secs(10);

fn is_older(modules: &Path, manager: PackageManager, lock: &Path) -> bool {
    let note = match manager {
        PackageManager::Npm => ".package-lock.json",
        PackageManager::Pnpm => ".modules.yaml",
        PackageManager::YarnClassic => ".yarn-integrity",
        PackageManager::YarnBerry => ".yarn-state.yml",
        // It keeps none.
        PackageManager::Bun => return false,
    };
    let note = modules.join(note);
    let written = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
    let later = |lock: SystemTime, note: SystemTime| lock.duration_since(note).unwrap_or_default();
    let (Some(locked), Some(installed)) = (written(lock), written(&note)) else {
        return false;
    };
    match manager {
        // Its note has the form of the lock file. A checkout of Git may set its time without a change.
        PackageManager::Npm => !later(locked, installed).is_zero() && differs(lock, &note).unwrap_or(false),
        PackageManager::Pnpm | PackageManager::YarnClassic | PackageManager::YarnBerry | PackageManager::Bun => {
            later(locked, installed) > WRITTEN_TOGETHER
        }
    }
}

/// A package of the lock file is not installed, or in another version. Optional ones may be for other systems.
fn differs(lock: &Path, note: &Path) -> Option<bool> {
    let (lock, note) = (json(lock)?, json(note)?);
    let (wanted, installed) = (lock["packages"].as_object()?, &note["packages"]);
    let is_missing = |(path, package): (&String, &Value)| {
        let is_optional = ["optional", "devOptional", "link"]
            .iter()
            .any(|key| package[key] == true);
        !path.is_empty() && !is_optional && installed[path]["version"] != package["version"]
    };
    Some(wanted.iter().any(is_missing))
}

/// Of a lock file: those of large projects have some megabytes.
const MAX_BYTES: u64 = 64 << 20;

pub(super) fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&files::read_regular(path, MAX_BYTES).ok()?).ok()
}

#[cfg(test)]
mod tests;

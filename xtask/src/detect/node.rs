//! Node.js: the packages of a repository, the program that manages them, and what their scripts run.

mod package;
mod scripts;

use super::program::{Origin, Program};
use super::repository::Repository;
pub(crate) use package::{Package, installer, packages};
pub(crate) use scripts::unfold;

/// Scripts that start a server for development, the most usual name first.
const SCRIPTS: [&str; 6] = ["dev", "start:dev", "develop", "serve", "start", "server"];

/// The script of every package that starts it for development.
pub(crate) fn programs(repository: &Repository) -> Vec<Program> {
    let packages = packages(repository);
    let dev = |package: &Package| {
        let name = SCRIPTS.into_iter().find(|name| package.scripts.contains_key(*name))?;
        let (file, script) = (package.file(), package.scripts.get(name)?);
        let why = format!("{file}: \"{name}\": \"{script}\"");
        Some(Program::new(Origin::Script, &package.directory, script, why).script())
    };
    packages.iter().filter_map(dev).collect()
}

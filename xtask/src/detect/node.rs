//! Node.js: the packages of a repository, the program that manages them, and what their scripts run.

mod package;
mod scripts;

use super::listens::listens;
use super::program::{Origin, Program};
use super::repository::{Repository, join};
use super::tool::Kind;
pub(crate) use package::{LOCK_FILES, Package, installer, packages};
pub(crate) use scripts::unfold;

/// Scripts that start a server for development, the most usual name first.
const SCRIPTS: [&str; 6] = ["dev", "start:dev", "develop", "serve", "start", "server"];

/// A script as its file has it: `package.json: "dev": "vite"`.
fn script_said(file: &str, name: &str, script: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!("{file}: {}: {}", quoted(name), quoted(script))
}

/// The script of every package that starts it for development.
pub(crate) fn programs(repository: &Repository) -> Vec<Program> {
    let packages = packages(repository);
    let dev = |package: &Package| {
        let name = SCRIPTS.into_iter().find(|name| package.scripts.contains_key(*name))?;
        let (file, script) = (package.file(), package.scripts.get(name)?);
        let why = script_said(&file, name, script);
        Some(Program::new(Origin::Script, &package.directory, script, why).script())
    };
    // What `npm start` does without a script.
    let bare = |package: &Package| {
        let file = package
            .main
            .clone()
            .into_iter()
            .chain(["server.js".to_owned(), "index.js".to_owned()]);
        let mut there = file.filter(|file| repository.text(&join(&package.directory, file)).is_some());
        let file = there.find(|file| {
            let path = join(&package.directory, file);
            listens(repository, &package.directory, Some(&path), Kind::Javascript).is_some_and(|it| it.file == path)
        })?;
        let why = format!("{} opens a port", join(&package.directory, &file));
        Some(
            Program::new(
                Origin::Script,
                &package.directory,
                format!("node {}", shell_words::quote(&file)),
                why,
            )
            .script(),
        )
    };
    packages
        .iter()
        .filter_map(|package| dev(package).or_else(|| bare(package)))
        .collect()
}

//! The text of `devtasks.toml` → [`Config`], or all problems at once.
//!
//! This file handles the document as a whole. The submodules read its parts, using `reader`.

mod command;
mod corrected;
mod dependencies;
mod export;
mod healthcheck;
mod item;
mod log_export;
mod names;
mod port;
mod reader;
mod requires;
mod runs;
mod service;
mod shell_syntax;
mod syntax;
mod venv;
mod watch;

use std::path::Path;

use toml::de::DeTable;

use self::item::{Item, Table};
pub(crate) use self::names::is_name;
use self::names::{NameKind, Names};
use self::reader::TomlReader;
pub(super) use self::runs::{OF_PROCESS, OF_START};
use super::keys::PROJECT;
use super::source::SourceText;
use super::{Config, Located, OnExit, ProjectSettings, Template, metrics_address};
use crate::diagnostic::Diagnostic;

/// Parses the whole file, which may contain no services. Problems call it `file`.
///
/// # Errors
/// All problems, in file order; or only that `requires` excludes this version, which may not know the rest. If the text is not valid TOML, the rest is still checked, except for problems that may
/// follow from the syntax error.
pub(crate) fn read(file: &Path, text: &str) -> Result<Config, Vec<Diagnostic>> {
    let source = SourceText::new(file, text);
    let (text, mut errors) = syntax::without_stops(source.text);
    let (document, more) = DeTable::parse_recoverable(&text);
    errors.extend(more);
    let root = Table::root(document.get_ref());
    if let Some(problem) = requires::another_version(&source, &root) {
        return Err(vec![problem]);
    }
    let mut reader = TomlReader::new(&source, Names::of(&root), &errors);
    let config = whole(&mut reader, &root);
    reader.finish(config)
}

/// The names in a file, which may have any problem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DeclaredNames {
    /// In file order, as the others.
    pub(crate) services: Vec<String>,
    pub(crate) tasks: Vec<String>,
    pub(crate) venvs: Vec<String>,
    /// Each once.
    pub(crate) profiles: Vec<String>,
}

/// What the file declares, as far as it can be read.
pub(crate) fn declared_names(text: &str) -> DeclaredNames {
    let source = SourceText::new(Path::new(""), text);
    let (text, _) = syntax::without_stops(source.text);
    let (document, _) = DeTable::parse_recoverable(&text);
    let root = Table::root(document.get_ref());
    let names = Names::of(&root);
    let mut profiles: Vec<String> = Vec::new();
    let services = root.get("services").and_then(|item| item.as_table());
    for service in services.map(|table| table.items()).unwrap_or_default() {
        let listed = service.as_table().and_then(|table| table.get("profiles")?.elements());
        for profile in listed.unwrap_or_default() {
            let name = profile.value.as_str().unwrap_or_default();
            if is_name(name) && !profiles.iter().any(|known| known == name) {
                profiles.push(name.to_owned());
            }
        }
    }
    let of_services = names.services.into_iter().map(|service| service.name);
    let only_names = |mut names: Vec<String>| {
        // Anything else could control a terminal.
        names.retain(|name| is_name(name));
        names
    };
    DeclaredNames {
        services: only_names(of_services.collect()),
        tasks: only_names(names.tasks),
        venvs: only_names(names.venvs),
        profiles,
    }
}

fn whole<'t>(reader: &mut TomlReader<'t>, root: &Table<'t>) -> Config {
    reader.check_keys(root, "");
    let config = Config {
        project: root
            .get("project")
            .and_then(|item| project(reader, &item))
            .unwrap_or_default(),
        venvs: each(reader, root, "venvs", NameKind::Venv, venv::venv),
        services: [
            each(reader, root, "services", NameKind::Service, service::service),
            each(reader, root, "tasks", NameKind::Task, service::task),
        ]
        .concat(),
        export: root
            .get("export")
            .and_then(|item| export::export(reader, &item))
            .unwrap_or_default(),
    };
    dependencies::report_cycles(reader);
    config
}

/// Reads every table of `[venvs]`, `[services]` or `[tasks]`, in file order.
fn each<'t, T>(
    reader: &mut TomlReader<'t>,
    root: &Table<'t>,
    key: &str,
    kind: NameKind,
    read: fn(&mut TomlReader<'t>, &Item<'t>) -> Option<T>,
) -> Vec<T> {
    let Some(table) = root.get(key).and_then(|item| reader.table(&item)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in table.items() {
        reader.check_name(&item, kind);
        found.extend(read(reader, &item));
    }
    found
}

fn project<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<ProjectSettings> {
    let table = reader.known_table(item, PROJECT)?;
    let name = table.get("name").and_then(|item| reader.plain(&item));
    let requires = table.get("requires").and_then(|item| requires::requires(reader, &item));
    let env_file = table.get("env_file").map(|item| {
        let files = reader.one_or_list(&item, "a string or a list of strings");
        files.iter().filter_map(|file| reader.plain(file)).collect()
    });
    let on_exit = table.get("on_exit").and_then(|item| {
        let choices = [("stop", Some(OnExit::Stop)), ("keep", Some(OnExit::Keep))];
        reader.choice(&item, &choices)
    });
    let log_export = table.get("log_export");
    let log_export = log_export.map(|item| log_export::log_export(reader, &item));
    let metrics = table.get("metrics").and_then(|item| metrics(reader, &item));
    Some(ProjectSettings {
        name: name.map(|name| name.value),
        requires,
        env_file,
        on_exit: on_exit.unwrap_or_default(),
        log_export: log_export.unwrap_or_default(),
        metrics,
    })
}

fn metrics<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<Template>> {
    if !cfg!(feature = "metrics") {
        reader.report(
            item.at_key(),
            metrics_address::not_in_this_build("remove the key `metrics`"),
        );
        return None;
    }
    let address = reader.template(item)?;
    if let Some(literal) = address.value.as_literal() {
        reader.parsed(item, metrics_address::parse(literal))?;
    }
    Some(address)
}

#[cfg(test)]
mod tests;

//! `[export]`.

use super::item::{Item, Table};
use super::reader::{TomlReader, unknown_service};
use crate::config::keys::{COMPOSE, COMPOSE_OF, EXPORT, KUBERNETES, KUBERNETES_OF};
use crate::config::{ContainerOf, ContainerSettings, ExportSettings, Located};
use crate::diagnostic::Diagnostic;

pub(super) fn export<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<ExportSettings> {
    let table = reader.known_table(item, EXPORT)?;
    Some(ExportSettings {
        root: table.get("root").and_then(|item| root(reader, &item)),
        user: table.get("user").and_then(|item| user(reader, &item)),
        compose: containers(reader, &table, "compose", COMPOSE, COMPOSE_OF),
        kubernetes: containers(reader, &table, "kubernetes", KUBERNETES, KUBERNETES_OF),
    })
}

/// Strings are of every service; a table is of the service or task that it is called after.
fn containers<'t>(
    reader: &mut TomlReader<'t>,
    export: &Table<'t>,
    key: &str,
    all: &str,
    of_one: &str,
) -> ContainerSettings {
    let Some(table) = export.get(key).and_then(|item| reader.table(&item)) else {
        return ContainerSettings::default();
    };
    let (tables, keys): (Vec<_>, Vec<_>) = table.items().into_iter().partition(|item| item.value.is_table());
    for item in &keys {
        reader.check_key(item, all);
    }
    let mut by_name = std::collections::BTreeMap::new();
    for item in &tables {
        let names = &reader.names;
        if names.service(item.key).is_none() && !names.is_task(item.key) {
            let known = names.service_names().chain(names.tasks.iter().map(String::as_str));
            let problem = unknown_service(item.key, known);
            reader.report_absent(item.at_key(), problem);
        }
        if let Some(table) = reader.known_table(item, of_one) {
            by_name.insert(item.key.to_owned(), container(reader, |key| table.get(key)));
        }
    }
    let default = |key: &str| keys.iter().find(|item| item.key == key).cloned();
    ContainerSettings {
        all: container(reader, default),
        by_name,
    }
}

fn container<'t>(reader: &mut TomlReader<'t>, get: impl Fn(&str) -> Option<Item<'t>>) -> ContainerOf {
    let mut plain = |key| get(key).and_then(|item| reader.plain(&item)).map(|text| text.value);
    let (image, build) = (plain("image"), plain("build"));
    ContainerOf {
        image,
        build,
        cpu: get("cpu").and_then(|item| quantity(reader, &item, "`\"250m\"`")),
        memory: get("memory").and_then(|item| quantity(reader, &item, "`\"256Mi\"`")),
        replicas: get("replicas").and_then(|item| replicas(reader, &item)),
    }
}

/// Source: kubernetes.io, "Resource Management for Pods and Containers", "Resource units in Kubernetes".
fn quantity<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, such_as: &str) -> Option<String> {
    const UNITS: [&str; 14] = [
        "", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    let text = reader.plain(item)?.value;
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number: Result<f64, _> = text[..text.len() - unit.len()].parse();
    if !UNITS.contains(&unit) || number.is_err() {
        let problem = Diagnostic::new(format!("`{}` is not a quantity of Kubernetes", text.escape_debug()));
        reader.report(
            item.at_value(),
            problem.hint(format!("write a number and a unit, such as {such_as}")),
        );
        return None;
    }
    Some(text)
}

fn replicas(reader: &mut TomlReader, item: &Item) -> Option<u32> {
    let Some(number) = item.value.as_integer() else {
        reader.report_type(item, "an integer");
        return None;
    };
    let number = number.to_string().parse().ok();
    if number.is_none() {
        reader.report(
            item.at_value(),
            Diagnostic::new(format!("`{}` is not a number of replicas", item.key)),
        );
    }
    number
}

/// Targets are Unix, whatever this system is.
fn root<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<String>> {
    let path = reader.plain(item)?;
    if !path.value.starts_with('/') || path.value.chars().any(char::is_control) {
        let problem = Diagnostic::new(format!("`{}` is not an absolute path", path.value.escape_debug()));
        reader.report(
            item.at_value(),
            problem.hint("write the project's directory on the server, such as `/srv/shop`"),
        );
        return None;
    }
    Some(path)
}

/// Source: man 5 passwd of shadow, "NAME"; systemd.io/USER_NAMES.
fn user<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<String>> {
    let name = reader.plain(item)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    if name.value.starts_with('-') || !name.value.chars().all(allowed) {
        let problem = Diagnostic::new(format!("`{}` cannot name a user", name.value.escape_debug()));
        reader.report(
            item.at_value(),
            problem.hint("use letters, digits, `_`, `-` and `.`, with no `-` in front"),
        );
        return None;
    }
    Some(name)
}

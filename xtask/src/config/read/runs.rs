//! What a service consists of: its own `command`, a service of a Compose file, or what somebody else runs. And which
//! keys make no sense then.

use std::time::Duration;

use super::command::command;
use super::item::{Item, Table};
use super::names::NameKind;
use super::reader::{TomlReader, meant};
use crate::config::keys::SERVICE;
use crate::config::{AUTO, ComposeService, Healthcheck, Port, Protocol, Runs};
use crate::diagnostic::Diagnostic;

/// Reads the one of `command`, `compose` and `external` that is given. `ports` and `health` are the valid ones of the
/// service.
pub(super) fn runs<'t>(
    reader: &mut TomlReader<'t>,
    item: &Item<'t>,
    table: &Table<'t>,
    kind: NameKind,
    ports: &[Port],
    health: Option<&Healthcheck>,
    stop_timeout: Option<Duration>,
) -> Option<Runs> {
    let shell = table
        .get("shell")
        .and_then(|item| reader.boolean(&item))
        .unwrap_or(false);
    let own = table.get("command");
    // A task has neither, and its table reports them as unknown.
    let of_service = |key| table.get(key).filter(|_| kind == NameKind::Service);
    let compose = of_service("compose");
    let file = of_service("compose_file");
    let external = of_service("external");
    let is_external = external.as_ref().is_some_and(|item| reader.boolean(item) == Some(true));
    let external = external.filter(|_| is_external);
    let given: Vec<&Item> = [&own, &compose, &external].into_iter().flatten().collect();
    if let [first, second, ..] = given.as_slice() {
        let problem = Diagnostic::new(format!("`{}` and `{}` are mutually exclusive", first.key, second.key));
        reader.report(second.at_key(), problem.hint("keep one of them"));
    }
    if let (Some(file), None) = (&file, &compose) {
        let problem = Diagnostic::new("`compose_file` has no meaning without `compose`");
        let hint = "name the service of that file with `compose = \"…\"`";
        reader.report_absent(file.at_key(), problem.hint(hint));
    }
    let own = own.map(|item| command(reader, &item, shell).map(Runs::Command));
    let file = file.map(|item| reader.path(&item));
    match (own, compose, external) {
        (Some(own), _, _) => own,
        (None, Some(compose), _) => {
            refuse(reader, table, OF_PROCESS, "the Compose file says how it runs");
            let name = reader.plain(&compose)?;
            Some(Runs::Compose(ComposeService {
                name,
                file: file.flatten(),
                stop_timeout,
            }))
        }
        (None, None, Some(external)) => {
            for keys in [OF_PROCESS, OF_START] {
                refuse(reader, table, keys, "somebody else runs it");
            }
            without_trace(reader, &external, table, ports, health);
            chosen_by_us(reader, ports);
            Some(Runs::External(reader.place(&external.at_key())))
        }
        // A mistyped key is one problem.
        (None, None, None) if table.keys().iter().any(|key| meant(key, SERVICE) == Some("command")) => None,
        (None, None, None) => {
            reader.report_absent(item.head(), no_command(item.key, table, kind));
            None
        }
    }
}

/// Keys that only a process of our own has.
pub(in crate::config) const OF_PROCESS: &[&str] = &[
    "shell",
    "working_dir",
    "venv",
    "stdin",
    "tty",
    "listen",
    "stop_signal",
    "pidfile",
    "watch",
];

/// Keys of what we start and stop.
pub(in crate::config) const OF_START: &[&str] = &["restart", "stop_grace_period", "on_conflict"];

fn refuse(reader: &mut TomlReader, table: &Table, keys: &[&str], why: &str) {
    for item in keys.iter().filter_map(|key| table.get(key)) {
        let problem = Diagnostic::new(format!("`{}` has no meaning here: {why}", item.key));
        reader.report(item.at_key(), problem.hint(format!("remove `{}`", item.key)));
    }
}

/// Reports an external service of which nothing shows whether it is there.
fn without_trace(
    reader: &mut TomlReader,
    external: &Item,
    table: &Table,
    ports: &[Port],
    health: Option<&Healthcheck>,
) {
    let is_checked = health.is_some_and(|health| health.check.is_some());
    let has_tcp = ports.first().is_some_and(|port| port.protocol == Protocol::Tcp);
    // A port or a health check with a problem of its own is reported there.
    let has_broken = (ports.is_empty() && (table.get("port").is_some() || table.get("ports").is_some()))
        || (health.is_none() && table.get("healthcheck").is_some());
    if !is_checked && !has_tcp && !has_broken {
        let problem = Diagnostic::new("nothing shows whether this external service is there");
        let hint = format!("add a TCP `port` or a `healthcheck` to [{}]", table.path);
        reader.report_absent(external.at_key(), problem.hint(hint));
    }
}

/// Reports numbers that devtasks would choose for an external service.
fn chosen_by_us(reader: &mut TomlReader, ports: &[Port]) {
    for port in ports.iter().filter(|port| port.number.value.as_literal() == Some(AUTO)) {
        let problem = Diagnostic::new("an external service cannot have the port `auto`");
        let hint = "write the number at which it listens";
        reader.report_at(&port.number.place, problem.hint(hint));
    }
}

fn no_command(name: &str, table: &Table, kind: NameKind) -> Diagnostic {
    Diagnostic::new(format!("{} `{name}` has no `command`", kind.word()))
        .hint(format!("add `command = \"…\"` to [{}]", table.path))
}

//! `[services.NAME]` and `[tasks.NAME]`.

use toml::de::DeValue;

use super::dependencies::dependencies;
use super::healthcheck::healthcheck;
use super::item::{Item, Table};
use super::names::{NameKind, is_name};
use super::port::{on_conflict, ports};
use super::reader::{TomlReader, no_name};
use super::runs::runs;
use super::watch::watch;
use crate::config::keys::{SERVICE, TASK};
use crate::config::suggest::did_you_mean;
use crate::config::{
    GRACE_PERIOD, Located, OnConflict, Port, Protocol, Restart, Service, Stdin, StopSignal, Template, VenvChoice,
};
use crate::diagnostic::Diagnostic;

pub(super) fn service<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Service> {
    let table = reader.known_table(item, SERVICE)?;
    either(reader, item, &table, NameKind::Service)
}

/// A task has fewer keys than a service; the shared ones have the same meaning.
pub(super) fn task<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Service> {
    let table = reader.known_table(item, TASK)?;
    if reader.names.service(item.key).is_some() {
        let problem = Diagnostic::new(format!("`{}` is a service as well as a task", item.key));
        reader.report(item.at_key(), problem.hint("give one of them another name"));
    }
    either(reader, item, &table, NameKind::Task)
}

fn either<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, table: &Table<'t>, kind: NameKind) -> Option<Service> {
    let mut read = Part { reader, table };

    let working_dir = read.key("working_dir", TomlReader::path);
    let venv = read.key("venv", venv).unwrap_or(VenvChoice::None);
    let ports = ports(read.reader, table);
    let scheme = read.key("scheme", scheme);
    let environment = read.list("environment", environment);
    let env_file = read.list("env_file", env_file);
    let depends_on = read.list("depends_on", dependencies);
    let healthcheck = read.key("healthcheck", |reader, item| healthcheck(reader, item, table, &ports));
    let stdin = read.key("stdin", stdin).unwrap_or_default();
    let listen = read
        .key("listen", |reader, item| listen(reader, item, &ports))
        .unwrap_or(false);
    let tty = read.key("tty", |reader, item| reader.boolean(item)).unwrap_or(false);
    let restart = read.key("restart", restart).unwrap_or_default();
    let stop_signal = read.key("stop_signal", stop_signal).unwrap_or(StopSignal::Term);
    let stop_grace_period = read.key("stop_grace_period", TomlReader::duration);
    let on_conflict = read.key("on_conflict", on_conflict).unwrap_or(OnConflict::Ask);
    let watch = read.key("watch", watch);
    let profiles = read.list("profiles", profiles);
    let pidfile = read.key("pidfile", TomlReader::path);

    let runs = runs(
        reader,
        item,
        table,
        kind,
        &ports,
        healthcheck.as_ref(),
        stop_grace_period,
    );

    reader.waits.push((item.key.to_owned(), depends_on.clone()));
    Some(Service {
        name: item.key.to_owned(),
        task: kind == NameKind::Task,
        place: reader.place(&item.head()),
        runs: runs?,
        working_dir,
        venv,
        ports,
        scheme,
        environment,
        env_file,
        depends_on,
        healthcheck,
        stdin,
        tty,
        listen,
        restart,
        stop_signal,
        stop_grace_period: stop_grace_period.unwrap_or(GRACE_PERIOD),
        on_conflict,
        watch,
        profiles,
        pidfile,
    })
}

/// `listen` passes TCP sockets, one for each port.
fn listen<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>, ports: &[Port]) -> Option<bool> {
    let listen = reader.boolean(item)?;
    if listen && ports.is_empty() {
        let problem = Diagnostic::new("`listen` needs a port").hint("add `port` to this service");
        reader.report_absent(item.at_value(), problem);
    }
    if listen && ports.iter().any(|port| port.protocol == Protocol::Udp) {
        let problem = Diagnostic::new("`listen` hands TCP sockets over, and one of its ports is UDP");
        reader.report(item.at_value(), problem.hint("set `listen = false`"));
    }
    Some(listen)
}

/// Source: RFC 3986, 3.1.
fn scheme<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<String> {
    let scheme = reader.plain(item)?.value;
    let may_contain = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.chars().all(may_contain) {
        let problem = Diagnostic::new(format!("`{scheme}` is not the scheme of a URL"));
        reader.report(
            item.at_value(),
            problem.hint("write `http`, `redis`, `postgresql` or the like, without `://`"),
        );
        return None;
    }
    Some(scheme)
}

struct Part<'r, 't> {
    reader: &'r mut TomlReader<'t>,
    table: &'r Table<'t>,
}

impl<'t> Part<'_, 't> {
    fn key<T>(&mut self, key: &str, read: impl FnOnce(&mut TomlReader<'t>, &Item<'t>) -> Option<T>) -> Option<T> {
        read(self.reader, &self.table.get(key)?)
    }

    fn list<T>(&mut self, key: &str, read: impl FnOnce(&mut TomlReader<'t>, &Item<'t>) -> Vec<T>) -> Vec<T> {
        self.table
            .get(key)
            .map(|item| read(self.reader, &item))
            .unwrap_or_default()
    }
}

fn venv<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<VenvChoice> {
    match (item.value.as_bool(), item.value.as_str()) {
        (Some(false), _) => Some(VenvChoice::None),
        (_, Some("auto")) => Some(VenvChoice::Auto(reader.place(&item.at_value()))),
        (_, Some(name)) => {
            if !reader.names.venvs.iter().any(|known| known == name) {
                let problem = unknown_venv(name, &reader.names.venvs);
                reader.report_absent(item.at_value(), problem);
            }
            Some(VenvChoice::Named(reader.at(item, name.to_owned())))
        }
        (Some(true) | None, None) => {
            let problem = Diagnostic::new("`venv` must be the name of a venv, `\"auto\"` or `false`");
            reader.report(item.at_value(), problem.hint("write `\"auto\"` for the nearest venv"));
            None
        }
    }
}

fn environment<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Vec<(String, Located<Template>)> {
    let Some(table) = item.as_table() else {
        reader.report_type(item, "a table such as `{ NAME = \"value\" }`");
        return Vec::new();
    };
    let mut variables = Vec::new();
    for item in table.items() {
        if item.key.is_empty() || item.key.contains(['=', '\0']) {
            let problem = Diagnostic::new(format!("`{}` cannot name a variable", item.key.escape_debug()));
            reader.report(item.at_key(), problem.hint("use letters, digits and `_`"));
        }
        let value = variable(reader, &item);
        variables.extend(value.map(|value| (item.key.to_owned(), value)));
    }
    variables
}

/// Numbers and booleans become text, as in Compose: integers in decimal, floats as written.
fn variable<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Located<Template>> {
    let text = match item.value {
        DeValue::String(_) => return reader.template(item),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => number.to_string(),
            Err(_) => integer.to_string(),
        },
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            reader.report_type(item, "a string, a number or a boolean");
            return None;
        }
    };
    Some(reader.at(item, Template::literal(text)))
}

fn env_file<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Vec<Located<Template>> {
    let files = reader.one_or_list(item, "a string or a list of strings");
    files.iter().filter_map(|file| reader.path(file)).collect()
}

fn profiles<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Vec<String> {
    let mut profiles = Vec::new();
    for item in reader.list(item, "a list of strings") {
        let Some(name) = reader.string(&item) else { continue };
        if !is_name(name) {
            reader.report(item.at_value(), no_name(name, NameKind::Profile));
        }
        profiles.push(name.to_owned());
    }
    profiles
}

fn stdin<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Stdin> {
    if let Some(open) = item.value.as_bool() {
        let word = if open { "open" } else { "null" };
        let problem = Diagnostic::new("`stdin` must be a string, found a boolean");
        reader.report(item.at_value(), problem.hint(format!("write `\"{word}\"`")));
        return None;
    }
    reader.choice(item, &[("null", Some(Stdin::Null)), ("open", Some(Stdin::Open))])
}

fn restart<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<Restart> {
    let choices = [
        ("no", Some(Restart::No)),
        ("on-failure", Some(Restart::OnFailure)),
        ("always", Some(Restart::Always)),
        ("unless-stopped", None),
    ];
    reader.choice(item, &choices)
}

fn stop_signal<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Option<StopSignal> {
    let text = reader.string(item)?;
    let upper = text.to_ascii_uppercase();
    let signal = match upper.strip_prefix("SIG").unwrap_or(&upper) {
        "TERM" => StopSignal::Term,
        "INT" => StopSignal::Int,
        "QUIT" => StopSignal::Quit,
        "HUP" => StopSignal::Hup,
        "USR1" => StopSignal::Usr1,
        "USR2" => StopSignal::Usr2,
        "KILL" => StopSignal::Kill,
        _ => {
            let problem = Diagnostic::new(format!("invalid value `{text}` for `{}`", item.key));
            let hint = "write `SIGTERM`, `SIGINT`, `SIGQUIT`, `SIGHUP`, `SIGUSR1`, `SIGUSR2` or `SIGKILL`";
            reader.report(item.at_value(), problem.hint(hint));
            return None;
        }
    };
    Some(signal)
}

fn unknown_venv(name: &str, known: &[String]) -> Diagnostic {
    let hint = did_you_mean(name, known.iter().map(String::as_str).chain(["auto"]));
    let is_path = name.contains(['/', '.']);
    let hint = hint.unwrap_or_else(|| match is_path {
        true => format!("write `\"auto\"` for the nearest venv, or add `[venvs.NAME]` with `path = \"{name}\"`"),
        false => format!("add a table `[venvs.{name}]` with its `path`"),
    });
    Diagnostic::new(format!("unknown venv `{name}`")).hint(hint)
}

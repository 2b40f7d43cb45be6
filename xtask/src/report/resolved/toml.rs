//! The resolved configuration as a `devtasks.toml`.

use std::path::Path;
use std::time::Duration;

use super::{Containers, Document, Healthcheck, PortDocument, Service, VenvDocument};
use crate::config::toml_text::{duration, key, literal, quoted};
use crate::config::{
    CHECK_INTERVAL, CHECK_RETRIES, CHECK_TIMEOUT, ContainerOf, GRACE_PERIOD, OnConflict, OnExit, Protocol, Restart,
    START_PERIOD, Stdin, StopSignal,
};
use crate::foreign::visible;
use crate::plan::seen_from;
use crate::report::json::milliseconds;

/// An environment longer than this becomes a table of its own, in columns.
const WIDTH: usize = 100;

pub(super) fn text(document: &Document) -> String {
    let within = Within(document.checkout);
    let env_files: Vec<String> = document.env_files.iter().map(|it| within.shown(it)).collect();
    let from = std::iter::once(within.shown(document.file)).chain(env_files.iter().cloned());
    let mut out = format!(
        "# Resolved from {}.\n",
        from.map(|it| visible(&it).into_owned()).collect::<Vec<_>>().join(", ")
    );
    out.push_str("\n[project]\n");
    line(&mut out, "name", quoted(document.project));
    if let Some(requires) = document.requires {
        line(&mut out, "requires", quoted(requires));
    }
    // Always, for an empty list keeps a `.env` from being read.
    line(&mut out, "env_file", list(env_files.iter().map(|it| quoted(it))));
    unless(&mut out, "on_exit", document.on_exit, OnExit::default().name());
    if let Some(metrics) = document.metrics {
        line(&mut out, "metrics", literal(&metrics.to_string()));
    }
    if !document.log_export.is_empty() {
        let targets = document.log_export.iter().map(|target| {
            let entry = match (&target.otlp, &target.syslog, &target.file) {
                (Some(url), _, _) => format!("otlp = {}", quoted(url)),
                (_, Some(address), _) => format!("syslog = {}", quoted(address)),
                (_, _, Some(file)) => format!("file = {}", quoted(&within.shown(file))),
                (None, None, None) => "journald = true".to_owned(),
            };
            format!("{{ {entry} }}")
        });
        line(&mut out, "log_export", list(targets));
    }
    for venv in &document.venvs {
        of_venv(&mut out, venv, &within);
    }
    for service in &document.services {
        of_service(&mut out, service, &within);
    }
    of_export(&mut out, document);
    out
}

fn of_venv(out: &mut String, venv: &VenvDocument, within: &Within) {
    out.push_str(&format!("\n[venvs.{}]\n", venv.name));
    line(out, "path", within.literal(venv.path));
    if let Some(python) = venv.python {
        line(out, "python", quoted(python));
    }
    if !venv.requirements.is_empty() {
        line(
            out,
            "requirements",
            list(venv.requirements.iter().map(|it| within.literal(it))),
        );
    }
    if let Some(project) = venv.project {
        line(out, "project", within.literal(project));
    }
    flag(out, "sync", venv.sync);
}

fn of_service(out: &mut String, service: &Service, within: &Within) {
    let table = format!("{}.{}", if service.task { "tasks" } else { "services" }, service.name);
    out.push_str(&format!("\n[{table}]\n"));
    match &service.command {
        Some(words) if service.shell => line(out, "command", literal(&words.concat())),
        Some(words) => line(out, "command", list(words.iter().map(|it| literal(it)))),
        None => {}
    }
    flag(out, "shell", service.shell);
    if let Some(name) = service.compose {
        line(out, "compose", quoted(name));
    }
    if let Some(file) = service.compose_file {
        line(out, "compose_file", within.literal(file));
    }
    flag(out, "external", service.external);
    if service.working_dir != within.0 {
        line(out, "working_dir", within.literal(service.working_dir));
    }
    match &service.venv {
        Some(venv) if service.finds_venv => {
            let path = within.shown(venv.path);
            out.push_str(&format!("venv = \"auto\" # {}\n", visible(&path)));
        }
        Some(venv) => line(out, "venv", quoted(venv.name.unwrap_or_default())),
        None => {}
    }
    ports(out, service);
    if let Some(scheme) = service.scheme.filter(|_| service.has_scheme) {
        line(out, "scheme", quoted(scheme));
    }
    if !service.env_files.is_empty() {
        line(
            out,
            "env_file",
            list(service.env_files.iter().map(|it| within.literal(it))),
        );
    }
    depends_on(out, service);
    let health = service.healthcheck.as_ref().map_or_else(Vec::new, healthcheck);
    if !health.is_empty() {
        line(out, "healthcheck", inline(health));
    }
    unless(out, "stdin", service.stdin, Stdin::default().name());
    flag(out, "tty", service.tty);
    flag(out, "listen", service.listen);
    unless(out, "restart", service.restart, Restart::default().name());
    unless(out, "stop_signal", service.stop_signal, StopSignal::Term.name());
    let usual = milliseconds(GRACE_PERIOD);
    if let Some(grace) = service.stop_grace_period.filter(|grace| *grace != usual) {
        line(out, "stop_grace_period", duration(Duration::from_millis(grace)));
    }
    unless(out, "on_conflict", service.on_conflict, OnConflict::Ask.name());
    if !service.watch.is_empty() {
        line(out, "watch", list(service.watch.iter().map(|it| quoted(it))));
    }
    if !service.profiles.is_empty() {
        line(out, "profiles", list(service.profiles.iter().map(|it| quoted(it))));
    }
    if let Some(pidfile) = service.pidfile {
        // From the working directory, as it is read.
        line(out, "pidfile", Within(service.working_dir).literal(pidfile));
    }
    let variables = service.environment.iter();
    let variables: Vec<String> = variables
        .map(|(name, value)| format!("{} = {}", key(name), literal(value)))
        .collect();
    let short = format!("environment = {}\n", inline(variables.clone()));
    match variables.is_empty() {
        true => {}
        false if short.chars().count() <= WIDTH => out.push_str(&short),
        false => out.push_str(&format!("\n[{table}.environment]\n{}\n", variables.join("\n"))),
    }
}

fn ports(out: &mut String, service: &Service) {
    let value = |port: &PortDocument| {
        let mut more = Vec::new();
        more.extend(port.host.as_ref().map(|host| format!("host = {}", literal(host))));
        let is_tcp = port.protocol == Protocol::Tcp.name();
        more.extend((!is_tcp).then(|| format!("protocol = {}", quoted(port.protocol))));
        let is_own = port.on_conflict != service.on_conflict;
        more.extend(is_own.then(|| format!("on_conflict = {}", quoted(port.on_conflict))));
        match more.is_empty() {
            true => port.number.to_string(),
            false => inline(std::iter::once(format!("number = {}", port.number)).chain(more)),
        }
    };
    match service.ports.as_slice() {
        [] => {}
        [only] if only.name == "main" => line(out, "port", value(only)),
        several => {
            let ports = several
                .iter()
                .map(|port| format!("{} = {}", key(port.name), value(port)));
            line(out, "ports", inline(ports));
        }
    }
}

fn depends_on(out: &mut String, service: &Service) {
    if service.depends_on.is_empty() {
        return;
    }
    let conditions = service.depends_on.iter().map(|it| {
        let condition = quoted(it.condition);
        match it.restart {
            true => format!("{} = {{ condition = {condition}, restart = true }}", key(it.name)),
            false => format!("{} = {condition}", key(it.name)),
        }
    });
    line(out, "depends_on", inline(conditions));
}

fn healthcheck(health: &Healthcheck) -> Vec<String> {
    let mut keys = Vec::new();
    keys.extend(health.http.as_ref().map(|target| format!("http = {}", literal(target))));
    keys.extend(health.tcp.then(|| "tcp = true".to_owned()));
    let command = health.command.as_ref();
    keys.extend(command.map(|words| format!("command = {}", list(words.iter().map(|it| literal(it))))));
    for (name, value, default) in [
        ("interval", health.interval, CHECK_INTERVAL),
        ("timeout", health.timeout, CHECK_TIMEOUT),
        ("start_period", health.start_period, START_PERIOD),
    ] {
        let value = (value != milliseconds(default)).then(|| duration(Duration::from_millis(value)));
        keys.extend(value.map(|value| format!("{name} = {value}")));
    }
    keys.extend((health.retries != CHECK_RETRIES).then(|| format!("retries = {}", health.retries)));
    keys
}

fn of_export(out: &mut String, document: &Document) {
    let export = &document.export;
    if export.root.is_some() || export.user.is_some() {
        out.push_str("\n[export]\n");
    }
    for (name, value) in [("root", export.root), ("user", export.user)] {
        if let Some(value) = value {
            line(out, name, quoted(value));
        }
    }
    of_containers(out, "compose", &export.compose);
    of_containers(out, "kubernetes", &export.kubernetes);
}

fn of_containers(out: &mut String, name: &str, containers: &Containers) {
    let one = std::iter::once((String::new(), containers.all));
    let each = containers
        .by_name
        .iter()
        .map(|(service, of)| (format!(".{}", key(service)), of));
    for (table, container) in one.chain(each) {
        let keys = container_keys(container);
        if !keys.is_empty() {
            out.push_str(&format!("\n[export.{name}{table}]\n{}\n", keys.join("\n")));
        }
    }
}

fn container_keys(container: &ContainerOf) -> Vec<String> {
    let texts = [
        ("image", &container.image),
        ("build", &container.build),
        ("cpu", &container.cpu),
        ("memory", &container.memory),
    ];
    let texts = texts.into_iter();
    let texts = texts.filter_map(|(name, value)| Some(format!("{name} = {}", quoted(value.as_ref()?))));
    texts
        .chain(container.replicas.map(|it| format!("replicas = {it}")))
        .collect()
}

/// Paths as seen from this directory, the project's.
struct Within<'a>(&'a Path);

impl Within<'_> {
    /// Relative if it is inside.
    fn shown(&self, path: &Path) -> String {
        seen_from(self.0, path)
    }

    fn literal(&self, path: &Path) -> String {
        literal(&self.shown(path))
    }
}

fn line(out: &mut String, key: &str, value: String) {
    out.push_str(&format!("{key} = {value}\n"));
}

fn flag(out: &mut String, key: &str, value: bool) {
    if value {
        line(out, key, "true".to_owned());
    }
}

fn unless(out: &mut String, key: &str, value: &str, default: &str) {
    if value != default {
        line(out, key, quoted(value));
    }
}

fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(", "))
}

fn inline(keys: impl IntoIterator<Item = String>) -> String {
    format!("{{ {} }}", keys.into_iter().collect::<Vec<_>>().join(", "))
}

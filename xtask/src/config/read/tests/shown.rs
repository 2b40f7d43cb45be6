//! A configuration as text: one line for each setting that differs from its default.

use std::time::Duration;

use crate::config::template::tests::shown;
use crate::config::{
    Check, Command, Condition, Config, ContainerOf, Healthcheck, Located, OnConflict, OnExit, Port, Protocol, Restart,
    Runs, Service, Stdin, StopSignal, Template, VenvChoice, VenvInputs,
};

pub(super) fn config(config: &Config) -> String {
    let mut lines = Vec::new();
    lines.extend(config.project.name.as_ref().map(|name| format!("project {name}")));
    let requires = config.project.requires.as_ref();
    lines.extend(requires.map(|versions| format!("requires {}", versions.text)));
    if let Some(files) = &config.project.env_file {
        let files: Vec<&str> = files.iter().map(|file| file.value.as_str()).collect();
        lines.push(format!("env_file [{}]", files.join(" ")));
    }
    if config.project.on_exit == OnExit::Keep {
        lines.push("on_exit keep".to_owned());
    }
    let targets = config.project.log_export.iter();
    lines.extend(targets.map(|target| format!("log_export {}", target.value)));
    let metrics = config.project.metrics.as_ref().map(template);
    lines.extend(metrics.map(|address| format!("metrics {address}")));
    for venv in &config.venvs {
        let python = venv.python.as_ref().map(|python| format!(" {:?}", python.value.bounds));
        let inputs = match &venv.inputs {
            VenvInputs::Unknown => String::new(),
            VenvInputs::Requirements(files) => files.iter().map(|file| format!(" -r {}", template(file))).collect(),
            VenvInputs::Project(directory) => format!(" of {}", template(directory)),
        };
        lines.push(format!(
            "venv {} {}{}{inputs}{}",
            venv.name,
            shown(&venv.path.value),
            python.unwrap_or_default(),
            if venv.sync { " sync" } else { "" }
        ));
    }
    for each in &config.services {
        service(&mut lines, each);
    }
    let export = [("root", &config.export.root), ("user", &config.export.user)];
    let export = export.map(|(key, value)| Some(format!("export {key} {}", value.as_ref()?.value)));
    lines.extend(export.into_iter().flatten());
    for (target, settings) in [
        ("compose", &config.export.compose),
        ("kubernetes", &config.export.kubernetes),
    ] {
        let by_name = settings.by_name.iter().map(|(name, one)| (name.as_str(), one));
        for (name, one) in [("all", &settings.all)].into_iter().chain(by_name) {
            container(&mut lines, &format!("export {target} {name}"), one);
        }
    }
    lines.join("\n")
}

fn container(lines: &mut Vec<String>, whose: &str, one: &ContainerOf) {
    let texts = [
        ("image", &one.image),
        ("build", &one.build),
        ("cpu", &one.cpu),
        ("memory", &one.memory),
    ];
    let texts = texts.map(|(key, value)| Some(format!("{whose} {key} {}", value.as_ref()?)));
    lines.extend(texts.into_iter().flatten());
    lines.extend(one.replicas.map(|number| format!("{whose} replicas {number}")));
}

fn service(lines: &mut Vec<String>, service: &Service) {
    let kind = if service.task { "task" } else { "service" };
    lines.push(format!("{kind} {}", service.name));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("  {name} {value}"));
        }
    };
    match &service.runs {
        Runs::Command(words) => line("command", command(&words.value)),
        Runs::Compose(compose) => {
            line("compose", compose.name.value.clone());
            line("compose_file", compose.file.as_ref().map(template).unwrap_or_default());
        }
        Runs::External(_) => line("external", "true".to_owned()),
    }
    line(
        "working_dir",
        service.working_dir.as_ref().map(template).unwrap_or_default(),
    );
    line(
        "venv",
        match &service.venv {
            VenvChoice::None => String::new(),
            VenvChoice::Auto(_) => "auto".to_owned(),
            VenvChoice::Named(name) => format!("named {}", name.value),
        },
    );
    for each in &service.ports {
        line("port", port(each));
    }
    for (name, value) in &service.environment {
        line("environment", format!("{name}={}", template(value)));
    }
    for file in &service.env_file {
        line("env_file", template(file));
    }
    for dependency in &service.depends_on {
        let condition = match dependency.condition {
            Condition::Healthy => "healthy",
            Condition::Started => "started",
            Condition::Completed => "completed",
        };
        let restart = if dependency.restart { " restart" } else { "" };
        line(
            "depends_on",
            format!("{} {condition}{restart}", dependency.service.value),
        );
    }
    line(
        "healthcheck",
        service.healthcheck.as_ref().map(healthcheck).unwrap_or_default(),
    );
    if service.stdin != Stdin::Null {
        line("stdin", format!("{:?}", service.stdin));
    }
    if service.tty {
        line("tty", "true".to_owned());
    }
    if service.restart != Restart::No {
        line("restart", format!("{:?}", service.restart));
    }
    if service.stop_signal != StopSignal::Term {
        line("stop_signal", format!("{:?}", service.stop_signal));
    }
    if service.stop_grace_period != Duration::from_secs(10) {
        line("stop_grace_period", format!("{:?}", service.stop_grace_period));
    }
    if service.on_conflict != OnConflict::Ask {
        line("on_conflict", format!("{:?}", service.on_conflict));
    }
    if let Some(watch) = &service.watch {
        line("watch", watch.value.join(" "));
    }
    line("profiles", service.profiles.join(" "));
}

fn template(template: &Located<Template>) -> String {
    shown(&template.value)
}

/// `a|b c`: words, or `shell: a b c`.
fn command(command: &Command) -> String {
    match command {
        Command::Words { words, .. } => words.iter().map(shown).collect::<Vec<_>>().join("|"),
        Command::Shell(text) => format!("shell: {}", shown(text)),
    }
}

fn port(port: &Port) -> String {
    let mut text = format!("{} {}", port.key, shown(&port.number.value));
    if let Some(base) = &port.base {
        text += &format!(" from {}", template(base));
    }
    if let Some(host) = &port.host {
        text += &format!(" at {}", template(host));
    }
    if port.protocol == Protocol::Udp {
        text += " udp";
    }
    if let Some(on_conflict) = port.on_conflict {
        text += &format!(" {on_conflict:?}");
    }
    text
}

fn healthcheck(health: &Healthcheck) -> String {
    let check = match &health.check {
        None => "none".to_owned(),
        Some(Check::Http(target)) => format!("http {}", template(target)),
        Some(Check::Tcp) => "tcp".to_owned(),
        Some(Check::Command(words)) => format!("command {}", command(&words.value)),
    };
    format!(
        "{check}, every {:?} for {:?}, {} retries, start {:?}",
        health.interval, health.timeout, health.retries, health.start_period
    )
}

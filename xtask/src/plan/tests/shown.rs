//! A plan as text: one line for each setting that is not the default.

use std::path::Path;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{
    Check, ComposeService, Condition, OnConflict, Origin, Port, Protocol, Runs, Service, StopSignal, VenvInputs,
};

pub(super) fn service(service: &Service) -> String {
    let task = if service.task { "task " } else { "" };
    let runs = match &service.runs {
        Runs::Command => service.command.words.join("|"),
        Runs::Compose(ComposeService { name, file, .. }) => {
            let file = file.as_ref().map(|file| format!(" of {}", file.display()));
            format!("compose {name}{}", file.unwrap_or_default())
        }
        Runs::External => "external".to_owned(),
    };
    let mut lines = vec![format!("{task}{}: {runs}", service.name)];
    let mut line = |text: String| lines.push(format!("  {text}"));
    if service.working_dir != Path::new("/shop") {
        line(format!("in {}", service.working_dir.display()));
    }
    for (name, value) in &service.environment {
        line(format!("{}={}", name.display(), value.display()));
    }
    for file in &service.env_files {
        line(format!("env file {}", file.path.display()));
    }
    if let Some(venv) = &service.venv {
        let name = venv.name.as_deref().unwrap_or("found");
        let python = venv.python.as_ref().map(|python| format!(" python {}", python.text));
        let inputs = match &venv.inputs {
            VenvInputs::Unknown => String::new(),
            VenvInputs::Requirements(files) => files.iter().map(|file| format!(" -r {}", file.display())).collect(),
            VenvInputs::Project(directory) => format!(" of {}", directory.display()),
        };
        line(format!(
            "venv {name} {}{}{inputs}{}",
            venv.path.display(),
            python.unwrap_or_default(),
            if venv.sync { " sync" } else { "" }
        ));
    }
    service.ports.iter().for_each(|it| line(port(it)));
    for (name, condition) in &service.depends_on {
        line(match condition {
            Condition::Healthy => format!("needs {name}"),
            Condition::Started => format!("needs {name} started"),
            Condition::Completed => format!("needs {name} completed"),
        });
    }
    for name in &service.restarts_with {
        line(format!("restarts with {name}"));
    }
    if let Some(health) = &service.health {
        let check = match &health.check {
            Check::HttpPath(path) => format!("GET {path}"),
            Check::HttpUrl(url) => format!("GET {url}"),
            Check::Tcp => "tcp".to_owned(),
            Check::Command(words) => words.join("|"),
        };
        line(format!(
            "health {check} every {:?}, {:?}, {} times",
            health.interval, health.timeout, health.retries
        ));
    }
    if service.start_period != Duration::from_secs(60) {
        line(format!("starts within {:?}", service.start_period));
    }
    if service.tty {
        line("on a terminal".to_owned());
    }
    if (service.stop_signal, service.stop_grace_period) != (StopSignal::Term, Duration::from_secs(10)) {
        line(format!(
            "stops by {:?} within {:?}",
            service.stop_signal, service.stop_grace_period
        ));
    }
    if let Some(watch) = &service.watch {
        line(format!("watches {}", watch.globs.join(" ")));
    }
    lines.join("\n")
}

fn port(port: &Port) -> String {
    let mut text = format!("port {} {}", port.key, port.number);
    match port.origin {
        Origin::Declared => {}
        Origin::Auto => text.push_str(" auto"),
        Origin::Moved { from } => text.push_str(&format!(" instead of {from}")),
    }
    if let Some(host) = port.host {
        text.push_str(&format!(" at {host}"));
    }
    if port.protocol == Protocol::Udp {
        text.push_str(" udp");
    }
    if port.on_conflict != OnConflict::Ask {
        text.push_str(&format!(" on conflict {:?}", port.on_conflict));
    }
    if let Some(variable) = &port.variable {
        text.push_str(&format!(" by {variable}"));
    }
    text
}

/// ``exit 2 env.missing devtasks.toml:2:11 variable `X` is not set``, and its hints.
pub(super) fn problem(problem: &Diagnostic) -> String {
    let mut text = format!("exit {}", problem.exit.code());
    if problem.code != Code::Config {
        text.push_str(&format!(" {}", problem.code.name()));
    }
    if let Some(place) = &problem.place {
        text.push_str(&format!(" {}:{}:{}", place.file.display(), place.line, place.column));
    }
    text.push_str(&format!(" {}", problem.message));
    for hint in &problem.hints {
        text.push_str(&format!("\n  hint: {}", hint.render("")));
    }
    text
}

//! The line after a successful preflight: services, ports, venvs; with `--verbose` also commands.

use crate::commands::Context;
use crate::foreign::{command_line, visible};
use crate::plan::{Plan, Runs, Service};
use crate::preflight::compose::own_port;
use crate::preflight::{CommandFact, Facts};
use crate::process::secrets::mask;
use crate::report::words;

/// `shop  3 services  ports 6390 8000 8080 free  venv backend/.venv (Python 3.12.4)`.
pub(super) fn head(plan: &Plan, facts: &Facts, context: &Context) -> String {
    let n_tasks = plan.services.iter().filter(|service| service.task).count();
    let mut parts = vec![
        context.paint_stderr().bold(&plan.project),
        words::services_and_tasks(plan.services.len() - n_tasks, n_tasks),
    ];
    let ports: Vec<_> = plan
        .services
        .iter()
        .flat_map(|it| it.ports.iter().map(move |port| (it, port)))
        .filter(|(service, port)| service.runs != Runs::External && own_port(service, port, facts).is_none())
        .map(|(_, port)| port.number.to_string())
        .collect();
    match ports.as_slice() {
        [] => {}
        [one] => parts.push(format!("port {one} free")),
        many => parts.push(format!("ports {} free", many.join(" "))),
    }
    for (path, fact) in &facts.venvs {
        if let Some(version) = fact.state.version() {
            let path = path.strip_prefix(&plan.checkout).unwrap_or(path).to_string_lossy();
            parts.push(format!("venv {} (Python {version})", visible(&path)));
        }
    }
    let lines = plan.services.iter().filter(|_| context.verbose);
    let lines: String = lines.map(|service| line(plan, service, facts)).collect();
    parts.join("  ") + &lines
}

/// The command and its directory, for `--verbose`.
fn line(plan: &Plan, service: &Service, facts: &Facts) -> String {
    match &service.runs {
        Runs::Command => {}
        Runs::Compose(it) => return format!("\n  {}: service `{}` of Compose", service.name, it.name),
        Runs::External => return format!("\n  {}: external", service.name),
    }
    let mut words = service.command.words.clone();
    if let CommandFact::Found(path) = &facts.services[&service.name].command {
        words[0] = path.display().to_string();
    }
    let directory = service
        .working_dir
        .strip_prefix(&plan.checkout)
        .unwrap_or(&service.working_dir);
    let directory = match directory.to_string_lossy() {
        directory if directory.is_empty() => ".".to_owned(),
        directory => visible(&directory).into_owned(),
    };
    format!("\n  {}: {}  in {directory}", service.name, command_line(&mask(&words)))
}

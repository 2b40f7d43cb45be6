//! What units do not express.

use super::commands::{check_of_external, until_ready};
use super::{Manager, Stack};
use crate::export::loss::{self, Loss};
use crate::export::process::Process;
use crate::plan::{Condition, Restart, Runs, Service};

pub(super) fn losses(stack: &Stack, processes: &[Process]) -> Vec<Loss> {
    let mut losses = loss::everywhere(stack.request, stack.manager.target());
    losses.extend(user(stack));
    losses.extend(processes.iter().filter_map(shown));
    for service in &stack.request.plan.services {
        losses.extend(health(processes, service));
        losses.extend(conditions(stack, processes, service));
        if service.listen && service.restart == Restart::No {
            losses.push(Loss::new(service, "restart", "a client that connects starts it again"));
        }
    }
    losses
}

/// Everybody may read a unit.
fn shown(process: &Process) -> Option<Loss> {
    let texts = loss::written_texts(&process.words, process.service);
    let names = loss::exposed(&process.variables, &texts);
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "its unit, which everybody may read, holds the value of {}",
        names.join(", ")
    );
    (!names.is_empty()).then(|| Loss::new(process.service, "command", message))
}

fn user(stack: &Stack) -> Option<Loss> {
    let message = match (stack.manager, stack.request.user()) {
        (Manager::System, None) => "`[export] user` is not set, so the services run as root",
        (Manager::User, Some(_)) => "the services run as the user whose systemd it is",
        (Manager::System, Some(_)) | (Manager::User, None) => return None,
    };
    Some(Loss {
        service: None,
        key: "user",
        message: message.to_owned(),
        substitute: None,
    })
}

fn health(processes: &[Process], service: &Service) -> Option<Loss> {
    service.health.as_ref().filter(|_| service.runs != Runs::External)?;
    let gate = is_gated(processes, &service.name).then(|| "its start ends when it is ready".to_owned());
    let loss = Loss::new(
        service,
        "healthcheck",
        "systemd does not look at health after the start",
    );
    Some(loss.instead_if(gate, |gate| gate))
}

/// Dependencies of the service that are waited for longer, or not at all.
fn conditions(stack: &Stack, processes: &[Process], service: &Service) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (dependency, condition) in stack.request.plan.dependencies(service) {
        let name = &dependency.name;
        let message = match (condition, &dependency.runs) {
            (Condition::Started, Runs::Command | Runs::Compose(_)) if is_gated(processes, name) => {
                format!("it waits until `{name}` is ready, not only started")
            }
            (Condition::Healthy, Runs::External) if check_of_external(dependency).is_none() => {
                format!("it does not wait for `{name}`: nothing can tell whether that is ready")
            }
            (Condition::Healthy, Runs::Command | Runs::Compose(_))
                if !is_gated(processes, name) && !dependency.ports.is_empty() =>
            {
                format!("it waits until `{name}` is started: nothing can tell whether that is ready")
            }
            (Condition::Completed | Condition::Healthy | Condition::Started, _) => continue,
        };
        losses.push(Loss::new(service, "depends_on", message));
    }
    losses
}

fn is_gated(processes: &[Process], name: &str) -> bool {
    let process = processes.iter().find(|it| it.service.name == name);
    process.is_some_and(|process| until_ready(process).is_some())
}

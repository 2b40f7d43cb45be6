//! What Kubernetes lacks.

use super::pod::{before, can_be_awaited};
use super::variables;
use crate::export::Target;
use crate::export::containers::{self, Container, dns_label};
use crate::export::loss::{self, Loss};
use crate::plan::{Condition, Plan, Restart, Runs, Service, StopSignal};
use crate::process::secrets::mask;

pub(super) fn losses(plan: &Plan, containers: &[Container], target: Target) -> Vec<Loss> {
    let mut losses = containers::losses(plan, containers, target);
    for container in containers {
        losses.extend(of(plan, containers, container));
    }
    losses
}

fn of(plan: &Plan, containers: &[Container], container: &Container) -> Vec<Loss> {
    let service = container.service;
    let name = dns_label(&service.name);
    let mut losses = Vec::new();
    let mut lost = |key, message: String, instead: Option<String>| {
        losses.push(Loss::new(service, key, message).instead_if(instead, |it| it));
    };
    let (_, secret) = variables(container);
    if !secret.is_empty() {
        let names: Vec<_> = secret.iter().map(|(name, _)| format!("`{name}`")).collect();
        let literals: String = secret
            .iter()
            .map(|(name, _)| format!(" --from-literal={name}=…"))
            .collect();
        lost(
            "environment",
            format!("secrets are not written: {}", names.join(", ")),
            Some(format!(
                "it takes them from the Secret of `kubectl create secret generic {name}{literals}`"
            )),
        );
    }
    let exposed = loss::exposed(&container.variables, &loss::written_texts(&container.words, service));
    if mask(&container.words) != container.words || !exposed.is_empty() {
        let message = "its command or health check holds a secret, which is written: pass it as a variable";
        lost("command", message.to_owned(), None);
    }
    if matches!(service.runs, Runs::Compose(_)) {
        let message = "what its Compose file says of variables and volumes is not carried over";
        lost("compose", message.to_owned(), None);
    }
    if service.task {
        let behind = containers.iter().filter(|it| {
            before(plan, containers, it)
                .iter()
                .any(|step| step.about == service.name)
        });
        let behind: Vec<_> = behind.map(|it| format!("`{}`", it.service.name)).collect();
        let instead = match plan.dependents(service).next() {
            Some(_) => format!(
                "it runs in front of {}, at every start and in each replica",
                behind.join(", ")
            ),
            None => format!(
                "a suspended Job, which `kubectl patch job {name} -p '{{\"spec\":{{\"suspend\":false}}}}'` runs once"
            ),
        };
        lost(
            "tasks",
            "Kubernetes has no tasks that others wait for".to_owned(),
            Some(instead),
        );
        return losses;
    }
    match service.restart {
        Restart::No if service.runs == Runs::Command => lost(
            "restart",
            "a Deployment starts it again whenever it ends".to_owned(),
            None,
        ),
        Restart::OnFailure => lost(
            "restart",
            "a Deployment starts it again also after it ended with 0".to_owned(),
            None,
        ),
        Restart::No | Restart::Always => {}
    }
    if service.stop_signal != StopSignal::Term {
        let signal = service.stop_signal.name();
        lost(
            "stop_signal",
            format!("Kubernetes sends the signal of its image, not {signal}"),
            None,
        );
    }
    if !service.restarts_with.is_empty() {
        let with: Vec<_> = service.restarts_with.iter().map(|name| format!("`{name}`")).collect();
        lost(
            "depends_on",
            format!("it is not restarted with {}", with.join(", ")),
            None,
        );
    }
    if !can_be_awaited(service) && is_awaited(plan, service) {
        lost(
            "healthcheck",
            "nothing waits until it is ready: it has no TCP port to connect to".to_owned(),
            None,
        );
    }
    losses
}

fn is_awaited(plan: &Plan, service: &Service) -> bool {
    let healthy = (service.name.clone(), Condition::Healthy);
    plan.services.iter().any(|other| other.depends_on.contains(&healthy))
}

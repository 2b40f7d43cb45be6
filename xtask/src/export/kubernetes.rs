//! `PROJECT.yaml` for Kubernetes: a Deployment of each service, with a Service for its ports and a ConfigMap for its
//! variables; a Job of each task that nothing needs. Everything of a service has its name.
//!
//! Source: kubernetes.io, "API Overview" 1.32.

mod losses;
mod names;
mod pod;
mod probes;

use super::containers::{Container, containers, dns_label, stack_name};
use super::yaml::{Yaml, map};
use super::{ExportFile, Exported, Request, Target, header, loss};
use crate::config;
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Port, Protocol, Service, on_this_machine};
use crate::process::secrets::{is_secret, mask};

const TARGET: Target = Target::Kubernetes;

/// The name of its Service, which the DNS of the cluster knows; an external service stays where it is.
pub(super) fn address(service: &config::Service, port: &Port) -> String {
    match service.runs {
        config::Runs::External(_) => on_this_machine(service, port),
        config::Runs::Command(_) | config::Runs::Compose(_) => {
            format!("{}:{}", dns_label(&service.name), port.number)
        }
    }
}

/// # Errors
/// As [`containers`], and names that Kubernetes does not take.
pub(super) fn export(request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    let plan = request.plan;
    let containers = containers(plan, &request.config.export.kubernetes)?;
    let problems = names::problems(&containers);
    if !problems.is_empty() {
        return Err(problems);
    }
    let documents = containers.iter().flat_map(|it| documents(plan, &containers, it));
    let documents: Vec<String> = documents.map(|document| document.document()).collect();
    let stack = stack_name(plan);
    let mut losses = loss::everywhere(request, TARGET);
    losses.extend(losses::losses(plan, &containers, TARGET));
    Ok(Exported {
        files: vec![ExportFile {
            name: format!("{stack}.yaml"),
            text: header(TARGET, request, "# ") + &documents.join("---\n"),
            has_variables: true,
        }],
        losses,
    })
}

fn documents(plan: &Plan, all: &[Container], container: &Container) -> Vec<Yaml> {
    let service = container.service;
    let mut documents = Vec::new();
    let (open, _) = variables(container);
    if !open.is_empty() {
        let data = open
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Yaml::from(*value)));
        documents.push(object(
            plan,
            service,
            "v1",
            "ConfigMap",
            ("data", Yaml::Map(data.collect())),
        ));
    }
    if !service.ports.is_empty() {
        let spec = map([
            ("selector", labels(plan, service)),
            (
                "ports",
                Yaml::List(service.ports.iter().map(|port| service_port(service, port)).collect()),
            ),
        ]);
        documents.push(object(plan, service, "v1", "Service", ("spec", spec)));
    }
    if !service.task {
        let mut spec = Vec::new();
        if let Some(replicas) = container.own.and_then(|own| own.replicas) {
            spec.push(("replicas".to_owned(), Yaml::Number(replicas.into())));
        }
        spec.push(("selector".to_owned(), map([("matchLabels", labels(plan, service))])));
        spec.push(("template".to_owned(), template(plan, all, container)));
        documents.push(object(
            plan,
            service,
            "apps/v1",
            "Deployment",
            ("spec", Yaml::Map(spec)),
        ));
    } else if plan.dependents(service).next().is_none() {
        let spec = map([
            // It runs when somebody wants it, as with devtasks.
            ("suspend", Yaml::Bool(true)),
            ("backoffLimit", Yaml::Number(0)),
            ("template", template(plan, all, container)),
        ]);
        documents.push(object(plan, service, "batch/v1", "Job", ("spec", spec)));
    }
    documents
}

fn object(plan: &Plan, service: &Service, version: &str, kind: &str, (key, body): (&str, Yaml)) -> Yaml {
    map([
        ("apiVersion", version.into()),
        ("kind", kind.into()),
        (
            "metadata",
            map([
                ("name", dns_label(&service.name).into()),
                ("labels", labels(plan, service)),
            ]),
        ),
        (key, body),
    ])
}

fn template(plan: &Plan, all: &[Container], container: &Container) -> Yaml {
    map([
        ("metadata", map([("labels", labels(plan, container.service))])),
        ("spec", pod::spec(plan, all, container)),
    ])
}

/// Source: kubernetes.io, "Recommended Labels".
fn labels(plan: &Plan, service: &Service) -> Yaml {
    map([
        ("app.kubernetes.io/name", dns_label(&service.name).into()),
        ("app.kubernetes.io/part-of", stack_name(plan).into()),
    ])
}

fn service_port(service: &Service, port: &Port) -> Yaml {
    let name = names::of_port(service, port);
    map([
        ("name", name.clone().into()),
        ("port", Yaml::Number(port.number.into())),
        ("targetPort", name.into()),
        ("protocol", protocol(port).into()),
    ])
}

fn protocol(port: &Port) -> &'static str {
    match port.protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    }
}

type Variables<'a> = Vec<(&'a str, &'a str)>;

/// Those that everybody may read, and those that are secrets by their name or hold a password.
fn variables<'a>(container: &Container<'a>) -> (Variables<'a>, Variables<'a>) {
    let is_open = |(name, value): &(&str, &str)| {
        let value = (*value).to_owned();
        value.is_empty() || (!is_secret(name) && mask(std::slice::from_ref(&value)) == [value])
    };
    container.variables.iter().copied().partition(is_open)
}

//! The pod of a service or task: what runs before it, and its container.

use super::probes::{main_tcp, probes, seconds};
use super::{names, protocol, variables};
use crate::export::containers::{Container, connect, dns_label, placeholder};
use crate::export::yaml::{Yaml, map, texts};
use crate::plan::{Condition, Plan, Runs, Service, Stdin};

pub(super) fn spec(plan: &Plan, all: &[Container], container: &Container) -> Yaml {
    let service = container.service;
    let mut entries = Vec::new();
    let mut add = |key: &str, value: Yaml| entries.push((key.to_owned(), value));
    // Else each Service would set variables such as `BACKEND_PORT=tcp://…` here.
    add("enableServiceLinks", Yaml::Bool(false));
    if service.task {
        add("restartPolicy", "Never".into());
    }
    if service.runs == Runs::Command {
        // Process 1 gets no signal that it has not asked for: it is the pause container then.
        add("shareProcessNamespace", Yaml::Bool(true));
        let grace = seconds(service.stop_grace_period);
        add("terminationGracePeriodSeconds", Yaml::Number(grace));
    }
    let before = before(plan, all, container);
    if !before.is_empty() {
        add(
            "initContainers",
            Yaml::List(before.into_iter().map(|step| step.container).collect()),
        );
    }
    add("containers", Yaml::List(vec![main(plan, container)]));
    Yaml::Map(entries)
}

/// What runs to its end before the container starts.
pub(super) struct Step {
    /// The service that is waited for, or the task.
    pub(super) about: String,
    container: Yaml,
}

/// Dependencies in order, those of a task before it. Whoever connects to a Service reaches ready pods alone, so one connection
/// shows that it is ready.
pub(super) fn before(plan: &Plan, all: &[Container], container: &Container) -> Vec<Step> {
    let mut steps = Vec::new();
    add_steps(plan, all, container, container.service, &mut steps);
    steps
}

fn add_steps(plan: &Plan, all: &[Container], container: &Container, service: &Service, steps: &mut Vec<Step>) {
    for (name, condition) in &service.depends_on {
        let dependency = all.iter().find(|it| it.service.name == *name);
        // An external service is not waited for.
        let Some(dependency) = dependency.filter(|_| !steps.iter().any(|step| step.about == *name)) else {
            continue;
        };
        let step = match condition {
            _ if dependency.service.task => {
                add_steps(plan, all, container, dependency.service, steps);
                Some(body(plan, dependency))
            }
            Condition::Healthy | Condition::Completed => wait(plan, container, dependency.service),
            // Everything is started at once.
            Condition::Started => None,
        };
        steps.extend(step.map(|container| Step {
            about: name.clone(),
            container: Yaml::Map(container),
        }));
    }
}

/// With the shell of the image that waits.
fn wait(plan: &Plan, container: &Container, dependency: &Service) -> Option<Vec<(String, Yaml)>> {
    let name = dns_label(&dependency.name);
    let connect = connect(&name, main_tcp(dependency)?.number);
    let line = format!("until {{ {connect}; }} 2>/dev/null; do sleep 1; done");
    Some(vec![
        ("name".to_owned(), dns_label(&format!("wait-for-{name}")).into()),
        ("image".to_owned(), image(plan, container)),
        ("command".to_owned(), texts(["sh", "-c", &line])),
    ])
}

fn main(plan: &Plan, container: &Container) -> Yaml {
    let service = container.service;
    let mut entries = body(plan, container);
    let mut add = |key: &str, value: Yaml| entries.push((key.to_owned(), value));
    if service.tty {
        add("tty", Yaml::Bool(true));
    }
    if service.tty || service.stdin == Stdin::Open {
        add("stdin", Yaml::Bool(true));
    }
    let ports = service.ports.iter().map(|port| {
        map([
            ("name", names::of_port(service, port).into()),
            ("containerPort", Yaml::Number(port.number.into())),
            ("protocol", protocol(port).into()),
        ])
    });
    let ports: Vec<_> = ports.collect();
    if !ports.is_empty() {
        add("ports", Yaml::List(ports));
    }
    if !service.task {
        entries.extend(probes(service));
    }
    entries.extend(resources(container).map(|resources| ("resources".to_owned(), resources)));
    Yaml::Map(entries)
}

/// What runs, where, and with which variables.
fn body(plan: &Plan, container: &Container) -> Vec<(String, Yaml)> {
    let name = dns_label(&container.service.name);
    let mut entries = vec![
        ("name".to_owned(), name.clone().into()),
        ("image".to_owned(), image(plan, container)),
    ];
    if !container.words.is_empty() {
        let words = container.words.iter().map(|word| without_references(word));
        entries.push(("args".to_owned(), texts(words)));
    }
    if let Some(directory) = &container.working_dir {
        entries.push(("workingDir".to_owned(), directory.as_str().into()));
    }
    let (open, secret) = variables(container);
    let from = [("configMapRef", open), ("secretRef", secret)];
    let from = from.into_iter().filter(|(_, variables)| !variables.is_empty());
    let from: Vec<_> = from
        .map(|(kind, _)| map([(kind, map([("name", name.as_str().into())]))]))
        .collect();
    if !from.is_empty() {
        entries.push(("envFrom".to_owned(), Yaml::List(from)));
    }
    entries
}

fn image(plan: &Plan, container: &Container) -> Yaml {
    container
        .image
        .map_or_else(|| placeholder(plan, container), str::to_owned)
        .into()
}

/// Processors are shared when they are short, memory cannot be.
fn resources(container: &Container) -> Option<Yaml> {
    let own = container.own?;
    let entry = |key: &str, value: &Option<String>| Some((key.to_owned(), Yaml::from(value.as_deref()?)));
    let requests: Vec<_> = [entry("cpu", &own.cpu), entry("memory", &own.memory)]
        .into_iter()
        .flatten()
        .collect();
    let limits: Vec<_> = entry("memory", &own.memory).into_iter().collect();
    let of = [("requests", requests), ("limits", limits)].into_iter();
    let of = of.filter(|(_, entries)| !entries.is_empty());
    let of: Vec<_> = of.map(|(key, entries)| (key.to_owned(), Yaml::Map(entries))).collect();
    (!of.is_empty()).then_some(Yaml::Map(of))
}

/// Kubernetes fills in `$(NAME)`, and makes `$$` one `$`. A `$` before anything else stays, and is left alone for readers that
/// fill in nothing, such as podman 4.3.
///
/// Source: kubernetes.io, API of `Container`, `args`; k8s.io/kubernetes/third_party/forked/golang/expansion.
fn without_references(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let run = rest[at..].len() - rest[at..].trim_start_matches('$').len();
        let after = &rest[at + run..];
        let is_plain = run == 1 && !after.starts_with('(');
        out.push_str(&"$".repeat(if is_plain { run } else { 2 * run }));
        rest = after;
    }
    out + rest
}

/// Whether a wait for it could be written.
pub(super) fn can_be_awaited(service: &Service) -> bool {
    service.runs == Runs::External || service.task || main_tcp(service).is_some()
}

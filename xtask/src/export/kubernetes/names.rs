//! Names that Kubernetes takes.

use crate::diagnostic::{Diagnostic, Exit};
use crate::export::containers::{Container, dns_label};
use crate::plan::{Port, Protocol, Service};

/// Names that no Service can have, or two would have.
pub(super) fn problems(containers: &[Container]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (at, container) in containers.iter().enumerate() {
        let service = container.service;
        let (name, label) = (&service.name, dns_label(&service.name));
        let mut report = |message: String, hint: &str| {
            problems.push(Diagnostic::new(message).at(&service.place).hint(hint).exit(Exit::Usage));
        };
        // Source: kubernetes.io, "Object Names and IDs", "RFC 1035 Label Names".
        if !label.starts_with(|first: char| first.is_ascii_lowercase()) {
            report(
                format!("`{name}` cannot be the name of a Service of Kubernetes"),
                "let it begin with a letter",
            );
        }
        let earlier = containers[..at].iter().map(|other| &other.service.name);
        if let Some(other) = earlier.into_iter().find(|other| dns_label(other) == label) {
            report(
                format!("`{other}` and `{name}` are both called `{label}` in Kubernetes"),
                "let them differ in more than `_`, `-` and capitals",
            );
        }
        let is_key = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        for (variable, _) in &container.variables {
            if variable.is_empty() || !variable.chars().all(is_key) {
                report(
                    format!("variable `{variable}` of `{name}` cannot be a key of a ConfigMap"),
                    "use letters, digits, `_`, `-` and `.`",
                );
            }
        }
    }
    problems
}

/// Its key if Kubernetes takes that, else its number.
///
/// Source: kubernetes.io, API of `ContainerPort`: "IANA_SVC_NAME", at most 15 characters with a letter among them.
pub(super) fn of_port(service: &Service, port: &Port) -> String {
    let name = dns_label(&port.key);
    let is_alone = service
        .ports
        .iter()
        .filter(|other| dns_label(&other.key) == name)
        .count()
        == 1;
    let has_letter = name.contains(|letter: char| letter.is_ascii_lowercase());
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    match is_alone && has_letter && name.len() <= 15 && !name.contains("--") {
        true => name,
        false => format!("{protocol}-{}", port.number),
    }
}

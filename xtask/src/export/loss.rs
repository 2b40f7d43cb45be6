//! What a target does not express, and what was put in its place.

use super::{Request, Target};
use crate::config;
use crate::plan::{Check, OnConflict, Runs, Service, Stdin};
use crate::process::secrets::is_secret;

/// Something that `devtasks.toml` says and an exported file does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    /// `None`: it is about the whole stack.
    pub(crate) service: Option<String>,
    /// The key of `devtasks.toml`.
    pub(crate) key: &'static str,
    pub(crate) message: String,
    /// What was put in its place.
    pub(crate) substitute: Option<String>,
}

impl Loss {
    pub(super) fn new(service: &Service, key: &'static str, message: impl Into<String>) -> Self {
        Loss {
            service: Some(service.name.clone()),
            key,
            message: message.into(),
            substitute: None,
        }
    }

    /// With a substitute that is made of `part`, if there is one.
    pub(super) fn instead_if(mut self, part: Option<String>, substitute: impl Fn(String) -> String) -> Self {
        self.substitute = part.map(substitute);
        self
    }
}

/// What is lost wherever a stack leaves devtasks, service by service.
pub(super) fn everywhere(request: &Request, target: Target) -> Vec<Loss> {
    let (plan, name) = (request.plan, target.title());
    let is_systemd = matches!(target, Target::Systemd | Target::SystemdUser);
    let mut losses = Vec::new();
    for service in &plan.services {
        let mut lost = |key, message: String| losses.push(Loss::new(service, key, message));
        let policies = service.ports.iter().map(|port| port.on_conflict);
        let mut policy = policies.filter_map(|policy| match policy {
            OnConflict::Kill => Some("kill"),
            OnConflict::Next => Some("next"),
            OnConflict::Ask | OnConflict::Fail => None,
        });
        if let Some(policy) = policy.next() {
            lost(
                "on_conflict",
                format!("{name} does not free or move a busy port, so `{policy}` is `fail`"),
            );
        }
        if service.runs == Runs::External && !target.has_containers() {
            lost(
                "external",
                format!("somebody else runs it, so {name} is not told of it"),
            );
        }
        if service.watch.is_some() {
            lost("watch", format!("{name} does not restart it when a file changes"));
        }
        if service.listen && !is_systemd {
            lost("listen", format!("{name} does not open its sockets for it"));
        }
        if service.tty && !target.has_containers() {
            lost("tty", format!("{name} gives it no terminal"));
        }
        if service.stdin == Stdin::Open && !target.has_containers() {
            lost(
                "stdin",
                format!("{name} gives it an empty input, so it may end at once"),
            );
        }
        if service.pidfile.is_some() && !is_systemd {
            lost(
                "pidfile",
                format!("{name} does not remove a stale one before it starts"),
            );
        }
        if service.venv.as_ref().is_some_and(|venv| venv.sync) && !target.has_containers() {
            lost(
                "venv",
                "nothing creates or updates its venv: do it before the start".to_owned(),
            );
        }
    }
    let is_left_out = |task: &&config::Service| task.task && plan.services.iter().all(|it| it.name != task.name);
    losses.extend(request.config.services.iter().filter(is_left_out).map(|task| Loss {
        service: Some(task.name.clone()),
        key: "tasks",
        message: "it is left out, because nothing depends on it: run it by hand".to_owned(),
        substitute: None,
    }));
    losses
}

/// The secrets of the project, by the names of their variables, whose values are in these texts.
pub(super) fn exposed<'v>(variables: &[(&'v str, &str)], texts: &[&str]) -> Vec<&'v str> {
    let is_in = |value: &str| texts.iter().any(|text| text.contains(value));
    // A shorter one would be found in every other word.
    let exposed = variables
        .iter()
        .filter(|(name, value)| is_secret(name) && value.len() > 3 && is_in(value));
    exposed.map(|(name, _)| *name).collect()
}

/// The words of a service's command and of its health check.
pub(super) fn written_texts<'s>(words: &'s [String], service: &'s Service) -> Vec<&'s str> {
    let check = match service.health.as_ref().map(|health| &health.check) {
        Some(Check::HttpPath(text) | Check::HttpUrl(text)) => std::slice::from_ref(text),
        Some(Check::Command(words)) => words,
        Some(Check::Tcp) | None => &[],
    };
    words.iter().chain(check).map(String::as_str).collect()
}

//! What a target does not express, and what was put in its place.

use super::Target;
use crate::plan::{OnConflict, Plan, Runs, Service, Stdin};

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
pub(super) fn everywhere(plan: &Plan, target: Target) -> Vec<Loss> {
    let name = target.title();
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
        if service.listen {
            lost(
                "listen",
                format!("{name} does not open its sockets: it must do that itself"),
            );
        }
        if service.venv.as_ref().is_some_and(|venv| venv.sync) && !target.has_containers() {
            lost(
                "venv",
                "nothing creates or updates its venv: do it before the start".to_owned(),
            );
        }
    }
    losses
}

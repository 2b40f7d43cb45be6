//! What `up` does with each service of its plan, given what already runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::State;
use crate::plan::{PortId, Service, SettingChange, changes};

/// A service of the live run, with the settings that it was started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) service: Service,
    pub(crate) state: State,
}

impl Running {
    /// It has finished or is stopping.
    pub(crate) fn is_ending(&self) -> bool {
        self.state.is_over() || self.state == State::Stopping
    }
}

/// The port numbers of all services that have not finished.
pub(crate) fn numbers(running: &[Running]) -> BTreeMap<PortId, u16> {
    let services = running.iter().filter(|it| !it.state.is_over()).map(|it| &it.service);
    let ports = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    ports
        .map(|(service, port)| (PortId::new(&service.name, &port.key), port.number))
        .collect()
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step<'a> {
    pub(crate) service: &'a Service,
    pub(crate) todo: Todo,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Todo {
    Start,
    Keep,
    /// It runs with other settings or packages; the list is never empty.
    Restart(Vec<SettingChange>),
}

/// One step for each planned service, in plan order. A completed task is not started again. A venv in `synced` holds
/// other packages than when its services were started.
pub(crate) fn steps<'a>(planned: &'a [Service], running: &[Running], synced: &BTreeSet<PathBuf>) -> Vec<Step<'a>> {
    let todo = |service: &Service| {
        let Some(it) = running.iter().find(|it| it.service.name == service.name) else {
            return Todo::Start;
        };
        let is_done = it.state == State::Completed;
        let mut changes = changes(&it.service, service, planned);
        let is_synced = service.venv.as_ref().is_some_and(|venv| synced.contains(&venv.path));
        if is_synced && changes.iter().all(|change| change.setting != "venv") {
            changes.push(SettingChange {
                setting: "venv".to_owned(),
                from: None,
                to: None,
            });
        }
        match it.is_ending() && !is_done {
            true => Todo::Start,
            false if changes.is_empty() => Todo::Keep,
            // A task with new settings runs again.
            false if is_done => Todo::Start,
            false => Todo::Restart(changes),
        }
    };
    let step = |service: &'a Service| Step {
        service,
        todo: todo(service),
    };
    planned.iter().map(step).collect()
}

//! What `up` does with each service of its plan, seeing what runs already.

use serde::{Deserialize, Serialize};

use super::State;
use crate::plan::{Service, SettingChange, changes};

/// A service of the live run, as it was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) service: Service,
    pub(crate) state: State,
}

impl Running {
    /// It has ended, or is about to.
    pub(crate) fn is_ending(&self) -> bool {
        self.state.is_over() || self.state == State::Stopping
    }
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
    /// It runs with other settings; never empty.
    Restart(Vec<SettingChange>),
}

/// One step for each planned service, in the order of the plan. A task that is done is not missed.
pub(crate) fn steps<'a>(planned: &'a [Service], running: &[Running]) -> Vec<Step<'a>> {
    let todo = |service: &Service| {
        let Some(it) = running.iter().find(|it| it.service.name == service.name) else {
            return Todo::Start;
        };
        let is_done = it.service.task && it.state == State::Exited;
        let changes = changes(&it.service, service, planned);
        match it.is_ending() && !is_done {
            true => Todo::Start,
            false if changes.is_empty() => Todo::Keep,
            // It runs once more, with its new settings.
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

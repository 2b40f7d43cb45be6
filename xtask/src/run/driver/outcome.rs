//! The end of a run, for the command that was its supervisor.

use super::Snapshot;
use crate::diagnostic::{Diagnostic, Exit};

/// How a run ended.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    pub(crate) exit: Exit,
    /// Another command requested it.
    pub(crate) by_request: bool,
    pub(crate) last: Snapshot,
    /// What is left although it was told to stop.
    pub(crate) survivors: Vec<Diagnostic>,
}

impl RunOutcome {
    /// Services are left running.
    pub(crate) fn runs_on(&self) -> bool {
        self.last.services.iter().any(|service| !service.state.is_over())
    }
}

//! What to do about each finding. `up`, an `up` that joins a running stack, `up --plan` and `doctor` all ask here.

use std::collections::BTreeMap;

use super::check::PortFinding;
use crate::diagnostic::{Code, ConflictKind, Level};
use crate::plan::{OnConflict, Plan, Port, PortId};
use crate::ports::Finding;

/// What may be done about a port that is taken. The default is what the file says, where nobody can be asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ConflictPolicy {
    /// From the command line; `None` leaves it to the file.
    pub(crate) on_conflict: Option<OnConflict>,
    /// Every question is answered with yes.
    pub(crate) yes: bool,
    /// There is a person to ask.
    pub(crate) interactive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing stands in the way.
    NotNeeded,
    /// The owner is stopped, without a question.
    Stop,
    /// The owner is stopped after a yes.
    Ask,
    /// The port gets another number.
    Reassign,
    /// There is none, so nothing starts.
    Blocked,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResolvedFinding {
    pub(crate) port: Option<PortId>,
    pub(crate) finding: Finding,
    pub(crate) remedy: Remedy,
}

/// All findings in their order, each with its remedy.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Resolution(pub(crate) Vec<ResolvedFinding>);

/// Decides about all findings of a plan. A port that was `reassigned` is not reassigned once more.
pub(crate) fn resolve(
    plan: &Plan,
    findings: Vec<PortFinding>,
    policy: ConflictPolicy,
    reassigned: &BTreeMap<PortId, u16>,
) -> Resolution {
    let resolved = |PortFinding { port, finding }| {
        let planned = port.as_ref().and_then(|id| plan.port(id)).map(|(_, port)| port);
        let was_reassigned = port.as_ref().is_some_and(|id| reassigned.contains_key(id));
        let remedy = match policy.remedy(planned, &finding) {
            Remedy::Reassign if was_reassigned => Remedy::Blocked,
            remedy => remedy,
        };
        ResolvedFinding { port, finding, remedy }
    };
    Resolution(findings.into_iter().map(resolved).collect())
}

impl Resolution {
    /// Ports that are reassigned. There are none if something else keeps everything from starting.
    pub(crate) fn reassign(&self) -> Vec<(&PortId, &Finding)> {
        let ports = self.0.iter().filter(|it| it.remedy == Remedy::Reassign);
        let ports = ports.filter_map(|it| Some((it.port.as_ref()?, &it.finding)));
        match self.is_blocked() {
            true => Vec::new(),
            false => ports.collect(),
        }
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.0.iter().any(|it| it.remedy == Remedy::Blocked)
    }

    /// What keeps services from starting until something is done about it.
    pub(crate) fn failing(&self) -> impl Iterator<Item = &ResolvedFinding> {
        self.0.iter().filter(|it| it.remedy != Remedy::NotNeeded)
    }

    /// An earlier run of this checkout has a port.
    pub(crate) fn has_leftovers(&self) -> bool {
        let mut codes = self.0.iter().map(|it| it.finding.code);
        codes.any(|code| code == Code::PortBusy(ConflictKind::OwnLeftover))
    }
}

impl ConflictPolicy {
    pub(crate) fn remedy(self, port: Option<&Port>, finding: &Finding) -> Remedy {
        if finding.level != Level::Fail {
            return Remedy::NotNeeded;
        }
        let Some(port) = port else { return Remedy::Blocked };
        let may_be_stopped = matches!(
            finding.code,
            Code::PortBusy(ConflictKind::Foreign | ConflictKind::Bound) | Code::PortShared | Code::PortSplit
        );
        match self.allowed(port) {
            // Another number does for a port that is taken, but not for a service of this stack that has it.
            Remedy::Reassign if finding.code.is_taken_by_others() => Remedy::Reassign,
            Remedy::Stop if may_be_stopped => Remedy::Stop,
            Remedy::Ask if may_be_stopped => Remedy::Ask,
            Remedy::NotNeeded | Remedy::Stop | Remedy::Ask | Remedy::Reassign | Remedy::Blocked => Remedy::Blocked,
        }
    }

    /// Does the port move when it is taken?
    pub(crate) fn reassigns(self, port: &Port) -> bool {
        self.allowed(port) == Remedy::Reassign
    }

    /// Another number would be a way out that was not asked for.
    pub(crate) fn may_suggest_move(self, port: &Port, finding: &Finding) -> bool {
        finding.level == Level::Fail && finding.code.is_taken_by_others() && !self.reassigns(port)
    }

    /// What may be done if the port is taken, whoever has it.
    fn allowed(self, port: &Port) -> Remedy {
        match (self.on_conflict, port.on_conflict) {
            (Some(OnConflict::Next), _) | (None, OnConflict::Next) => Remedy::Reassign,
            (Some(OnConflict::Kill), _) => Remedy::Stop,
            (None, OnConflict::Kill) if self.interactive || self.yes => Remedy::Stop,
            (Some(OnConflict::Fail), _) | (None, OnConflict::Fail) => Remedy::Blocked,
            (Some(OnConflict::Ask), _) | (None, OnConflict::Ask) if self.yes => Remedy::Stop,
            (Some(OnConflict::Ask), _) | (None, OnConflict::Ask) if self.interactive => Remedy::Ask,
            (Some(OnConflict::Ask) | None, _) => Remedy::Blocked,
        }
    }
}

#[cfg(test)]
mod tests;

//! JSON output of the `port` commands.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Owner, Parent, hints};
use crate::config::Protocol;
use crate::ports::{BindResult, Endpoint, Finding, PortFact};
use crate::process::targets::{Target, Tree};

/// `port who`.
#[derive(Serialize)]
pub(crate) struct Who {
    pub(crate) schema_version: u32,
    pub(crate) ports: Vec<WhoPort>,
}

#[derive(Serialize)]
pub(crate) struct WhoPort {
    number: u16,
    protocol: Protocol,
    code: &'static str,
    /// By address; `null` if binding could not be tried.
    bindable: BTreeMap<String, Option<bool>>,
    owners: Vec<Owner>,
    hints: Vec<String>,
}

/// `port ls`.
#[derive(Serialize)]
pub(crate) struct Listing {
    pub(crate) schema_version: u32,
    pub(crate) ports: Vec<ListedPort>,
}

#[derive(Serialize)]
pub(crate) struct ListedPort {
    number: u16,
    protocol: Protocol,
    code: &'static str,
    addresses: Vec<String>,
    owners: Vec<Owner>,
    hints: Vec<String>,
}

/// `port kill`.
#[derive(Serialize)]
pub(crate) struct Kill {
    pub(crate) schema_version: u32,
    pub(crate) ports: Vec<KillPort>,
}

#[derive(Serialize)]
pub(crate) struct KillPort {
    number: u16,
    protocol: Protocol,
    /// The code before anything was signalled.
    code: &'static str,
    owners: Vec<Owner>,
    /// Processes to stop, in the order of the signals; empty if none may be stopped.
    targets: Vec<Parent>,
    result: KillResult,
    hints: Vec<String>,
}

/// The outcome for a port that was to become free.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KillResult {
    /// The port had no owner, or its owner has exited.
    Free,
    Killed,
    /// `--dry-run`.
    WouldKill,
    Refused,
    Survived,
    Respawned,
    /// No owner is visible, but the port cannot be bound.
    Busy,
}

/// `port wait`.
#[derive(Serialize)]
pub(crate) struct Wait {
    pub(crate) schema_version: u32,
    pub(crate) ok: bool,
    pub(crate) waited: u128,
    pub(crate) ports: Vec<WaitPort>,
}

#[derive(Serialize)]
pub(crate) struct WaitPort {
    number: u16,
    protocol: Protocol,
    busy: bool,
}

/// `port find`.
#[derive(Serialize)]
pub(crate) struct FreePort {
    pub(crate) schema_version: u32,
    pub(crate) number: u16,
}

/// One port of `port who`.
pub(crate) fn who_port(fact: &PortFact, finding: &Finding, port: Endpoint, program: &str) -> WhoPort {
    let bindable = fact.probes.iter().map(|probe| {
        let answer = match probe.answer {
            BindResult::Free | BindResult::FreeIfReused => Some(true),
            BindResult::Busy | BindResult::Denied | BindResult::Excluded => Some(false),
            BindResult::NoAddress | BindResult::Failed(_) => None,
        };
        (probe.address.to_string(), answer)
    });
    WhoPort {
        number: port.number,
        protocol: port.protocol,
        code: finding.code.name(),
        bindable: bindable.collect(),
        owners: fact.owners.iter().map(Owner::from).collect(),
        hints: hints(&finding.hints, program),
    }
}

/// One port of `port kill`.
pub(crate) fn kill_port(finding: &Finding, port: Endpoint, tree: &Tree, result: KillResult, program: &str) -> KillPort {
    let target = |target: &Target| Parent {
        pid: target.identity.pid,
        name: target.name.clone(),
    };
    KillPort {
        number: port.number,
        protocol: port.protocol,
        code: finding.code.name(),
        owners: finding.subject.owners.iter().map(Owner::from).collect(),
        targets: tree.processes.iter().map(target).collect(),
        result,
        hints: hints(&finding.hints, program),
    }
}

pub(crate) fn wait_port(port: Endpoint, busy: bool) -> WaitPort {
    WaitPort {
        number: port.number,
        protocol: port.protocol,
        busy,
    }
}

pub(crate) fn listed_port(fact: &PortFact, finding: &Finding, port: Endpoint, program: &str) -> ListedPort {
    ListedPort {
        number: port.number,
        protocol: port.protocol,
        code: finding.code.name(),
        addresses: fact.probes.iter().map(|probe| probe.address.to_string()).collect(),
        owners: fact.owners.iter().map(Owner::from).collect(),
        hints: hints(&finding.hints, program),
    }
}

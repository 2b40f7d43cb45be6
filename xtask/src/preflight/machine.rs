//! What `doctor` looks at beyond what a start needs: limits of the user, `localhost`, IPv6, engines, other dev servers.
//!
//! A start is not held up by any of it. What a service then says of it is read by `diagnose`.

pub(crate) mod dev_server;
pub(crate) mod engine;
pub(crate) mod inotify;
pub(crate) mod ipv6;
pub(crate) mod localhost;

use std::collections::{BTreeMap, BTreeSet};

use self::dev_server::DevServer;
use self::engine::EngineFact;
use self::inotify::Inotify;
use self::localhost::Localhost;
use crate::diagnostic::{Code, Diagnostic, Exit, Level};
use crate::plan::Plan;
use crate::ports::Finding;

/// Observations that only `doctor` makes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct MachineFacts {
    /// `None` if the system has no such limit, or nothing of the stack watches files.
    pub(crate) inotify: Option<Inotify>,
    /// `None` if the system resolves the name itself, or no service has a port.
    pub(crate) localhost: Option<Localhost>,
    /// Whether `::1` can be bound; `None` if no service asks for it.
    pub(crate) has_ipv6: Option<bool>,
    /// By service.
    pub(crate) engines: BTreeMap<String, EngineFact>,
    /// Of the services that run the dev server of a framework that locks its directory.
    pub(crate) dev_servers: Vec<DevServer>,
}

/// `told` are the pids that a finding about a port has named already.
pub(crate) fn machine(plan: &Plan, facts: &MachineFacts, told: &BTreeSet<u32>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.inotify.iter().flat_map(inotify::limits).collect();
    findings.extend(facts.localhost.as_ref().and_then(localhost::not_here));
    findings.extend(ipv6::off(plan, facts.has_ipv6));
    findings.extend(engine::unreachable(plan, &facts.engines));
    let servers = facts.dev_servers.iter();
    findings.extend(servers.filter_map(|it| dev_server::held(plan, it, told)));
    findings
}

fn warning(code: Code, message: String) -> Diagnostic {
    Diagnostic::new(message).code(code).level(Level::Warn).exit(Exit::Done)
}

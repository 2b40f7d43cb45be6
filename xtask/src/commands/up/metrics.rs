//! Where metrics are served, and whether they can be: looked up before anything is started.

use std::net::SocketAddr;

use super::preflight::{NotStarted, Preflight};
use super::{Args, UpRequest};
use crate::config::metrics_address::not_in_this_build;
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Hint, Level};
use crate::plan::{Draft, Plan, Protocol};
use crate::ports::conflict::finding;
use crate::ports::{Endpoint, Finding};
use crate::run::health::reachable;
use crate::system::owners::{self, Addresses};

/// The address that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct MetricsRequest {
    pub(super) address: SocketAddr,
    /// By `--metrics`, so nothing is started without it. The key of the file is for every checkout, and those that run
    /// side by side do not fail for it.
    is_required: bool,
}

impl MetricsRequest {
    pub(super) fn new(args: &Args, draft: &Draft<'_>) -> Result<Option<Self>, Diagnostics> {
        let Some(address) = args.metrics else {
            let of_file = draft.metrics()?;
            return Ok(of_file.map(|address| MetricsRequest {
                address,
                is_required: false,
            }));
        };
        if !cfg!(feature = "metrics") {
            return Err(not_in_this_build("leave `--metrics` out").into());
        }
        Ok(Some(MetricsRequest {
            address,
            is_required: true,
        }))
    }
}

/// The address, if it is free. Otherwise its owner is shown, and the stack starts without metrics if it may.
pub(super) fn free_address(up: &Preflight<'_>, plan: &Plan) -> Result<Option<SocketAddr>, NotStarted> {
    let Some(MetricsRequest { address, is_required }) = up.request.metrics else {
        return Ok(None);
    };
    declared_twice(address, plan)?;
    let asked = Endpoint {
        number: address.port(),
        host: Some(address.ip()),
        protocol: Protocol::Tcp,
    };
    let facts = owners::look_up(&[asked], Addresses::Service);
    let found = finding(&asked, &facts[&asked], &up.ours(plan));
    if found.exit == Exit::Done && found.level != Level::Fail {
        return Ok(Some(address));
    }
    let found = Finding {
        message: format!("metrics cannot be served at {address}: {}", found.message),
        hints: hints(is_required, found.hints),
        ..found
    };
    if is_required {
        up.tell(&found);
        return Err(up.blocked(Exit::PortBusy));
    }
    up.tell(&found.level(Level::Warn).exit(Exit::Done));
    Ok(None)
}

fn hints(is_required: bool, of_owner: Vec<Hint>) -> Vec<Hint> {
    let another = match is_required {
        true => "choose another address".to_owned(),
        false => "give each checkout a port of its own: `metrics = \"127.0.0.1:${METRICS_PORT:-9464}\"`".to_owned(),
    };
    [another.into()].into_iter().chain(of_owner).collect()
}

/// A service would not get the port that we have.
fn declared_twice(address: SocketAddr, plan: &Plan) -> Result<(), Diagnostic> {
    let mut services = plan.services.iter();
    let is_ours = |port: &crate::plan::Port| (port.number, port.protocol) == (address.port(), Protocol::Tcp);
    let service = services.find(|service| service.ports.iter().any(is_ours));
    service.map_or(Ok(()), |service| {
        let (number, name) = (address.port(), &service.name);
        let problem = Diagnostic::new(format!("metrics and `{name}` both want port {number}"));
        Err(problem.hint("choose another port for metrics").exit(Exit::Usage))
    })
}

/// What became of it, after the first line of `up`.
pub(super) fn announcement(served: SocketAddr) -> String {
    format!("  metrics http://{}/metrics", reachable(served))
}

/// The stack runs already, and its supervisor keeps what it has.
pub(super) fn remark(request: &UpRequest) -> Option<&'static str> {
    let is_required = request.metrics.is_some_and(|metrics| metrics.is_required);
    is_required.then_some("The stack runs already; `--metrics` is for its start and was left aside.")
}

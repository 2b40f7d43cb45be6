//! `port who`: shows the holders of a port. Sends no signals.

use std::collections::BTreeMap;

use super::port_arg::{Asked, PortRange, span_or_service};
use super::{of_service, ours_beside};
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::config::Protocol;
use crate::diagnostic::{Diagnostic, Exit};
use crate::ports::conflict::finding;
use crate::ports::{Endpoint, Finding};
use crate::report;
use crate::report::finding::conflict;
use crate::system::owners::{self, Addresses};

/// Show who holds a port: process, directory, parents, clients, and what to do about it
#[derive(clap::Args)]
#[command(after_help = "\
Needs no devtasks.toml for a number, and signals no process. It looks at TCP, and shows UDP too where a process has bound it.
Of a range, only the ports in use are shown.

Examples:
  devtasks port who 8000
  devtasks port who backend
  devtasks port who 5432 6379 --format json
  devtasks port who 3000-3010
  devtasks port who 5353/udp

Exit codes:
  0    the look-up worked, whether the port is free or busy
  1    the look-up failed
  2    wrong usage")]
pub(super) struct Args {
    /// A number, a range such as 3000-3010, or a service for all of its ports; only TCP with /tcp, only UDP with /udp
    #[arg(required = true, value_name = "PORT|SERVICE", value_parser = span_or_service)]
    ports: Vec<Asked>,
}

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let spans = of_service::ports(&args.ports, context)?;
    let asked: Vec<Endpoint> = spans.iter().flat_map(ports).collect();
    // Few UDP ports are bound, and the kernel's table shows them quickly.
    let (beside, meant): (Vec<Endpoint>, Vec<Endpoint>) = asked.into_iter().partition(|port| {
        let is_meant = |span: &&PortRange| span.protocol == Some(Protocol::Udp) && span.contains(*port);
        port.protocol == Protocol::Udp && !spans.iter().any(|span| is_meant(&span))
    });
    let asked: Vec<Endpoint> = meant.into_iter().chain(owners::bound(&beside)).collect();
    let facts = owners::look_up(&asked, Addresses::All);
    if let Some(reason) = facts.values().find_map(|fact| fact.unknown.as_ref()) {
        return Err(Diagnostic::new(reason.clone()).into());
    }
    let ours = ours_beside(&facts, context);
    let findings: BTreeMap<Endpoint, Finding> = facts
        .iter()
        .map(|(port, fact)| (*port, finding(port, fact, &ours)))
        .collect();
    let shown = |span: &PortRange| -> Vec<Endpoint> {
        let ports = ports(span);
        let is_asked_for =
            |port: &Endpoint| !span.is_range() && port.protocol == span.protocol.unwrap_or(Protocol::Tcp);
        ports
            .filter(|port| is_asked_for(port) || findings.get(port).is_some_and(is_held))
            .collect()
    };
    let text = if context.json {
        let ports = spans.iter().flat_map(shown);
        let ports = ports.map(|port| report::json::who_port(&facts[&port], &findings[&port], port, &context.program));
        report::json::line(&report::json::Who {
            schema_version: report::json::SCHEMA_VERSION,
            ports: ports.collect(),
        })
    } else {
        let reader = context.reader(context.paint());
        let text = |span: &PortRange| match shown(span).as_slice() {
            [] => vec![format!("No process uses ports {} to {}.\n", span.first, span.last)],
            shown => shown.iter().map(|port| conflict(&findings[port], &reader)).collect(),
        };
        spans.iter().flat_map(text).collect::<Vec<_>>().join("\n")
    };
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

/// One endpoint for each requested protocol.
fn ports(span: &PortRange) -> impl Iterator<Item = Endpoint> + use<> {
    let span = *span;
    let protocols = [Protocol::Tcp, Protocol::Udp].into_iter();
    let meant = protocols.filter(move |protocol| span.protocol.is_none_or(|it| it == *protocol));
    let mut ports: Vec<Endpoint> = meant.flat_map(|protocol| span.ports(protocol)).collect();
    ports.sort_unstable();
    ports.into_iter()
}

fn is_held(finding: &Finding) -> bool {
    finding.code.is_port_taken()
}

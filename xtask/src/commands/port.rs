//! `port`: who holds a port, in any folder, with or without a `devtasks.toml`.

use std::collections::BTreeMap;

use crate::commands::{Context, Ended, quietly};
use crate::config::Protocol;
use crate::error::{Exit, Problem};
use crate::preflight::PortRef;
use crate::preflight::verdict::{Ours, finding};
use crate::report;
use crate::report::finding::conflict;
use crate::world::project::Project;
use crate::world::{live, os, owners};

/// Look into ports, in any folder
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Who(Who),
}

/// Show who holds a port: process, folder, parents, clients, and what to do about it
#[derive(clap::Args)]
#[command(after_help = "\
Needs no devtasks.toml, and signals nobody.

Examples:
  devtasks port who 8000
  devtasks port who 5432 6379 --format json
  devtasks port who 5353/udp

Exit codes:
  0    the look-up worked, whether the port is free or busy
  1    the look-up failed
  2    wrong usage")]
struct Who {
    /// A number from 1 to 65535; for UDP, NUMBER/udp
    #[arg(required = true, value_name = "PORT", value_parser = port_ref)]
    ports: Vec<PortRef>,
}

pub(crate) fn run(args: Args, context: &Context) -> Ended {
    match args.command {
        Command::Who(who) => self::who(&who, context),
    }
}

fn who(args: &Who, context: &Context) -> Ended {
    let facts = owners::look_up(&args.ports, owners::Addresses::All);
    if let Some(reason) = facts.values().find_map(|fact| fact.unknown.as_ref()) {
        return Err(Problem::new(reason.clone()).into());
    }
    let ours = ours(context);
    let findings: BTreeMap<PortRef, _> = facts
        .iter()
        .map(|(port, fact)| (*port, finding(port, fact, &ours, &context.form)))
        .collect();
    let text = if context.json {
        let ports = args
            .ports
            .iter()
            .map(|port| report::json::who_port(&facts[port], &findings[port], *port));
        report::json::line(&report::json::Who {
            schema_version: report::json::SCHEMA_VERSION,
            ports: ports.collect(),
        })
    } else {
        let reader = context.reader(context.paint());
        let texts: Vec<_> = args
            .ports
            .iter()
            .map(|port| conflict(&findings[port], &reader))
            .collect();
        texts.join("\n")
    };
    Ok(quietly(context.print(&text), Exit::Done))
}

/// Whose processes count as ours: those of the project around us, where there is one. A broken file is no hindrance.
fn ours(context: &Context) -> Ours {
    let project = Project::find(context.file.as_deref()).ok();
    Ours {
        project: project.as_ref().map(Project::name),
        live_run: project.as_ref().and_then(|project| live::run(&project.checkout)),
        checkout: project.map(|project| project.checkout),
        service: None,
        uid: os::user_id(),
    }
}

fn port_ref(text: &str) -> Result<PortRef, String> {
    let (number, protocol) = match text.split_once('/') {
        None | Some((_, "tcp")) => (text.trim_end_matches("/tcp"), Protocol::Tcp),
        Some((number, "udp")) => (number, Protocol::Udp),
        Some((_, other)) => return Err(format!("`{other}` is neither `tcp` nor `udp`")),
    };
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse() {
        Ok(number) if number > 0 && is_plain => Ok(PortRef {
            number,
            host: None,
            protocol,
        }),
        Ok(_) | Err(_) => Err("a port is a number from 1 to 65535".to_owned()),
    }
}

//! `port ls`: all processes that listen on this machine.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::{ours, reserved};
use crate::commands::watched::{self, Frame};
use crate::commands::{CommandResult, Context, exit_after_print};
use crate::diagnostic::{Diagnostic, Exit};
use crate::foreign::Foreign;
use crate::ports::conflict::{CallerContext, finding};
use crate::ports::{Endpoint, Owner, PortFact, Role};
use crate::report::card::RenderContext;
use crate::report::{json, ports};
use crate::system::owners;

/// List every port on which a process listens: address, process, user, age, service, directory, command
#[derive(clap::Args)]
#[command(after_help = "\
TCP that listens, and UDP that is bound. A process that is a part of another one on the same port is
counted beside its name: `gunicorn +2`. Of another user's you may see nothing but the user.
A FILTER is a port, a range such as 3000-3999, or a text that stands in the name, command, user,
service, project or directory, in whatever case. Several show what any of them shows.
With --all-projects it lists what each checkout has reserved by its last `up`, and whether it is in use.

Examples:
  devtasks port ls
  devtasks port ls node
  devtasks port ls 3000-3999 5432
  devtasks port ls --watch
  devtasks port ls --all-projects

Exit codes:
  0    the look-up worked, whatever it found
  1    the look-up failed
  2    wrong usage
  130  interrupted by Ctrl-C")]
pub(super) struct Args {
    /// A port, a range, or a text
    #[arg(value_name = "FILTER", value_parser = Filter::parse)]
    filters: Vec<Filter>,
    /// Refresh every second; without a terminal, print the list only when it changes
    #[arg(long, short)]
    watch: bool,
    /// What all checkouts have reserved instead, also where nothing runs
    #[arg(long, conflicts_with = "watch")]
    all_projects: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    if args.all_projects {
        return reserved::show(&args.filters, context);
    }
    let ours = ours(context);
    if args.watch {
        return watched::watch(context, |width| {
            let listed = look_up_listeners(args)?;
            Ok(Frame {
                text: text(&listed, &ours, width, context),
                key: held(&listed),
            })
        });
    }
    let text = text(&look_up_listeners(args)?, &ours, watched::width(context), context);
    Ok(exit_after_print(context.print(&text), Exit::Done))
}

fn look_up_listeners(args: &Args) -> Result<BTreeMap<Endpoint, PortFact>, Diagnostic> {
    let mut listed = owners::all_listeners()?;
    listed.retain(|port, fact| {
        let mut filters = args.filters.iter();
        args.filters.is_empty() || filters.any(|filter| passes(filter, *port, fact))
    });
    Ok(listed)
}

fn passes(filter: &Filter, port: Endpoint, fact: &PortFact) -> bool {
    match filter {
        Filter::Ports(span) => span.contains(port),
        Filter::Text(text) => {
            let hidden = fact.unowned.iter();
            let hidden = hidden.flat_map(|socket| {
                [socket.user.clone(), ports::service(&socket.role, None)].map(|it| it.map(|it| it.raw().clone()))
            });
            let mut words = fact.owners.iter().flat_map(search_words).chain(hidden.flatten());
            words.any(|word| word.to_lowercase().contains(text))
        }
    }
}

/// The text that filters are matched against.
fn search_words(owner: &Owner) -> Vec<String> {
    let raw = |name: &Foreign| name.raw().clone();
    let mut words = vec![raw(&owner.process.name), owner.process.command.raw().join(" ")];
    words.extend(owner.process.user.as_ref().map(raw));
    words.extend(owner.process.unit.as_ref().map(raw));
    words.extend(
        owner
            .process
            .cwd
            .as_ref()
            .map(|cwd| cwd.raw().to_string_lossy().into_owned()),
    );
    words.extend(ports::service_of(owner).as_ref().map(raw));
    if let Role::Container(container) = &owner.role {
        words.extend(container.name.as_ref().map(raw));
    }
    words
}

/// The list is printed again when this changes.
fn held(listed: &BTreeMap<Endpoint, PortFact>) -> Vec<(Endpoint, u32)> {
    let pids = |(port, fact): (&Endpoint, &PortFact)| {
        let pids: Vec<u32> = fact.owners.iter().map(|owner| owner.process.identity.pid).collect();
        let pids = if pids.is_empty() { vec![0] } else { pids };
        pids.into_iter().map(|pid| (*port, pid)).collect::<Vec<_>>()
    };
    listed.iter().flat_map(pids).collect()
}

fn text(listed: &BTreeMap<Endpoint, PortFact>, ours: &CallerContext, width: usize, context: &Context) -> String {
    if context.json {
        let ports = listed
            .iter()
            .map(|(port, fact)| json::listed_port(fact, &finding(port, fact, ours), *port, &context.program));
        return json::line(&json::Listing {
            schema_version: json::SCHEMA_VERSION,
            ports: ports.collect(),
        });
    }
    if listed.is_empty() {
        return "No listening sockets found.\n".to_owned();
    }
    let reader = RenderContext {
        width,
        ..context.reader(context.paint())
    };
    ports::table(
        &listed.iter().map(|(port, fact)| (*port, fact)).collect::<Vec<_>>(),
        &reader,
    )
}

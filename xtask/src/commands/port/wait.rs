//! `port wait`: waits until a port is free, or until a process listens on it.

use std::time::Duration;

use super::of_service;
use super::port_arg::{Asked, port_or_service};
use crate::commands::events::{Inbox, Interrupted};
use crate::commands::long_wait::LongWait;
use crate::commands::{CommandResult, Context, duration, exit_after_print};
use crate::config::Protocol;
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::ports::Endpoint;
use crate::report::finding::sentence;
use crate::report::{json, words};
use crate::system::clock::Clock;
use crate::system::owners::{self, Addresses};

/// Wait until a port is free, or until a process listens on it
#[derive(clap::Args)]
#[command(after_help = "\
Free means that it can be bound at every address. Of several ports, all have to be so.

Examples:
  devtasks port wait 5432 --busy --timeout 30s    until the database takes connections
  devtasks port wait backend --busy               until each of its ports does
  devtasks port wait 8000 --free                  until its old server is gone
  devtasks port wait 5353/udp --busy

Exit codes:
  0    condition met
  1    it cannot be found out
  2    wrong usage
  4    timed out
  130  interrupted by Ctrl-C")]
pub(super) struct Args {
    /// A number, or a service for all of its ports; for UDP, PORT/udp
    #[arg(required = true, value_name = "PORT|SERVICE", value_parser = port_or_service)]
    ports: Vec<Asked>,
    #[command(flatten)]
    until: Until,
    /// Give up after so long, such as 30s or 2m; without it, never
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Until {
    /// Until it can be bound
    #[arg(long)]
    free: bool,
    /// Until a process listens on it; for UDP, until a process has bound it
    #[arg(long)]
    busy: bool,
}

/// The pause between two checks: short at first, because most ports change soon.
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(5);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(250);

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let spans = of_service::ports(&args.ports, context)?;
    let ports: Vec<Endpoint> = spans
        .iter()
        .flat_map(|span| span.ports(span.protocol.unwrap_or(Protocol::Tcp)))
        .collect();
    let inbox = Inbox::open(String::new())?;
    let clock = Clock::start();
    let mut pause = MIN_POLL_INTERVAL;
    let mut wait = LongWait::new(context);
    let left = loop {
        let left = missing(&ports, args)?;
        let waited = clock.now();
        wait.show(|time| awaited(&left, args, time));
        if left.is_empty() || args.timeout.is_some_and(|timeout| waited >= timeout) {
            break left;
        }
        let rest = args.timeout.map_or(pause, |timeout| timeout - waited);
        if let Err(Interrupted) = inbox.pause(pause.min(rest)) {
            return Ok(Exit::Interrupted);
        }
        pause = (pause * 2).min(MAX_POLL_INTERVAL);
    };
    drop(wait);
    let exit = if left.is_empty() { Exit::Done } else { Exit::NotReady };
    if context.json {
        let busy = |port: &Endpoint| args.until.busy != left.contains(port);
        let document = json::Wait {
            schema_version: json::SCHEMA_VERSION,
            ok: left.is_empty(),
            waited: clock.now().as_millis(),
            ports: ports.iter().map(|port| json::wait_port(*port, busy(port))).collect(),
        };
        let printed = exit_after_print(context.print(&json::line(&document)), exit);
        if printed != exit || left.is_empty() {
            return Ok(printed);
        }
    }
    let told: Vec<Diagnostic> = left.iter().map(|port| too_late(port, args)).collect();
    if !told.is_empty() {
        return Err(told.into());
    }
    let state = if args.until.free { "free" } else { "busy" };
    let waited = words::duration(clock.now());
    for port in &ports {
        context.say(&format!("{} is {state}, after {waited}.", sentence(&port.name())));
    }
    Ok(exit)
}

/// The ports that do not meet the condition yet.
fn missing(ports: &[Endpoint], args: &Args) -> Result<Vec<Endpoint>, Diagnostic> {
    let busy = owners::listening(ports);
    let is_busy = |port: &Endpoint| {
        let sockets = busy.as_ref().map(Vec::as_slice).unwrap_or_default();
        let mut held = sockets.iter().map(|socket| (socket.address.port(), socket.protocol));
        held.any(|held| held == (port.number, port.protocol))
    };
    if args.until.busy {
        let missing = ports.iter().copied().filter(|port| !is_busy(port)).collect();
        return busy.as_ref().map(|_| missing).map_err(Clone::clone);
    }
    // Binding can disturb a server that is starting, so it is tried only if no process listens.
    let is_free = |port: &Endpoint| !is_busy(port) && owners::is_free(port, Addresses::All);
    Ok(ports.iter().copied().filter(|port| !is_free(port)).collect())
}

/// `waiting until port 8000 and port 8080 are free  12 s`.
fn awaited(left: &[Endpoint], args: &Args, time: &str) -> String {
    let names: Vec<String> = left.iter().map(Endpoint::name).collect();
    let (verb, state) = (
        if names.len() == 1 { "is" } else { "are" },
        if args.until.free { "free" } else { "busy" },
    );
    let names = words::list(&names).unwrap_or_default();
    format!("waiting until {names} {verb} {state}  {time}")
}

fn too_late(port: &Endpoint, args: &Args) -> Diagnostic {
    let (name, timeout) = (port.name(), words::duration(args.timeout.unwrap_or_default()));
    let is_free = !args.until.free && owners::is_free(port, Addresses::All);
    let message = match (args.until.free, is_free) {
        (true, _) => format!("{name} is still busy after {timeout}"),
        (false, true) => format!("{name} is still free after {timeout}"),
        // Bound, reserved, or about to be opened.
        (false, false) => format!("{name} is taken, but no process listens on it after {timeout}"),
    };
    let problem = Diagnostic::new(message).exit(Exit::NotReady);
    match is_free {
        true => problem,
        false => problem.hint(Hint::run(
            "look who holds it with",
            format!("port who {}", port.typed()),
        )),
    }
}

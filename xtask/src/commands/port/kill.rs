//! `port kill`: ends who holds a port, after a look and a question, and proves that the port is free.
//!
//! What it says is `kill/say.rs`.

mod say;

use std::collections::BTreeSet;
use std::time::Duration;

use super::asked::{Span, span};
use super::ours_beside;
use crate::commands::inbox::{Inbox, Interrupted};
use crate::commands::stopping::{self, Busy, Ended as Stopped, Voice, told_of_port};
use crate::commands::{Context, Ended, duration, quietly};
use crate::config::Protocol;
use crate::error::{Exit, Problem};
use crate::foreign::Foreign;
use crate::preflight::targets::{Targets, Tree};
use crate::preflight::verdict::{Consent, consent, finding};
use crate::preflight::{Finding, Level, PortRef};
use crate::report::json::{self, Fate};
use crate::world::os;
use crate::world::owners::{self, Addresses};
use crate::world::stop::{self, Holder, Outcome};

/// End who holds a port, gently first and after a question, and prove that the port is free
#[derive(clap::Args)]
#[command(after_help = "\
Needs no devtasks.toml. Shows who holds the ports and asks once. Then SIGTERM, to whatever would keep or
restart it too, such as a wrapper or a reloader; SIGKILL only after another yes. Then the port is proven
to be free, and watched for a second: whoever takes it again is named.
Left alone are clients, whoever is protected (containers, services of the system, editors, our own
ancestors), and the services of this checkout's running stack, which `down` stops.
PORT means TCP; write PORT/udp for UDP.

Examples:
  devtasks port kill 8000
  devtasks port kill 3000 8000-8010
  devtasks port kill 8000 --dry-run      who would be signalled, in which order
  devtasks port kill 8000 --yes          in scripts: no question
  devtasks port kill 8000 --foreign      even a service of another checkout

Exit codes:
  0    all of them are free
  1    the look-up failed
  2    wrong usage
  6    refused: a protected owner, another checkout's, or nobody said yes
  7    a process survived, or a port did not come free or was taken again
  130  interrupted by Ctrl-C")]
pub(super) struct Args {
    /// A number from 1 to 65535, or a range such as 8000-8010; for UDP, PORT/udp
    #[arg(required = true, value_name = "PORT", value_parser = span)]
    ports: Vec<Span>,
    /// Show who would be signalled, in which order, and signal nobody
    #[arg(long)]
    dry_run: bool,
    /// Answer every question with yes, also whether to kill what does not end
    #[arg(long, short)]
    yes: bool,
    /// Also what devtasks runs for another checkout or project
    #[arg(long)]
    foreign: bool,
    /// How long to wait after SIGTERM before it comes to SIGKILL
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    grace: Duration,
}

/// One port, from the look at it to what became of it.
struct Case {
    port: PortRef,
    finding: Finding,
    /// Whom to end. `None`: nobody.
    tree: Option<Tree>,
    result: Fate,
    exit: Exit,
    /// Where nobody holds it: who has the same number by UDP.
    udp: Option<Finding>,
}

pub(super) fn run(args: &Args, context: &Context) -> Ended {
    os::require("port kill")?;
    let inbox = Inbox::open(String::new())?;
    let mut cases = look(args, context)?;
    say::head(args, &cases, context);
    let mut exit = Exit::Done;
    if !args.dry_run && cases.iter().any(|case| case.tree.is_some()) {
        exit = end(args, &mut cases, &inbox, context)?;
    }
    let exit = Exit::worst(cases.iter().map(|case| case.exit).chain([exit]));
    if !context.json {
        let plan = if args.dry_run {
            say::plan(args, &cases, context)
        } else {
            String::new()
        };
        return Ok(quietly(context.print(&plan), exit));
    }
    let nobody = Tree::default();
    let ports = cases.iter().map(|case| {
        let tree = case.tree.as_ref().unwrap_or(&nobody);
        json::kill_port(&case.finding, case.port, tree, case.result)
    });
    let document = json::Kill {
        schema_version: json::SCHEMA_VERSION,
        ports: ports.collect(),
    };
    Ok(quietly(context.print(&json::line(&document)), exit))
}

/// What there is, and what may be done about it. Of a range, the ports that somebody holds.
fn look(args: &Args, context: &Context) -> Result<Vec<Case>, Problem> {
    let mut seen = BTreeSet::new();
    let mut asked: Vec<(PortRef, &Span)> = Vec::new();
    for span in &args.ports {
        let ports = span.ports(span.protocol.unwrap_or(Protocol::Tcp));
        asked.extend(ports.filter(|port| seen.insert(*port)).map(|port| (port, span)));
    }
    // Who is at the same number by UDP is told to those who find nobody.
    let beside = asked
        .iter()
        .filter(|(_, span)| !span.is_range() && span.protocol.is_none());
    let beside = beside.map(|(port, _)| by_udp(*port));
    let ports: Vec<PortRef> = asked.iter().map(|(port, _)| *port).chain(beside).collect();
    let facts = owners::look_up(&ports, Addresses::All);
    let ours = ours_beside(&facts, context);
    let found = |port: PortRef| {
        let fact = facts.get(&port)?;
        Some((consent(&port, fact, &ours), finding(&port, fact, &ours, &context.form)))
    };
    let mut cases = Vec::new();
    for (port, span) in asked {
        let Some((consent, finding)) = found(port).filter(|(consent, _)| is_told(*consent, span)) else {
            continue;
        };
        let mut case = judged(port, consent, finding, args)?;
        let udp = found(by_udp(port)).filter(|(consent, _)| *consent != Consent::NotNeeded);
        case.udp = udp.map(|(_, finding)| finding).filter(|_| case.result == Fate::Free);
        cases.push(case);
    }
    Ok(cases)
}

fn by_udp(port: PortRef) -> PortRef {
    PortRef {
        protocol: Protocol::Udp,
        ..port
    }
}

fn is_told(consent: Consent, span: &Span) -> bool {
    consent != Consent::NotNeeded || !span.is_range()
}

fn judged(port: PortRef, consent: Consent, mut finding: Finding, args: &Args) -> Result<Case, Problem> {
    let mut too = |pid: u32, name: &Foreign, reason: &str| {
        finding.message = format!("{}; {}", finding.message, stopping::too(pid, name, reason));
        (None, Fate::Refused, Exit::Refused)
    };
    let (tree, result, exit) = match consent {
        Consent::NotNeeded => (None, Fate::Free, Exit::Done),
        Consent::Nobody => (None, Fate::Busy, Exit::Survived),
        Consent::Never => (None, Fate::Refused, Exit::Refused),
        Consent::Foreign if !args.foreign => (None, Fate::Refused, Exit::Refused),
        Consent::Foreign | Consent::Yes => match Busy::new(port, &finding.owners).targets()? {
            Targets::End(tree) => match stop::denied(&tree).first() {
                Some(other) => too(other.identity.pid, &other.name, "it belongs to another user"),
                None => (Some(tree), Fate::WouldKill, Exit::Done),
            },
            Targets::Refused { pid, name, reason } => too(pid, &name, &reason),
        },
    };
    // Nobody is told to do what they do, and what is of no use.
    let is_of_use = result == Fate::Refused && consent == Consent::Foreign && !args.foreign;
    finding.hints.retain(|hint| is_of_use || !hint.contains(" port kill "));
    match result {
        Fate::Free => {}
        Fate::WouldKill => finding.hints.clear(),
        _ => finding.level = Level::Fail,
    }
    Ok(Case {
        port,
        finding,
        tree,
        result,
        exit,
        udp: None,
    })
}

/// Asks, ends them, and tells what became of each port.
fn end(args: &Args, cases: &mut [Case], inbox: &Inbox, context: &Context) -> Result<Exit, Problem> {
    let mut cases: Vec<&mut Case> = cases.iter_mut().filter(|case| case.tree.is_some()).collect();
    if !args.yes
        && let Some(exit) = unconfirmed(args, &mut cases, inbox, context)
    {
        return Ok(exit);
    }
    // Until all is told.
    let _signalling = inbox.interrupt.signalling();
    let killing = Killing { args, inbox, context };
    let mut busy: Vec<Busy> = cases
        .iter()
        .map(|case| Busy::new(case.port, &case.finding.owners))
        .collect();
    let mut outcomes = killing.stop(&busy)?;
    for (one, outcome) in busy.iter_mut().zip(&mut outcomes) {
        if let Outcome::Respawned(holder) = outcome
            && let Some(again) = killing.stop_starter(one, holder)?
        {
            *outcome = again;
        }
    }
    for (case, outcome) in cases.iter_mut().zip(outcomes) {
        case.result = result(&outcome);
        case.exit = match told_of_port(outcome, context, case.port) {
            Stopped::Done => Exit::Done,
            Stopped::Interrupted => Exit::Interrupted,
            Stopped::Not(problem) => {
                case.finding.hints.clone_from(&problem.hints);
                context.fail(&[problem])
            }
        };
    }
    Ok(if inbox.interrupted() {
        Exit::Interrupted
    } else {
        Exit::Done
    })
}

/// Asks. What to end with if nobody says yes; then nothing is signalled.
fn unconfirmed(args: &Args, cases: &mut [&mut Case], inbox: &Inbox, context: &Context) -> Option<Exit> {
    let exit = if context.terminals.asks {
        match inbox.confirm(&say::question(args, cases.len()), context) {
            Ok(true) => return None,
            Ok(false) => {
                context.say(say::left_alone(cases.len()));
                Exit::Refused
            }
            Err(Interrupted) => Exit::Interrupted,
        }
    } else {
        const HINT: &str = "add `--yes` to stop it without a question";
        let problem = Problem::new("nobody was stopped: nobody has confirmed it, and there is no terminal to ask at");
        cases
            .iter_mut()
            .for_each(|case| case.finding.hints.push(HINT.to_owned()));
        context.fail(&[problem.hint(HINT).exit(Exit::Refused)])
    };
    for case in cases {
        (case.result, case.exit) = (Fate::Refused, Exit::Refused);
    }
    Some(exit)
}

fn result(outcome: &Outcome) -> Fate {
    match outcome {
        Outcome::Stopped { .. } => Fate::Killed,
        Outcome::Gone => Fate::Free,
        Outcome::Refused(_) | Outcome::Denied(_) => Fate::Refused,
        Outcome::Survived(_) | Outcome::Interrupted(_) => Fate::Survived,
        Outcome::Respawned(_) => Fate::Respawned,
        Outcome::StillBusy => Fate::Busy,
    }
}

struct Killing<'a> {
    args: &'a Args,
    inbox: &'a Inbox,
    context: &'a Context,
}

impl Killing<'_> {
    fn stop(&self, busy: &[Busy]) -> Result<Vec<Outcome>, Problem> {
        let mut voice = Voice {
            context: self.context,
            confirm_kill: &mut |question| self.args.yes || self.confirms(question),
            inbox: self.inbox,
        };
        stopping::stop_owners(busy, Addresses::All, self.args.grace, &mut voice)
    }

    /// Offers to end whoever took the port again, with who started it. `None`: it is left as it is.
    fn stop_starter(&self, busy: &mut Busy, holder: &Holder) -> Result<Option<Outcome>, Problem> {
        // They were not on the card, so `--yes` does not mean them.
        let asks = self.context.terminals.asks && !self.args.yes;
        let Some(starter) = holder.parent.as_ref().filter(|_| asks) else {
            return Ok(None);
        };
        busy.starter = Some(starter.identity.clone());
        busy.holders.clear();
        let may_end = matches!(busy.targets()?, Targets::End(_));
        if !may_end || !self.confirms(&say::offer(busy.port, holder, starter)) {
            return Ok(None);
        }
        Ok(self.stop(std::slice::from_ref(busy))?.pop())
    }

    fn confirms(&self, question: &str) -> bool {
        self.context.terminals.asks && matches!(self.inbox.confirm(question, self.context), Ok(true))
    }
}

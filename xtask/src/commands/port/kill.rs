//! `port kill`: shows and stops the owners of a port after confirmation, and verifies that the port is free.
//!
//! The messages are in `kill/messages.rs`.

mod messages;

use std::collections::BTreeSet;
use std::time::Duration;

use super::ours_beside;
use super::port_arg::{PortRange, span};
use crate::commands::events::{Inbox, Interrupted};
use crate::commands::stopping::{self, Busy, StopResult as Stopped, StopUi, told_of_port};
use crate::commands::{CommandResult, Context, duration, exit_after_print};
use crate::config::Protocol;
use crate::diagnostic::{Diagnostic, Exit, Level};
use crate::foreign::Foreign;
use crate::ports::conflict::{KillPolicy, finding, kill_policy};
use crate::ports::{Endpoint, Finding};
use crate::process::targets::{Targets, Tree};
use crate::report::json::{self, KillResult};
use crate::system::owners::{self, Addresses};
use crate::system::stop::{self, PortHolder, StopOutcome};

/// Stop the process that holds a port, gently first and after a question, and prove that the port is free
#[derive(clap::Args)]
#[command(after_help = "\
Needs no devtasks.toml. Shows who holds the ports and asks once. Then SIGTERM, to whatever would keep or
restart it too, such as a wrapper or a reloader; SIGKILL only after another yes. Then the port is proven
to be free, and watched for a second: a process that takes it again is named.
Left alone are clients, protected processes (containers, services of the system, editors, our own
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
  6    refused: a protected owner, another checkout's, or the question was not answered with yes
  7    a process survived, or a port did not come free or was taken again
  130  interrupted by Ctrl-C")]
pub(super) struct Args {
    /// A number from 1 to 65535, or a range such as 8000-8010; for UDP, PORT/udp
    #[arg(required = true, value_name = "PORT", value_parser = span)]
    ports: Vec<PortRange>,
    /// Show which processes would be signalled, in which order, and signal none
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

/// One port, from the look-up to the result.
struct KillTarget {
    port: Endpoint,
    finding: Finding,
    /// The processes to stop, if any.
    tree: Option<Tree>,
    result: KillResult,
    exit: Exit,
    /// If the port has no holder: the holder of the same UDP number.
    udp: Option<Finding>,
}

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    let inbox = Inbox::open(String::new())?;
    let mut cases = look_up_targets(args, context)?;
    messages::head(args, &cases, context);
    let mut exit = Exit::Done;
    if !args.dry_run && cases.iter().any(|case| case.tree.is_some()) {
        exit = end(args, &mut cases, &inbox, context)?;
    }
    let exit = Exit::worst(cases.iter().map(|case| case.exit).chain([exit]));
    if !context.json {
        let plan = if args.dry_run {
            messages::plan(args, &cases, context)
        } else {
            String::new()
        };
        return Ok(exit_after_print(context.print(&plan), exit));
    }
    let nobody = Tree::default();
    let ports = cases.iter().map(|case| {
        let tree = case.tree.as_ref().unwrap_or(&nobody);
        json::kill_port(&case.finding, case.port, tree, case.result, &context.program)
    });
    let document = json::Kill {
        schema_version: json::SCHEMA_VERSION,
        ports: ports.collect(),
    };
    Ok(exit_after_print(context.print(&json::line(&document)), exit))
}

/// Looks up the ports and what may be done about them. Of a range, only the ports that are held.
fn look_up_targets(args: &Args, context: &Context) -> Result<Vec<KillTarget>, Diagnostic> {
    let mut seen = BTreeSet::new();
    let mut asked: Vec<(Endpoint, &PortRange)> = Vec::new();
    for span in &args.ports {
        let ports = span.ports(span.protocol.unwrap_or(Protocol::Tcp));
        asked.extend(ports.filter(|port| seen.insert(*port)).map(|port| (port, span)));
    }
    // The holders of the same UDP number are shown if the TCP port has none.
    let beside = asked
        .iter()
        .filter(|(_, span)| !span.is_range() && span.protocol.is_none());
    let beside = beside.map(|(port, _)| by_udp(*port));
    let ports: Vec<Endpoint> = asked.iter().map(|(port, _)| *port).chain(beside).collect();
    let facts = owners::look_up(&ports, Addresses::All);
    let ours = ours_beside(&facts, context);
    let found = |port: Endpoint| {
        let fact = facts.get(&port)?;
        Some((kill_policy(&port, fact, &ours), finding(&port, fact, &ours)))
    };
    let mut cases = Vec::new();
    for (port, span) in asked {
        let Some((consent, finding)) = found(port).filter(|(consent, _)| is_told(*consent, span)) else {
            continue;
        };
        let mut case = kill_target(port, consent, finding, args)?;
        let udp = found(by_udp(port)).filter(|(consent, _)| *consent != KillPolicy::NotNeeded);
        case.udp = udp
            .map(|(_, finding)| finding)
            .filter(|_| case.result == KillResult::Free);
        cases.push(case);
    }
    Ok(cases)
}

fn by_udp(port: Endpoint) -> Endpoint {
    Endpoint {
        protocol: Protocol::Udp,
        ..port
    }
}

fn is_told(consent: KillPolicy, span: &PortRange) -> bool {
    consent != KillPolicy::NotNeeded || !span.is_range()
}

fn kill_target(
    port: Endpoint,
    consent: KillPolicy,
    mut finding: Finding,
    args: &Args,
) -> Result<KillTarget, Diagnostic> {
    let mut too = |pid: u32, name: &Foreign, reason: &str| {
        finding.message = format!(
            "{}; {}",
            finding.message,
            stopping::refused_companion(pid, name, reason)
        );
        (None, KillResult::Refused, Exit::Refused)
    };
    let (tree, result, exit) = match consent {
        KillPolicy::NotNeeded => (None, KillResult::Free, Exit::Done),
        KillPolicy::NoProcess => (None, KillResult::Busy, Exit::Survived),
        KillPolicy::Never => (None, KillResult::Refused, Exit::Refused),
        KillPolicy::Foreign if !args.foreign => (None, KillResult::Refused, Exit::Refused),
        KillPolicy::Foreign | KillPolicy::Yes => match Busy::new(port, &finding.subject.owners).targets()? {
            Targets::End(tree) => match stop::denied(&tree).first() {
                Some(other) => too(other.identity.pid, &other.name, "it belongs to another user"),
                None => (Some(tree), KillResult::WouldKill, Exit::Done),
            },
            Targets::Refused { pid, name, reason } => too(pid, &name, &reason),
        },
    };
    // Drop hints to run this same command, unless another option would help.
    let is_of_use = result == KillResult::Refused && consent == KillPolicy::Foreign && !args.foreign;
    finding.hints.retain(|hint| is_of_use || !hint.runs("port kill"));
    match result {
        KillResult::Free => {}
        KillResult::WouldKill => finding.hints.clear(),
        _ => finding.level = Level::Fail,
    }
    Ok(KillTarget {
        port,
        finding,
        tree,
        result,
        exit,
        udp: None,
    })
}

/// Asks, stops the owners, and reports the result for each port.
fn end(args: &Args, cases: &mut [KillTarget], inbox: &Inbox, context: &Context) -> Result<Exit, Diagnostic> {
    let mut cases: Vec<&mut KillTarget> = cases.iter_mut().filter(|case| case.tree.is_some()).collect();
    if !args.yes
        && let Some(exit) = unconfirmed(args, &mut cases, inbox, context)
    {
        return Ok(exit);
    }
    // Held until everything is reported.
    let _signalling = inbox.interrupt.signalling();
    let killing = Killing { args, inbox, context };
    let mut busy: Vec<Busy> = cases
        .iter()
        .map(|case| Busy::new(case.port, &case.finding.subject.owners))
        .collect();
    let mut outcomes = killing.stop(&busy)?;
    for (one, outcome) in busy.iter_mut().zip(&mut outcomes) {
        if let StopOutcome::Respawned(holder) = outcome
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

/// Asks for confirmation. Without it nothing is signalled, and this is the exit code.
fn unconfirmed(args: &Args, cases: &mut [&mut KillTarget], inbox: &Inbox, context: &Context) -> Option<Exit> {
    let exit = if context.terminals.interactive {
        match inbox.confirm(&messages::question(args, cases.len()), context) {
            Ok(true) => return None,
            Ok(false) => {
                context.say(messages::left_alone(cases.len()));
                Exit::Refused
            }
            Err(Interrupted) => Exit::Interrupted,
        }
    } else {
        const HINT: &str = "add `--yes` to stop it without a question";
        let why = match context.terminals.is_ci {
            true => "`CI` is set, so nothing is asked and nothing was stopped",
            false => "there is no terminal to ask at, so nothing was stopped",
        };
        let problem = Diagnostic::new(format!("not confirmed: {why}"));
        cases.iter_mut().for_each(|case| case.finding.hints.push(HINT.into()));
        context.fail(&[problem.hint(HINT).exit(Exit::Refused)])
    };
    for case in cases {
        (case.result, case.exit) = (KillResult::Refused, Exit::Refused);
    }
    Some(exit)
}

fn result(outcome: &StopOutcome) -> KillResult {
    match outcome {
        StopOutcome::Stopped { .. } => KillResult::Killed,
        StopOutcome::Gone => KillResult::Free,
        StopOutcome::Refused(_) | StopOutcome::Denied(_) => KillResult::Refused,
        StopOutcome::Survived(_) | StopOutcome::Interrupted(_) => KillResult::Survived,
        StopOutcome::Respawned(_) => KillResult::Respawned,
        StopOutcome::StillBusy => KillResult::Busy,
    }
}

struct Killing<'a> {
    args: &'a Args,
    inbox: &'a Inbox,
    context: &'a Context,
}

impl Killing<'_> {
    fn stop(&self, busy: &[Busy]) -> Result<Vec<StopOutcome>, Diagnostic> {
        let mut voice = StopUi {
            context: self.context,
            confirm_kill: &mut |question| self.args.yes || self.confirms(question),
            inbox: self.inbox,
        };
        stopping::stop_owners(busy, Addresses::All, self.args.grace, &mut voice)
    }

    /// Offers to stop the new holder of the port together with its parent. `None` if that is declined or not possible.
    fn stop_starter(&self, busy: &mut Busy, holder: &PortHolder) -> Result<Option<StopOutcome>, Diagnostic> {
        // They were not on the card, so `--yes` does not cover them.
        let asks = self.context.terminals.interactive && !self.args.yes;
        let Some(starter) = holder.parent.as_ref().filter(|_| asks) else {
            return Ok(None);
        };
        busy.starter = Some(starter.identity.clone());
        busy.holders.clear();
        let may_end = matches!(busy.targets()?, Targets::End(_));
        if !may_end || !self.confirms(&messages::offer(busy.port, holder, starter)) {
            return Ok(None);
        }
        Ok(self.stop(std::slice::from_ref(busy))?.pop())
    }

    fn confirms(&self, question: &str) -> bool {
        self.context.terminals.interactive && matches!(self.inbox.confirm(question, self.context), Ok(true))
    }
}

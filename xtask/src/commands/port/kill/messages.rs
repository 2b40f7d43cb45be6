//! The output of `port kill` before it signals: holders, processes left alone with the reason, and its questions.

use super::{Args, KillTarget};
use crate::commands::stopping::stop_question;
use crate::commands::{Context, tell};
use crate::foreign::visible;
use crate::ports::Endpoint;
use crate::process::ProcessState;
use crate::process::targets::{Target, Tree};
use crate::report::card::RenderContext;
use crate::report::finding::{owners, sentence};
use crate::report::json::KillResult;
use crate::report::words;
use crate::system::os;
use crate::system::stop::PortHolder;

/// All holders of the ports. They are shown even with `--quiet` if the user is asked, or permits stopping foreign
/// processes.
pub(super) fn head(args: &Args, cases: &[KillTarget], context: &Context) {
    if context.json {
        return;
    }
    let reader = context.reader(context.paint_stderr());
    for case in cases {
        match (&case.tree, case.result) {
            (Some(_), _) if args.dry_run => {}
            (Some(tree), _) => tell(&format!("{}\n", with_companions(case, tree, &reader))),
            (None, KillResult::Free) => context.say(&format!("{}.", sentence(&visible(&case.finding.message)))),
            (None, _) => tell(&context.render_finding(&case.finding)),
        }
        if let Some(udp) = &case.udp {
            tell(&context.render_finding(udp));
        }
    }
    if cases.is_empty() {
        let ranges = args.ports.iter().map(|span| format!("{} to {}", span.first, span.last));
        let ranges: Vec<String> = ranges.collect();
        context.say(&format!("No process uses ports {}.", ranges.join(", ")));
    }
}

/// `--dry-run`: which process would get which signal.
pub(super) fn plan(args: &Args, cases: &[KillTarget], context: &Context) -> String {
    let reader = context.reader(context.paint());
    let meant = cases.iter().filter_map(|case| Some((case, case.tree.as_ref()?)));
    let texts: Vec<String> = meant
        .map(|(case, tree)| {
            let cards = owners(&case.finding, &reader);
            if !os::CAN_ASK_OTHERS {
                return killed(cards.trim_end(), tree);
            }
            let mut text = format!("{}\n\nWould be sent, in this order:\n", cards.trim_end());
            for (place, target) in tree.processes.iter().enumerate() {
                let later = if place < tree.n_first_wave {
                    ""
                } else {
                    ", if it still lives 200 ms later"
                };
                text.push_str(&format!("  {:<7}  {}{later}\n", "SIGTERM", name(target)));
                if is_suspended(target) {
                    text.push_str(&format!("  {:<7}  {}{later}\n", "SIGCONT", name(target)));
                }
            }
            let grace = words::duration(args.grace);
            text + &format!("and after {grace}, with another yes, SIGKILL to those that still live.\n")
        })
        .collect();
    texts.join("\n")
}

/// `--dry-run` where no program can be asked to end.
fn killed(cards: &str, tree: &Tree) -> String {
    let names: String = tree.processes.iter().map(|it| format!("  {}\n", name(it))).collect();
    format!("{cards}\n\nWould be killed, in this order:\n{names}")
}

pub(super) fn question(args: &Args, n_ports: usize) -> String {
    let it = if n_ports == 1 { "it" } else { "them" };
    stop_question(it, args.grace)
}

pub(super) fn left_alone(n_ports: usize) -> &'static str {
    match n_ports {
        1 => "  It was left alone.",
        _ => "  They were left alone.",
    }
}

/// The question whether to stop the process that keeps restarting servers.
pub(super) fn offer(port: Endpoint, holder: &PortHolder, starter: &Target) -> String {
    let process = &holder.process;
    format!(
        "  {} was taken again at once, by `{}` (pid {}), which {} started. Stop both?",
        sentence(&port.name()),
        process.name,
        process.pid,
        name(starter)
    )
}

/// The cards, and the processes that would be stopped with the owners.
fn with_companions(case: &KillTarget, tree: &Tree, reader: &RenderContext) -> String {
    const MAX_NAMED: usize = 5;
    let is_owner = |target: &&Target| {
        case.finding
            .subject
            .owners
            .iter()
            .any(|owner| owner.process.identity == target.identity)
    };
    let others: Vec<&Target> = tree.processes.iter().filter(|target| !is_owner(target)).collect();
    let text = owners(&case.finding, reader);
    let text = text.trim_end();
    if others.is_empty() {
        return format!("{text}\n");
    }
    let mut names: Vec<String> = others.iter().take(MAX_NAMED).map(|target| name(target)).collect();
    if others.len() > MAX_NAMED {
        names.push(format!("{} more", others.len() - MAX_NAMED));
    }
    format!("{text}\n\nWith it ends what belongs to it: {}.\n", names.join(", "))
}

fn name(target: &Target) -> String {
    format!("`{}` (pid {})", target.name, target.identity.pid)
}

fn is_suspended(target: &Target) -> bool {
    let process = os::process(target.identity.pid).ok().flatten();
    process.is_some_and(|it| it.identity == target.identity && it.state == ProcessState::Suspended)
}

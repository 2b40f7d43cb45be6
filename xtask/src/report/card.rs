//! The owner card: details of a process that holds a port, which a user would otherwise look up.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::paint::Paint;
use super::words;
use crate::foreign::visible;
use crate::ports::{Owner, SocketState};
use crate::process::{ProcessRef, ProcessState};

/// What a renderer needs to know about the user and the output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RenderContext<'a> {
    pub(crate) paint: Paint,
    /// The name of this program as the user called it.
    pub(crate) program: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) home: Option<&'a Path>,
    /// The user's id: their own processes are "yours".
    pub(crate) uid: u32,
    /// Characters per line.
    pub(crate) width: usize,
}

/// The card of an owner: five lines, more on a narrow terminal, indented by two; ends with a line break.
pub(crate) fn card(owner: &Owner, context: &RenderContext) -> String {
    let paint = context.paint;
    let mut head = vec![
        paint.bold(&owner.process.name.to_string()),
        format!("pid {}", owner.process.identity.pid),
        whose(owner, context),
        state(owner, paint),
    ];
    head.extend(age(owner, context));
    let width = context.width.saturating_sub(2);
    let mut lines = words::lines(&head, "   ", width);
    if !owner.process.command.raw().is_empty() {
        lines.push(shortened(
            &owner.process.command.to_string(),
            context.width.saturating_sub(4),
        ));
    }
    if let Some(cwd) = &owner.process.cwd {
        let mut parts = vec![words::foreign_path(cwd, context.home)];
        parts.extend(place(owner, context));
        lines.extend(labelled("in", &parts, width));
    }
    let mut origin = vec![from(owner)];
    origin.extend(debugger(owner).map(|debugger| format!("under a debugger ({debugger})")));
    lines.extend(labelled("from", &origin, width));
    let children = format!("{:<9} {}", "children", owner.process.children);
    lines.extend(words::lines(
        &[children, format!("clients  {}", clients(&owner.clients))],
        "     ",
        width,
    ));
    match owner.holds_by {
        SocketState::Listening => {}
        SocketState::Bound => lines.push(label("holds", "bound to the port, not listening")),
        SocketState::Connection | SocketState::TimeWait { .. } => {
            lines.push(label("holds", "a connection whose own end is this port"))
        }
    }
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// The facts of the card as a list, for output that is not a terminal.
pub(crate) fn summary(owner: &Owner, context: &RenderContext) -> Vec<String> {
    let mut facts = Vec::new();
    if !owner.process.command.raw().is_empty() {
        facts.push(shortened(&owner.process.command.to_string(), 120));
    }
    facts.extend(
        owner
            .process
            .cwd
            .as_ref()
            .map(|cwd| format!("in {}", words::foreign_path(cwd, context.home))),
    );
    facts.extend(user(owner).map(|user| format!("user {user}")));
    if owner.process.state == ProcessState::Suspended {
        facts.push(context.paint.warn("suspended"));
    }
    facts.extend(age(owner, context));
    facts
}

fn whose(owner: &Owner, context: &RenderContext) -> String {
    match (owner.process.uid, user(owner)) {
        (Some(uid), _) if uid == context.uid => "yours".to_owned(),
        (_, Some(user)) if owner.process.user.is_some() => format!("of {user}"),
        (_, Some(number)) => format!("of user {number}"),
        (_, None) => "of an unknown user".to_owned(),
    }
}

fn user(owner: &Owner) -> Option<String> {
    let name = owner.process.user.as_ref().map(ToString::to_string);
    name.or_else(|| owner.process.uid.map(|uid| uid.to_string()))
}

fn state(owner: &Owner, paint: Paint) -> String {
    match (owner.process.state, &owner.process.terminal) {
        (ProcessState::Running, _) => "running".to_owned(),
        (ProcessState::Zombie, _) => paint.warn("ended, not waited for"),
        (ProcessState::Suspended, Some(terminal)) => paint.warn(&format!("suspended (Ctrl-Z in {terminal})")),
        (ProcessState::Suspended, None) => paint.warn("suspended"),
    }
}

fn age(owner: &Owner, context: &RenderContext) -> Option<String> {
    let age = context.now.duration_since(owner.process.started_at?);
    let age = words::duration(Duration::try_from(age).unwrap_or_default());
    Some(format!("started {age} ago"))
}

/// `(checkout `shop-old`, branch main)`.
fn place(owner: &Owner, context: &RenderContext) -> Option<String> {
    let mut facts = Vec::new();
    if let Some(tag) = &owner.process.tag {
        let project = &tag.project;
        facts.push(match tag.is_supervisor() {
            true => format!("supervisor of `{project}`"),
            false => format!("service `{}` of `{project}`", tag.service),
        });
    }
    if let Some(repository) = &owner.process.repository {
        let name = repository
            .root
            .raw()
            .file_name()
            .map_or("/".into(), |name| name.to_string_lossy());
        facts.push(format!("checkout `{}`", visible(&name)));
        facts.push(match &repository.branch {
            Some(branch) => format!("branch {branch}"),
            None => "no branch".to_owned(),
        });
    }
    (!facts.is_empty()).then(|| context.paint.dim(&format!("({})", facts.join(", "))))
}

/// Programs that adopt orphans as process 1.
const INITS: [&str; 6] = ["systemd", "init", "launchd", "tini", "dumb-init", "docker-init"];

fn from(owner: &Owner) -> String {
    match owner.process.parents.as_slice() {
        [] => "an orphan: its parent has ended".to_owned(),
        [init] if init.pid == 1 => match &owner.process.unit {
            Some(unit) => format!("{} (1), unit {unit}", init.name),
            None if INITS.contains(&init.name.raw().as_str()) => {
                format!("an orphan: its parent has ended ({} took it over)", init.name)
            }
            None => format!("{} (1), or an orphan that it took over", init.name),
        },
        parents => {
            let shown = parents.iter().filter(|parent| parent.pid != 1);
            shown
                .map(|parent| format!("{} ({})", parent.name, parent.pid))
                .collect::<Vec<_>>()
                .join(" < ")
        }
    }
}

/// A debugger in the command line: an editor that was closed leaves debugged processes behind.
fn debugger(owner: &Owner) -> Option<&'static str> {
    const DEBUGGERS: [&str; 4] = ["debugpy", "pydevd", "-agentlib:jdwp", "--inspect"];
    let is_under = |debugger: &&str| {
        owner
            .process
            .command
            .raw()
            .iter()
            .skip(1)
            .any(|word| word.contains(*debugger))
    };
    DEBUGGERS.into_iter().find(is_under)
}

/// `2 (Firefox 4511, curl 4602)`.
fn clients(clients: &[ProcessRef]) -> String {
    match clients {
        [] => "0".to_owned(),
        clients => format!("{} ({})", clients.len(), words::named(clients)),
    }
}

fn label(label: &str, value: &str) -> String {
    format!("{label:<9} {value}")
}

/// A label and the parts next to it.
fn labelled(name: &str, parts: &[String], width: usize) -> Vec<String> {
    let lines = words::lines(parts, "   ", width.saturating_sub(10));
    let labels = std::iter::once(name).chain(std::iter::repeat(""));
    labels.zip(lines).map(|(name, line)| label(name, &line)).collect()
}

/// Truncated with an ellipsis if longer than a line.
fn shortened(text: &str, width: usize) -> String {
    console::truncate_str(text, width.max(20), "…").into_owned()
}

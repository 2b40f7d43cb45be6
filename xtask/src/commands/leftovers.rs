//! Leftovers: processes of earlier runs of this checkout, found by their tag, shown and stopped.

use std::path::Path;
use std::time::Duration;

use crate::commands::Context;
use crate::commands::events::Inbox;
use crate::commands::long_wait::during;
use crate::commands::stopping::{self, StopResult, StopUi};
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Platform};
use crate::ports::{Finding, Subject};
use crate::process::Ancestry;
use crate::process::left_alone::LeftAlone;
use crate::process::targets::{Target, Tree};
use crate::process::{Process, Tag};
use crate::report::words;
use crate::run::container::{self, Leftover, Speed};
use crate::system::attribution::{self, Member};
use crate::system::runs::StateDir;
use crate::system::{os, runs};

/// What earlier runs of a checkout left, whose supervisors are gone.
#[derive(Default)]
pub(super) struct Leftovers {
    /// The living processes.
    pub(super) processes: Vec<(Process, Tag)>,
    /// Those that are never stopped.
    pub(super) left_alone: Vec<LeftAlone>,
}

/// All living processes of runs of this checkout whose supervisor is gone.
///
/// # Errors
/// Some process could not be inspected, so it is unknown whether one is left.
pub(super) fn of(checkout: &Path) -> Result<Leftovers, Diagnostic> {
    let table = os::processes()?;
    let ours = Ancestry::of(std::process::id(), None, &table);
    let mut left = Leftovers::default();
    for Member {
        process,
        tag,
        left_alone,
    } in attribution::members()?
    {
        let pid = process.identity.pid;
        // We may run in a shell that a service of an earlier run started.
        let is_us = pid == ours.us || ours.ancestors.contains(&pid);
        if tag.checkout != checkout || is_us || supervisor(pid, &tag, &table)?.is_some() {
            continue;
        }
        match left_alone {
            Some(reason) => left
                .left_alone
                .push(LeftAlone::new(&process, Some(tag.service), reason)),
            None => left.processes.push((process, tag)),
        }
    }
    Ok(left)
}

/// For commands that stop leftovers: processes that could not be inspected may still exist.
pub(super) fn not_verified(problem: &Diagnostic) -> Diagnostic {
    let why = &problem.message;
    Diagnostic::new(format!(
        "whether an earlier run left anything could not be verified: {why}"
    ))
    .exit(Exit::Survived)
}

/// Several processes of one program, such as a browser, are one line.
pub(super) fn tell_left_alone(left_alone: &[LeftAlone], context: &Context) {
    for line in words::left_alone(left_alone) {
        context.say(&line);
    }
}

/// The supervisor of a live run of this checkout that uses another state directory. Nothing may be started or stopped
/// beside it.
pub(super) fn elsewhere(checkout: &Path) -> Result<Option<Diagnostic>, Diagnostic> {
    let table = os::processes()?;
    let members = attribution::members()?;
    let mut found = None;
    for member in members.iter().filter(|member| member.tag.checkout == checkout) {
        found = supervisor(member.process.identity.pid, &member.tag, &table)?;
        if found.is_some() {
            break;
        }
    }
    Ok(found.map(|pid| {
        let end = format!(
            "end it with Ctrl-C in its terminal or with `kill {pid}`, or set `HOME` and `XDG_STATE_HOME` as they are there"
        );
        let on_windows =
            format!("end it with Ctrl-C in its terminal or with `taskkill /pid {pid} /f`, or set `LOCALAPPDATA` as it is there");
        Diagnostic::new(format!(
            "this stack is already run by pid {pid}, which keeps its state in another directory"
        ))
        .hint(Hint::from(end).on(Platform::Windows, on_windows))
    }))
}

/// The living supervisor of a process. Everything that a run starts stays below its supervisor, which adopts orphans.
/// The run's id contains the supervisor's pid in its own namespace, which differs from ours in a container.
fn supervisor(pid: u32, tag: &Tag, table: &[Process]) -> Result<Option<u32>, Diagnostic> {
    let Some(number) = runs::supervisor(tag.run.raw()) else {
        return Ok(None);
    };
    for pid in Ancestry::of(pid, None, table).ancestors {
        // A supervisor that was just killed keeps its children until its last thread has exited.
        if os::pid_in_own_namespace(pid)? == Some(number) && os::has_main_thread(pid)? {
            return Ok(Some(pid));
        }
    }
    Ok(None)
}

pub(super) fn finding(left: &[(Process, Tag)]) -> Finding {
    let message = format!(
        "an earlier run of this checkout left {}: {}",
        words::count(left.len(), "process"),
        names(left)
    );
    Diagnostic::new(message)
        .code(Code::RunLeftovers)
        .exit(Exit::PortBusy)
        .hint(Hint::run("end them with", "down --leftovers"))
        .about(Subject::default())
}

/// The warning about containers whose helpers were killed. A live run takes care of its own.
pub(super) fn containers_finding(checkout: &Path) -> Option<Finding> {
    let left = StateDir::existing(checkout).map_or(Vec::new(), |directory| container::of(&directory));
    if left.is_empty() {
        return None;
    }
    let names: Vec<String> = left
        .iter()
        .map(|it| format!("{} of `{}`", it.note.names(), it.service))
        .collect();
    let finding = Diagnostic::new(format!("an earlier run left {}", names.join(", ")));
    let finding = finding.code(Code::RunLeftovers).exit(Exit::PortBusy);
    let hint = Hint::run("stop it with", "down");
    Some(finding.hint(hint).about(Subject::default()))
}

/// Stops them without a question, because they belong to this checkout. Prints one line.
pub(super) fn end(
    left: &[(Process, Tag)],
    grace: Duration,
    context: &Context,
    inbox: &Inbox,
) -> Result<StopResult, Diagnostic> {
    if left.is_empty() {
        return Ok(StopResult::Done);
    }
    let target = |(process, _): &(Process, Tag)| Target {
        identity: process.identity.clone(),
        name: process.name.clone(),
        user: None,
    };
    let processes: Vec<Target> = left.iter().map(target).collect();
    let tree = Tree {
        n_first_wave: processes.len(),
        processes,
    };
    context.say(&format!(
        "An earlier run left {}: {}.",
        words::count(left.len(), "process"),
        names(left)
    ));
    let mut voice = StopUi {
        context,
        confirm_kill: &mut |_| true,
        inbox,
    };
    stopping::end(
        &tree,
        grace,
        "left over from an earlier run",
        "nothing of it is left",
        &mut voice,
    )
}

/// Stops containers whose helpers were killed. Prints a line for each.
pub(super) fn end_containers(left: &[Leftover], checkout: &Path, context: &Context) -> Exit {
    let end = |it: &Leftover| {
        let (names, service) = (it.note.names(), &it.service);
        context.say(&format!("An earlier run left {names} of `{service}`."));
        match during(&format!("stopping {names}"), context, || {
            container::end(it, checkout, Speed::Usual)
        }) {
            Ok(()) => {
                context.say("Stopped it; nothing of it runs.");
                Exit::Done
            }
            Err(problem) => context.fail(&[problem]),
        }
    };
    Exit::worst(left.iter().map(end))
}

/// `backend (python3 4242), db (redis-server 4250)`.
fn names(left: &[(Process, Tag)]) -> String {
    let name =
        |(process, tag): &(Process, Tag)| format!("`{}` ({} {})", tag.service, process.name, process.identity.pid);
    left.iter().map(name).collect::<Vec<_>>().join(", ")
}

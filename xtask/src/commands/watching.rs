//! The output of commands that wait for a running supervisor: every transition, then the table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver;

use crate::commands::long_wait::LongWait;
use crate::commands::lost_ports::{self, LostPorts};
use crate::commands::replies::{self, Completed, Ended, News};
use crate::commands::{CommandResult, Context};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Hint};
use crate::foreign::visible;
use crate::ports::Endpoint;
use crate::protocol::{Mode, ObservedService, ServiceProgress, ServiceStatus, Snapshot, StartNotice, Transition};
use crate::report::{self, cause, json, status, words};
use crate::run::driver::Message;
use crate::run::run_status;
use crate::supervise::State;
use crate::system::clock::wall;
use crate::system::owners::{self, Addresses};

/// Writes problems as JSON events too, in JSON mode.
pub(super) fn with_events(ended: CommandResult, context: &Context) -> CommandResult {
    if let (Err(problems), true) = (&ended, context.json) {
        // They are also printed on stderr.
        for problem in &problems.0 {
            let _ = context.print(&finding(json::problem(problem, &context.program)));
        }
        let exit = Exit::worst(problems.0.iter().map(|problem| problem.exit));
        end(exit, &[], context);
    }
    ended
}

/// A finding as a JSON event.
pub(super) fn finding(finding: json::Finding) -> String {
    json::line(&json::event(wall(), "finding", json::Found { finding }))
}

/// The summary at the end of a command, for JSON.
pub(super) fn summary(exit: Exit, services: &[ObservedService]) -> String {
    json::line(&json::event(wall(), "summary", json::summary(exit, services)))
}

/// The end of a command whose result has been reported. In JSON mode, writes the summary.
pub(super) fn end(exit: Exit, services: &[ObservedService], context: &Context) -> Exit {
    if context.json {
        // If stdout is closed, the exit code still tells.
        let _ = context.print(&summary(exit, services));
    }
    exit
}

/// The last output of a command that is blocked when Ctrl-C is pressed.
pub(super) fn last_words(context: &Context) -> String {
    match context.json {
        true => summary(Exit::Interrupted, &[]),
        false => String::new(),
    }
}

/// The end of a command by Ctrl-C; `state` says what that leaves, such as `nothing was started`.
pub(super) fn interrupted(state: &str, context: &Context) -> Exit {
    context.say(&format!("Interrupted; {state}."));
    end(Exit::Interrupted, &[], context)
}

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FollowedRequest {
    Up,
    Restart,
}

/// Reports events until all are ready or one has failed, and calls `before_summary` then; `None` if the run is shutting
/// down. `names` are the services that may be told of.
pub(super) fn follow<'a>(
    inbox: &Receiver<Message>,
    request: FollowedRequest,
    names: impl IntoIterator<Item = &'a str>,
    context: &Context,
    before_summary: &dyn Fn(),
) -> Result<Option<Exit>, Diagnostics> {
    let width = words::widest(names);
    let paint = context.paint_stderr();
    let mut slow = SlowStopNotices::default();
    let mut wait = LongWait::new(context);
    // The last state of each service that changed.
    let mut last: BTreeMap<String, State> = BTreeMap::new();
    let mut hear = |news: News<'_>| match news {
        News::Transition(it) => {
            let is_news = match it.state {
                State::Running | State::Ready | State::Failed | State::Backoff => true,
                State::Exited | State::Completed => true,
                State::Waiting | State::Starting | State::Unhealthy | State::Stopping | State::Stopped => false,
            };
            wait.erase();
            transition(it, is_news, width, context);
            last.insert(it.service.clone(), it.state);
        }
        News::Progress(progress) => slow.tell(progress, &mut wait, context),
        News::StartNotice(notice) => {
            wait.erase();
            start_notice(notice, context);
        }
    };
    let Completed {
        exit,
        snapshot,
        survivors,
    } = match replies::follow(inbox, &mut hear)? {
        Ended::Done(completed) => *completed,
        Ended::Gone => return Ok(None),
        Ended::Interrupted => {
            wait.erase();
            let state = "the operation continues in the running stack";
            return Ok(Some(interrupted(state, context)));
        }
    };
    wait.erase();
    before_summary();
    let status = run_status::observe(&snapshot);
    let failed: Vec<_> = snapshot
        .services
        .iter()
        .filter(|it| it.state == State::Failed)
        .map(|it| (it, lost_ports::now(it, &snapshot.record)))
        .collect();
    let has_lost = |(it, ports): &(&ServiceStatus, LostPorts)| ports.is_taken && last.contains_key(&it.name);
    let exit = match exit {
        Exit::NotReady if failed.iter().any(has_lost) => Exit::PortBusy,
        exit => exit,
    };
    let stopped = last.iter().filter(|(_, state)| **state == State::Stopped);
    let stopped: BTreeSet<String> = stopped.map(|(name, _)| name.clone()).collect();
    if context.json {
        let _ = context.print(&summary(exit, &status.services));
    } else if !context.quiet {
        let table = status::table(&status, wall(), paint, context.terminals.width);
        context.say(format!("\n{table}").trim_end());
        let end = match request {
            FollowedRequest::Up if exit == Exit::Done && stopped.is_empty() => up_summary(&snapshot, context),
            FollowedRequest::Up | FollowedRequest::Restart => urls(&snapshot),
        };
        if !end.is_empty() {
            context.say(&format!("\n{end}"));
        }
    }
    for (service, ports) in &failed {
        let hint = |hint: &Hint| report::problem::hint(hint, &context.program, paint);
        for fact in &ports.facts {
            context.say(&format!("{}: {}", service.name, visible(fact)));
        }
        for it in &ports.hints {
            context.say(&hint(it));
        }
        let why = Hint::run("see why, with its last lines, with", format!("why {}", service.name));
        context.say(&hint(&why));
    }
    let runs_on = snapshot.services.iter().any(|it| !it.state.is_over());
    match exit {
        Exit::Failed if failed.is_empty() => drop(context.fail(&[stopped_early()])),
        Exit::Done if runs_on && !stopped.is_empty() => {
            context.say(&format!("\n{}.", stopped_elsewhere(&stopped)));
        }
        Exit::Done if !stopped.is_empty() => {
            context.say("\nThe stack was stopped from another terminal before everything was ready.");
        }
        _ if !survivors.is_empty() => drop(context.fail(&survivors)),
        _ => {}
    }
    Ok(Some(exit))
}

/// No command requested that: the supervisor received Ctrl-C or a termination signal.
pub(super) fn stopped_early() -> Diagnostic {
    Diagnostic::new("the stack was stopped before everything was ready")
}

/// Services stopped by another command, while the stack continues.
pub(super) fn stopped_elsewhere(names: &BTreeSet<String>) -> String {
    let verb = if names.len() == 1 { "was" } else { "were" };
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {verb} stopped from another terminal", names.join(", "))
}

/// `, ports 8000 8080 are free`, with the ports that really are free.
pub(super) fn free(ports: &[Endpoint]) -> String {
    let free = ports.iter().filter(|port| owners::is_free(port, Addresses::Service));
    let numbers: Vec<_> = free.map(|port| port.number.to_string()).collect();
    match numbers.as_slice() {
        [] => String::new(),
        [one] => format!(", port {one} is free"),
        many => format!(", ports {} are free", many.join(" ")),
    }
}

/// Services that are slow to stop; each is reported once, with the clients that delay it. Whatever else is under way is
/// shown by the [`LongWait`].
#[derive(Default)]
pub(super) struct SlowStopNotices(BTreeSet<String>);

impl SlowStopNotices {
    pub(super) fn tell(&mut self, under_way: &[ServiceProgress], wait: &mut LongWait<'_>, context: &Context) {
        for it in under_way {
            if !it.clients.is_empty() && self.0.insert(it.service.clone()) {
                wait.erase();
                let mark = status::mark(it.state, context.paint_stderr());
                context.say(&format!(
                    "  {mark} {}  is still stopping; {}",
                    it.service,
                    words::waiting(it)
                ));
            }
        }
        wait.show_services(under_way);
    }
}

/// One transition: always an event in JSON mode; otherwise a line if it is new to the user. The name takes `width` columns.
pub(super) fn transition(it: &Transition, is_news: bool, width: usize, context: &Context) {
    if context.json {
        let change = json::state_change(&it.service, it.state, it.pid, it.cause.as_ref());
        let _ = context.print(&json::line(&json::event(it.at, "state", change)));
    }
    if is_news {
        let paint = context.paint_stderr();
        let why = it.cause.as_ref().map(cause::cause).unwrap_or_default();
        let word = match it.state {
            State::Stopped if it.left_running => status::LEFT_RUNNING,
            state => status::word(state, it.task),
        };
        let state = status::in_colour(it.state, &format!("{word:<9}"), paint);
        let (mark, name) = (status::mark(it.state, paint), format!("{:<width$}", it.service));
        context.say(format!("  {mark} {}  {state}  {why}", paint.bold(&name)).trim_end());
    }
}

/// A service takes long to start: a finding as an event in JSON mode, otherwise a warning.
fn start_notice(notice: &StartNotice, context: &Context) {
    let found = notice.trouble.finding();
    if context.json {
        let _ = context.print(&finding(json::finding(&found, &context.program)));
    }
    let reader = context.reader(context.paint_stderr());
    context.say(report::finding::finding(&found, &reader).trim_end());
}

/// `All 2 ready.  http://127.0.0.1:8000`, and what to do with a stack whose log is shown elsewhere or nowhere.
fn up_summary(snapshot: &Snapshot, context: &Context) -> String {
    let n_up = snapshot.services.iter().filter(|it| it.state.is_up()).count();
    let n_others = snapshot
        .services
        .iter()
        .filter(|it| !it.state.is_up() && it.state != State::Completed)
        .count();
    let ready = match (n_up, n_others) {
        (0, 0) => "Done.".to_owned(),
        (1, 0) => "Ready.".to_owned(),
        (n, 0) => format!("All {n} ready."),
        (n, others) => format!("{n} of {} ready.", n + others),
    };
    let place = match snapshot.record.mode {
        Mode::Background => "in the background".to_owned(),
        Mode::Foreground => format!("in another terminal (pid {})", snapshot.record.supervisor.pid),
    };
    let (ready, urls, program) = (context.paint_stderr().good(&ready), urls(snapshot), &context.program);
    let next = format!("It runs {place}: `{program} logs -f` shows its log, `{program} down` stops it.");
    let next = words::wrapped(&next, context.terminals.width);
    format!("{}\n{next}", format!("{ready}  {urls}").trim_end())
}

fn urls(snapshot: &Snapshot) -> String {
    let urls: Vec<_> = snapshot
        .services
        .iter()
        .filter(|it| it.state == State::Ready)
        .filter_map(|it| it.url.clone())
        .collect();
    urls.join("  ")
}

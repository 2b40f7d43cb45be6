//! `up`: preflight, then start in dependency order and stay in the foreground until Ctrl-C.

mod addresses;
mod clear;
mod connection;
mod detach;
mod free_port;
mod join;
mod keyboard;
mod keypad;
mod metrics;
mod numbers;
mod on_conflict;
mod preflight;
mod preview;
mod remarks;
mod reporter;
mod settle;
mod summary_line;
mod timings;
mod venvs;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::commands::events::Inbox;
use crate::commands::screen::Screen;
use crate::commands::supervise::{SupervisorArgs, supervise};
use crate::commands::timings::picture;
use crate::commands::{CommandResult, Context, as_argument, duration, watching};
use crate::config::metrics_address;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit};
use crate::plan::{Allocation, Draft, OnConflict, Plan, Selection};
use crate::protocol::Mode;
use crate::run::driver::{InitialRequest, Message};
use crate::run::project::Project;
use crate::run::reservations::Registry;
use crate::supervise::timings::Prepared;
use crate::system::clock::wall;
use crate::system::os;
use crate::system::runs::{CheckoutLock, LockOutcome, StateDir};
use crate::system::venvs::VenvLooks;
use metrics::MetricsRequest;
use on_conflict::ConflictArg;
use preflight::{NotStarted, Preflight};
use reporter::UpReporter;
use timings::TimingsRequest;

/// Start the stack and stay with it: one log of all services; Ctrl-C stops everything
#[derive(clap::Args, Default)]
#[command(after_help = "\
A busy port is shown with its owner, and on a terminal you are asked whether to stop it.
Nothing is started before every port, command, directory, env file and venv was found in order.
On a stack that already runs, what is missing is started there, what was edited is restarted, and `up` returns.

Examples:
  devtasks up                              all services except those in inactive profiles
  devtasks up backend                      one service and what it depends on
  devtasks up --profile web --timeout 2m
  devtasks up --plan                       only say what would be done
  devtasks up --detach                     return once all are ready; `down` stops it
  devtasks up --timings=start.svg          show what took how long, and draw it
  devtasks up --on-conflict fail           in scripts: never ask, never stop anybody
  devtasks up --on-conflict next           leave the owner alone and take the next free port

Exit codes:
  0    all are ready (`--detach`, or it ran already), or it was ended by `down`
  1    a service failed
  2    wrong usage, or devtasks.toml is wrong
  3    a port stays busy, or was lost during the start
  4    a service was not ready in time
  5    a command, venv, interpreter, env file or directory is missing
  7    a process or a port survived the end
  130  interrupted by Ctrl-C, also when everything ended well")]
pub(crate) struct Args {
    /// Only these services, and those they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Also the services of this profile; may be given several times
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// For a busy port: ask, fail, kill (stop its owner) or next (the next free port instead)
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
    on_conflict: Option<ConflictArg>,
    /// Return to the declared ports where `next` has moved them; choose `auto` ports again
    #[arg(long)]
    reset_ports: bool,
    /// Return as soon as all are ready; the stack runs on in the background
    #[arg(long, short)]
    detach: bool,
    /// Serve metrics for Prometheus at this address, such as 127.0.0.1:9464; instead of the key `metrics`
    #[arg(long, value_name = "ADDR", value_parser = address)]
    metrics: Option<SocketAddr>,
    /// Say what would be started, kept, restarted and why, and what stands in the way; change nothing
    #[arg(long, conflicts_with_all = ["detach", "timeout", "metrics", "timings"])]
    plan: bool,
    /// Show how long each service took and what it waited for; with a file, as a picture too
    #[arg(long, value_name = "FILE.svg", num_args = 0..=1, require_equals = true, value_parser = picture)]
    timings: Option<Option<PathBuf>>,
    /// Take no keys, such as `r` to restart a service; they need a terminal
    #[arg(long)]
    no_keys: bool,
    /// Answer every question with yes
    #[arg(long, short)]
    yes: bool,
    /// Give up after so long, such as 90s or 2m, if not everything is ready
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// The task of `run` that needs these services.
    #[arg(skip)]
    task: Option<String>,
}

impl Args {
    fn selection(&self) -> Selection {
        Selection {
            services: self.services.clone(),
            profiles: self.profile.clone(),
            ..Selection::default()
        }
    }
}

/// The request of one `up`.
struct UpRequest {
    asked: Selection,
    /// The task of `run` that needs what is started.
    task: Option<String>,
    /// `None` for the setting of the file.
    on_conflict: Option<OnConflict>,
    yes: bool,
    give_up_after: Option<Duration>,
    /// The supervisor runs in the background.
    detach: bool,
    /// Keys are taken in the foreground, if there is a terminal.
    has_keys: bool,
    /// Nothing is saved or started.
    is_preview: bool,
    metrics: Option<MetricsRequest>,
    timings: Option<TimingsRequest>,
    /// When `up` was called.
    began: Timestamp,
    /// Ports of the services to start are chosen as if for the first time.
    reset_ports: bool,
    /// Every service and task of the file.
    known: Vec<String>,
    /// The numbers of all ports of the file before ports were reset or reassigned.
    allocation: Allocation,
    /// The plan with these numbers.
    before: Plan,
}

impl UpRequest {
    fn new(
        args: &Args,
        began: Timestamp,
        project: &Project,
        draft: &Draft<'_>,
        registry: &Registry<'_>,
    ) -> Result<Self, Diagnostics> {
        let allocation = registry.allocate(&draft.declared(), &BTreeMap::new());
        let before = draft.complete_plan(&allocation)?;
        if before.services.is_empty() {
            return Err(nothing_to_start(project).into());
        }
        Ok(UpRequest {
            asked: args.selection(),
            task: args.task.clone(),
            on_conflict: args.on_conflict.map(OnConflict::from),
            yes: args.yes,
            give_up_after: args.timeout,
            detach: args.detach,
            has_keys: !args.no_keys,
            is_preview: args.plan,
            metrics: MetricsRequest::new(args, draft)?,
            timings: args.timings.clone().map(|picture| TimingsRequest { picture, began }),
            began,
            reset_ports: args.reset_ports,
            known: project.service_names().map(str::to_owned).collect(),
            allocation,
            before,
        })
    }
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    watching::with_events(start(args, None, context), context)
}

/// Starts these services and tasks in the background, for a task of `run`.
pub(super) fn bring_up(services: Vec<String>, task: &str, inbox: &Inbox, context: &Context) -> CommandResult {
    let args = Args {
        services,
        task: Some(task.to_owned()),
        detach: true,
        ..Args::default()
    };
    start(args, Some(inbox), context)
}

/// Only a start in the background can share the events of another command.
fn start(args: Args, shared: Option<&Inbox>, context: &Context) -> CommandResult {
    os::widen_descriptor_table();
    let began = wall();
    let project = Project::find(context.file.as_deref())?;
    // The directory's contents are trusted, so its owner is checked first.
    let directory = match args.plan {
        true => None,
        false => Some(StateDir::of(&project.checkout)?),
    };
    let registry = Registry::read(project.reference())?;
    let draft = project.draft(&args.selection())?;
    let request = UpRequest::new(&args, began, &project, &draft, &registry)?;
    let own = match (shared, &directory) {
        (None, Some(_)) => Inbox::open(watching::last_words(context))?,
        (Some(_), _) | (None, None) => Inbox::disconnected(),
    };
    let inbox = shared.unwrap_or(&own);
    let venvs = directory.as_ref().map(VenvLooks::noted_in).unwrap_or_default();
    let up = Preflight {
        project: &project,
        draft: &draft,
        request: &request,
        live: None,
        venvs: &venvs,
        synced: &BTreeSet::new(),
        inbox,
        context,
    };
    let Some(directory) = directory else {
        return preview::show(&up);
    };
    let mut has_waited = false;
    loop {
        match directory.lock()? {
            LockOutcome::Acquired(lock) => {
                let (ready, screen) = match make_ready(&up, &directory) {
                    Ok(ready) => ready,
                    Err(why) => return why.into(),
                };
                if !request.detach {
                    return stay(ready, &request, &directory, lock, screen, own, context);
                }
                if let Some(exit) = detach::detach(&ready, &request, &directory, lock, screen, inbox, context)? {
                    return Ok(exit);
                }
            }
            LockOutcome::HeldBy(pid) => {
                if let Some(exit) = join_or_wait(&up, &directory, pid, &mut has_waited)? {
                    return Ok(exit);
                }
            }
        }
    }
}

/// What is about to start.
struct Ready {
    plan: Plan,
    /// Ports that were taken before.
    conflicts: Vec<(String, Code)>,
    /// Where metrics are served.
    metrics: Option<SocketAddr>,
    prepared: Prepared,
}

/// A plan whose ports are saved and free. On failure, the registry is as before.
///
/// The caller holds the lock of the checkout, which tells other checkouts that these numbers are about to be used.
fn make_ready(up: &Preflight<'_>, directory: &StateDir) -> Result<(Ready, Screen), NotStarted> {
    let mut numbers = up.allocate(&mut |finding| up.tell(finding))?;
    let served = metrics::free_address(up, &numbers.plan);
    let served = served.and_then(|served| Ok((served, venvs::sync(up, &numbers.plan, directory)?)));
    let (metrics, synced) = match served {
        Ok(served) => served,
        Err(why) => {
            numbers.restore();
            return Err(why);
        }
    };
    let settled = match up.clear_all(&mut numbers, directory) {
        Ok(settled) => settled,
        Err(why) => {
            numbers.restore();
            return Err(why);
        }
    };
    remarks::remarks(up, &numbers.plan);
    remarks::containers(up, &settled.to_do, &settled.facts, directory);
    let screen = Screen::new(up.context, &up.request.known, up.inbox.sender.clone())?;
    let head = summary_line::head(&settled.to_do, &settled.facts, up.context);
    let served = metrics.map(metrics::announcement).unwrap_or_default();
    screen.say(&format!("{head}{served}\n"));
    let (plan, conflicts) = (numbers.plan, numbers.conflicts);
    Ok((
        Ready {
            plan,
            conflicts: conflicts.into_values().collect(),
            metrics,
            prepared: synced.prepared(up.request.began),
        },
        screen,
    ))
}

/// Joins the supervisor that holds the lock, or waits for a moment.
fn join_or_wait(
    up: &Preflight<'_>,
    directory: &StateDir,
    holder: Option<u32>,
    has_waited: &mut bool,
) -> Result<Option<Exit>, Diagnostics> {
    if let Some(exit) = join::join(up, directory)? {
        return Ok(Some(exit));
    }
    // It holds the lock but has no socket yet: it is asking questions, or exiting.
    if !std::mem::replace(has_waited, true) {
        let who = holder.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
        up.context.say(&format!(
            "Another `up` of this checkout{who} is just starting or ending; waiting for it."
        ));
    }
    let waited = up.inbox.pause(Duration::from_millis(20));
    Ok(waited
        .is_err()
        .then(|| watching::interrupted("nothing was started", up.context)))
}

/// Becomes the supervisor of this checkout, in the terminal.
fn stay(
    ready: Ready,
    up_request: &UpRequest,
    directory: &StateDir,
    lock: CheckoutLock,
    screen: Screen,
    inbox: Inbox,
    context: &Context,
) -> CommandResult {
    let Ready {
        plan,
        conflicts,
        metrics,
        prepared,
    } = ready;
    os::let_builds_replace_us();
    let screen = Arc::new(screen);
    let gone = inbox.sender.clone();
    os::when_stdout_closes(move || drop(gone.send(Message::OutputClosed)));
    let has_keys = up_request.has_keys && context.terminals.interactive && screen.can_keep_bottom();
    let keyboard = has_keys
        .then(|| keyboard::listen(&screen, &plan, &inbox.sender, context))
        .flatten();
    let mut show = UpReporter::new(Arc::clone(&screen), &plan, context, wall(), Mode::Foreground);
    show.timings.clone_from(&up_request.timings);
    let run = SupervisorArgs {
        project: &plan.project,
        checkout: &plan.checkout,
        directory,
        mode: Mode::Foreground,
        on_exit: plan.on_exit,
        log_export: &plan.log_export,
        metrics,
        first: InitialRequest::Plan {
            services: plan.services,
            conflicts,
            give_up_after: up_request.give_up_after,
            prepared,
        },
    };
    let outcome = supervise(run, inbox, screen.clone(), &mut show);
    // The line at the bottom is gone before the last words.
    drop(keyboard);
    let ended = outcome.map(|outcome| show.finish(&outcome));
    screen.finish(Duration::from_secs(1));
    drop(lock);
    Ok(ended?)
}

/// The argument of `--metrics`.
fn address(text: &str) -> Result<SocketAddr, String> {
    metrics_address::parse(text).map_err(as_argument)
}

fn nothing_to_start(project: &Project) -> Diagnostic {
    let problem = Diagnostic::new("there is no service to start").exit(Exit::Usage);
    if project.config.services.iter().any(|service| !service.task) {
        problem.hint("every service belongs to a profile: choose one with `--profile NAME`")
    } else {
        problem.hint("add a `[services.NAME]` with a `command` to devtasks.toml")
    }
}

//! `up`: preflight, then start in dependency order and stay in the foreground until Ctrl-C.

mod clear;
mod detach;
mod head;
mod join;
mod moves;
mod preview;
mod show;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::commands::inbox::Inbox;
use crate::commands::screen::Screen;
use crate::commands::supervise::{Run, supervise};
use crate::commands::{Context, Ended, duration, watching};
use crate::error::{Exit, Problem};
use crate::plan::{Asked, OnConflict, Plan};
use crate::preflight::verdict::Ours;
use crate::world::clock::wall;
use crate::world::driver::{First, Message};
use crate::world::os;
use crate::world::project::{Ports, Project};
use crate::world::runs::{Folder, Lock, Locked, Mode};
use clear::{Clearing, Way};
pub(super) use moves::stuck;
use show::Show;

/// Start the stack and stay with it: one log of all services; Ctrl-C stops everything
#[derive(clap::Args)]
#[command(after_help = "\
A busy port is shown with its owner, and on a terminal you are asked whether to stop it.
Nothing is started before every port, command, folder, env file and venv was found in order.
On a stack that already runs, what is missing is started there, what was edited is restarted, and `up` returns.

Examples:
  devtasks up                              everything but what profiles hold back
  devtasks up backend                      one service and what it depends on
  devtasks up --profile web --timeout 2m
  devtasks up --plan                       only say what would be done
  devtasks up --detach                     return once all are ready; `down` stops it
  devtasks up --on-conflict fail           in scripts: never ask, never stop anybody
  devtasks up --on-conflict next           leave the owner alone and take the next free port

Exit codes:
  0    all are ready (`--detach`, or it ran already), or it was ended by `down`
  1    a service failed
  2    wrong usage, or devtasks.toml is wrong
  3    a port stays busy, or was lost during the start
  4    a service was not ready in time
  5    a command, venv, interpreter, env file or folder is missing
  7    a process or a port survived the end
  130  interrupted by Ctrl-C, also when everything ended well")]
pub(crate) struct Args {
    /// Only these services, and those they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Also the services of this profile; may be given several times
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// For a busy port: ask, fail, kill (its owner, gently first) or next (the next free port instead)
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
    on_conflict: Option<Conflict>,
    /// Return to the declared ports where `next` has moved them; choose `auto` ports anew
    #[arg(long)]
    reset_ports: bool,
    /// Return as soon as all are ready; the stack runs on in the background
    #[arg(long, short)]
    detach: bool,
    /// Say what would be started, kept, restarted and why, and what stands in the way; change nothing
    #[arg(long, conflicts_with_all = ["detach", "timeout"])]
    plan: bool,
    /// Answer every question with yes
    #[arg(long, short)]
    yes: bool,
    /// Give up after so long, such as 90s or 2m, if not everything is ready
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Conflict {
    Ask,
    Fail,
    Kill,
    Next,
}

impl From<Conflict> for OnConflict {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::Ask => OnConflict::Ask,
            Conflict::Fail => OnConflict::Fail,
            Conflict::Kill => OnConflict::Kill,
            Conflict::Next => OnConflict::Next,
        }
    }
}

/// What was asked for, as it means.
struct Wish {
    asked: Asked,
    /// `None`: what the file says.
    on_conflict: Option<OnConflict>,
    yes: bool,
    give_up_after: Option<Duration>,
    /// The supervisor is to run in the background.
    detach: bool,
    /// Every service and task of the file.
    known: Vec<String>,
    /// Every port number of the file, as far as it can be planned.
    numbers: BTreeSet<u16>,
    ports: Ports,
    /// What was planned before ports were reset or moved.
    before: Plan,
}

pub(crate) fn run(args: Args, context: &Context) -> Ended {
    watching::with_events(start(args, context), context)
}

fn start(args: Args, context: &Context) -> Ended {
    os::require("up")?;
    let project = Project::find(context.file.as_deref())?;
    let asked = Asked {
        services: args.services,
        profiles: args.profile,
        everything: false,
    };
    let ports = match (args.plan, args.reset_ports) {
        (false, false) => Ports::Note,
        (false, true) => Ports::NoteAnew,
        (true, false) => Ports::Look,
        (true, true) => Ports::LookAnew,
    };
    // What is noted there is believed, so whose folder it is comes first.
    let folder = match args.plan {
        true => None,
        false => Some(Folder::of(&project.checkout)?),
    };
    let before = project.look(&asked)?;
    if before.services.is_empty() {
        return Err(nothing_to_start(&project).into());
    }
    let everything = Asked {
        everything: true,
        ..Asked::default()
    };
    let numbers = project.plan(&everything).map(|(whole, _)| whole.numbers());
    let wish = Wish {
        numbers: numbers.unwrap_or_default(),
        asked,
        on_conflict: args.on_conflict.map(OnConflict::from),
        yes: args.yes,
        give_up_after: args.timeout,
        detach: args.detach,
        known: project.service_names().map(str::to_owned).collect(),
        ports,
        before,
    };
    let Some(folder) = folder else {
        return preview::show(&project, &wish, context);
    };
    let inbox = Inbox::open(watching::last_words(context))?;

    let ours = Ours::new(&wish.before.project, &project.checkout, None, os::user_id()).having(wish.numbers.clone());
    let mut told = false;
    loop {
        match folder.lock()? {
            Locked::Mine(lock) => {
                let looked = Clearing {
                    plan: &wish.before,
                    project: &project,
                    wish: &wish,
                    ours: &ours,
                    inbox: &inbox,
                    context,
                };
                let claim = project.claim();
                // Only now: by the lock, others know that these numbers are about to be used.
                let noted = looked.note(&[])?;
                noted.findings.iter().for_each(|finding| looked.tell(finding));
                let mut plan = noted.plan;
                let head = loop {
                    let clearing = Clearing { plan: &plan, ..looked };
                    match clearing.clear_all(&folder)? {
                        Way::Clear { head } => break head,
                        Way::Moved(moved) => plan = *moved,
                        Way::Blocked(exit) => return Ok(exit),
                        // They were ended, and are back.
                        Way::Leftovers => return Ok(Exit::PortBusy),
                    }
                };
                if inbox.interrupted() {
                    return Ok(watching::interrupted("started", context));
                }
                claim.keep();
                moves::remarks(&plan, &wish, &ours, context);
                let screen = Screen::new(context, &wish.known, inbox.sender.clone())?;
                screen.say(&format!("{head}\n"));
                if !wish.detach {
                    return stay(plan, &wish, &folder, lock, screen, inbox, context);
                }
                if let Some(exit) = detach::detach(&plan, &wish, &folder, lock, screen, &inbox, context)? {
                    return Ok(exit);
                }
            }
            Locked::Others(pid) => {
                if let Some(exit) = join::join(&project, &wish, &folder, &inbox, context)? {
                    return Ok(exit);
                }
                // It has the lock and no socket yet: it still asks its questions, or is just ending.
                if !std::mem::replace(&mut told, true) {
                    let who = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                    context.say(&format!(
                        "Another `up` of this checkout{who} is just starting or ending; waiting for it."
                    ));
                }
                if inbox.pause(Duration::from_millis(20)).is_err() {
                    return Ok(watching::interrupted("started", context));
                }
            }
        }
    }
}

/// Becomes the supervisor of this checkout, in the terminal.
fn stay(
    plan: Plan,
    wish: &Wish,
    folder: &Folder,
    lock: Lock,
    screen: Screen,
    inbox: Inbox,
    context: &Context,
) -> Ended {
    let screen = Arc::new(screen);
    let gone = inbox.sender.clone();
    os::when_stdout_closes(move || drop(gone.send(Message::OutputClosed)));
    let mut show = Show::new(Arc::clone(&screen), &plan, context, wall(), Mode::Foreground);
    let run = Run {
        project: &plan.project,
        checkout: &plan.checkout,
        folder,
        mode: Mode::Foreground,
        on_exit: plan.on_exit,
        first: First::Plan {
            services: plan.services,
            give_up_after: wish.give_up_after,
        },
    };
    let ended = supervise(run, inbox, screen.clone(), &mut show).map(|outcome| show.finish(&outcome));
    screen.finish(Duration::from_secs(1));
    drop(lock);
    Ok(ended?)
}

fn nothing_to_start(project: &Project) -> Problem {
    let problem = Problem::new("there is no service to start").exit(Exit::Usage);
    if project.config.services.iter().any(|service| !service.task) {
        problem.hint("every service belongs to a profile: choose one with `--profile NAME`")
    } else {
        problem.hint("add a `[services.NAME]` with a `command` to devtasks.toml")
    }
}

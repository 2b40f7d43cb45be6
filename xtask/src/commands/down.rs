//! `down`: stops in reverse order and verifies that nothing is left.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::commands::events::{Inbox, Interrupted};
use crate::commands::long_wait::{LongWait, during};
use crate::commands::replies::{self, Completed, Ended, News};
use crate::commands::stopping::StopResult as Stopped;
use crate::commands::watching::SlowStopNotices;
use crate::commands::{CommandResult, Context, leftovers, stranded, tell, watching};
use crate::diagnostic::{Diagnostic, Diagnostics, Exit};
use crate::plan::Selection;
use crate::ports::Endpoint;
use crate::protocol::{Request, Snapshot};
use crate::report::words;
use crate::run::container::{self, Leftover};
use crate::run::driver::Message;
use crate::run::project::{Project, directory};
use crate::run::run_status;
use crate::supervise::State;
use crate::supervise::steps::Running;
use crate::system::clock::wall;
use crate::system::runs::{LockOutcome, StateDir};

/// Stop the stack, and prove that nothing is left and every port is free
#[derive(clap::Args, Default)]
#[command(after_help = "\
Works from any terminal, and after a crash: the processes of the last run are known by their tag.

Examples:
  devtasks down
  devtasks down frontend
  devtasks down --leftovers

Exit codes:
  0    everything is gone, or nothing was there
  1    the running `up` does not answer
  2    wrong usage, or devtasks.toml is wrong
  6    refused: what is there is not ours to end
  7    a process or a port survived
  130  interrupted by Ctrl-C")]
pub(crate) struct Args {
    /// Only these services; what they depend on, and what depends on them, keeps running
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Also end what runs before the last one left behind in this checkout
    #[arg(long)]
    leftovers: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    let inbox = Inbox::open(watching::last_words(context))?;
    stop(&args, &inbox, context)
}

/// Stops the whole stack, for a command that started it.
pub(super) fn everything(inbox: &Inbox, context: &Context) -> CommandResult {
    stop(&Args::default(), inbox, context)
}

fn stop(args: &Args, inbox: &Inbox, context: &Context) -> CommandResult {
    let checkout = directory(context.file.as_deref()).map_err(stranded::with_stranded_hint)?;
    if !args.services.is_empty() {
        let running = run_status::running_services(&checkout)?;
        let runs = |name: &String| running.iter().any(|it| it.service.name == *name);
        // The plan rejects unknown names. A service that was removed from the file may still be running.
        let others: Vec<String> = args.services.iter().filter(|name| !runs(name)).cloned().collect();
        if !others.is_empty() {
            Project::find(context.file.as_deref())?.plan(&Selection {
                services: others,
                ..Selection::default()
            })?;
        }
    }
    let directory = StateDir::of(&checkout)?;

    let deadline = wall() + LOCK_HOLDER_TIMEOUT;
    let mut wait = LongWait::new(context);
    loop {
        let running = during(ASKS, context, || run_status::responding(&directory))?;
        if inbox.interrupted() {
            return Ok(watching::interrupted("nothing was stopped", context));
        }
        if let Some((mut client, _)) = run_status::client(&directory) {
            client.send(&Request::Down {
                services: args.services.clone(),
            });
            let sender = inbox.sender.clone();
            client.follow(move |reply| drop(sender.send(Message::Replied(reply))));
            wait.erase();
            match follow_stop(&inbox.receiver, &running, context)? {
                Some(Exit::Done) if args.leftovers => {}
                Some(exit) => return Ok(exit),
                // The supervisor is gone; look for what it left.
                None => {}
            }
        }
        match directory.lock()? {
            LockOutcome::Acquired(lock) => {
                wait.erase();
                let exit = sweep(&directory, &checkout, args, context, inbox)?;
                drop(lock);
                return Ok(exit);
            }
            LockOutcome::HeldBy(pid) if wall() < deadline => {
                let who = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                wait.show(|time| format!("waiting for an `up` of this checkout{who}  {time}"));
                // The supervisor is starting or exiting, so its socket does not exist yet or any more.
                if let Err(Interrupted) = inbox.pause(Duration::from_millis(20)) {
                    return Ok(watching::interrupted("nothing was stopped", context));
                }
            }
            LockOutcome::HeldBy(pid) => {
                let who = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                let problem = Diagnostic::new(format!(
                    "an `up` of this checkout{who} holds the lock and is not responding"
                ));
                return Err(problem
                    .hint("answer its question or press Ctrl-C in its terminal")
                    .into());
            }
        }
    }
}

const ASKS: &str = "asking the running supervisor";

/// How long an `up` that holds the lock may take to reply.
const LOCK_HOLDER_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the supervisor to stop its services and reports the progress. `None` if it exited meanwhile.
fn follow_stop(inbox: &Receiver<Message>, running: &[Running], context: &Context) -> Result<Option<Exit>, Diagnostics> {
    let told = running.iter().filter(|it| !it.state.is_over());
    let width = words::widest(told.map(|it| it.service.name.as_str()));
    let began = wall();
    let mut stopped = 0;
    let mut slow = SlowStopNotices::default();
    let mut wait = LongWait::new(context);
    let mut hear = |news: News<'_>| match news {
        News::Transition(it) => {
            wait.erase();
            watching::transition(it, it.state.is_over(), width, context);
            stopped += usize::from(it.state.is_over() && !it.left_running);
        }
        News::Progress(progress) => slow.tell(progress, &mut wait, context),
        News::StartNotice(_) => {}
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
            let state = "the running stack goes on stopping";
            return Ok(Some(watching::interrupted(state, context)));
        }
    };
    drop(wait);
    if context.json {
        let services = run_status::observe(&snapshot).services;
        return Ok(Some(watching::end(exit, &services, context)));
    }
    if exit != Exit::Done {
        return Err(not_stopped(&snapshot, survivors, exit));
    }
    if snapshot.services.iter().all(|it| it.state.is_over()) {
        for line in words::not_exported(&snapshot.log_export) {
            tell(&format!("{} {line}\n", context.paint_stderr().warn("warning:")));
        }
    }
    leftovers::tell_left_alone(&snapshot.left_alone, context);
    let over = snapshot
        .services
        .iter()
        .filter(|it| it.state.is_over() && !it.left_running);
    let ports: Vec<Endpoint> = over.flat_map(|it| &it.ports).map(Endpoint::from).collect();
    let took = Duration::try_from(wall().duration_since(began)).unwrap_or_default();
    context.say(&match stopped {
        0 => "The stack has ended; there was no service to stop.".to_owned(),
        _ => format!(
            "Stopped {} in {}; nothing is left{}.",
            words::count(stopped, "service"),
            words::duration(took),
            watching::free(&ports)
        ),
    });
    Ok(Some(exit))
}

fn not_stopped(snapshot: &Snapshot, survivors: Vec<Diagnostic>, exit: Exit) -> Diagnostics {
    if !survivors.is_empty() {
        return survivors.into();
    }
    let left = snapshot.services.iter().filter(|it| it.state == State::Failed);
    let names: Vec<_> = left.map(|it| format!("`{}`", it.name)).collect();
    let problem = Diagnostic::new(format!("still running after SIGKILL: {}", names.join(", ")));
    problem.exit(exit).into()
}

/// Stops what earlier runs left, unless an `up` is at work, which does the same.
pub(super) fn leftovers_alone(checkout: &Path, context: &Context, inbox: &Inbox) -> Result<Exit, Diagnostics> {
    let directory = StateDir::of(checkout)?;
    let args = Args {
        leftovers: true,
        ..Args::default()
    };
    match directory.lock()? {
        LockOutcome::Acquired(_lock) => sweep(&directory, checkout, &args, context, inbox),
        LockOutcome::HeldBy(_) => Ok(Exit::Done),
    }
}

/// Without a supervisor: stops what a crashed one left.
fn sweep(
    directory: &StateDir,
    checkout: &Path,
    args: &Args,
    context: &Context,
    inbox: &Inbox,
) -> Result<Exit, Diagnostics> {
    let not_verified = |problem: Diagnostic| leftovers::not_verified(&problem);
    if let Some(problem) = leftovers::elsewhere(checkout).map_err(not_verified)? {
        return Err(problem.exit(Exit::Refused).into());
    }
    let record = directory.record().map_err(not_verified)?;
    let left = leftovers::of(checkout).map_err(not_verified)?;
    leftovers::tell_left_alone(&left.left_alone, context);
    let mut left = left.processes;
    if !args.leftovers {
        left.retain(|(_, tag)| record.as_ref().is_some_and(|record| record.run == tag.run));
    }
    if !args.services.is_empty() {
        left.retain(|(_, tag)| args.services.contains(tag.service.raw()));
    }
    let mut containers = container::of(directory);
    containers.retain(|it| args.services.is_empty() || args.services.contains(&it.service));
    let exit = if left.is_empty() && containers.is_empty() {
        context.say("Nothing to stop.");
        stranded::remarks(context).iter().for_each(|remark| context.say(remark));
        Exit::Done
    } else {
        match leftovers::end(&left, LEFTOVER_GRACE_PERIOD, context, inbox)? {
            Stopped::Done => Exit::Done,
            Stopped::Interrupted => Exit::Interrupted,
            Stopped::Not(problem) => context.fail(&[problem]),
        }
    };
    // The helpers among the processes have stopped theirs.
    containers.retain(Leftover::is_there);
    let exit = Exit::worst([exit, leftovers::end_containers(&containers, checkout, context)]);
    if exit == Exit::Done && args.services.is_empty() {
        directory.forget_last();
    }
    Ok(watching::end(exit, &[], context))
}

/// The grace period for leftovers of a crashed run, whose own grace periods are unknown.
const LEFTOVER_GRACE_PERIOD: Duration = Duration::from_secs(10);

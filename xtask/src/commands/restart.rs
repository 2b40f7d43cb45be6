//! `restart`: the supervisor of the running stack stops services and starts them again.

use crate::commands::events::Inbox;
use crate::commands::watching::{self, FollowedRequest};
use crate::commands::{CommandResult, Context};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::plan::Selection;
use crate::protocol::Request;
use crate::run::driver::Message;
use crate::run::project::Project;
use crate::run::run_status;
use crate::system::runs::StateDir;

/// Stop services of the running stack, start them again, and wait until they are ready
#[derive(clap::Args)]
#[command(after_help = "\
Dependents stop before what they depend on, and start after it. A service that is named alone leaves
its dependents running, unless they ask for it with `restart = true` in `depends_on`. One that has
ended is started. A task that has completed runs again only when it is named. A changed devtasks.toml
is taken up by `down` and `up`, not by this.

Examples:
  devtasks restart
  devtasks restart backend

Exit codes:
  0    all that was restarted is ready
  1    nothing runs, or a service failed
  2    wrong usage, or devtasks.toml is wrong
  3    a port was lost to another process
  4    a service was not ready in time
  5    a command is missing
  7    a process survived its end
  130  interrupted by Ctrl-C; the operation continues in the stack")]
pub(crate) struct Args {
    /// Only these services; without any, all of the stack
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> CommandResult {
    watching::with_events(restart(args, context), context)
}

fn restart(args: &Args, context: &Context) -> CommandResult {
    let project = Project::find(context.file.as_deref())?;
    if !args.services.is_empty() {
        // The plan rejects unknown names.
        project.plan(&Selection {
            services: args.services.clone(),
            ..Selection::default()
        })?;
    }
    let inbox = Inbox::open(watching::last_words(context))?;
    let Some((running, record)) = run_status::running(&project.checkout)? else {
        return Err(nothing_runs().into());
    };
    let runs = |name: &&String| running.iter().any(|it| it.service.name == **name);
    if let Some(name) = args.services.iter().find(|name| !runs(name)) {
        return Err(no_part_of_it(name).into());
    }
    let what = match args.services.as_slice() {
        [] => "everything".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let pid = record.supervisor.pid;
    context.say(&format!(
        "{} is running (pid {pid}); restarting {what} there.",
        record.project
    ));
    if inbox.interrupted() {
        return Ok(watching::interrupted("nothing was restarted", context));
    }
    let connect = || run_status::client(&StateDir::existing(&project.checkout)?);
    let Some((mut client, _)) = connect() else {
        return Err(nothing_runs().into());
    };
    client.send(&Request::Restart {
        services: args.services.clone(),
    });
    let sender = inbox.sender;
    client.follow(move |reply| drop(sender.send(Message::Replied(reply))));
    match watching::follow(&inbox.receiver, FollowedRequest::Restart, context)? {
        Some(exit) => Ok(exit),
        None => Err(is_ending().into()),
    }
}

fn nothing_runs() -> Diagnostic {
    Diagnostic::new("nothing of this checkout is running, so there is nothing to restart")
        .hint(Hint::run("start it with", "up"))
        .exit(Exit::Failed)
}

fn no_part_of_it(name: &str) -> Diagnostic {
    Diagnostic::new(format!("`{name}` is not part of the running stack"))
        .hint(Hint::run("start it there with", format!("up {name}")))
}

fn is_ending() -> Diagnostic {
    Diagnostic::new("the running stack is shutting down").hint(Hint::run("start it again with", "up"))
}

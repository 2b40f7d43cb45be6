//! `port`: inspects and frees ports, in any directory, with or without a `devtasks.toml`.

mod filter;
mod find;
mod kill;
mod ls;
mod of_service;
mod port_arg;
mod reserved;
mod wait;
mod who;

use std::collections::BTreeMap;

use crate::commands::{CommandResult, Context};
use crate::ports::conflict::CallerContext;
use crate::ports::{Endpoint, PortFact};
use crate::process::{ProcessState, Tag};
use crate::run::project::Project;
use crate::run::run_status;
use crate::system::os;

/// Look into ports and clear them, in any directory
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: PortCommand,
}

#[derive(clap::Subcommand)]
enum PortCommand {
    Who(who::Args),
    Ls(ls::Args),
    Wait(wait::Args),
    // The former name still works.
    #[command(alias = "free")]
    Find(find::Args),
    Kill(kill::Args),
}

pub(crate) fn run(args: Args, context: &Context) -> CommandResult {
    match args.command {
        PortCommand::Who(args) => who::run(&args, context),
        PortCommand::Ls(args) => ls::run(&args, context),
        PortCommand::Wait(args) => wait::run(&args, context),
        PortCommand::Find(args) => find::run(&args, context),
        PortCommand::Kill(args) => kill::run(&args, context),
    }
}

/// Our own processes are those of the current project, if there is one. An invalid file is ignored.
fn ours(context: &Context) -> CallerContext {
    match Project::find(context.file.as_deref()) {
        Ok(project) => CallerContext::new(
            &project.name,
            &project.checkout,
            run_status::run(&project.checkout),
            os::user_id(),
        ),
        Err(_) => CallerContext {
            uid: os::user_id(),
            ..CallerContext::default()
        },
    }
}

/// The same, with the services for which our supervisor holds these ports. Only the supervisor knows them.
fn ours_beside(facts: &BTreeMap<Endpoint, PortFact>, context: &Context) -> CallerContext {
    let mut ours = ours(context);
    let owners = || facts.values().flat_map(|fact| &fact.owners);
    // A suspended supervisor would not reply.
    let mut supervisors = owners().filter(|owner| owner.process.state == ProcessState::Running);
    let is_ours = |tag: &Tag| tag.is_supervisor() && ours.live_run.as_ref().is_some_and(|run| tag.run == *run);
    if let Some(checkout) = &ours.checkout
        && supervisors.any(|owner| owner.process.tag.as_ref().is_some_and(is_ours))
        && let Ok(Some((running, _))) = run_status::running(checkout)
    {
        ours.reserved = run_status::reserved(&running);
    }
    ours
}

//! `port`: look into ports and clear them, in any folder, with or without a `devtasks.toml`.

mod asked;
mod free;
mod kill;
mod ls;
mod reserved;
mod wait;
mod who;

use std::collections::BTreeMap;

use crate::commands::{Context, Ended};
use crate::preflight::verdict::Ours;
use crate::preflight::{PortFact, PortRef, ProcessState, Tag};
use crate::world::project::Project;
use crate::world::{live, os};

/// Look into ports and clear them, in any folder
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Who(who::Args),
    Ls(ls::Args),
    Wait(wait::Args),
    Free(free::Args),
    Kill(kill::Args),
}

pub(crate) fn run(args: Args, context: &Context) -> Ended {
    match args.command {
        Command::Who(args) => who::run(&args, context),
        Command::Ls(args) => ls::run(&args, context),
        Command::Wait(args) => wait::run(&args, context),
        Command::Free(args) => free::run(&args, context),
        Command::Kill(args) => kill::run(&args, context),
    }
}

/// Whose processes count as ours: those of the project around us, where there is one. A broken file is no hindrance.
fn ours(context: &Context) -> Ours {
    match Project::find(context.file.as_deref()) {
        Ok(project) => Ours::new(
            &project.name(),
            &project.checkout,
            live::run(&project.checkout),
            os::user_id(),
        ),
        Err(_) => Ours {
            uid: os::user_id(),
            ..Ours::default()
        },
    }
}

/// The same; and where our supervisor holds one of these ports, for whom. Only it knows.
fn ours_beside(facts: &BTreeMap<PortRef, PortFact>, context: &Context) -> Ours {
    let mut ours = ours(context);
    let owners = || facts.values().flat_map(|fact| &fact.owners);
    // A suspended one would not answer.
    let mut supervisors = owners().filter(|owner| owner.state == ProcessState::Running);
    let is_ours = |tag: &Tag| tag.is_supervisor() && ours.live_run.as_ref().is_some_and(|run| tag.run == *run);
    if let Some(checkout) = &ours.checkout
        && supervisors.any(|owner| owner.tag.as_ref().is_some_and(is_ours))
        && let Ok(Some((running, _))) = live::running(checkout)
    {
        ours.reserved = live::reserved(&running);
    }
    ours
}

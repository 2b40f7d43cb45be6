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
    let project = Project::find(context.file.as_deref()).ok();
    Ours {
        project: project.as_ref().map(Project::name),
        live_run: project.as_ref().and_then(|project| live::run(&project.checkout)),
        checkout: project.map(|project| project.checkout),
        kept: Vec::new(),
        service: None,
        uid: os::user_id(),
    }
}

/// The same; and where our supervisor holds one of these ports, for whom. Only it knows.
fn ours_beside(facts: &BTreeMap<PortRef, PortFact>, context: &Context) -> Ours {
    let mut ours = ours(context);
    let owners = || facts.values().flat_map(|fact| &fact.owners);
    // A suspended one would not answer.
    let mut keepers = owners().filter(|owner| owner.state == ProcessState::Running);
    let is_ours = |tag: &Tag| tag.is_supervisor() && ours.live_run.as_ref() == Some(&tag.run);
    if let Some(checkout) = &ours.checkout
        && keepers.any(|owner| owner.tag.as_ref().is_some_and(is_ours))
        && let Ok(Some((running, _))) = live::running(checkout)
    {
        let kept = running.iter().flat_map(|it| {
            let ports = it.service.ports.iter().map(PortRef::from);
            ports.map(|port| (port, it.service.name.clone()))
        });
        ours.kept = kept.collect();
    }
    ours
}

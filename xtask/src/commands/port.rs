//! `port`: look into ports and clear them, in any folder, with or without a `devtasks.toml`.

mod asked;
mod free;
mod kill;
mod ls;
mod reserved;
mod wait;
mod who;

use crate::commands::{Context, Ended};
use crate::preflight::verdict::Ours;
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
        service: None,
        uid: os::user_id(),
    }
}

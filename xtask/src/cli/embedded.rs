//! The commands inside the parser of another program: clap types that hide ours.

use std::fmt;
use std::process::ExitCode;

use clap::error::Error;
use clap::{ArgMatches, FromArgMatches, Subcommand};

use super::options::{Global, When};
use super::{AFTER_HELP, Command as Chosen, run_parsed, with_program_name};

/// All commands, to be flattened into the commands of a host: `cargo xtask up` beside its own `cargo xtask codegen`.
///
/// The host calls [`helpers`](crate::helpers) in the first line of its `main`. A global option of the host's, such as
/// `--verbose`, stands for ours of that name.
///
/// # Panics
/// clap panics in debug builds, at every start, if both have a command of one name, such as `run`: such a host takes
/// [`Args`]. The same if a global option of the host's has the name or letter of an option of one of our commands, such
/// as `-d` of `up`: such a host takes [`run_from`](crate::run_from).
pub struct Command {
    options: Global,
    chosen: Chosen,
}

/// All commands as those of one command of a host: `cargo xtask stack up`.
///
/// What is said of [`Command`] holds for it, but that its commands are apart from those of the host.
pub struct Args(Command);

impl Command {
    /// Runs the command. `program` is what users type before it, such as `cargo xtask`; messages name it.
    pub fn run(self, program: &str) -> ExitCode {
        run_parsed(self.chosen, self.options, program)
    }

    fn read(chosen: Chosen, options: &ArgMatches) -> Command {
        Command {
            chosen,
            options: Global {
                file: value(options, "file"),
                format: value(options, "format"),
                color: value(options, "color").unwrap_or(When::Auto),
                quiet: value(options, "quiet").unwrap_or_default(),
                verbose: value(options, "verbose").unwrap_or_default(),
            },
        }
    }
}

impl Args {
    /// Runs the command. `program` is what users type before it, such as `cargo xtask stack`; messages name it.
    pub fn run(self, program: &str) -> ExitCode {
        self.0.run(program)
    }
}

/// `None` too if the option is the host's, and of another type.
fn value<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.try_get_one(name).ok().flatten().cloned()
}

impl FromArgMatches for Command {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let chosen = Chosen::from_arg_matches(matches)?;
        let options = matches.subcommand().map_or(matches, |(_, options)| options);
        Ok(Command::read(chosen, options))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Command::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Command {
    fn augment_subcommands(host: clap::Command) -> clap::Command {
        let ours = Chosen::augment_subcommands(clap::Command::default());
        // Later, when it has the global options of the host.
        let ours = ours.get_subcommands().cloned().map(|it| it.defer(one_of_many));
        host.subcommands(ours)
    }

    fn augment_subcommands_for_update(host: clap::Command) -> clap::Command {
        Self::augment_subcommands(host)
    }

    fn has_subcommand(name: &str) -> bool {
        Chosen::has_subcommand(name)
    }
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Args(Command::read(Chosen::from_arg_matches(matches)?, matches)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Args::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Args {
    fn augment_args(host: clap::Command) -> clap::Command {
        Chosen::augment_subcommands(host)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .defer(all_below)
    }

    fn augment_args_for_update(host: clap::Command) -> clap::Command {
        Self::augment_args(host)
    }
}

// Neither shows what is in the arguments, which may be secret.
impl fmt::Debug for Command {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("devtasks::Command")
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("devtasks::Args")
    }
}

/// One of our commands among those of the host.
fn one_of_many(command: clap::Command) -> clap::Command {
    let typed = command.get_bin_name().and_then(|typed| typed.rsplit_once(' '));
    let program = typed.map(|(program, _)| program.to_owned());
    complete(command, program)
}

/// A command of the host's with ours below it.
fn all_below(command: clap::Command) -> clap::Command {
    let program = command.get_bin_name().map(str::to_owned);
    let command = match command.get_after_help() {
        Some(_) => command,
        None => command.after_help(AFTER_HELP),
    };
    complete(command, program)
}

/// Adds the options of every command, but those that the host has, and names the program in examples.
fn complete(command: clap::Command, program: Option<String>) -> clap::Command {
    use clap::Args;
    let theirs: Vec<clap::Arg> = command.get_arguments().cloned().collect();
    let has = |name: &str| {
        theirs
            .iter()
            .any(|arg| arg.get_long() == Some(name) || arg.get_id() == name)
    };
    let ours = Global::augment_args(clap::Command::default());
    let ours = ours.get_arguments().filter(|arg| match arg.get_id().as_str() {
        // clap refuses a conflict with an option that is not there.
        "verbose" => !has("verbose") && !has("quiet"),
        name => !has(name),
    });
    let ours: Vec<clap::Arg> = ours
        .map(|arg| {
            let short = arg.get_short();
            let short = short.filter(|_| theirs.iter().all(|theirs| theirs.get_short() != short));
            arg.clone().short(short)
        })
        .collect();
    match program {
        Some(program) => with_program_name(command.args(ours), &program),
        None => command.args(ours),
    }
}

#[cfg(test)]
mod tests;

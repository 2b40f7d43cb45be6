//! The top-level parser and the way from what was typed to a command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::commands::{Context, doctor, down, port, status, up};
use crate::world::caller;
use crate::world::terminal::{Colour, Terminals};

/// Runs what the arguments of this process ask for.
pub fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let form = form(&mut arguments);
    let command = Cli::command().bin_name(&form).name("devtasks");
    let cli = match command
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => {
            // clap knows which stream, and 2 from 0; a reader that has gone away wants no help.
            let _ = error.print();
            return ExitCode::from(error.exit_code().try_into().unwrap_or(2));
        }
    };
    let context = Context {
        form,
        file: cli.global.file,
        json: cli.global.format == Format::Json,
        quiet: cli.global.quiet,
        terminals: Terminals::look(cli.global.color.into()),
        home: caller::home(),
    };
    let ended = match cli.command {
        Command::Up(args) => up::run(args, &context),
        Command::Down(args) => down::run(args, &context),
        Command::Status(args) => status::run(args, &context),
        Command::Doctor(args) => doctor::run(args, &context),
        Command::Port(args) => port::run(args, &context),
    };
    let exit = ended.unwrap_or_else(|problems| context.fail(&problems.0));
    ExitCode::from(exit.code())
}

/// The program as the user typed it. Run as a cargo subcommand, the subcommand's name is taken out of the arguments.
fn form(arguments: &mut Vec<std::ffi::OsString>) -> String {
    let name = arguments.first().and_then(|program| Path::new(program).file_stem());
    let name = name.map_or("devtasks".into(), |name| name.to_string_lossy().into_owned());
    if name == "cargo-devtasks" {
        if arguments.get(1).is_some_and(|word| word == "devtasks") {
            arguments.remove(1);
        }
        return "cargo devtasks".to_owned();
    }
    if name == "xtask" && caller::is_cargo() {
        "cargo xtask".to_owned()
    } else {
        name
    }
}

/// One command brings the development stack up, and a busy port explains itself and gets out of the way
#[derive(Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  up                  start everything, Ctrl-C stops it
  up backend          start one service and what it depends on
  down                stop everything, and prove that it is gone
  port who 8000       who holds port 8000?

Exit codes: 0 done, 1 failed, 2 usage or devtasks.toml, 3 port busy, 4 not ready in time, 5 something
is missing, 6 refused, 7 something survived, 130 interrupted";

#[derive(clap::Args)]
struct Global {
    /// The project's file; without it, the nearest devtasks.toml upward from here
    #[arg(long, global = true, value_name = "PATH")]
    file: Option<PathBuf>,
    /// What goes to stdout: text for people, or JSON for programs
    #[arg(long, global = true, value_enum, default_value = "human")]
    format: Format,
    /// When to colour; NO_COLOR and CLICOLOR_FORCE count too
    #[arg(long, global = true, value_enum, default_value = "auto")]
    color: When,
    /// Say only what went wrong
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl From<When> for Colour {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Colour::Auto,
            When::Always => Colour::Always,
            When::Never => Colour::Never,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    Down(down::Args),
    #[command(visible_aliases = ["ps", "check"])]
    Status(status::Args),
    Doctor(doctor::Args),
    Port(port::Args),
}

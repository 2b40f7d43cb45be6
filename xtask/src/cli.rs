//! The top-level parser and the way from what was typed to a command.

pub(crate) mod embedded;
mod options;
mod unknown_command;

use std::ffi::OsString;
use std::panic::{UnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    Context, attach, bug, completions, compose, config, doctor, down, env, exec, explain, export, import, init, logs,
    metrics, port, print_help, print_problem, restart, run, schema, status, supervise, up, venv, why,
};
use crate::diagnostic::Exit;
use crate::foreign::command_line;
use crate::run::again;
use crate::run::container::{self, Job};
use crate::run::reexec::{self, Helper};
use crate::run::watchdog;
use crate::system::terminal::TerminalInfo;
use crate::system::{caller, os};
use options::{Format, Global, only_for};
use unknown_command::unknown_command;

/// Runs what the arguments of this process ask for.
///
/// Works as the whole `main` of a program, and for those of its words that are not its own. It calls [`helpers`] itself.
pub fn main() -> ExitCode {
    without_panic(|| {
        helpers();
        let mut arguments: Vec<_> = std::env::args_os().collect();
        let program = program(&mut arguments);
        from_arguments(arguments, program)
    })
}

/// Runs what `arguments` ask for. The first is the name of the program, as in [`std::env::args_os`].
///
/// `program` is what users type before a command, such as `cargo xtask`; messages name it. [`helpers`] is called first. A
/// program that does anything else before calls it in the first line of its `main`.
pub fn run_from(arguments: impl IntoIterator<Item = impl Into<OsString>>, program: &str) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    without_panic(|| {
        helpers();
        from_arguments(arguments, program.to_owned())
    })
}

/// A panic is a bug, and no reason for an exit code that the contract does not have. std has told on stderr where it
/// was. What a supervisor had started is ended by its watchdog, as after SIGKILL.
fn without_panic(run: impl FnOnce() -> u8 + UnwindSafe) -> ExitCode {
    ExitCode::from(catch_unwind(run).unwrap_or_else(|_| bug().code()))
}

fn from_arguments(arguments: Vec<OsString>, program: String) -> u8 {
    let words = words(&arguments);
    let command = with_program_name(Cli::command().bin_name(&program).name("devtasks"), &program);
    let parsed = command.clone().try_get_matches_from(&arguments);
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => execute(cli.command, cli.global, program, &words).code(),
        Err(error) => not_parsed(&error, &words, arguments, command, &program),
    }
}

/// What stands after the program, as text.
fn words(arguments: &[OsString]) -> Vec<String> {
    let words = arguments.iter().skip(1);
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Runs a command that another parser has read from the arguments of this process.
fn run_parsed(command: Command, global: Global, program: &str) -> ExitCode {
    let words = words(&std::env::args_os().collect::<Vec<_>>());
    without_panic(|| execute(command, global, program.to_owned(), &words).code())
}

/// `words` are what was typed after the program.
fn execute(command: Command, global: Global, program: String, words: &[String]) -> Exit {
    os::undo_inherited();
    let typed = format!("{program} {} (pid {})", command_line(words), std::process::id());
    let format = global.format.unwrap_or(Format::Human);
    let json = format == Format::Json;
    let mut terminals = TerminalInfo::look(global.color.into());
    // Whoever reads JSON is no person to be asked.
    terminals.interactive &= matches!(format, Format::Human | Format::Shell | Format::Dotenv);
    let context = Context {
        typed,
        program,
        file: global.file,
        json,
        quiet: global.quiet,
        verbose: global.verbose,
        terminals,
        home: caller::home(),
    };
    let ended = match command {
        Command::Env(args) => env::run(&args, format.into(), &context),
        _ if matches!(format, Format::Shell | Format::Dotenv) => Err(only_for("shell", "dotenv", "env").into()),
        Command::Doctor(args) => doctor::run(args, global.format.map(Format::into), &context),
        _ if matches!(format, Format::Github | Format::Junit) => Err(only_for("github", "junit", "doctor").into()),
        Command::Up(args) => up::run(args, &context),
        Command::Down(args) => down::run(args, &context),
        Command::Restart(args) => restart::run(&args, &context),
        Command::Attach(args) => attach::run(&args, &context),
        Command::Status(args) => status::run(args, &context),
        Command::Logs(args) => logs::run(args, &context),
        Command::Metrics(args) => metrics::run(&args, &context),
        Command::Why(args) => why::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Run(args) => run::run(args, &context),
        Command::Exec(args) => exec::run(&args, &context),
        Command::Port(args) => port::run(args, &context),
        Command::Init(args) => init::run(&args, &context),
        Command::Import(args) => import::run(&args, &context),
        Command::Venv(args) => venv::run(args, &context),
        Command::Compose(args) => compose::run(&args, &context),
        Command::Export(args) => export::run(&args, &context),
        Command::Config(args) => config::run(&args, &context),
        Command::Schema(args) => schema::run(&args, &context),
        Command::Completions(args) => completions::run(&args, Cli::command(), &context),
    };
    ended.unwrap_or_else(|problems| context.fail(&problems.0))
}

/// Help was asked for, or the arguments are wrong.
fn not_parsed(
    error: &clap::Error,
    words: &[String],
    arguments: Vec<OsString>,
    command: clap::Command,
    program: &str,
) -> u8 {
    if let Some(problem) = unknown_command(error, words, &command) {
        return print_problem(&problem, program).code();
    }
    let mut options = words.iter().take_while(|word| *word != "--");
    let is_short = error.kind() == ErrorKind::DisplayHelp && options.all(|word| word != "--help" && word != "help");
    let short = is_short.then(|| short_help(command).try_get_matches_from(arguments));
    let error = short.as_ref().and_then(|it| it.as_ref().err()).unwrap_or(error);
    // clap knows which stream, and 2 from 0.
    print_help(&error.render().to_string(), error.use_stderr());
    error.exit_code().try_into().unwrap_or(2)
}

/// What `-h` shows: the command's own arguments and commands, each in few words, and nothing else.
fn short_help(command: clap::Command) -> clap::Command {
    const GLOBAL: [&str; 5] = ["file", "format", "color", "quiet", "verbose"];
    let hide = |command: clap::Command, name| command.mut_arg(name, |arg| arg.hide(true));
    short(GLOBAL.into_iter().fold(command, hide))
}

fn short(command: clap::Command) -> clap::Command {
    // What stands after a semicolon is detail.
    let few_words = |text: &clap::builder::StyledStr| text.to_string().split(';').next().map(str::to_owned);
    let about = command.get_about().and_then(few_words);
    command
        .about(about.unwrap_or_default())
        .after_help("`--help` has more: the options of every command, examples, exit codes.")
        .mut_args(|arg| {
            let help = arg.get_help().and_then(few_words);
            arg.help(help.unwrap_or_default())
        })
        .mut_subcommands(short)
}

/// Does nothing, but where devtasks has started this program once more, beside a run or in the background: there it
/// does that work, and ends the process.
///
/// For the first line of `main` in a program that has a parser of its own, or does anything else first. [`main`] and
/// [`run_from`] call it, too. Without it the first `up` names this line, and starts nothing.
pub fn helpers() {
    if let Some(job) = Job::here() {
        os::close_inherited();
        os::undo_inherited();
        leave(catch_unwind(|| container::attend(job)).unwrap_or_else(|_| bug().code()));
    }
    if let Some((program, arguments)) = again::here() {
        let run = || from_arguments(arguments, program);
        leave(catch_unwind(run).unwrap_or_else(|_| bug().code()));
    }
    let Some(helper) = Helper::here() else { return };
    os::close_inherited();
    os::undo_inherited();
    reexec::greet();
    let exit = catch_unwind(|| match helper {
        Helper::Watchdog { run, checkout, on_exit } => {
            watchdog::guard(&run, &checkout, on_exit);
            Exit::Done
        }
        Helper::Supervisor {
            project,
            checkout,
            on_exit,
            metrics,
        } => supervise::run(&project, &checkout, on_exit, metrics),
    });
    leave(exit.unwrap_or_else(|_| bug()).code());
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "a helper stands for `main`: the host's own must not go on"
)]
fn leave(code: u8) -> ! {
    std::process::exit(code.into())
}

/// The program as the user typed it. Run as a cargo subcommand, the subcommand's name is taken out of the arguments.
fn program(arguments: &mut Vec<OsString>) -> String {
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

/// Puts the program as the user typed it into every example, where `devtasks` stands for it.
fn with_program_name(command: clap::Command, program: &str) -> clap::Command {
    let shown = |text: String| text.replace("devtasks ", &format!("{program} "));
    let after_help = command.get_after_help().map(|text| shown(text.to_string()));
    let command = command.mut_subcommands(|subcommand| with_program_name(subcommand, program));
    match after_help {
        Some(text) => command.after_help(text),
        None => command,
    }
}

/// One command brings the development stack up, and a busy port explains itself and gets out of the way
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  devtasks up               start everything; Ctrl-C stops it
  devtasks up backend       start one service and what it depends on
  devtasks restart backend  stop one service and start it again
  devtasks down             stop everything, and prove that it is gone
  devtasks port who 8000    who holds port 8000?
  devtasks port kill 8000   end them, after a question
  devtasks port ls          list all listening ports

Exit codes:
  0    success, or nothing to do
  1    a service or a check failed
  2    wrong usage, or devtasks.toml is wrong
  3    a port stays busy
  4    not ready in time
  5    a command, venv, interpreter, env file or directory is missing
  6    refused: a protected process, another checkout's, or not confirmed
  7    a process or a port survived
  130  interrupted by Ctrl-C
Several at once: the first of 130, 2, 7, 6, 3, 5, 4, 1.";

#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    #[command(visible_alias = "stop")]
    Down(down::Args),
    Restart(restart::Args),
    Attach(attach::Args),
    #[command(visible_aliases = ["ps", "check"])]
    Status(status::Args),
    Logs(logs::Args),
    Why(why::Args),
    Explain(explain::Args),
    Metrics(metrics::Args),
    Doctor(doctor::Args),
    Run(run::Args),
    Exec(exec::Args),
    Env(env::Args),
    Port(port::Args),
    Init(init::Args),
    Import(import::Args),
    Venv(venv::Args),
    Compose(compose::Args),
    Export(export::Args),
    Config(config::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_with_a_code_of_the_contract() {
        // Without the words of std's hook.
        let ended = without_panic(|| std::panic::resume_unwind(Box::new("a bug")));
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::from(1)));
        let ended = without_panic(|| 3);
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::from(3)));
    }
}

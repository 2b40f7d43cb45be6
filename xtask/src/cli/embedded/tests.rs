//! Hosts with options of their own: what they type, and what our command gets.

use clap::Parser;

use super::*;

/// The parser's own checks, which need a built command, and what our command gets: `verbose quiet file` as typed.
#[track_caller]
fn check<Host: Parser>(typed: &str, ours: impl Fn(Host) -> Command, expected: &str) {
    Host::command().debug_assert();
    let host = Host::try_parse_from(typed.split(' ')).unwrap_or_else(|error| panic!("{error}"));
    let Global {
        file, verbose, quiet, ..
    } = ours(host).options;
    assert_eq!(format!("{verbose} {quiet} {file:?}"), expected, "{typed}");
}

#[derive(Debug, Parser)]
enum Plain {
    #[command(flatten)]
    Stack(Command),
    Codegen,
}

#[derive(Debug, Parser)]
enum Apart {
    Stack(Args),
    /// Has the name of a command of ours.
    Run,
}

/// Has words that are ours too, one with another type.
#[derive(Debug, Parser)]
struct Talkative {
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[arg(long = "quiet", short = 'q', global = true)]
    is_quiet: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    Stack(Args),
    #[command(flatten)]
    Beside(Command),
}

#[test]
fn our_options_are_those_of_our_commands() {
    let ours = |host| match host {
        Plain::Stack(ours) => ours,
        Plain::Codegen => panic!("that is not ours"),
    };
    check("xtask up -v --file a.toml", ours, "true false Some(\"a.toml\")");
    check("xtask port who 8000 -q", ours, "false true None");
    check("xtask port -q who 8000", ours, "false true None");
    assert!(Plain::try_parse_from(["xtask", "codegen", "-q"]).is_err());
}

#[test]
fn below_a_word_they_stand_anywhere() {
    let ours = |host| match host {
        Apart::Stack(Args(ours)) => ours,
        Apart::Run => panic!("that is not ours"),
    };
    check("xtask stack -v up --file a.toml", ours, "true false Some(\"a.toml\")");
    check("xtask stack port who 8000 -q", ours, "false true None");
    assert!(matches!(Apart::try_parse_from(["xtask", "run"]), Ok(Apart::Run)));
}

#[test]
fn an_option_of_the_host_stands_for_ours() {
    let ours = |host: Talkative| match host.task {
        Task::Stack(Args(ours)) | Task::Beside(ours) => ours,
    };
    for typed in ["xtask up -vv --quiet", "xtask stack up -vv -q", "xtask -vv stack up"] {
        check(typed, ours, "false false None");
    }
}

#[test]
fn examples_name_the_command_as_it_is_typed() {
    let help = |typed: &[&str]| Apart::try_parse_from(typed).unwrap_err().to_string();
    let usage = help(&["xtask", "stack", "port", "who", "--help"]);
    assert!(usage.contains("\n  xtask stack port who 8000\n"), "{usage}");
    let plain = Plain::try_parse_from(["xtask", "down", "--help"]).unwrap_err();
    assert!(plain.to_string().contains("\n  xtask down frontend"), "{plain}");
}

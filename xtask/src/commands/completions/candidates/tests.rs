//! A command line and its cursor → what is offered.

use clap::{Parser, Subcommand, ValueEnum, ValueHint};

use super::{Candidate, DeclaredNames, candidates};

#[derive(Parser)]
struct Program {
    #[arg(long, global = true)]
    file: Option<std::path::PathBuf>,
    /// Say more; a lot
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Words,
}

#[derive(Subcommand)]
enum Words {
    /// Start; in order
    Up {
        services: Vec<String>,
        #[arg(long)]
        profile: Vec<String>,
        #[arg(long, value_enum)]
        how: Option<How>,
        #[arg(long, short)]
        number: Option<u32>,
        #[arg(long, hide = true)]
        hidden: bool,
    },
    #[command(visible_alias = "stop")]
    Down,
    Exec {
        service: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_hint = ValueHint::CommandWithArguments)]
        command: Vec<String>,
    },
    Run {
        task: Option<String>,
    },
    Venv {
        #[command(subcommand)]
        command: Below,
    },
}

#[derive(Subcommand)]
enum Below {
    Sync {
        names: Vec<String>,
        #[arg(long, value_hint = ValueHint::DirPath)]
        output: Option<std::path::PathBuf>,
    },
}

#[derive(Clone, ValueEnum)]
enum How {
    Ask,
    Kill,
}

fn names(file: Option<&str>) -> DeclaredNames {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match file {
        None => DeclaredNames {
            services: owned(&["db", "backend"]),
            tasks: owned(&["migrate"]),
            venvs: owned(&["api"]),
            profiles: owned(&["web", "work"]),
        },
        Some(_) => DeclaredNames {
            services: owned(&["other"]),
            ..DeclaredNames::default()
        },
    }
}

/// `line` ends at the cursor; the candidates stand side by side.
#[track_caller]
fn check(line: &str, expected: &str) {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let found = candidates(<Program as clap::CommandFactory>::command(), &words, &names);
    let shown: Vec<String> = found
        .into_iter()
        .map(|candidate| match candidate {
            Candidate::Word { word, .. } => word,
            Candidate::Files => ":files".to_owned(),
            Candidate::Directories => ":directories".to_owned(),
            Candidate::Programs => ":programs".to_owned(),
        })
        .collect();
    assert_eq!(shown.join(" "), expected, "{line}");
}

#[test]
fn commands_come_first() {
    check("", "up down exec run venv help");
    check("u", "up");
    check("venv ", "sync help");
    check("--verbose e", "exec");
    check("-v e", "exec");
    check("--file x e", "exec");
    check("nonsense ", "");
}

#[test]
fn options_are_offered_after_a_hyphen() {
    check("up --", "--profile --how --number --file --verbose --help");
    check("up --p", "--profile");
    check("up -", "--profile --how -n --number --file -v --verbose -h --help");
    check("stop --f", "--file");
}

#[test]
fn names_are_those_of_the_project_and_each_is_offered_once() {
    check("up ", "db backend migrate");
    check("up db ", "backend migrate");
    check("up db b", "backend");
    check("up --file other.toml ", "other");
    check("--file=other.toml up ", "other");
    check("run ", "migrate");
    check("run migrate ", "");
    check("venv sync ", "api");
}

#[test]
fn values_of_options_in_every_form() {
    check("up --profile ", "web work");
    check("up --profile web --profile w", "web work");
    check("up --profile=we", "--profile=web");
    check("up --profile = we", "web");
    check("up --how ", "ask kill");
    check("up -n ", "");
    check("up -n 3 b", "backend");
    check("up -n3 b", "backend");
    check("up -vn 3 b", "backend");
    check("--file ", ":files");
    check("venv sync --output ", ":directories");
}

#[test]
fn what_follows_two_hyphens_is_no_option() {
    check("up -- -", "");
    check("up -- b", "backend");
    check("exec ", "db backend migrate");
    check("exec db ", ":programs :files");
    check("exec db -- ls -", ":programs :files");
    check("exec db ls --", ":programs :files");
}

#[test]
fn a_line_tells_what_a_word_is() {
    let words = ["up".to_owned()];
    let found = candidates(<Program as clap::CommandFactory>::command(), &words, &names);
    let expected = Candidate::Word {
        word: "up".to_owned(),
        about: "Start".to_owned(),
    };
    assert_eq!(found, [expected]);
}

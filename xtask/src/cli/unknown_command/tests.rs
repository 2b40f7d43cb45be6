//! Words of other tools and mistyped ones → the hint; every hint leads to a command that exists.

use clap::CommandFactory;
use clap::error::ErrorKind;
use expect_test::{Expect, expect};

use super::{FOREIGN, join, meanings, unknown_command};
use crate::cli::Cli;
use crate::report::paint::Paint;
use crate::report::problem::problem;

/// What is said of a command line.
fn said(typed: &str) -> String {
    let words: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
    let all = Cli::command();
    let parsed = all
        .clone()
        .try_get_matches_from(["devtasks"].into_iter().chain(words.iter().map(String::as_str)));
    let unknown = unknown_command(&parsed.expect_err(typed), &words, &all);
    unknown.map_or(String::new(), |it| problem(&it, "devtasks", Paint::new(false)))
}

#[track_caller]
fn check(lines: &[&str], expected: Expect) {
    let shown = |typed: &&str| format!("$ devtasks {typed}\n{}", said(typed));
    expected.assert_eq(&lines.iter().map(shown).collect::<Vec<_>>().join("\n"));
}

#[test]
fn words_of_other_tools_get_the_command_with_what_was_typed() {
    check(
        &[
            "start",
            "start backend -d",
            "kill 8000",
            "kill",
            "kill backend",
            "free",
            "free 8000",
            "who 8000 8001",
            "ls",
            "open",
            "version",
        ],
        expect![[r#"
            $ devtasks start
            error: there is no command `start`

            hint: start the stack with `devtasks up`

            $ devtasks start backend -d
            error: there is no command `start`

            hint: start the stack with `devtasks up backend`

            $ devtasks kill 8000
            error: there is no command `kill`

            hint: stop who holds a port with `devtasks port kill 8000`

            $ devtasks kill
            error: there is no command `kill`

            hint: stop who holds a port with `devtasks port kill PORT`
            hint: or stop the stack with `devtasks down`

            $ devtasks kill backend
            error: there is no command `kill`

            hint: stop the stack with `devtasks down backend`

            $ devtasks free
            error: there is no command `free`

            hint: print a free port with `devtasks port find`
            hint: or stop who holds a port with `devtasks port kill PORT`

            $ devtasks free 8000
            error: there is no command `free`

            hint: print a free port with `devtasks port find --near 8000`
            hint: or stop who holds a port with `devtasks port kill 8000`

            $ devtasks who 8000 8001
            error: there is no command `who`

            hint: see who holds a port with `devtasks port who 8000 8001`

            $ devtasks ls
            error: there is no command `ls`

            hint: see what runs with `devtasks status`
            hint: or see all listening ports with `devtasks port ls`

            $ devtasks open
            error: there is no command `open`

            hint: see the ports of each service with `devtasks status`

            $ devtasks version
            error: there is no command `version`

            hint: print the version with `devtasks --version`
        "#]],
    );
    check(
        &[
            "configure",
            "completion",
            "shell",
            "wait 5432",
            "--file x log",
            "port 8000",
            "port list",
            "venv create",
        ],
        expect![[r#"
            $ devtasks configure
            error: there is no command `configure`

            hint: see what devtasks.toml comes to with `devtasks config`
            hint: or print the environment of a service with `devtasks env SERVICE`

            $ devtasks completion
            error: there is no command `completion`

            hint: complete words in your shell with `devtasks completions bash`

            $ devtasks shell
            error: there is no command `shell`

            hint: start a shell in the environment of a service with `devtasks exec SERVICE -- sh`

            $ devtasks wait 5432
            error: there is no command `wait`

            hint: wait for a port with `devtasks port wait 5432 --busy`
            hint: or wait for the stack with `devtasks up --detach`

            $ devtasks --file x log
            error: there is no command `log`

            hint: follow the log with `devtasks logs -f`

            $ devtasks port 8000
            error: there is no command `port 8000`

            hint: see who holds it with `devtasks port who 8000`

            $ devtasks port list
            error: there is no command `port list`

            hint: see all listening ports with `devtasks port ls`

            $ devtasks venv create
            error: there is no command `venv create`

            hint: install Python packages with `devtasks venv sync`
        "#]],
    );
}

#[test]
fn a_mistyped_command_gets_the_nearest_or_the_list() {
    check(
        &["upp", "statsu", "port wo 8000", "fly", "port fly", "\u{1b}[31mx"],
        expect![[r#"
            $ devtasks upp
            error: there is no command `upp`

            hint: did you mean `devtasks up`?

            $ devtasks statsu
            error: there is no command `statsu`

            hint: did you mean `devtasks status`?

            $ devtasks port wo 8000
            error: there is no command `port wo`

            hint: did you mean `devtasks port who`?

            $ devtasks fly
            error: there is no command `fly`

            hint: see all commands with `devtasks --help`

            $ devtasks port fly
            error: there is no command `port fly`

            hint: see all commands with `devtasks port --help`

            $ devtasks [31mx
            error: there is no command `\x1b[31mx`

            hint: see all commands with `devtasks --help`
        "#]],
    );
}

#[test]
fn every_word_leads_to_a_command_that_exists() {
    let mut n_hints = 0;
    for it in FOREIGN {
        for word in it.words {
            let known = Cli::command();
            let parent = known.find_subcommand(it.below).unwrap_or(&known);
            assert!(
                parent.find_subcommand(word).is_none(),
                "`{}` exists",
                join(it.below, word)
            );
            for rest in [vec![], vec!["8000".to_owned()], vec!["backend".to_owned()]] {
                let hints = meanings(it.below, word, &rest);
                assert!(!hints.is_empty(), "{word} {rest:?}");
                for hint in hints {
                    let text = hint.render("devtasks");
                    let command = text.split('`').nth(1).unwrap().replace("PORT", "8000");
                    let parsed = Cli::command().try_get_matches_from(command.split(' '));
                    let is_known = parsed.map_or_else(|it| it.kind() == ErrorKind::DisplayVersion, |_| true);
                    assert!(is_known, "{word} {rest:?}: {command}");
                    n_hints += 1;
                }
            }
        }
    }
    assert!(n_hints > 100, "{n_hints}");
}

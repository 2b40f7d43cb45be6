//! Completions in the real shells, each on a terminal: a line is typed, Tab is pressed, and the screen shows what came.

use std::process::Command;

use crate::it::sandbox::{Sandbox, Terminal, copy_program};

/// It does not read whole: the last line is a mistake, as files have while they are edited.
const PROJECT: &str = r#"
[venvs.api]
path = ".venv"
[services.backend]
command = "x"
[services.frontend]
command = "x"
profiles = ["web"]
[tasks.migrate]
command = "x"
[services.broken]
prot = 1
"#;

/// What is typed before Tab, and what stands on the screen then.
const LINES: &[(&str, &str)] = &[
    ("devtasks stat", "devtasks status"),
    ("devtasks up --det", "devtasks up --detach"),
    ("devtasks up bac", "devtasks up backend"),
    ("devtasks logs backend fro", "devtasks logs backend frontend"),
    ("devtasks run mig", "devtasks run migrate"),
    ("devtasks up --profile w", "devtasks up --profile web"),
    ("devtasks up --profile=w", "devtasks up --profile=web"),
    ("devtasks venv sync ap", "devtasks venv sync api"),
    ("devtasks up --on-conflict ne", "devtasks up --on-conflict next"),
    ("devtasks --file devt", "devtasks --file devtasks.toml"),
    (
        "devtasks export compose --output a-d",
        "devtasks export compose --output a-directory",
    ),
    (
        "devtasks exec backend -- true-l",
        "devtasks exec backend -- true-looking",
    ),
    ("devtasks port who fr", "devtasks port who frontend"),
    ("cargo devtasks restart bac", "cargo devtasks restart backend"),
    ("cargo xtask why fro", "cargo xtask why frontend"),
    // cargo's own completion is left alone.
    ("cargo their", "cargo theirs"),
];

/// A project beside which `devtasks` and a command for the PATH lie, and the shell's commands that load both forms.
fn project(shell: &str, load: &[&str]) -> (Sandbox, Terminal) {
    let mut sandbox = Sandbox::new(PROJECT);
    sandbox.write("a-directory/here", "");
    sandbox.write_script("bin/true-looking", "#!/bin/sh\n");
    let bin = sandbox.project().join("bin");
    copy_program(env!("CARGO_BIN_EXE_xtask").as_ref(), &bin.join("devtasks"));
    // For the form `cargo xtask`, which the variable of cargo tells.
    copy_program(env!("CARGO_BIN_EXE_xtask").as_ref(), &bin.join("xtask"));
    let path = std::env::var("PATH").unwrap();
    sandbox.set("PATH", &format!("{}:{path}", bin.display()));
    let [program, arguments @ ..] = &shell.split(' ').collect::<Vec<_>>()[..] else {
        panic!("no shell");
    };
    let mut command: Command = sandbox.other(program);
    command.args(arguments);
    let terminal = Terminal::start(&command);
    for line in load {
        terminal.press(&format!("{line}\n"));
    }
    (sandbox, terminal)
}

#[track_caller]
fn check(shell: &str, load: &[&str]) {
    let (_sandbox, terminal) = project(shell, load);
    // What was typed is no proof that it was done: the words come together only on the screen.
    terminal.press("echo load\"\"ed\n");
    terminal.wait_for_screen("loaded");
    for (typed, expected) in LINES {
        terminal.press(&format!("{typed}\t"));
        terminal.wait_for_screen(expected);
        // Ctrl-U empties the line, Ctrl-L the screen.
        terminal.press("\x15\x0c");
    }
    // Several: they are listed. A task is one of them.
    terminal.press("devtasks up \t\t");
    for name in ["backend", "frontend", "migrate", "broken"] {
        terminal.wait_for_screen(name);
    }
    terminal.press("\x15exit\n");
    terminal.wait();
}

#[test]
fn bash() {
    check(
        "bash --norc --noprofile -i",
        &[
            "theirs() { COMPREPLY=(theirs); }; complete -F theirs cargo",
            "source <(devtasks completions bash)",
            "source <(CARGO=cargo xtask completions bash)",
        ],
    );
}

#[test]
fn zsh() {
    check(
        "zsh -f -i",
        &[
            "autoload -U compinit && compinit -u -D",
            "theirs() { compadd theirs }; compdef theirs cargo",
            "source <(devtasks completions zsh)",
            "source <(CARGO=cargo xtask completions zsh)",
        ],
    );
}

#[test]
fn fish() {
    check(
        "fish --no-config -i",
        &[
            "complete -c cargo -f -n '__fish_use_subcommand' -a theirs",
            "devtasks completions fish | source",
            "env CARGO=cargo xtask completions fish | source",
        ],
    );
}

//! What all commands share: the global flags, colour, and how the program calls itself.

use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::sandbox::{Ended, Running, Sandbox, Terminal, copy_program};

#[test]
fn file_names_the_project_from_anywhere() {
    let (sandbox, port) = Sandbox::with_api();
    let file = sandbox.project().join("devtasks.toml").display().to_string();
    let ended = sandbox
        .start_in(&sandbox.home(), &["--file", &file, "status"])
        .wait()
        .with(1);
    assert!(ended.stdout.contains(&port.to_string()), "{ended:?}");
    let ended = sandbox
        .start_in(&sandbox.home(), &["status", "--file", "no/such.toml"])
        .wait()
        .with(2);
    assert!(
        ended
            .stderr
            .starts_with("error: cannot read `no/such.toml`: no such file or directory\n"),
        "{ended:?}"
    );
}

#[test]
fn the_nearest_file_upward_counts() {
    let (sandbox, _) = Sandbox::with_api();
    let below = sandbox.project().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let ended = sandbox.start_in(&below, &["status"]).wait().with(1);
    assert!(ended.stdout.contains("api"), "{ended:?}");
}

#[test]
fn without_a_project_every_command_says_so() {
    let sandbox = Sandbox::new("");
    let home = sandbox.home();
    for arguments in [&["up"][..], &["down"], &["status"], &["doctor"]] {
        let ended = sandbox.start_in(&home, arguments).wait().with(2);
        assert_eq!(
            sandbox.plain(&ended.stderr),
            "error: there is no `devtasks.toml` in `[sandbox]/home` or any directory above

hint: go to a project's directory, or name its file with `--file PATH/devtasks.toml`
"
        );
    }
}

#[test]
fn wrong_usage_is_2_and_help_is_0() {
    let sandbox = Sandbox::new("");
    for wrong in [
        &[][..],
        &["upp"],
        &["up", "--timeout", "soon"],
        &["up", "--on-conflict", "maim"],
        &["--format", "yaml", "up"],
    ] {
        let ended = sandbox.run(wrong).with(2);
        assert_eq!(ended.stdout, "", "{wrong:?}");
        assert!(!ended.stderr.is_empty(), "{wrong:?}");
    }
    for right in [
        &["--help"][..],
        &["up", "--help"],
        &["port", "who", "-h"],
        &["--version"],
        &["help"],
    ] {
        let ended = sandbox.run(right).with(0);
        assert_eq!(ended.stderr, "", "{right:?}");
        assert!(!ended.stdout.is_empty(), "{right:?}");
    }
}

#[test]
fn help_lists_what_works() {
    let sandbox = Sandbox::new("");
    let help = sandbox.run(&["--help"]).with(0).stdout;
    for command in [
        "up",
        "down",
        "restart",
        "attach",
        "status",
        "logs",
        "why",
        "doctor",
        "run",
        "exec",
        "env",
        "port",
        "init",
        "import",
        "venv",
        "compose",
        "export",
        "config",
        "schema",
        "completions",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
}

/// Is `status` of a stack that does not run coloured?
fn is_coloured(variables: &[(&str, &str)], arguments: &[&str]) -> bool {
    let (mut sandbox, _) = Sandbox::with_api();
    variables.iter().for_each(|(name, value)| sandbox.set(name, value));
    let ended = sandbox.run(&[&["status"], arguments].concat()).with(1);
    ended.stdout.contains("\x1b[")
}

#[test]
fn colour_is_for_terminals_unless_told_otherwise() {
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&[], &["--color", "always"]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(is_coloured(&[("NO_COLOR", "1")], &["--color", "always"]));

    let (mut sandbox, _) = Sandbox::with_api();
    assert!(sandbox.terminal(&["status"]).wait().with(1).stdout.contains("\x1b["));
    assert!(
        !sandbox
            .terminal(&["status", "--color", "never"])
            .wait()
            .with(1)
            .stdout
            .contains("\x1b[")
    );
    sandbox.set("NO_COLOR", "1");
    assert!(!sandbox.terminal(&["status"]).wait().with(1).stdout.contains("\x1b["));
}

#[test]
fn json_is_never_coloured() {
    let (sandbox, _) = Sandbox::with_api();
    sandbox
        .run(&["status", "--format", "json", "--color", "always"])
        .with(1)
        .json();
}

#[test]
fn quiet_silences_what_went_well_and_nothing_else() {
    let (sandbox, port) = Sandbox::with_api();
    let ended = sandbox.run(&["down", "--quiet"]).with(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = sandbox.run(&["up", "--quiet"]).with(3);
    assert!(ended.stderr.contains("is taken by"), "{ended:?}");
}

/// The hint of `status`, with the program copied to this name and started like that.
fn called(name: &str, first_argument: Option<&str>, cargo: bool) -> Ended {
    let (mut sandbox, _) = Sandbox::with_api();
    if cargo {
        sandbox.set("CARGO", "/usr/bin/cargo");
    }
    let program = sandbox.home().join(name);
    copy_program(Path::new(env!("CARGO_BIN_EXE_xtask")), &program);
    let mut command = sandbox.other(&program);
    command.args(first_argument).arg("status");
    Running::start(command).wait().with(1)
}

#[test]
fn messages_name_the_form_that_was_typed() {
    let check = |name, first_argument, cargo, form: &str| {
        let ended = called(name, first_argument, cargo);
        assert!(
            ended.stdout.ends_with(&format!("hint: start it with `{form} up`\n")),
            "{form} {ended:?}"
        );
    };
    check("xtask", None, true, "cargo xtask");
    check("xtask", None, false, "xtask");
    check("devtasks", None, false, "devtasks");
    // Started by a program that cargo runs, it is still called by its own name.
    check("devtasks", None, true, "devtasks");
    check("cargo-devtasks", Some("devtasks"), true, "cargo devtasks");
    check("cargo-devtasks", None, false, "cargo devtasks");
}

#[test]
fn usage_names_the_form_that_was_typed() {
    let sandbox = Sandbox::new("");
    let mut command = sandbox.command(&["up", "--help"]);
    command.env("CARGO", "/usr/bin/cargo").arg0("xtask");
    let ended = Running::start(command).wait().with(0);
    assert!(ended.stdout.contains("Usage: cargo xtask up"), "{ended:?}");
}

#[cfg(target_os = "linux")] // `/dev/full`.
#[test]
fn a_full_stdout_is_no_success() {
    let (sandbox, _) = Sandbox::with_api();
    for arguments in [&["status"][..], &["doctor"], &["port", "who", "1"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = sandbox.command(arguments);
        let ended = Running::follow(command.stdout(full).stderr(std::process::Stdio::piped()))
            .wait()
            .with(1);
        assert!(
            ended
                .stderr
                .contains("error: cannot write `stdout`: no space left on the disk"),
            "{ended:?}"
        );
    }
}

#[test]
fn h_is_short_and_help_is_whole() {
    let sandbox = Sandbox::new("");
    assert_eq!(
        sandbox.run(&["port", "wait", "-h"]).with(0).stdout,
        "Wait until a port is free, or until a process listens on it

Usage: xtask port wait [OPTIONS] <--free|--busy> <PORT|SERVICE>...

Arguments:
  <PORT|SERVICE>...  A number, or a service for all of its ports

Options:
      --free                Until it can be bound
      --busy                Until a process listens on it
      --timeout <DURATION>  Give up after so long, such as 30s or 2m
  -h, --help                Print help

`--help` has more: the options of every command, examples, exit codes.
"
    );
    let short = sandbox.run(&["-h"]).with(0).stdout;
    assert!(
        short.contains("\n  logs         Show what") && !short.contains("--color"),
        "{short}"
    );
    // In one line each.
    let below = short.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = below.take_while(|line| !line.is_empty());
    assert!(
        listed.clone().count() > 10 && listed.into_iter().all(|line| !line.starts_with("   ")),
        "{short}"
    );
    let whole = sandbox.run(&["port", "wait", "--help"]).with(0).stdout;
    assert!(
        whole.contains("\nOptions of every command:\n") && whole.contains("\nExit codes:\n"),
        "{whole}"
    );
    for the_same in [
        &["help", "port", "wait"][..],
        &["port", "wait", "-h", "--help"],
        &["port", "help", "wait"],
    ] {
        assert_eq!(sandbox.run(the_same).with(0).stdout, whole);
    }
}

#[test]
fn help_fits_the_terminal_without_a_broken_word() {
    let mut sandbox = Sandbox::new("");
    sandbox.set("NO_COLOR", "1");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = sandbox.run(&["up", "--help"]).with(0).stdout;
    for (columns, widest) in [(60, 60), (160, 100)] {
        let terminal = Terminal::of_size(&sandbox.command(&["up", "--help"]), 40, columns);
        let shown = terminal.wait().with(0).stdout;
        let longest = shown.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(widest), "{longest:?}\n{shown}");
        assert_eq!(words(&shown), words(&whole));
    }
}

#[test]
fn a_command_that_does_not_exist_gets_one_tip() {
    let sandbox = Sandbox::new("");
    let said = |arguments: &[&str]| sandbox.run(arguments).with(2).stderr;
    assert_eq!(
        said(&["kill", "8000"]),
        "error: there is no command `kill`\n\nhint: stop who holds a port with `xtask port kill 8000`\n"
    );
    assert_eq!(
        said(&["upp"]),
        "error: there is no command `upp`\n\nhint: did you mean `xtask up`?\n"
    );
    assert_eq!(
        said(&["--file", "x", "free"]),
        "error: there is no command `free`\n\nhint: print a free port with `xtask port find`\n\
         hint: or stop who holds a port with `xtask port kill PORT`\n"
    );
}

//! The xtasks of `docs/examples`, each with devtasks inside in another form: built and run.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::it::sandbox::{Ended, Running, Sandbox, eventually_gone};

const EXAMPLES: [&str; 3] = ["xtask-whole", "xtask-words", "xtask-clap"];

/// Builds them as a reader would; where they are.
fn built() -> PathBuf {
    let shell = Shell::new().expect("a working directory");
    shell.change_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let packages = EXAMPLES.map(|name| ["--package", name]).concat();
    let cargo = env!("CARGO");
    cmd!(shell, "{cargo} build --quiet --locked {packages...}")
        .quiet()
        .run()
        .expect("they are built");
    let deps = std::env::current_exe().expect("a test is a file");
    let target = deps.parent().and_then(Path::parent).and_then(Path::parent);
    target
        .expect("cargo puts tests below its target directory")
        .join("debug")
}

fn start(sandbox: &Sandbox, program: &Path, typed: &str) -> Running {
    let mut command = sandbox.other(program);
    command.args(typed.split_whitespace()).env("CARGO", env!("CARGO"));
    Running::start(command)
}

#[track_caller]
fn ended(sandbox: &Sandbox, program: &Path, typed: &str, code: i32) -> Ended {
    let ended = start(sandbox, program, typed).wait();
    assert_eq!(ended.code, Some(code), "{typed}: {ended:?}");
    ended
}

/// Foreground and background, with the watchdog of the first.
fn brings_a_stack_up(program: &Path) {
    let sandbox = Sandbox::new("[services.api]\ncommand = 'sleep 1000'\n[services.db]\ncommand = 'sleep 1000'\n");
    let up = start(&sandbox, program, "up");
    up.wait_for("eady in ");
    let watchdog = up.watchdog().expect("it was started and recognised");
    up.kill_alone();
    eventually_gone(watchdog);
    sandbox.nothing_is_left();
    ended(&sandbox, program, "up -d", 0);
    let status = ended(&sandbox, program, "status --format json", 0);
    assert_eq!(status.stdout.matches(r#""state":"running""#).count(), 2, "{status:?}");
    ended(&sandbox, program, "--help", 0);
    ended(&sandbox, program, "down", 0);
    sandbox.nothing_is_left_soon();
    assert!(ended(&sandbox, program, "upp", 2).stderr.contains("upp"));
}

#[test]
fn each_form_brings_a_stack_up_and_ends_it() {
    let directory = built();
    for name in EXAMPLES {
        brings_a_stack_up(&directory.join(name));
    }
    let sandbox = Sandbox::new("[services.api]\ncommand = 'sleep 1000'\n");
    for name in &EXAMPLES[1..] {
        let codegen = ended(&sandbox, &directory.join(name), "codegen", 0);
        assert_eq!(codegen.stdout, "generated 3 files\n");
        let why = ended(&sandbox, &directory.join(name), "restart", 1);
        assert!(why.stderr.contains("start it with `cargo xtask up`"), "{why:?}");
    }
}

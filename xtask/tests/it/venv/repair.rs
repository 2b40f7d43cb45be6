//! Every way a venv can be broken, for real, and what the hint is worth.

use std::fs;
use std::os::unix::fs::symlink;

use super::{WITH_REQUIREMENTS, do_as_told, hints, pip, project};
use crate::sandbox::{Sandbox, copy_program, output};

/// Breaks the venv of the project.
type Break = fn(&Sandbox);

fn removed(sandbox: &Sandbox) {
    fs::remove_dir_all(sandbox.project().join("back end/.venv")).unwrap();
}

fn moved(sandbox: &Sandbox) {
    removed(sandbox);
    let older = sandbox.project().join("older");
    let made = output(
        sandbox
            .other("python3")
            .args(["-m", "venv", "--without-pip"])
            .arg(&older),
    );
    assert!(made.status.success(), "{made:?}");
    fs::rename(older, sandbox.project().join("back end/.venv")).unwrap();
}

fn without_interpreter(sandbox: &Sandbox) {
    let python = sandbox.project().join("back end/.venv/bin/python");
    fs::remove_file(&python).unwrap();
    symlink(sandbox.project().join("upgraded/python3"), &python).unwrap();
}

fn looping(sandbox: &Sandbox) {
    let bin = sandbox.project().join("back end/.venv/bin");
    for (link, target) in [("python", "python3"), ("python3", "python")] {
        fs::remove_file(bin.join(link)).unwrap();
        symlink(target, bin.join(link)).unwrap();
    }
}

fn without_library(sandbox: &Sandbox) {
    replace_interpreter(
        sandbox,
        "echo 'error while loading shared libraries: libpython' >&2; exit 127",
    );
}

/// An interpreter of another version, for nothing says which the machine has.
fn of_another_version(sandbox: &Sandbox) {
    replace_interpreter(sandbox, "echo 2.6.9");
}

fn replace_interpreter(sandbox: &Sandbox, script: &str) {
    let python = sandbox.project().join("back end/.venv/bin/python");
    fs::remove_file(&python).unwrap();
    sandbox.write_script("broken", script);
    copy_program(&sandbox.project().join("broken"), &python);
}

fn lacking_a_package(sandbox: &Sandbox) {
    pip(sandbox, &["uninstall", "--yes", "desk"]);
}

fn with_an_old_package(sandbox: &Sandbox) {
    pip(sandbox, &["install", "lamp==1.0"]);
}

#[track_caller]
fn code(sandbox: &Sandbox) -> String {
    let document = sandbox.run(&["venv", "check", "--format", "json"]).json();
    let code = &document["venvs"][0]["findings"][0]["code"];
    code.as_str().unwrap_or("ok").to_owned()
}

/// Breaks a whole venv in each of these ways, and does as the hint says.
#[track_caller]
fn check(sandbox: &Sandbox, ways: &[(Break, &str)]) {
    for (way, expected) in ways {
        way(sandbox);
        assert_eq!(code(sandbox), *expected);
        let ended = sandbox.run(&["up"]).with(5);
        let hints = hints(sandbox);
        assert!(ended.stderr.contains(&hints[0]), "{hints:?}\n{ended:?}");
        do_as_told(sandbox, &hints[0]);
        assert_eq!(code(sandbox), "ok", "after {hints:?}");
    }
    let up = sandbox.start(&["up"]);
    up.wait_for("2.0");
    up.interrupt();
    up.wait().with(130);
}

fn with_packages() -> Sandbox {
    let sandbox = project(&WITH_REQUIREMENTS.replace("requirements =", "python = '>=3'\nrequirements ="));
    sandbox.write("back end/requirements.txt", "lamp>=2\ndesk\n");
    sandbox
}

#[test]
fn a_venv_that_is_missing_moved_or_without_its_interpreter_is_made_again() {
    let sandbox = with_packages();
    sandbox.run(&["venv", "sync"]).with(0);
    let ways: [(Break, &str); 3] = [
        (removed, "venv.missing"),
        (moved, "venv.moved"),
        (without_interpreter, "venv.interpreter_missing"),
    ];
    check(&sandbox, &ways);
}

#[test]
fn a_venv_whose_interpreter_loops_fails_or_is_too_old_is_made_again() {
    let sandbox = with_packages();
    sandbox.run(&["venv", "sync"]).with(0);
    let ways: [(Break, &str); 3] = [
        (looping, "venv.interpreter_missing"),
        (without_library, "venv.interpreter_missing"),
        (of_another_version, "venv.python_version"),
    ];
    check(&sandbox, &ways);
}

#[test]
fn packages_that_are_missing_or_old_are_installed() {
    let sandbox = with_packages();
    sandbox.run(&["venv", "sync"]).with(0);
    let ways: [(Break, &str); 2] = [
        (lacking_a_package, "venv.requirements"),
        (with_an_old_package, "venv.requirements"),
    ];
    check(&sandbox, &ways);
}

#[test]
fn the_hint_for_a_venv_that_a_service_finds_works_as_printed() {
    let config = WITH_REQUIREMENTS.replace("venv = \"api\"", "venv = \"auto\"\nworking_dir = 'back end'");
    let config = config.replace(
        "[venvs.api]\npath = \"back end/.venv\"\nrequirements = \"back end/requirements.txt\"",
        "",
    );
    let sandbox = project(&config);
    sandbox.write("back end/requirements.txt", "lamp>=2\n");
    for way in [None, Some(looping as Break)] {
        way.inspect(|way| way(&sandbox));
        let hints = hints(&sandbox);
        assert!(hints[0].contains("python3 -m venv"), "{hints:?}");
        do_as_told(&sandbox, &hints[0]);
        assert_eq!(code(&sandbox), "ok", "after {hints:?}");
    }
    let up = sandbox.start(&["up"]);
    up.wait_for("2.0");
}

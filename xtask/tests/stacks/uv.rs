//! Venvs made by uv, real and of its newest release: what is asked of it, and what hints say, works as printed.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use xshell::{Shell, cmd};

use crate::it::sandbox::{Sandbox, output};

const PYPROJECT: &str = "
[project]
name = 'shop'
version = '0.1.0'
requires-python = '>=3.9'
dependencies = ['itsdangerous>=2.2']
";

/// A directory with uv alone, and one with the packages of these tests.
fn tools() -> &'static (PathBuf, PathBuf) {
    static TOOLS: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("uv");
        let shell = Shell::new().expect("a working directory");
        let (tools, bin, wheels) = (place.join("venv"), place.join("bin"), place.join("wheels"));
        cmd!(shell, "python3 -m venv {tools}")
            .run()
            .expect("a venv can be made");
        let pip = tools.join("bin/pip");
        cmd!(shell, "{pip} install --quiet uv").run().expect("uv can be had");
        for version in ["2.1.0", "2.2.0"] {
            let package = format!("itsdangerous=={version}");
            cmd!(shell, "{pip} download --quiet --no-deps --dest {wheels} {package}")
                .run()
                .expect("the package can be had");
        }
        shell.create_dir(&bin).expect("a directory can be made");
        shell.copy_file(tools.join("bin/uv"), &bin).expect("uv is one file");
        (bin, wheels)
    })
}

/// A project whose `PATH` begins with uv, which finds packages without the internet.
pub(super) fn project(config: &str) -> Sandbox {
    let (bin, wheels) = tools();
    let mut sandbox = Sandbox::new(config);
    let path = std::env::var("PATH").expect("there is a PATH");
    sandbox.set("PATH", &format!("{}:{path}", bin.display()));
    sandbox.set("UV_OFFLINE", "1");
    sandbox.set("UV_NO_INDEX", "1");
    sandbox.set("UV_FIND_LINKS", &wheels.display().to_string());
    sandbox
}

#[track_caller]
fn uv(sandbox: &Sandbox, arguments: &[&str]) {
    let ended = output(sandbox.other("uv").args(arguments));
    assert!(ended.status.success(), "{ended:?}");
}

/// The first hint of `doctor`, which has one finding.
#[track_caller]
fn hint(sandbox: &Sandbox) -> String {
    let document = sandbox.run(&["doctor", "--format", "json"]).with(1).json();
    let hint = document["findings"][0]["hints"][0].as_str();
    hint.unwrap_or_else(|| panic!("{document}")).to_owned()
}

#[track_caller]
fn do_as_told(sandbox: &Sandbox, hint: &str) {
    let command = hint.split('`').nth(1).expect("a hint names a command");
    let ended = output(sandbox.other("sh").arg("-c").arg(command));
    assert!(ended.status.success(), "{command}\n{ended:?}");
    sandbox.run(&["doctor"]).with(0);
}

#[test]
fn the_hint_for_a_uv_project_is_uv_sync_and_works() {
    let sandbox = project(
        "[services.api]\ncommand = \"python -c 'import itsdangerous'\"\nworking_dir = \"the api\"\nvenv = \"auto\"\n",
    );
    sandbox.write("the api/pyproject.toml", PYPROJECT);
    uv(&sandbox, &["lock", "--project", "the api"]);
    let missing = hint(&sandbox);
    assert_eq!(missing, "make it with `uv sync --project 'the api'`");
    do_as_told(&sandbox, &missing);
    // An upgrade has taken the interpreter away.
    let python = sandbox.project().join("the api/.venv/bin/python");
    std::fs::remove_file(&python).unwrap();
    std::os::unix::fs::symlink("/no/such/python3", &python).unwrap();
    let broken = hint(&sandbox);
    assert!(broken.contains("uv venv --clear"), "{broken}");
    do_as_told(&sandbox, &broken);
    let up = sandbox.run(&["up"]).with(0);
    assert!(!up.stderr.contains("error"), "{up:?}");
}

const WITH_PROJECT: &str = "[venvs.api]\npath = \"venvs/api\"\nproject = \"api\"\n[services.api]\n\
    command = \"python -c 'import itsdangerous'\"\nvenv = \"api\"\n";

#[track_caller]
fn check(sandbox: &Sandbox, exit: i32, expected: &str) {
    let ended = sandbox.run(&["venv", "check"]).with(exit);
    assert!(ended.stdout.contains(expected), "{ended:?}");
}

#[test]
fn a_uv_project_is_judged_and_synced_by_uv() {
    let sandbox = project(WITH_PROJECT);
    sandbox.write("api/pyproject.toml", PYPROJECT);
    uv(&sandbox, &["lock", "--project", "api"]);
    check(&sandbox, 5, "venv `venvs/api` does not exist");
    sandbox.run(&["venv", "sync"]).with(0);
    check(&sandbox, 0, "In order: api");
    let python = "venvs/api/bin/python";
    uv(&sandbox, &["pip", "uninstall", "--python", python, "itsdangerous"]);
    check(&sandbox, 5, "lacks `itsdangerous==2.2.0`");
    sandbox.run(&["venv", "sync"]).with(0);
    uv(&sandbox, &["pip", "install", "--python", python, "itsdangerous==2.1.0"]);
    check(
        &sandbox,
        5,
        "has version 2.1.0 where `itsdangerous==2.2.0` is asked for",
    );
    sandbox.run(&["venv", "sync"]).with(0);
    // The lock file is behind: uv locks again.
    let before = std::fs::read_to_string(sandbox.project().join("api/uv.lock")).unwrap();
    sandbox.write("api/pyproject.toml", &PYPROJECT.replace(">=2.2", "<2.2"));
    check(
        &sandbox,
        5,
        "has version 2.2.0 where `itsdangerous==2.1.0` is asked for",
    );
    let after = std::fs::read_to_string(sandbox.project().join("api/uv.lock")).unwrap();
    assert_eq!(before, after, "a check changes nothing");
    sandbox.run(&["venv", "sync"]).with(0);
    check(&sandbox, 0, "In order: api");
    sandbox.run(&["up"]).with(0);
}

#[test]
fn requirements_are_installed_by_uv_and_no_pip_is_needed() {
    let sandbox = project(&WITH_PROJECT.replace("project = \"api\"", "requirements = \"api/requirements.txt\""));
    sandbox.write("api/requirements.txt", "itsdangerous>=2.2\n");
    let ended = sandbox.run(&["venv", "sync"]).with(0);
    assert!(ended.stderr.contains("uv pip install"), "{ended:?}");
    assert!(!sandbox.project().join("venvs/api/bin/pip").exists());
    check(&sandbox, 0, "In order: api");
    uv(
        &sandbox,
        &[
            "pip",
            "install",
            "--python",
            "venvs/api/bin/python",
            "itsdangerous==2.1.0",
        ],
    );
    check(&sandbox, 5, "has version 2.1.0 where `itsdangerous>=2.2` is asked for");
    sandbox.run(&["venv", "sync"]).with(0);
    sandbox.run(&["up"]).with(0);
}

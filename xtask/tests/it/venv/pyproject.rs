//! `project`: what is known of a `pyproject.toml` without the tool that manages it.

use expect_test::{Expect, expect};

use super::{notes_of_doctor, project};
use crate::sandbox::Sandbox;

const CONFIG: &str = "[venvs.v]\npath = '.venv'\nproject = 'app'\n";

/// What would be done, and what is said then.
#[track_caller]
fn check(sandbox: &Sandbox, pyproject: &str, exit: i32, expected: Expect) {
    sandbox.write("app/pyproject.toml", pyproject);
    let preview = sandbox.run(&["venv", "sync", "--dry-run"]);
    let said = sandbox.run(&["venv", "check"]).with(exit);
    expected.assert_eq(&sandbox.plain(&format!("{}{}\n{}", preview.stdout, preview.stderr, said.stdout)));
}

#[test]
fn its_dependencies_are_installed_and_judged() {
    let sandbox = project(CONFIG);
    let pyproject = "[project]\nname = 'app'\nversion = '1'\ndependencies = ['lamp>=2', 'desk[office]']\n";
    check(
        &sandbox,
        pyproject,
        5,
        expect![[r#"
        v: would run
          python3 -m venv .venv
          .venv/bin/python -m pip install 'lamp>=2' 'desk[office]'

        error: venv `.venv` does not exist
          --> devtasks.toml:2:8  [venvs.v]

        hint: make it with `xtask venv sync v`
    "#]],
    );
    sandbox.run(&["venv", "sync"]).with(0);
    let pyproject = pyproject.replace("lamp>=2", "lamp<2");
    check(
        &sandbox,
        &pyproject,
        5,
        expect![[r#"
        v: would run
          .venv/bin/python -m pip install 'lamp<2' 'desk[office]'

        error: venv `.venv` has version 2.0 where `lamp<2` is asked for
          --> devtasks.toml:2:8  [venvs.v]

        hint: install it with `xtask venv sync v`
    "#]],
    );
    sandbox.run(&["venv", "sync"]).with(0);
    sandbox.run(&["venv", "check"]).with(0);
}

#[test]
fn the_python_that_it_requires_is_asked_for() {
    let sandbox = project(CONFIG);
    let pyproject = "[project]\nname = 'app'\nrequires-python = '>=3'\ndependencies = []\n";
    sandbox.write("app/pyproject.toml", pyproject);
    sandbox.run(&["venv", "sync"]).with(0);
    sandbox.write("app/pyproject.toml", &pyproject.replace(">=3", ">=3.99"));
    let ended = sandbox.run(&["venv", "check"]).with(5);
    assert!(ended.stdout.contains("and `>=3.99` is asked for"), "{ended:?}");
    let ended = sandbox.run(&["venv", "sync"]).with(5);
    assert!(ended.stderr.contains("no Python in the PATH is `>=3.99`"), "{ended:?}");
    // The file has the last word.
    let config = CONFIG.replace("project =", "python = '>=3'\nproject =");
    sandbox.write("devtasks.toml", &config);
    sandbox.run(&["venv", "check"]).with(0);
}

#[test]
fn a_lock_file_without_its_tool_is_said_not_to_count() {
    let sandbox = project(&CONFIG.replace("project =", "sync = true\nproject ="));
    sandbox.write("app/uv.lock", "");
    check(
        &sandbox,
        "[project]\nname = 'app'\nversion = '1'\ndependencies = ['lamp>=2']\n",
        5,
        expect![[r#"
            v: `uv.lock` is not used: `uv` is not in the PATH
            v: would run
              python3 -m venv .venv
              .venv/bin/python -m pip install 'lamp>=2'

            error: venv `.venv` does not exist
              --> devtasks.toml:2:8  [venvs.v]

            hint: make it with `xtask venv sync v`; `uv.lock` is not used: `uv` is not in the PATH
        "#]],
    );
    let service = "[services.api]\ncommand = \"python -c 'import lamp'\"\nvenv = 'v'\n";
    sandbox.write(
        "devtasks.toml",
        &format!("{}{service}", CONFIG.replace("project =", "sync = true\nproject =")),
    );
    expect![[r#"
        note: venv `.venv` does not exist; `up` makes it (`uv.lock` is not used: `uv` is not in the PATH)
          --> devtasks.toml:2:8  [venvs.v]
    "#]]
    .assert_eq(&notes_of_doctor(&sandbox));
    let synced = sandbox.run(&["venv", "sync"]).with(0);
    assert!(
        synced
            .stderr
            .starts_with("  v  `uv.lock` is not used: `uv` is not in the PATH\n"),
        "{synced:?}"
    );
}

#[test]
fn a_package_is_installed_in_place() {
    let sandbox = project(CONFIG);
    let pyproject = "[project]\nname = 'app'\nversion = '1'\n[build-system]\nrequires = []\n";
    check(
        &sandbox,
        pyproject,
        5,
        expect![[r#"
        v: would run
          python3 -m venv .venv
          .venv/bin/python -m pip install -e app

        error: venv `.venv` does not exist
          --> devtasks.toml:2:8  [venvs.v]

        hint: make it with `xtask venv sync v`
    "#]],
    );
}

#[test]
fn what_nobody_can_tell_keeps_nothing_from_starting() {
    let sandbox = project(CONFIG);
    let made = crate::sandbox::output(sandbox.other("python3").args(["-m", "venv", ".venv"]));
    assert!(made.status.success(), "{made:?}");
    check(
        &sandbox,
        "[tool.other]\n",
        0,
        expect![[r#"
        error: whether venv `.venv` holds what is asked for cannot be told: its `pyproject.toml` does not list `dependencies`
          --> devtasks.toml:2:8  [venvs.v]
           |
         2 | path = '.venv'
           |        ^^^^^^^

        unknown: whether venv `.venv` holds what is asked for cannot be told: its `pyproject.toml` does not list `dependencies`
          --> devtasks.toml:2:8  [venvs.v]
    "#]],
    );
    check(
        &sandbox,
        "[project]\nname = 'app'\ndynamic = ['dependencies']\n",
        0,
        expect![[r#"
            error: whether venv `.venv` holds what is asked for cannot be told: its `pyproject.toml` does not list `dependencies`
              --> devtasks.toml:2:8  [venvs.v]
               |
             2 | path = '.venv'
               |        ^^^^^^^

            unknown: whether venv `.venv` holds what is asked for cannot be told: its `pyproject.toml` does not list `dependencies`
              --> devtasks.toml:2:8  [venvs.v]
        "#]],
    );
    sandbox.write("app/poetry.lock", "");
    check(
        &sandbox,
        "[tool.poetry]\n",
        0,
        expect![[r#"
        error: whether venv `.venv` holds what is asked for cannot be told: `poetry` is not in the PATH
          --> devtasks.toml:2:8  [venvs.v]
           |
         2 | path = '.venv'
           |        ^^^^^^^

        unknown: whether venv `.venv` holds what is asked for cannot be told: `poetry` is not in the PATH
          --> devtasks.toml:2:8  [venvs.v]
    "#]],
    );
    std::fs::remove_dir_all(sandbox.project().join(".venv")).unwrap();
    sandbox.run(&["venv", "sync"]).with(5);
    assert!(!sandbox.project().join(".venv").exists());
    sandbox.write("app/uv.lock", "");
    check(
        &sandbox,
        "this is no TOML",
        5,
        expect![[r#"
            error: whether venv `.venv` holds what is asked for cannot be told: `uv` is not in the PATH
              --> devtasks.toml:2:8  [venvs.v]
               |
             2 | path = '.venv'
               |        ^^^^^^^

            error: venv `.venv` does not exist
              --> devtasks.toml:2:8  [venvs.v]

            hint: make it with `xtask venv sync v`, which fails as things are: `uv` is not in the PATH
        "#]],
    );
}

//! A fresh worktree lacks what git does not carry over: it is told, with the line that brings it.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use crate::sandbox::{Ended, Sandbox};

/// The project with a `.env` that git ignores, and a fresh worktree of it.
fn worktree(config: &str) -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new(config);
    sandbox.write(".gitignore", ".env\nnode_modules\n.venv\n");
    sandbox.write(".env", "TOKEN=abc\n");
    sandbox.write("web/package.json", "{\"dependencies\": {\"vite\": \"8\"}}");
    sandbox.write("web/package-lock.json", "{}");
    sandbox.write("requirements.txt", "");
    let topic = sandbox.worktree();
    (sandbox, topic)
}

fn run(sandbox: &Sandbox, directory: &Path, arguments: &[&str]) -> Ended {
    sandbox.start_in(directory, arguments).wait()
}

#[track_caller]
fn check(sandbox: &Sandbox, said: &str, expected: Expect) {
    expected.assert_eq(&sandbox.plain(said));
}

/// Types what the last hint has in backticks.
#[track_caller]
fn follow_the_hint(sandbox: &Sandbox, directory: &Path, said: &str) {
    let command = said
        .split("main checkout with `")
        .nth(1)
        .and_then(|rest| rest.split('`').next());
    let command = command.unwrap_or_else(|| panic!("no hint: {said}"));
    let typed = sandbox
        .other("sh")
        .args(["-c", command])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(typed.status.success(), "{typed:?}");
}

#[test]
fn a_variable_of_the_env_file_of_the_main_checkout_is_missing() {
    let (sandbox, topic) = worktree("[services.api]\ncommand = 'true ${TOKEN}'\n");
    let up = run(&sandbox, &topic, &["up"]).with(2);
    check(
        &sandbox,
        &up.stderr,
        expect![[r#"
            error: variable `TOKEN` is not set
              --> devtasks.toml:2:17  [services.api]
               |
             2 | command = 'true ${TOKEN}'
               |                 ^^^^^^^^

            hint: copy `.env` from the main checkout with `cp [project]/.env .env`
            hint: or set `TOKEN` in `.env`, or write `${TOKEN:-default}`
        "#]],
    );
    // From below, the line can be typed as well.
    let below = topic.join("web");
    let env = run(&sandbox, &below, &["env", "api"]).with(2);
    follow_the_hint(&sandbox, &below, &env.stderr);
    assert_eq!(fs::read_to_string(topic.join(".env")).unwrap(), "TOKEN=abc\n");
    run(&sandbox, &topic, &["up"]).with(0);
    // The main checkout has nothing to copy from.
    fs::remove_file(sandbox.project().join(".env")).unwrap();
    let up = sandbox.run(&["up"]).with(2);
    assert!(!up.stderr.contains("main checkout"), "{up:?}");
}

#[test]
fn a_listed_env_file_is_missing() {
    let (sandbox, topic) = worktree("[project]\nenv_file = '.env'\n[services.api]\ncommand = 'true'\n");
    let up = run(&sandbox, &topic, &["up"]).with(5);
    check(
        &sandbox,
        &up.stderr,
        expect![[r#"
            error: env file `.env` is missing
              --> devtasks.toml:2:12  [project]

            hint: copy `.env` from the main checkout with `cp [project]/.env .env`

        "#]],
    );
    follow_the_hint(&sandbox, &topic, &up.stderr);
    run(&sandbox, &topic, &["up"]).with(0);
}

#[test]
fn what_starts_without_it_is_told_all_the_same() {
    let (sandbox, topic) = worktree("[services.api]\ncommand = 'true ${TOKEN:-none}'\n");
    let up = run(&sandbox, &topic, &["up"]).with(0);
    let said = up.stderr.split("\n\n").next().unwrap_or_default();
    check(
        &sandbox,
        said,
        expect!["warning: `.env` is missing in this worktree, and the main checkout has one"],
    );
    follow_the_hint(&sandbox, &topic, &up.stderr);
    let up = run(&sandbox, &topic, &["up"]).with(0);
    assert!(!up.stderr.contains("worktree"), "{up:?}");
}

#[test]
fn doctor_tells_everything_at_once() {
    let (sandbox, topic) = worktree(
        "[venvs.api]\npath = '.venv'\nrequirements = 'requirements.txt'\n[services.api]\ncommand = 'python app.py'\n\
         venv = 'api'\n[services.web]\ncommand = 'npm run dev'\nworking_dir = 'web'\n",
    );
    let doctor = run(&sandbox, &topic, &["doctor"]).with(1);
    check(
        &sandbox,
        &doctor.stdout,
        expect![[r#"
            venvs

            error: venv `.venv` does not exist
              --> devtasks.toml:2:8  [venvs.api]

            hint: make it with `xtask venv sync api`

            packages

            error: `web/node_modules` is missing
              --> devtasks.toml:8:11  [services.web]

            hint: install its packages with `npm ci --prefix web`

            env files

            warning: `.env` is missing in this worktree, and the main checkout has one

            hint: copy `.env` from the main checkout with `cp [project]/.env .env`

            2 checks failed, 1 warning.
        "#]],
    );
}

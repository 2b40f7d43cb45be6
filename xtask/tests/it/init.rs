//! `init` and `import`: what is written, said and left alone, and what the other commands say without a file.

use std::fs;
use std::process::Command;

use expect_test::{Expect, expect};

use crate::sandbox::{Sandbox, output};

/// A project without `devtasks.toml`: a backend and a frontend, neither installed.
fn shop() -> Sandbox {
    let sandbox = bare();
    sandbox.write("backend/requirements.txt", "fastapi\nuvicorn\n");
    sandbox.write("backend/main.py", "app = FastAPI()\n");
    sandbox.write(
        "frontend/package.json",
        "{\"scripts\": {\"dev\": \"vite\"}, \"devDependencies\": {\"vite\": \"8\"}}",
    );
    sandbox.write(
        ".vscode/tasks.json",
        "{\"tasks\": [{\"label\": \"test\", \"command\": \"pytest\"}]}",
    );
    sandbox
}

fn bare() -> Sandbox {
    let sandbox = Sandbox::new("");
    fs::remove_file(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox
}

/// The code, then what goes to stdout and to stderr.
#[track_caller]
fn check(sandbox: &Sandbox, arguments: &[&str], expected: Expect) {
    let ended = sandbox.run(arguments);
    let text = format!("{:?}\n{}---\n{}", ended.code, ended.stdout, ended.stderr);
    expected.assert_eq(&sandbox.plain(&text));
}

#[test]
fn init_writes_a_file_that_the_other_commands_read() {
    let sandbox = shop();
    check(
        &sandbox,
        &["init"],
        expect![[r#"
        Some(0)
        Found backend/requirements.txt (FastAPI, uvicorn), frontend/package.json (Vite).
        Wrote devtasks.toml: 2 services (backend, frontend), 1 task (install-frontend), 1 venv (backend/.venv).
        Next: `xtask up`   (`xtask doctor` checks it first)
        ---

        Not carried over, or left to you:
          - .vscode/tasks.json: "test" runs pytest: no server that is known here
    "#]],
    );
    let written = fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    let printed = sandbox.run(&["init", "--print"]).with(0);
    assert_eq!(printed.stdout, written);
    let names: Vec<_> = fs::read_dir(sandbox.project())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        names.iter().all(|name| !name.to_string_lossy().contains(".new")),
        "{names:?}"
    );
    // Its venv and packages are missing; the file itself is right.
    let doctor = sandbox.run(&["doctor"]);
    assert_ne!(doctor.code, Some(2), "{doctor:?}");
    sandbox.run(&["status"]).with(1);
}

#[test]
fn init_below_another_file_says_which_one_commands_used_until_now() {
    let sandbox = Sandbox::new("# of the whole repository\n");
    sandbox.write("shop/Procfile", "web: python3 -m http.server $PORT\n");
    let inner = sandbox.project().join("shop");
    let ended = sandbox.start_in(&inner, &["init"]).wait().with(0);
    expect![[r#"

        In `[project]/shop`, commands used `[project]/devtasks.toml` until now. It is unchanged; name it with `--file`.
    "#]]
    .assert_eq(&sandbox.plain(&ended.stderr));
    let again = sandbox.start_in(&inner, &["init", "--print"]).wait().with(0);
    assert_eq!(again.stderr, "", "nothing was written");
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let sandbox = Sandbox::new("# mine\n");
    sandbox.write("Procfile", "web: python3 -m http.server $PORT\n");
    check(
        &sandbox,
        &["init"],
        expect![[r#"
        Some(2)
        ---
        error: there is a `devtasks.toml` already, and it is never overwritten

        hint: see what would be written with `xtask init --print`
    "#]],
    );
    check(
        &sandbox,
        &["import", "Procfile"],
        expect![[r#"
            Some(2)
            ---
            error: there is a `devtasks.toml` already, and it is never overwritten

            hint: see what would be written with `xtask import Procfile --print`
        "#]],
    );
    assert_eq!(
        fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap(),
        "# mine\n"
    );
    // A link to nowhere is a file of that name, too.
    let sandbox = bare();
    sandbox.write("Procfile", "web: python3 -m http.server $PORT\n");
    std::os::unix::fs::symlink("elsewhere", sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.run(&["init"]).with(2);
    assert!(!sandbox.project().join("elsewhere").exists());
}

#[test]
fn nothing_that_could_be_started_is_said_so() {
    let sandbox = bare();
    sandbox.write("README.md", "# shop\n");
    check(
        &sandbox,
        &["init"],
        expect![[r#"
        Some(1)
        ---
        error: nothing in `[project]` shows what is to be started

        hint: write `devtasks.toml` yourself, beginning with `[services.web]`, `command = "…"` and `port = 8000`
    "#]],
    );
    check(
        &sandbox,
        &["init", "--print"],
        expect![[r#"
        Some(1)
        ---
        error: nothing in `[project]` shows what is to be started

        hint: write `devtasks.toml` yourself, beginning with `[services.web]`, `command = "…"` and `port = 8000`
    "#]],
    );
    assert!(!sandbox.project().join("devtasks.toml").exists());
}

#[test]
fn import_takes_one_file_alone() {
    let sandbox = shop();
    sandbox.write("Procfile", "web: python3 -m http.server $PORT\nrelease: echo once\n");
    check(
        &sandbox,
        &["import", "Procfile", "--print"],
        expect![[r#"
        Some(0)
        # Written by `xtask import Procfile`. Correct what is wrong: the comments say where each value comes from.

        [project]
        name = "project"

        # Procfile: web: python3 -m http.server $PORT
        [services.web]
        command = "python3 -m http.server ${WEB_PORT}"
        port = "${WEB_PORT:-5000}"                   # the first number of foreman

        # Procfile: release: echo once
        [tasks.release]
        command = "echo once"
        ---
    "#]],
    );
    check(
        &sandbox,
        &["import", "README.md"],
        expect![[r#"
        Some(2)
        ---
        error: cannot read `README.md`: no such file or directory
    "#]],
    );
    sandbox.write("notes.txt", "");
    check(
        &sandbox,
        &["import", "notes.txt"],
        expect![[r#"
            Some(2)
            ---
            error: `notes.txt` is of no kind that can be imported

            hint: name a Procfile, a Compose file, `package.json`, `launch.json` or `tasks.json`
        "#]],
    );
    sandbox.write("empty/Procfile", "# nothing\n");
    check(
        &sandbox,
        &["import", "empty/Procfile"],
        expect![[r#"
            Some(1)
            ---
            error: nothing in `empty/Procfile` could be started

            hint: name another file, or write `devtasks.toml` yourself
        "#]],
    );
    check(
        &sandbox,
        &["import", ".vscode/tasks.json", "--quiet"],
        expect![[r#"
            Some(0)
            ---
        "#]],
    );
    assert!(sandbox.project().join("devtasks.toml").exists());
}

#[test]
fn json_is_one_document() {
    let sandbox = bare();
    sandbox.write("Procfile", "web: python3 -m http.server ${PORT:-8000}\n");
    let document = sandbox.run(&["init", "--print", "--format", "json"]).with(0).json();
    let text = serde_json::to_string_pretty(&document).unwrap();
    expect![[r##"
        {
          "file": "[project]/devtasks.toml",
          "found": [
            "Procfile (1 process)"
          ],
          "not_carried_over": [],
          "schema_version": 1,
          "services": [
            {
              "command": "python3 -m http.server ${WEB_PORT}",
              "compose": null,
              "depends_on": [],
              "name": "web",
              "port": 8000,
              "reasons": [
                "Procfile: web: python3 -m http.server ${PORT:-8000}"
              ],
              "working_dir": null
            }
          ],
          "tasks": [],
          "text": "# Written by `xtask init`. Correct what is wrong: the comments say where each value comes from.\n\n[project]\nname = \"project\"\n\n# Procfile: web: python3 -m http.server ${PORT:-8000}\n[services.web]\ncommand = \"python3 -m http.server ${WEB_PORT}\"\nport = \"${WEB_PORT:-8000}\"                   # ${PORT:-8000}\n",
          "venvs": [],
          "written": false
        }"##]].assert_eq(&sandbox.plain(&text));
}

#[test]
fn the_file_stands_where_file_says() {
    let sandbox = shop();
    sandbox.run(&["--file", "backend/devtasks.toml", "init"]).with(0);
    assert!(sandbox.project().join("backend/devtasks.toml").exists());
    check(
        &sandbox,
        &["--file", "nowhere/devtasks.toml", "init"],
        expect![[r#"
        Some(2)
        ---
        error: cannot find `[project]/nowhere`: no such file or directory
    "#]],
    );
}

#[test]
fn other_commands_say_where_init_would_look() {
    let sandbox = shop();
    check(
        &sandbox,
        &["up"],
        expect![[r#"
            Some(2)
            ---
            error: there is no `devtasks.toml` in `[project]` or any directory above

            hint: run `xtask init`, which looks for what is to be started in backend/requirements.txt (FastAPI, uvicorn), frontend/package.json (Vite)
            hint: or go to a project's directory, or name its file with `--file PATH/devtasks.toml`
        "#]],
    );
    for command in [
        &["status"][..],
        &["doctor"],
        &["down"],
        &["restart"],
        &["logs"],
        &["why", "x"],
    ] {
        let ended = sandbox.run(command);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(
            ended
                .stderr
                .contains("hint: run `xtask init`, which looks for what is to be started in backend/requirements.txt"),
            "{ended:?}"
        );
    }
    // Where nothing is, and at home, there is nothing to say.
    let ended = sandbox.start_in(&sandbox.home(), &["up"]).wait();
    assert!(!ended.stderr.contains("init"), "{ended:?}");
}

#[test]
fn a_pipe_and_a_directory_that_cannot_be_read_keep_nobody_waiting() {
    let sandbox = shop();
    let pipe = sandbox.project().join("Procfile");
    assert!(output(Command::new("mkfifo").arg(pipe)).status.success());
    sandbox.run(&["init", "--print"]).with(0);
    check(
        &sandbox,
        &["import", "Procfile", "--print"],
        expect![[r#"
        Some(2)
        ---
        error: cannot read `Procfile`: it is a named pipe, not a regular file
    "#]],
    );
}

#[test]
fn an_engine_that_hangs_or_talks_nonsense_is_done_without() {
    let mut sandbox = bare();
    sandbox.write(
        "compose.yaml",
        "services:\n  db:\n    image: redis\n    ports: ['6379:6379']\n",
    );
    let path = format!("{}:/usr/bin:/bin", sandbox.project().join("bin").display());
    sandbox.set("PATH", &path);
    sandbox.write_script("bin/docker", "exec sleep 1000");
    let hangs = sandbox.run(&["init", "--print"]).with(0);
    sandbox.write_script("bin/docker", "echo nonsense");
    let talks = sandbox.run(&["init", "--print"]).with(0);
    assert_eq!(hangs.stdout, talks.stdout);
    assert!(hangs.stdout.contains("compose = \"db\""), "{hangs:?}");
    sandbox.write_script(
        "bin/docker",
        "echo '{\"services\": {\"cache\": {\"image\": \"redis\"}}}'",
    );
    let answers = sandbox.run(&["init", "--print"]).with(0);
    assert!(answers.stdout.contains("compose = \"cache\""), "{answers:?}");
    sandbox.nothing_is_left();
}

#[test]
fn a_directory_that_cannot_be_written_is_told_by_name() {
    let sandbox = bare();
    sandbox.write("Procfile", "web: python3 -m http.server $PORT\n");
    // Root may write anywhere but below a file.
    let ended = sandbox.run(&["--file", "Procfile/devtasks.toml", "init"]).with(2);
    expect![[r#"
        error: cannot find `[project]/Procfile`: not a directory
    "#]]
    .assert_eq(&sandbox.plain(&ended.stderr));
}

#[test]
fn what_init_writes_comes_up() {
    let sandbox = bare();
    // A shell in front, as in many a Procfile.
    sandbox.write(
        "Procfile",
        "web: exec python3 -m http.server $PORT\nticker: sleep 1000\n",
    );
    sandbox.write(".env", &format!("WEB_PORT={}\n", crate::sandbox::port()));
    sandbox.run(&["init"]).with(0);
    sandbox.run(&["up", "--detach"]).with(0);
    sandbox.run(&["status"]).with(0);
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left_soon();
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let sandbox = bare();
    sandbox.write("a\x1b[31m/requirements.txt", "fastapi\n");
    sandbox.write("a\x1b[31m/main.py", "from fastapi import FastAPI\napp = FastAPI()\n");
    let init = sandbox.run(&["init"]).with(0);
    assert!(init.stdout.contains("1 venv (a\\x1b[31m/.venv)"), "{init:?}");
    assert!(!init.stdout.contains('\x1b'), "{init:?}");
}

#[test]
fn migrations_are_what_comes_next() {
    let sandbox = bare();
    sandbox.write("requirements.txt", "django\n");
    sandbox.write("manage.py", "import django\n");
    check(
        &sandbox,
        &["init"],
        expect![[r#"
        Some(0)
        Found requirements.txt (Django).
        Wrote devtasks.toml: 1 service (backend), 1 task (migrate), 1 venv (.venv).
        Next: `xtask up`, `xtask run migrate`   (`xtask doctor` checks it first)
        ---
    "#]],
    );
}

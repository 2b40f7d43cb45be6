//! The report on a failed service: how it ended, the lines that show why, hints.

use crate::expected::Expected;
use expect_test::expect;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{check, place};
use crate::diagnose::ExitStatus;
use crate::diagnose::{OomEvidence, diagnosis};
use crate::diagnostic::Exit;
use crate::plan::{Command, Environment, Service, StopSignal, Venv, VenvInputs};
use crate::report::cause::cause;
use crate::report::failure::failure;
use crate::report::paint::Paint;
use crate::supervise::Cause;

/// Behind the path of a venv: it is one of the file, which says what belongs in it.
const REQUIREMENTS: &str = " -r";

/// The report on a service `backend` in `/shop/backend`, with or without a venv.
#[track_caller]
fn check_failure(venv: &str, why: &Cause, log: &str, expected: impl Expected) {
    check_failure_of("python", venv, why, log, expected);
}

#[track_caller]
fn check_failure_of(command: &str, venv: &str, why: &Cause, log: &str, expected: impl Expected) {
    let service = backend(command, venv);
    let seen = failure(
        &service,
        why,
        &tail(log),
        &why.advice(&service, Path::new("/shop")),
        "cargo xtask",
        Paint::new(false),
    );
    check(&seen, expected);
}

/// A service `backend` in `/shop/back end`.
pub(super) fn backend(command: &str, venv: &str) -> Service {
    Service {
        task: false,
        name: "backend".to_owned(),
        place: place(1, 1, 1, ""),
        runs: crate::plan::Runs::Command,
        command: Command {
            shell_syntax: None,
            is_for_shell: false,
            words: command.split(' ').map(str::to_owned).collect(),
            place: place(1, 1, 1, ""),
        },
        working_dir: PathBuf::from("/shop/back end"),
        working_dir_place: place(1, 1, 1, ""),
        environment: Environment::new(),
        own_variables: Default::default(),
        env_files: Vec::new(),
        venv: (!venv.is_empty()).then(|| Venv {
            name: venv.strip_suffix(REQUIREMENTS).map(|_| "api".to_owned()),
            path: PathBuf::from(venv.trim_end_matches(REQUIREMENTS)),
            python: None,
            inputs: match venv.ends_with(REQUIREMENTS) {
                true => VenvInputs::Requirements(vec!["/shop/back end/requirements.txt".into()]),
                false => VenvInputs::Unknown,
            },
            sync: false,
            place: place(1, 1, 1, ""),
        }),
        ports: Vec::new(),
        scheme: None,
        depends_on: Vec::new(),
        restarts_with: Vec::new(),
        health: None,
        start_period: Duration::from_secs(60),
        stdin: crate::plan::Stdin::Null,
        tty: false,
        listen: false,
        restart: crate::plan::Restart::No,
        stop_signal: StopSignal::Term,
        stop_grace_period: Duration::from_secs(10),
        watch: None,
    }
}

fn tail(log: &str) -> Vec<String> {
    log.lines().map(str::to_owned).collect()
}

/// A service that exited on its own after 0.4 s; its log may show why.
pub(super) fn ended(code: Option<i32>, signal: Option<i32>, log: &str) -> Cause {
    let status = ExitStatus { code, signal };
    Cause::Exited {
        status,
        after: Duration::from_millis(430),
        before_ready: true,
        diagnosis: diagnosis(status, &tail(log), OomEvidence::None),
    }
}

#[test]
fn a_missing_python_package_is_named_with_the_command_that_installs_it() {
    let log =
        "Traceback (most recent call last):\n  File \"a.py\"\nModuleNotFoundError: No module named 'sqlalchemy.orm'";
    check_failure(
        "/shop/.venv",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Python package is missing

              ModuleNotFoundError: No module named 'sqlalchemy.orm'

            hint: install it into the venv with `.venv/bin/python -m pip install sqlalchemy`
            hint: or correct `working_dir`, if `sqlalchemy` is your own: it is `'back end'`"#]],
    );
    check_failure(
        "/opt/my venv",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Python package is missing

              ModuleNotFoundError: No module named 'sqlalchemy.orm'

            hint: install it into the venv with `'/opt/my venv/bin/python' -m pip install sqlalchemy`
            hint: or correct `working_dir`, if `sqlalchemy` is your own: it is `'back end'`"#]],
    );
    check_failure(
        &format!("/shop/.venv{REQUIREMENTS}"),
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Python package is missing

              ModuleNotFoundError: No module named 'sqlalchemy.orm'

            hint: list `sqlalchemy` in `'back end/requirements.txt'`, and install it with `cargo xtask venv sync api`
            hint: or correct `working_dir`, if `sqlalchemy` is your own: it is `'back end'`"#]],
    );
    check_failure(
        "",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Python package is missing

              ModuleNotFoundError: No module named 'sqlalchemy.orm'

            hint: set `venv` of `backend` in devtasks.toml: it runs in none
            hint: or correct `working_dir`, if `sqlalchemy` is your own: it is `'back end'`"#]],
    );
    let log = "ModuleNotFoundError: No module named 'yaml'; 'yaml' is not a package";
    check_failure(
        "/shop/.venv",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Python package is missing

              ModuleNotFoundError: No module named 'yaml'; 'yaml' is not a package

            hint: install it into the venv with `.venv/bin/python -m pip install PyYAML`
            hint: or correct `working_dir`, if `yaml` is your own: it is `'back end'`"#]],
    );
}

#[test]
fn a_missing_node_module_is_installed_where_the_service_runs() {
    let log = "Error: Cannot find module 'express'";
    check_failure(
        "",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Node module is missing

              Error: Cannot find module 'express'

            hint: install what is missing with `npm install --prefix 'back end'`"#]],
    );
}

#[test]
fn a_file_that_node_does_not_find_is_no_package() {
    let log = "Error: Cannot find module '/shop/back end/server.js'";
    check_failure(
        "",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a Node module is missing

              Error: Cannot find module '/shop/back end/server.js'

            hint: correct `command` or `working_dir` of `backend`, or the import: there is no `'back end/server.js'`"#]],
    );
}

#[test]
fn shell_syntax_without_a_shell_is_told_when_the_command_fails() {
    for (command, hint) in [
        (
            "node server.js && echo done",
            "set `shell = true` if `&&` is meant for a shell: it is an argument now",
        ),
        (
            "python -m http.server $PORT",
            "write `${PORT}` for the variable: `$PORT` is an argument now",
        ),
    ] {
        let expected = format!(
            "
        backend failed after 0.4 s (exit code 2)

          usage: me

        hint: {hint}
    "
        );
        check_failure_of(command, "", &ended(Some(2), None, "usage: me"), "usage: me", &expected);
    }
}

#[test]
fn a_server_that_goes_to_the_background_is_told_to_stay() {
    for (command, hint) in [
        (
            "gunicorn -D app:app",
            "leave out `-D`, if it sends the service to the background: a service stays in front",
        ),
        (
            "/usr/sbin/nginx -c dev.conf",
            "add `-g 'daemon off;'`: a service stays in front",
        ),
    ] {
        let expected = format!(
            "
        backend failed: it exited on its own after 0.4 s (exit code 0), before it was ready

        hint: {hint}
    "
        );
        check_failure_of(command, "", &ended(Some(0), None, ""), "", &expected);
    }
}

#[test]
fn unknown_failure_shows_the_last_log_lines() {
    let log: String = (1..=12).map(|n| format!("line {n}\n")).collect();
    check_failure(
        "",
        &ended(Some(3), None, &log),
        &log,
        expect![[r#"
            backend failed after 0.4 s (exit code 3)

              line 3
              line 4
              line 5
              line 6
              line 7
              line 8
              line 9
              line 10
              line 11
              line 12"#]],
    );
    check_failure(
        "",
        &ended(None, Some(9), ""),
        "",
        expect!["backend failed after 0.4 s (killed by SIGKILL): sent by another process or the kernel"],
    );
    check_failure(
        "",
        &ended(None, None, ""),
        "",
        expect!["backend failed after 0.4 s (exit status unknown)"],
    );
    check_failure(
        "",
        &ended(Some(0), None, "bye"),
        "bye",
        expect![[r#"
            backend failed: it exited on its own after 0.4 s (exit code 0), before it was ready

              bye"#]],
    );
}

#[test]
fn a_busy_port_is_left_to_the_owner_card() {
    let log = "Error: listen EADDRINUSE: address already in use :::3000";
    check_failure(
        "",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): its port is already in use

              Error: listen EADDRINUSE: address already in use :::3000"#]],
    );
}

#[test]
fn hints_of_the_diagnosis_are_shown() {
    let log = "Error: connect ECONNREFUSED 127.0.0.1:6379";
    let mut why = ended(Some(1), None, log);
    if let Cause::Exited {
        diagnosis: Some(diagnosis),
        ..
    } = &mut why
    {
        diagnosis.hints = vec!["add `depends_on`".into()];
    }
    check_failure(
        "",
        &why,
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a connection was refused

              Error: connect ECONNREFUSED 127.0.0.1:6379

            hint: add `depends_on`"#]],
    );
}

#[test]
fn evidence_of_two_log_lines_is_shown_whole() {
    let log = "ValidationError: 1 validation error for Settings\ndatabase_url\n  Field required [type=missing]";
    check_failure(
        "",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1): a variable is not set

              database_url
              Field required [type=missing]"#]],
    );
}

#[test]
fn log_lines_are_shown_without_control_sequences() {
    let log = "\x1b[31mred\x1b[0m\ta\x07";
    check_failure(
        "",
        &ended(Some(1), None, log),
        log,
        expect![[r#"
            backend failed after 0.4 s (exit code 1)

              red    a\x07"#]],
    );
}

#[test]
fn causes_other_than_an_exit_are_sentences() {
    let after = Duration::from_secs(60);
    let detail = "GET /healthz 503".to_owned();
    check_failure(
        "",
        &Cause::NotReady { after, detail },
        "booting",
        expect![[r#"
            backend is not ready after 60 s: GET /healthz 503

              booting"#]],
    );
    let detail = String::new();
    check_failure(
        "",
        &Cause::NotReady { after, detail },
        "",
        expect!["backend is not ready after 60 s"],
    );
    let message = "cannot run `python`: permission denied".to_owned();
    let exit = Exit::Missing;
    check_failure(
        "",
        &Cause::NotSpawned { message, exit },
        "old",
        expect!["backend could not be started: cannot run `python`: permission denied"],
    );
    check_failure(
        "",
        &Cause::Dependency { name: "db".to_owned() },
        "old",
        expect!["backend failed: its dependency `db` did not come up"],
    );
    check_failure(
        "",
        &Cause::Survived { left: 1 },
        "stopping",
        expect![[r#"
            backend failed: 1 process did not exit after SIGKILL

              stopping"#]],
    );
    let detail = "GET / 404".to_owned();
    check_failure(
        "",
        &Cause::Unhealthy { detail },
        "old",
        expect!["backend failed: GET / 404"],
    );
}

#[test]
fn service_given_up_after_restarts_shows_its_last_exit() {
    let last = Box::new(ended(Some(3), None, "no such table"));
    check_failure(
        "",
        &Cause::GaveUp { last, n_restarts: 5 },
        "no such table",
        expect![[r#"
            backend failed after 0.4 s (exit code 3); gave up after 5 restarts

              no such table"#]],
    );
    let last = Box::new(ended(None, Some(9), ""));
    let pause = Duration::from_millis(204);
    assert_eq!(
        cause(&Cause::Again { last, pause }),
        "killed by SIGKILL: sent by another process or the kernel, again in 0.2 s"
    );
    let last = Box::new(Cause::Unhealthy {
        detail: "GET / 503".to_owned(),
    });
    let cause = cause(&Cause::GaveUp { last, n_restarts: 1 });
    assert_eq!(cause, "GET / 503; gave up after 1 restart");
}

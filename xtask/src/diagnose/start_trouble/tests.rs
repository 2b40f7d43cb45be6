//! The log or the answer of a starting service → the trouble that is told.

use crate::diagnostic::Platform;
use std::path::Path;

use expect_test::{Expect, expect};

use super::StartTrouble;
use crate::plan::Service;
use crate::plan::planned::planned;

fn service() -> Service {
    let file = "[services.api]\ncommand = 'serve'\nport = 8000\nhealthcheck = { http = '/healthz' }";
    planned(Path::new("/shop"), file).services.remove(0)
}

fn shown(trouble: Option<StartTrouble>) -> String {
    let Some(trouble) = trouble else {
        return "nothing".to_owned();
    };
    let finding = trouble.finding();
    let hints = finding
        .hints
        .iter()
        .map(|hint| format!("\nhint: {}", hint.render_on(Platform::Linux, "devtasks")));
    format!(
        "{} {:?} {}: {}{}",
        finding.code.name(),
        finding.level,
        finding.subject.service.unwrap(),
        finding.message,
        hints.collect::<String>()
    )
}

#[track_caller]
fn check(log: &str, expected: Expect) {
    let tail: Vec<String> = log.lines().map(str::to_owned).collect();
    expected.assert_eq(&shown(StartTrouble::written(&tail, &service(), Path::new("/shop"))));
}

#[test]
fn a_known_cause_has_its_hint_and_how_it_takes_effect() {
    check(
        "INFO:     Started reloader process [1]\n  File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'SECRET_KEY'",
        expect![[r#"
            service.not_ready Warn api: `api` does not listen on 8000, and has written `KeyError: 'SECRET_KEY'`: a variable is not set
            hint: set `SECRET_KEY` in `environment` of `api`, or in an `env_file`
            hint: then, in another terminal, type `devtasks up`: a save of the code does not read variables again"#]],
    );
    check(
        "ModuleNotFoundError: No module named 'sqlalchemy'",
        expect![[r#"
            service.not_ready Warn api: `api` does not listen on 8000, and has written `ModuleNotFoundError: No module named 'sqlalchemy'`: a Python package is missing
            hint: set `venv` of `api` in devtasks.toml: it runs in none
            hint: or correct `working_dir`, if `sqlalchemy` is your own: it is `.`
            hint: then, in another terminal, type `devtasks restart api`, or `up` if you have edited devtasks.toml"#]],
    );
}

#[test]
fn any_other_exception_waits_for_an_edit() {
    check(
        "  File \"app.py\", line 3\n    def x(:\nSyntaxError: invalid syntax\nINFO:     Waiting for changes",
        expect![[r#"
            service.not_ready Warn api: `api` does not listen on 8000, and has written `SyntaxError: invalid syntax`
            hint: correct it and save: a reloader then starts it again"#]],
    );
}

#[test]
fn a_server_that_only_takes_its_time_has_no_trouble() {
    check("", expect!["nothing"]);
    check(
        "INFO: compiling\nwarning: 3 errors were ignored in an earlier version",
        expect!["nothing"],
    );
}

#[test]
fn an_answer_that_a_start_does_not_change_is_told() {
    let answer = |status| shown(StartTrouble::answer(status, &service()));
    expect![[r#"
        service.not_ready Warn api: `api` answers `/healthz` with 404
        hint: correct `http` in the `healthcheck` of `api`, or let it answer there with 200"#]]
    .assert_eq(&answer(404));
    expect!["nothing"].assert_eq(&answer(503));
}

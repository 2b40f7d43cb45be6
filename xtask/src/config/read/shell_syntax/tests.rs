//! A command → what only a shell understands, and what to write instead.

use expect_test::{Expect, expect};

use super::shell_syntax;

#[track_caller]
fn check(command: &str, expected: Expect) {
    let shown = match shell_syntax(command) {
        None => "none".to_owned(),
        Some(syntax) => {
            let runs = if syntax.cannot_run { "cannot run" } else { "runs" };
            let instead = syntax.instead.map_or("a shell".to_owned(), |lines| lines.join("\n"));
            format!("{} {runs}\n{instead}", syntax.found)
        }
    };
    expected.assert_eq(&shown);
}

#[test]
fn words_and_quoted_operators_need_no_shell() {
    for command in [
        "uvicorn app:app --port ${PORT}",
        "grep 'a | b' && ",
        "sh -c 'cd backend && serve'",
        "curl http://127.0.0.1/?a=1&b=2",
        "find . -exec cat {} \\;",
        "python -m http.server --directory=x",
        "sed s/a=b/;s/c/d/ file",
        "",
    ] {
        let command = command.trim_end_matches(" && ");
        assert!(shell_syntax(command).is_none(), "{command}");
    }
}

#[test]
fn steps_before_the_command_become_keys() {
    check(
        "cd backend && source .venv/bin/activate && uvicorn app:app --port ${BACKEND_PORT}",
        expect![[r#"
            cd cannot run
            working_dir = "backend"
            venv = "auto"
            command = "uvicorn app:app --port ${BACKEND_PORT}""#]],
    );
    check(
        "export A=b C='d e'; PORT=8000 exec 'my server' --now",
        expect![[r#"
            export cannot run
            environment = { A = "b", C = "d e", PORT = "8000" }
            command = "'my server' --now""#]],
    );
    check(
        "source ../venv/bin/activate; flask run",
        expect![[r#"
            source cannot run
            venv = "auto"
            command = "flask run""#]],
    );
    check(
        "DEBUG=1 flask run",
        expect![[r#"
            DEBUG=1 cannot run
            environment = { DEBUG = "1" }
            command = "flask run""#]],
    );
}

#[test]
fn everything_else_needs_a_shell() {
    check(
        "alembic upgrade head && uvicorn app:app",
        expect![[r#"
            && runs
            a shell"#]],
    );
    check(
        "serve 2>&1 | tee log",
        expect![[r#"
            2>&1 runs
            a shell"#]],
    );
    check(
        "source ~/venvs/shop/bin/activate && serve",
        expect![[r#"
            source cannot run
            a shell"#]],
    );
    check(
        "cd backend",
        expect![[r#"
        cd cannot run
        a shell"#]],
    );
}

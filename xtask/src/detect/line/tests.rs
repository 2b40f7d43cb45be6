//! Lines of scripts and Procfiles, and what they run.

use expect_test::{Expect, expect};

use super::{Run, line};

#[track_caller]
fn check(text: &str, expected: Expect) {
    let seen = match line(text) {
        None => "nothing".to_owned(),
        Some(line) => {
            let run = match line.run {
                Run::Words(words) => words.join(" | "),
                Run::Shell(text) => format!("shell: {text}"),
            };
            let directory = line.directory.map(|it| format!("in {it}: ")).unwrap_or_default();
            let environment: String = line
                .environment
                .iter()
                .map(|(name, value)| format!("{name}={value} "))
                .collect();
            format!("{directory}{environment}{run}")
        }
    };
    expected.assert_eq(&seen);
}

#[test]
fn what_a_shell_does_first_is_told_apart() {
    check(
        "cd backend && . .venv/bin/activate && exec uvicorn app:app",
        expect!["in backend: uvicorn | app:app"],
    );
    check(
        "export A=1 && PORT=3000 node server.js",
        expect!["A=1 PORT=3000 node | server.js"],
    );
    check(
        "cross-env NODE_ENV=development npx vite",
        expect!["NODE_ENV=development vite"],
    );
    check(".venv/bin/python -m flask run", expect!["python | -m | flask | run"]);
    check("uv run --frozen uvicorn app:app", expect!["uvicorn | app:app"]);
    check("dotenv -e .env -- next dev", expect!["next | dev"]);
    check("", expect!["nothing"]);
    check("'' server", expect!["nothing"]);
}

#[test]
fn what_only_a_shell_understands_stays_as_it_is() {
    check(
        "prisma generate && next dev",
        expect!["shell: prisma generate && next dev"],
    );
    check(
        "cd web && npm run build && node .",
        expect!["in web: shell: npm run build && node ."],
    );
    check("cat log | grep x", expect!["shell: cat log | grep x"]);
    check(
        "python run.py --name $USER",
        expect!["shell: python run.py --name $USER"],
    );
    check(
        "gunicorn app:app -b 0.0.0.0:${PORT:-8000}",
        expect!["gunicorn | app:app | -b | 0.0.0.0:${PORT:-8000}"],
    );
    check(
        "concurrently \"npm:dev:*\" 'a && b'",
        expect!["concurrently | npm:dev:* | a && b"],
    );
}

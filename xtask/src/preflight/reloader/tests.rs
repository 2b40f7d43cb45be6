//! Commands → whether they restart themselves.

use std::path::Path;

use crate::expected::Expected;
use crate::plan::planned::planned;
use expect_test::expect;

use super::reloaders;

/// The body of a service that watches → the finding with its hint, or nothing.
#[track_caller]
fn check(body: &str, expected: impl Expected) {
    let text = format!("[services.api]\nwatch = 'src'\n{body}");
    let plan = planned(Path::new("/shop"), &text);
    let findings = reloaders(&plan).map(|found| {
        let at = found.place.as_ref().map(|at| format!("{}:{}", at.line, at.column));
        let hints: Vec<String> = found.hints.iter().map(|hint| hint.render("")).collect();
        let (code, message) = (found.code.name(), &found.message);
        format!(
            "{code} {} {message}\nhint: {}",
            at.unwrap_or_default(),
            hints.join("; ")
        )
    });
    expected.check(&findings.collect::<Vec<_>>().join("\n"));
}

/// Commands → what makes each a reloader.
#[track_caller]
fn check_commands(commands: &[&str], expected: &str) {
    for command in commands {
        let found = if expected.is_empty() {
            String::new()
        } else {
            let hint = match expected.split_once(' ') {
                Some((program, option)) if option.starts_with('-') => {
                    format!("remove `watch`, or `{option}` after `{program}`")
                }
                Some(_) | None => "remove `watch`".to_owned(),
            };
            format!("watch.reloader 2:9 `watch` has no effect: `{expected}` restarts `api` itself\nhint: {hint}")
        };
        check(&format!("command = '{command}'"), found.as_str());
    }
}

#[test]
fn a_reloader_is_known_by_its_option() {
    check(
        "command = 'uvicorn app:app --reload'",
        expect![[r#"
        watch.reloader 2:9 `watch` has no effect: `uvicorn --reload` restarts `api` itself
        hint: remove `watch`, or `--reload` after `uvicorn`"#]],
    );
    check_commands(
        &[
            "uvicorn app:app --reload --port 1",
            "python -m uvicorn app:app --reload",
            "python3.12 -X dev -m uvicorn --reload app:app",
            "uv run uvicorn app:app --reload",
            "poetry run uvicorn --reload app:app",
            ".venv/bin/uvicorn --reload app:app",
            "env LOG=1 uvicorn --reload app:app",
        ],
        "uvicorn --reload",
    );
    check_commands(
        &["node --watch server.js", "/usr/bin/node --watch server.js"],
        "node --watch",
    );
    check_commands(&["node --watch-path=src server.js"], "node --watch-path");
    check_commands(&["webpack serve", "npx webpack serve --port 1"], "webpack serve");
    check_commands(
        &["tsx watch src/main.ts", "pnpm exec tsx watch src/main.ts"],
        "tsx watch",
    );
    check_commands(&["cargo watch -x run"], "cargo watch");
    check_commands(&["flask --app shop run --debug"], "flask --debug");
    check_commands(&["python manage.py runserver 8000"], "manage.py runserver");
}

#[test]
fn some_programs_do_nothing_else() {
    check(
        "command = 'nodemon server.js'",
        expect![[r#"
        watch.reloader 2:9 `watch` has no effect: `nodemon` restarts `api` itself
        hint: remove `watch`"#]],
    );
    check_commands(
        &["nodemon server.js", "npx nodemon server.js", "npx --yes nodemon a.js"],
        "nodemon",
    );
    check_commands(
        &["vite --port 1", "npx vite dev", "node node_modules/.bin/vite"],
        "vite",
    );
    check_commands(&["air -c .air.toml"], "air");
    check_commands(&["watchexec -r go run ."], "watchexec");
    check_commands(&["next dev", "yarn next dev -p 1"], "next dev");
    check_commands(&["nuxt dev"], "nuxt dev");
    check_commands(&["astro dev"], "astro dev");
    check_commands(&["ng serve"], "ng serve");
}

#[test]
fn other_commands_restart_nothing() {
    check_commands(
        &[
            "uvicorn app:app",
            "python app.py --reload",
            "vite preview",
            "next start",
            "python manage.py runserver --noreload",
            "flask run",
            "flask run --debug --no-reload",
            "node server.js",
            "node server.js nodemon",
            "cargo run",
            "python worker.py vite",
            "npm run dev",
        ],
        "",
    );
}

#[test]
fn flask_reloads_by_its_variable_too() {
    check(
        "command = 'flask run'\nenvironment = { FLASK_DEBUG = 1 }",
        expect![[r#"
            watch.reloader 2:9 `watch` has no effect: `FLASK_DEBUG` restarts `api` itself
            hint: remove `watch`"#]],
    );
    check("command = 'flask run'\nenvironment = { FLASK_DEBUG = 0 }", "");
}

#[test]
fn the_commands_of_a_shell_are_looked_at_one_by_one() {
    check(
        "command = 'cd src && exec uvicorn app:app --reload'\nshell = true",
        expect![[r#"
            watch.reloader 2:9 `watch` has no effect: `uvicorn --reload` restarts `api` itself
            hint: remove `watch`, or `--reload` after `uvicorn`"#]],
    );
    check("command = 'echo nodemon && uvicorn app:app'\nshell = true", "");
}

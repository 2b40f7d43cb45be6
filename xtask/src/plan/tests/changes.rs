//! Two versions of a project → what `up` restarts and why.

use super::{dedent, outcome};
use crate::expected::Expected;
use crate::plan::{SettingChange, changes};
use expect_test::expect;

/// The project before the edit.
const BEFORE: &str = "
    [services.db]
    command = 'redis-server --port ${DB_PORT:-6390}'
    port = '${DB_PORT:-6390}'
    [services.api]
    command = 'uvicorn app:app'
    port = '${API_PORT:-8000}'
    environment = { LEVEL = 'debug' }
    depends_on = ['db']
    [services.web]
    command = 'npx vite'
    ports = { http = 8080, hmr = 24678 }
    depends_on = ['api']
";

/// One line for each service that changed.
#[track_caller]
fn check(before: (&str, &str), after: (&str, &str), expected: impl Expected) {
    let plan = |(config, around): (&str, &str)| {
        let (plan, problems) = outcome(&dedent(config), &dedent(around), "").expect("both can be planned");
        assert_eq!(problems, []);
        plan.services
    };
    let (before, after) = (plan(before), plan(after));
    let mut seen = Vec::new();
    for planned in &after {
        let running = before.iter().find(|it| it.name == planned.name).expect("it was there");
        let found = changes(running, planned, &after);
        if !found.is_empty() {
            let found: Vec<_> = found.iter().map(shown).collect();
            seen.push(format!("{}: {}", planned.name, found.join(", ")));
        }
    }
    let seen = seen.join("\n");
    expected.check(&seen);
}

fn shown(change: &SettingChange) -> String {
    match (&change.from, &change.to) {
        (None, None) => change.setting.clone(),
        (from, to) => {
            let word = |it: &Option<String>| it.clone().unwrap_or("none".to_owned());
            format!("{} {} → {}", change.setting, word(from), word(to))
        }
    }
}

#[track_caller]
fn check_edit(from: &str, to: &str, expected: impl Expected) {
    assert!(BEFORE.contains(from));
    check((BEFORE, ""), (&BEFORE.replace(from, to), ""), expected);
}

#[test]
fn comments_and_variables_of_the_terminal_are_no_change() {
    let moved = format!("# a comment\n\n{BEFORE}");
    check(
        (BEFORE, "$ TERM=xterm"),
        (&moved, "$ SHLVL=3\n$ TERM=dumb"),
        expect![""],
    );
}

#[test]
fn each_changed_setting_is_named() {
    check_edit("npx vite'", "npx vite --debug'", expect!["web: command"]);
    check_edit("LEVEL = 'debug'", "LEVEL = 'info'", expect!["api: environment.LEVEL"]);
    check_edit("{ LEVEL = 'debug' }", "{}", expect!["api: environment.LEVEL"]);
    check_edit("hmr = 24678", "hmr = 24679", expect!["web: ports.hmr 24678 → 24679"]);
    check_edit(", hmr = 24678", "", expect!["web: ports.hmr 24678 → none"]);
    check_edit(
        "http = 8080, hmr = 24678",
        "hmr = 24678, http = 8080",
        expect!["web: ports http → hmr"],
    );
    check_edit("depends_on = ['api']", "", expect!["web: depends_on"]);
    check_edit(
        "depends_on = ['api']",
        "depends_on = { api = 'started' }",
        expect!["web: depends_on"],
    );
    for more in [
        "restart = 'always'",
        "stop_signal = 'SIGINT'",
        "stop_grace_period = '3s'",
        "working_dir = 'web'",
    ] {
        let name = more.split(' ').next().unwrap();
        let edited = format!("depends_on = ['api']\n    {more}");
        check_edit("depends_on = ['api']", &edited, &format!("web: {name}"));
    }
    let edited = "depends_on = ['api']\n    healthcheck = { http = '/', start_period = '3s' }";
    check_edit("depends_on = ['api']", edited, expect!["web: healthcheck"]);
}

#[test]
fn a_port_moves_with_all_that_may_look_for_it() {
    // `web` may read API_PORT; `db`, a dependency of the API, does not.
    let moved = "
        api: port 8000 → 8001
        web: environment.API_PORT";
    check_edit("API_PORT:-8000", "API_PORT:-8001", moved);
    check((BEFORE, ""), (BEFORE, ".env: API_PORT=8001"), moved);
    check((BEFORE, ""), (BEFORE, "$ API_PORT=8001"), moved);
    check_edit(
        "port = '${DB_PORT:-6390}'",
        "port = '${DB_PORT:-6391}'",
        expect![[r#"
            db: command, port 6390 → 6391
            api: environment.DB_PORT
            web: environment.DB_PORT"#]],
    );
}

#[test]
fn env_files_and_venvs_count_by_what_they_hold() {
    check(
        (BEFORE, ".env: A=1\n.env: B=1"),
        (BEFORE, ".env: B=1\n.env: A=2"),
        expect![[r#"
            db: environment.A
            api: environment.A
            web: environment.A"#]],
    );
    let with = |path: &str| format!("[venvs.py]\npath = '{path}'\n[services.api]\ncommand = 'python'\nvenv = 'py'");
    check((&with("a"), ""), (&with("b"), ""), expect!["api: venv"]);
}

#[test]
fn a_task_is_not_done_again_for_a_port_that_it_does_not_name() {
    let with = |api: u16, task: &str| {
        format!("[services.api]\ncommand = 'a'\nport = '${{API_PORT:-{api}}}'\n[tasks.t]\ncommand = '{task}'\n")
            + "[services.b]\ncommand = 'b'\ndepends_on = ['t']"
    };
    let (before, after) = (with(8000, "t"), with(8001, "t"));
    check(
        (&before, ""),
        (&after, ""),
        expect![[r#"
            api: port 8000 → 8001
            b: environment.API_PORT"#]],
    );
    let (before, after) = (with(8000, "t ${API_PORT:-8000}"), with(8001, "t ${API_PORT:-8001}"));
    check(
        (&before, ""),
        (&after, ""),
        expect![[r#"
            api: port 8000 → 8001
            t: command
            b: environment.API_PORT"#]],
    );
    let service = with(8000, "t").replace("[tasks.t]", "[services.t]");
    check(
        (&with(8000, "t"), ""),
        (&service, ""),
        expect![[r#"
        t: task
        b: depends_on"#]],
    );
}

#[test]
fn other_globs_of_watch_are_a_change() {
    let with = |watch: &str| format!("[services.api]\ncommand = 'x'\n{watch}");
    check(
        (&with("watch = 'src'"), ""),
        (&with("watch = ['src', '!src/gen']"), ""),
        expect!["api: watch"],
    );
    check((&with(""), ""), (&with("watch = 'src'"), ""), expect!["api: watch"]);
}

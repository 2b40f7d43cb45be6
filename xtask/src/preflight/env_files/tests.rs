//! Env files and the variables that are used → findings.

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::{EnvFileFact, KnownVariables, env_files};
use crate::config::dotenv;
use crate::diagnostic::Platform;

/// `used` are the variables of `devtasks.toml`; the calling environment has `HOME`.
#[track_caller]
fn check(used: &[&str], text: &str, example: Option<&str>, mark: impl Fn(&mut EnvFileFact), expected: Expect) {
    let mut fact = EnvFileFact {
        path: ".env".into(),
        exists: true,
        names: dotenv::names(Path::new(".env"), text.as_bytes()),
        ambiguities: dotenv::ambiguities(Path::new(".env"), text.as_bytes()),
        readable_by_all: false,
        tracked_by_git: false,
        example: example.map(|text| {
            let path = PathBuf::from(".env.example");
            let names = dotenv::names(&path, text.as_bytes());
            (path, names)
        }),
    };
    mark(&mut fact);
    let known = KnownVariables {
        used: used.iter().copied().collect(),
        is_set: &|name| name == "HOME",
    };
    let shown = env_files(&[fact], &known).into_iter().map(|finding| {
        let place = finding
            .place
            .map(|at| format!("{}:{} {} ", at.line, at.column, at.source));
        let hints = finding
            .hints
            .iter()
            .map(|hint| format!("\n  hint: {}", hint.render_on(Platform::Linux, "devtasks")));
        format!(
            "{:?} {} {}{}{}\n",
            finding.level,
            finding.code.name(),
            place.unwrap_or_default(),
            finding.message,
            hints.collect::<String>()
        )
    });
    expected.assert_eq(&shown.collect::<String>());
}

fn plain(_: &mut EnvFileFact) {}

#[test]
fn a_mistyped_name_is_told() {
    check(
        &["BACKEND_PORT", "FRONTEND_PORT", "HOME"],
        "BACKEDN_PORT=18005\nSECRETKEY=x\nHOMEE=1\n",
        Some("SECRET_KEY=\n"),
        plain,
        expect![[r#"
            Warn env.mistyped 1:1 BACKEDN_PORT=… nothing uses `BACKEDN_PORT`, and `BACKEND_PORT` is not set
              hint: did you mean `BACKEND_PORT`?
            Warn env.mistyped 2:1 SECRETKEY=… nothing uses `SECRETKEY`, and `SECRET_KEY` is not set
              hint: did you mean `SECRET_KEY`?
        "#]],
    );
}

#[test]
fn other_names_are_the_applications_own() {
    check(
        &["DB_PORT", "WEB1_PORT", "API_PORT"],
        "DB_HOST=x\nWEB2_PORT=1\nAPI_PORT=2\nAPI_PORTS=3\nA=1\n",
        None,
        plain,
        expect![[r#""#]],
    );
}

#[test]
fn variables_of_the_example_must_be_set() {
    check(
        &[],
        "A=1\n",
        Some("A=\nSECRET_KEY=\nHOME=\nDATABASE_URL=\n"),
        plain,
        expect![[r#"
            Warn env.example `.env` does not set `SECRET_KEY`, `DATABASE_URL` of `.env.example`
              hint: copy what is missing from `.env.example` to `.env`
        "#]],
    );
}

#[test]
fn a_fresh_clone_has_only_the_example() {
    let fresh = |fact: &mut EnvFileFact| fact.exists = false;
    check(
        &[],
        "",
        Some("SECRET_KEY=\nHOME=\n"),
        fresh,
        expect![[r#"
            Warn env.example `.env` does not exist, and `.env.example` sets `SECRET_KEY`
              hint: run `cp .env.example .env`, and fill it in
        "#]],
    );
    check(&[], "", Some("HOME=\n"), fresh, expect![[r#""#]]);
}

#[test]
fn secrets_are_for_their_user() {
    let mark = |fact: &mut EnvFileFact| (fact.readable_by_all, fact.tracked_by_git) = (true, true);
    check(
        &[],
        "BACKEND_PORT=8000\nAPI_TOKEN=t0p\n",
        None,
        mark,
        expect![[r#"
        Warn env.readable 2:1 API_TOKEN=… every user can read `API_TOKEN` of `.env`
          hint: run `chmod 600 .env`
        Warn env.tracked 2:1 API_TOKEN=… git tracks `.env`, so everybody gets its values
          hint: take it out with `git rm --cached .env`, and add it to `.gitignore`
    "#]],
    );
    check(&[], "BACKEND_PORT=8000\nPORT=1\n", None, mark, expect![[r#""#]]);
    check(
        &[],
        "API_TOKEN=\nDEBUG=1\n",
        None,
        mark,
        expect![[r#"
        Warn env.tracked 1:1 API_TOKEN=… git tracks `.env`, so everybody gets its values
          hint: take it out with `git rm --cached .env`, and add it to `.gitignore`
    "#]],
    );
}

#[test]
fn what_other_programs_read_differently_is_a_note() {
    check(
        &[],
        "A=1 # one\n",
        None,
        plain,
        expect![[r#"
        Ok env.ambiguous 1:1 A=… systemd, foreman and podman take ` #` and what follows as part of the value
    "#]],
    );
}

#[test]
fn windows_has_other_commands() {
    let fact = EnvFileFact {
        path: "my app/.env".into(),
        exists: true,
        names: dotenv::names(Path::new(".env"), b"API_TOKEN=t0p\n"),
        ambiguities: Vec::new(),
        readable_by_all: true,
        tracked_by_git: false,
        example: None,
    };
    let absent = EnvFileFact {
        path: ".env".into(),
        exists: false,
        names: Vec::new(),
        readable_by_all: false,
        example: Some((
            ".env.example".into(),
            dotenv::names(Path::new(".env.example"), b"SECRET_KEY=\n"),
        )),
        ..fact.clone()
    };
    let known = KnownVariables {
        used: ["API_TOKEN"].into(),
        is_set: &|_| false,
    };
    let hints: Vec<String> = env_files(&[fact, absent], &known)
        .iter()
        .flat_map(|finding| &finding.hints)
        .map(|hint| hint.render_on(Platform::Windows, ""))
        .collect();
    expect![[r#"
        run `icacls "my app/.env" /inheritance:r /grant:r %USERNAME%:F` in cmd
        run `copy .env.example .env`, and fill it in"#]]
    .assert_eq(&hints.join("\n"));
}

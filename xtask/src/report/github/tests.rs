//! Findings → annotations and the summary, as GitHub takes them.

use std::path::PathBuf;

use super::{Directories, annotated, inert, step_summary};
use crate::diagnostic::{Code, Diagnostic, Level, Place};
use crate::ports::{Finding, Subject};
use crate::report::doctor::Results;
use crate::report::tests::{place, reader};

fn found(message: &str, level: Level, at: Option<&Place>) -> Finding {
    let found = Diagnostic::new(message).code(Code::CommandNotFound).level(level);
    let found = found.hint("install it, or 100% correct `command`");
    let found = match at {
        Some(place) => found.at(place),
        None => found,
    };
    found.about(Subject::service("api"))
}

fn results(findings: &[Finding]) -> Results<'_> {
    Results {
        findings,
        ..Results::unreadable(&[], None)
    }
}

#[track_caller]
fn check(findings: &[Finding], here: &str, expected: &str) {
    let directories = Directories {
        here: here.into(),
        checkout: "/repo/shop".into(),
        workspace: Some("/repo".into()),
    };
    assert_eq!(annotated(&results(findings), &directories, &reader(80)), expected);
}

#[test]
fn what_is_wrong_stands_at_its_line_and_is_escaped() {
    let at = place(4, 11, 5, "command = \"serve\"");
    check(
        &[
            found("a warning", Level::Warn, None),
            found("`a\r\nb`: 50%, no more", Level::Fail, Some(&at)),
        ],
        "/repo/shop",
        "::error file=shop/devtasks.toml,line=4,col=11,title=command.not_found::`a\\r\\nb`: 50%25, no more%0Ahint: \
         install it, or 100%25 correct `command`\n\
         ::warning title=command.not_found::a warning%0Ahint: install it, or 100%25 correct `command`\n\
         1 check failed, 1 warning.\n",
    );
}

#[test]
fn a_file_is_seen_from_the_repository_wherever_the_command_was_run() {
    let named = |file: &str| Place {
        file: PathBuf::from(file).into(),
        ..place(1, 1, 1, "x")
    };
    for (file, here, expected) in [
        ("devtasks.toml", "/repo/shop", "shop/devtasks.toml"),
        ("shop/devtasks.toml", "/repo", "shop/devtasks.toml"),
        (".env", "/repo", "shop/.env"),
        ("/repo/shop/devtasks.toml", "/repo/shop/backend", "shop/devtasks.toml"),
        // One letter in front of a colon would be a drive of Windows.
        ("ab:c,d%.toml", "/repo/shop", "shop/ab%3Ac%2Cd%25.toml"),
    ] {
        let expected = format!(
            "::error file={expected},line=1,col=1,title=command.not_found::x%0Ahint: install it, or 100%25 correct `command`\n1 check failed.\n"
        );
        check(&[found("x", Level::Fail, Some(&named(file)))], here, &expected);
    }
}

#[test]
fn ten_are_annotations_and_the_worst_come_first() {
    let mut findings: Vec<Finding> = (0..9).map(|n| found(&format!("w{n}"), Level::Warn, None)).collect();
    findings.extend((0..3).map(|n| found(&format!("f{n}"), Level::Fail, None)));
    let directories = Directories {
        here: "/".into(),
        checkout: "/".into(),
        workspace: None,
    };
    let text = annotated(&results(&findings), &directories, &reader(80));
    assert_eq!(text.lines().filter(|line| line.starts_with("::")).count(), 10, "{text}");
    assert!(text.starts_with("::error title=command.not_found::f0"), "{text}");
    assert!(text.contains("\nwarning: w8\n"), "{text}");
}

#[test]
fn no_other_line_is_a_command() {
    let text = "error: x\n      ::add-mask::a\n  y ##[error]z\n::stop-commands::t";
    assert_eq!(
        inert(text),
        "error: x\n  | ::add-mask::a\n  y ## [error]z\n  | ::stop-commands::t"
    );
}

#[test]
fn the_summary_is_html_in_which_names_are_text() {
    let findings = [found("`<img src=x>` & `b\"` is | odd", Level::Fail, None)];
    assert_eq!(
        step_summary(&results(&findings), &reader(80)),
        "<h3>devtasks doctor: devtasks.toml</h3>\n\
         <p>1 check failed.</p>\n\
         <table>\n\
         <tr><td>❌</td><td><code>command.not_found</code></td><td><code>&lt;img src=x&gt;</code> &amp; \
         <code>b&quot;</code> is | odd<br>hint: install it, or 100% correct <code>command</code></td></tr>\n\
         </table>\n"
    );
}

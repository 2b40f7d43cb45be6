//! `devtasks.toml` → the parsed configuration or all problems.

mod shown;

mod good;
mod log_export;
mod places;
mod problems;
mod requires;
mod runs;
mod tasks;

use crate::expected::{Expected, dedent};
use std::path::Path;

use crate::diagnostic::{Diagnostic, Exit};

/// `text` and `expected` may be indented; problems are written as
/// ``2:8 [services.a] unknown key `prot` `` with a line `  hint: …` for each hint.
#[track_caller]
fn check(text: &str, expected: impl Expected) {
    let text = dedent(text);
    let found = match super::read(Path::new("devtasks.toml"), &text) {
        Ok(config) => shown::config(&config),
        Err(problems) => problems.iter().map(problem).collect::<Vec<_>>().join("\n"),
    };
    expected.check(&found);
}

/// The body of `[services.a]`, which has a command, instead of a whole file. Its first line is line 3.
#[track_caller]
fn check_service(body: &str, expected: impl Expected) {
    check(&format!("[services.a]\ncommand = 'x'\n{}", dedent(body)), expected);
}

fn problem(problem: &Diagnostic) -> String {
    let place = problem.place.as_ref().expect("every problem of a file has a place");
    assert_eq!(
        (problem.exit, place.file.as_path()),
        (Exit::Usage, Path::new("devtasks.toml"))
    );
    let table = if place.table.is_empty() {
        String::new()
    } else {
        format!("{} ", place.table)
    };
    let first = format!("{}:{} {table}{}", place.line, place.column, problem.message);
    let hints = problem
        .hints
        .iter()
        .map(|hint| format!("\n  hint: {}", hint.render("")));
    std::iter::once(first).chain(hints).collect()
}

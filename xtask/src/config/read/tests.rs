//! `devtasks.toml`: text in, what was read or every problem out.

mod shown;

mod good;
mod places;
mod problems;
mod tasks;

use std::path::Path;

use crate::error::{Exit, Problem};

/// `text` and `expected` may be indented; problems are written as
/// ``2:8 [services.a] unknown key `prot` `` with a line `  hint: …` for each hint.
#[track_caller]
fn check(text: &str, expected: &str) {
    let text = flush(text);
    let found = match super::read(Path::new("devtasks.toml"), &text) {
        Ok(config) => shown::config(&config),
        Err(problems) => problems.iter().map(problem).collect::<Vec<_>>().join("\n"),
    };
    assert_eq!(found, flush(expected), "\n{found}\n");
}

/// The body of `[services.a]`, with a command, in place of a whole file; its first line is line 3.
#[track_caller]
fn check_service(body: &str, expected: &str) {
    check(&format!("[services.a]\ncommand = 'x'\n{}", flush(body)), expected);
}

fn problem(problem: &Problem) -> String {
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
    let hints = problem.hints.iter().map(|hint| format!("\n  hint: {hint}"));
    std::iter::once(first).chain(hints).collect()
}

/// Without the first and last line's padding, and without the indentation that all lines share.
fn flush(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let lines = text.trim_start_matches('\n').trim_end_matches([' ', '\n']).split('\n');
    let shared = lines.clone().filter(|line| !line.trim().is_empty()).map(indent).min();
    let cut = |line: &str| line.get(shared.unwrap_or(0)..).unwrap_or_default().to_owned();
    lines.map(cut).collect::<Vec<_>>().join("\n")
}

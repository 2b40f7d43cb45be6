//! Whole repositories, each as one text, and the whole `devtasks.toml` that is proposed for it.

mod containers;
mod frameworks;
mod lists;
mod mixed;
mod packages;
mod processes;

use std::path::Path;

use expect_test::Expect;

use super::{Repository, Want, members, propose, propose_from, text, wanted};
use crate::config;

/// A repository written as one text: `== path`, then the file.
fn repository(files: &str) -> Repository {
    let mut repository = Repository {
        name: "shop".to_owned(),
        ..Repository::default()
    };
    for commands in ["docker", "redis-server", "npm"] {
        repository.commands.insert(commands.to_owned());
    }
    let files = format!("\n{files}");
    for file in files.split("\n== ").filter(|file| !file.trim().is_empty()) {
        let (path, text) = file.split_once('\n').unwrap_or((file, ""));
        let path = path.trim();
        if let Some(venv) = path.strip_suffix("/pyvenv.cfg") {
            repository.venvs.insert(venv.to_owned());
            continue;
        }
        let text = (wanted(path) != Want::Name).then(|| text.to_owned());
        repository.files.insert(path.to_owned(), text);
    }
    repository.members = members(&repository);
    repository
}

/// The text of the proposal, which the program itself understands.
#[track_caller]
fn check(files: &str, expected: Expect) {
    let proposal = propose(&repository(files));
    check_text(&text(&proposal, "devtasks init"), expected);
}

#[track_caller]
fn check_text(text: &str, expected: Expect) {
    let without_head = text.split_once("\n\n").map_or(text, |(_, rest)| rest);
    expected.assert_eq(without_head);
    let read = config::read(Path::new("devtasks.toml"), text);
    let problems = read.err().unwrap_or_default();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(messages.is_empty(), "{messages:#?}");
}

/// As [`check`], of one file.
#[track_caller]
fn check_import(path: &str, files: &str, expected: Expect) {
    let proposal = propose_from(&repository(files), path).expect("its kind is known");
    check_text(&text(&proposal, "devtasks import"), expected);
}

//! Runs that continue although their checkout was moved or deleted; other commands mention them.

use crate::commands::Context;
use crate::diagnostic::{Diagnostic, Hint};
use crate::foreign::{command_line, visible};
use crate::protocol::Record;
use crate::system::runs;

/// A sentence for each stranded run.
pub(super) fn remarks(context: &Context) -> Vec<String> {
    let remark = |record: Record| {
        let (project, directory) = (visible(&record.project), record.checkout.display().to_string());
        format!(
            "`{project}` (pid {}) runs on, although its directory `{}` is gone; `{} {}` ends it.",
            record.supervisor.pid,
            visible(&directory),
            context.program,
            down(&record)
        )
    };
    runs::stranded().into_iter().map(remark).collect()
}

/// Adds a hint to the problem that there is no project here: it may have been that of a stranded run.
pub(super) fn with_stranded_hint(problem: Diagnostic) -> Diagnostic {
    let hint = |problem: Diagnostic, record: &Record| {
        let directory = record.checkout.display();
        let end = format!(
            "end `{}`, which runs on although its directory `{directory}` is gone, with",
            record.project
        );
        problem.hint(Hint::run(&end, down(record)))
    };
    runs::stranded().iter().fold(problem, hint)
}

/// The command that stops the run; its file need not exist.
fn down(record: &Record) -> String {
    let file = record.checkout.join("devtasks.toml");
    let file = command_line(&[file.to_string_lossy().into_owned()]);
    format!("--file {file} down")
}

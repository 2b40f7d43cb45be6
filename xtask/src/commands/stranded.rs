//! Runs that go on although their checkout was moved or deleted: who looks for them from elsewhere is told of them.

use crate::commands::Context;
use crate::error::Problem;
use crate::foreign::{command_line, visible};
use crate::world::runs::{self, Record};

/// A sentence for each of them.
pub(super) fn remarks(context: &Context) -> Vec<String> {
    let remark = |record: Record| {
        let (project, directory) = (visible(&record.project), record.checkout.display().to_string());
        format!(
            "`{project}` (pid {}) runs on, although its directory `{}` is gone; `{}` ends it.",
            record.supervisor.pid,
            visible(&directory),
            end(&record, context)
        )
    };
    runs::stranded().into_iter().map(remark).collect()
}

/// There is no project here: perhaps it was what one of them had.
pub(super) fn with_stranded_hint(problem: Problem, context: &Context) -> Problem {
    let hint = |problem: Problem, record: &Record| {
        let directory = record.checkout.display();
        problem.hint(format!(
            "end `{}`, which runs on although its directory `{directory}` is gone, with `{}`",
            record.project,
            end(record, context)
        ))
    };
    runs::stranded().iter().fold(problem, hint)
}

/// The file need not be there.
fn end(record: &Record, context: &Context) -> String {
    let file = record.checkout.join("devtasks.toml");
    let file = command_line(&[file.to_string_lossy().into_owned()]);
    format!("{} --file {file} down", context.program)
}

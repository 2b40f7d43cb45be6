//! The tasks of a project, as `run` lists them.

use serde::Serialize;

use super::json::SCHEMA_VERSION;
use super::paint::Paint;
use super::table;
use crate::foreign::{command_line, visible};
use crate::process::secrets::mask;
use crate::{config, plan};

#[derive(Serialize)]
pub(crate) struct Task {
    name: String,
    /// `None` if it cannot be planned, as with a missing variable.
    command: Option<Vec<String>>,
    depends_on: Vec<String>,
}

impl Task {
    pub(crate) fn new(task: &config::Service, planned: Option<&plan::Service>) -> Self {
        Task {
            name: task.name.clone(),
            command: planned.map(|planned| mask(&planned.command.words)),
            depends_on: task.depends_on.iter().map(|it| it.service.value.clone()).collect(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Tasks<'a> {
    schema_version: u32,
    tasks: &'a [Task],
}

pub(crate) fn document(tasks: &[Task]) -> Tasks<'_> {
    Tasks {
        schema_version: SCHEMA_VERSION,
        tasks,
    }
}

pub(crate) fn table(tasks: &[Task], paint: Paint) -> String {
    if tasks.is_empty() {
        return "devtasks.toml has no tasks. A [tasks.NAME] with a `command` is one.\n".to_owned();
    }
    let mut rows = vec![["TASK", "NEEDS", "COMMAND"].map(str::to_owned).to_vec()];
    rows.extend(tasks.iter().map(|task| {
        let command = task.command.as_deref().map_or("-".to_owned(), command_line);
        let needs = if task.depends_on.is_empty() {
            "-".to_owned()
        } else {
            task.depends_on.join(" ")
        };
        vec![task.name.clone(), needs, visible(&command).into_owned()]
    }));
    let widths = table::widths(&rows);
    table::table(&rows, &widths, paint, |_, column, cell| match column {
        0 => paint.bold(&cell),
        _ => cell,
    })
}

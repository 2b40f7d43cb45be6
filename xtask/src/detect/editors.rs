//! What editors start: `.claude/launch.json` and `.vscode/tasks.json`.

mod jsonc;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::program::{Number, Origin, Program};
use super::repository::{Repository, join, parent};
use jsonc::plain;

#[derive(Deserialize)]
struct Launch {
    #[serde(default)]
    configurations: Vec<Configuration>,
}

/// One server of `.claude/launch.json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Configuration {
    name: String,
    runtime_executable: Option<String>,
    runtime_args: Vec<String>,
    program: Option<String>,
    args: Vec<String>,
    port: Option<u16>,
    cwd: Option<String>,
    env: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Tasks {
    #[serde(default)]
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Task {
    label: String,
    #[serde(rename = "type")]
    kind: String,
    command: Option<Value>,
    script: Option<String>,
    path: Option<String>,
    args: Vec<Value>,
    options: Options,
    is_background: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Options {
    cwd: Option<String>,
    env: BTreeMap<String, Value>,
}

pub(crate) fn launch(repository: &Repository) -> Vec<Program> {
    let path = ".claude/launch.json";
    repository
        .text(path)
        .map(|text| of_launch(path, text))
        .unwrap_or_default()
}

pub(crate) fn tasks(repository: &Repository) -> Vec<Program> {
    let path = ".vscode/tasks.json";
    repository
        .text(path)
        .map(|text| of_tasks(path, text))
        .unwrap_or_default()
}

pub(crate) fn of_launch(path: &str, text: &str) -> Vec<Program> {
    let read: Result<Launch, _> = serde_json::from_str(&plain(text));
    let configurations = read.map(|it| it.configurations).unwrap_or_default().into_iter();
    let program = |one: Configuration| {
        let words = match (&one.runtime_executable, &one.program) {
            (Some(executable), None) => [vec![executable.clone()], one.runtime_args, one.args].concat(),
            (executable, Some(program)) => {
                let executable = executable.clone().unwrap_or_else(|| "node".to_owned());
                [vec![executable], one.runtime_args, vec![program.clone()], one.args].concat()
            }
            (None, None) => return None,
        };
        let line = shell_words::join(words.iter().map(|word| in_workspace(word)));
        let why = format!("{path}: \"{}\" runs {line}", one.name);
        // Outside of the project nothing is run.
        let inside = directory(path, one.cwd.as_deref());
        let line = if inside.is_some() { line } else { String::new() };
        let directory = inside.unwrap_or_default();
        let port = one
            .port
            .map(|port| Number::new(port, format!("{path}: \"port\": {port}")));
        let program = Program::new(Origin::Launch, &directory, line, why);
        Some(program.named(one.name).on(port).with(variables(one.env)))
    };
    configurations.filter_map(program).collect()
}

/// What runs on, and what runs to its end, as tasks.
pub(crate) fn of_tasks(path: &str, text: &str) -> Vec<Program> {
    let read: Result<Tasks, _> = serde_json::from_str(&plain(text));
    let tasks = read.map(|it| it.tasks).unwrap_or_default().into_iter();
    let program = |task: Task| {
        let word = |value: &Value| match value {
            Value::String(word) => Some(word.clone()),
            Value::Object(quoted) => Some(quoted.get("value")?.as_str()?.to_owned()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        };
        let line = match task.kind.as_str() {
            "npm" => format!("npm run {}", task.script.as_deref()?),
            _ => {
                let command = word(task.command.as_ref()?)?;
                let arguments: Vec<String> = task.args.iter().filter_map(word).collect();
                match arguments.is_empty() {
                    true => command,
                    false => format!("{command} {}", shell_words::join(arguments)),
                }
            }
        };
        let cwd = task.options.cwd.or(task.path);
        let line = in_workspace(&line);
        let why = format!("{path}: \"{}\" runs {line}", task.label);
        let program = Program::new(Origin::EditorTask, &directory(path, cwd.as_deref())?, line, why);
        Some(
            program
                .named(task.label)
                .with(variables(task.options.env))
                .task(!task.is_background),
        )
    };
    tasks.filter_map(program).collect()
}

/// The directory below that of the editor's own; `None` if it is outside.
fn directory(path: &str, cwd: Option<&str>) -> Option<String> {
    let top = parent(parent(path));
    let cwd = in_workspace(cwd.unwrap_or_default());
    (!cwd.starts_with(['/', '~']) && !cwd.contains('$')).then(|| join(top, &cwd))
}

fn in_workspace(text: &str) -> String {
    let text = text.replace("${workspaceFolder}/", "").replace("${workspaceRoot}/", "");
    text.replace("${workspaceFolder}", ".").replace("${workspaceRoot}", ".")
}

fn variables(values: BTreeMap<String, Value>) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    values
        .into_iter()
        .filter_map(|(name, value)| Some((name, text(value)?)))
        .collect()
}

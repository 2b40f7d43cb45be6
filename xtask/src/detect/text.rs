//! The text of a proposed `devtasks.toml`.

use super::line::Run;
use super::proposal::{Health, Packages, Process, Proposal, Runs, Service, Task, Venv};
use crate::config::toml_text::{key, quoted};
use crate::foreign::visible;

/// Comments begin here if the value leaves room for it.
const COLUMN: usize = 44;

/// The text; `command` is what wrote it, such as `devtasks init`.
pub(crate) fn text(proposal: &Proposal, command: &str) -> String {
    let mut out = format!(
        "# Written by `{command}`. Correct what is wrong: the comments say where each value comes from.\n\n[project]\nname = {}\n",
        quoted(&proposal.name)
    );
    for venv in &proposal.venvs {
        out.push_str(&of_venv(venv));
    }
    for service in &proposal.services {
        out.push_str(&of_service(service));
    }
    for task in &proposal.tasks {
        out.push_str(&of_task(task));
    }
    if !proposal.left.is_empty() {
        out.push_str("\n# Not carried over, or left to you:\n");
        out.extend(proposal.left.iter().map(|it| format!("# - {}\n", visible(it))));
    }
    out
}

fn of_venv(venv: &Venv) -> String {
    let mut out = format!("\n[venvs.{}]\n", venv.name);
    out.push_str(&line("path", &quoted(&venv.path), ""));
    match &venv.packages {
        Packages::Requirements(files) => {
            out.push_str(&line("requirements", &list(files), ""));
            out.push_str(&line(
                "sync",
                "true",
                &format!("`up` creates it and installs {}", venv.why),
            ));
        }
        Packages::Project(directory) => {
            let directory = if directory.is_empty() { "." } else { directory };
            out.push_str(&line("project", &quoted(directory), ""));
            out.push_str(&line(
                "sync",
                "true",
                &format!("`up` creates it and installs {}", venv.why),
            ));
        }
        Packages::Unknown => out.push_str(&format!("# {} says what it holds\n", visible(&venv.why))),
    }
    out
}

fn of_service(service: &Service) -> String {
    let mut out = head("services", &service.name, &service.why);
    let variable = service.port.as_ref().and_then(|port| port.variable.as_deref());
    match &service.runs {
        Runs::Command(process) => out.push_str(&of_process(process, variable)),
        Runs::Compose { service, file } => {
            out.push_str(&line("compose", &quoted(service), ""));
            out.extend(file.iter().map(|file| line("compose_file", &quoted(file), "")));
        }
    }
    if let Some(port) = &service.port {
        let value = match &port.variable {
            Some(name) => format!("\"${{{name}:-{}}}\"", port.number),
            None => port.number.to_string(),
        };
        let more: String = service
            .more_ports
            .iter()
            .map(|number| format!(", p{number} = {number}"))
            .collect();
        match more.as_str() {
            "" => out.push_str(&line("port", &value, &port.why)),
            more => out.push_str(&line("ports", &format!("{{ main = {value}{more} }}"), &port.why)),
        }
    }
    match &service.health {
        Some(Health::Http { path, why }) => {
            out.push_str(&line("healthcheck", &format!("{{ http = {} }}", quoted(path)), why))
        }
        Some(Health::Tcp) => out.push_str(&line("healthcheck", "{ tcp = true }", "")),
        None => {}
    }
    out.push_str(&environment(&service.environment, variable));
    if !service.depends_on.is_empty() {
        out.push_str(&line("depends_on", &list(&service.depends_on), ""));
    }
    if !service.profiles.is_empty() {
        out.push_str(&line("profiles", &list(&service.profiles), ""));
    }
    out
}

fn of_task(task: &Task) -> String {
    let mut out = head("tasks", &task.name, &task.why);
    out.push_str(&of_process(&task.process, None));
    out.push_str(&environment(&task.environment, None));
    if !task.depends_on.is_empty() {
        out.push_str(&line("depends_on", &list(&task.depends_on), ""));
    }
    out
}

fn head(kind: &str, name: &str, why: &[String]) -> String {
    let reasons: String = why.iter().map(|why| format!("# {}\n", visible(why))).collect();
    format!("\n{reasons}[{kind}.{name}]\n")
}

fn of_process(process: &Process, variable: Option<&str>) -> String {
    let command = command(&process.run, variable);
    let mut out = line("command", &quoted(&command), "");
    if matches!(process.run, Run::Shell(_)) {
        out.push_str(&line("shell", "true", ""));
    }
    if !process.directory.is_empty() {
        out.push_str(&line("working_dir", &quoted(&process.directory), ""));
    }
    out.extend(process.venv.iter().map(|venv| line("venv", &quoted(venv), "")));
    out
}

fn environment(variables: &[(String, String)], port: Option<&str>) -> String {
    let pairs: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("{} = {}", key(name), quoted(&named(value, port))))
        .collect();
    match pairs.as_slice() {
        [] => String::new(),
        pairs => line("environment", &format!("{{ {} }}", pairs.join(", ")), ""),
    }
}

/// The command as one string.
pub(crate) fn command(run: &Run, variable: Option<&str>) -> String {
    match run {
        Run::Words(words) => words
            .iter()
            .map(|word| word_of(word, variable))
            .collect::<Vec<_>>()
            .join(" "),
        Run::Shell(text) => named(&text.replace("${", "$${").replace("$${PORT}", "${PORT}"), variable),
    }
}

/// One word, quoted as far as it must be.
fn word_of(word: &str, variable: Option<&str>) -> String {
    // A letter in its place, for an empty word is quoted.
    let plain = word.replace("${PORT}", "0");
    let is_plain = shell_words::quote(&plain) == plain;
    match is_plain {
        true => named(word, variable),
        false => shell_words::quote(&named(word, variable)).into_owned(),
    }
}

/// With the name of the service's own port.
fn named(text: &str, variable: Option<&str>) -> String {
    match variable {
        Some(name) => text.replace("${PORT}", &format!("${{{name}}}")),
        None => text.to_owned(),
    }
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

fn line(key: &str, value: &str, why: &str) -> String {
    let value = format!("{key} = {value}");
    match why {
        "" => format!("{value}\n"),
        why => format!("{value:<COLUMN$} # {}\n", visible(why)),
    }
}

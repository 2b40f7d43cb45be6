//! Findings about what a service needs besides ports: directory, command, env files and venv.

pub(crate) mod venv;

use std::collections::BTreeSet;
use std::path::Path;

use self::venv::venv_finding;
use super::{CommandFact, DirectoryFact, Facts, compose};
use crate::diagnostic::{Code, Diagnostic, Exit, Level, Place};
use crate::plan::{EnvFile, Plan, Runs, Service, bin};
use crate::ports::{Finding, Subject};

/// What is missing, by service in start order. A venv that several services share is reported once.
pub(crate) fn needs(plan: &Plan, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut venvs_told = BTreeSet::new();
    let mut files_told = BTreeSet::new();
    for service in &plan.services {
        for file in service
            .env_files
            .iter()
            .filter(|file| facts.missing_files.contains(&file.path))
        {
            if files_told.insert(&file.path) {
                findings.push(env_file_missing(plan, service, file));
            }
        }
        let venv = service.venv.as_ref().and_then(|venv| {
            let fact = facts.venvs.get(&venv.path)?;
            Some((venv, venv_finding(&plan.checkout, venv, fact)?))
        });
        if service.runs != Runs::Command {
            let fact = facts.compose.get(&service.name);
            findings.extend(fact.and_then(|fact| compose::finding(service, fact)));
            continue;
        }
        let fact = facts.services.get(&service.name);
        let fact = fact.expect("every service of the plan was looked at");
        match (working_dir(plan, service, fact.working_dir), venv) {
            (Some(finding), _) => findings.push(finding),
            (None, Some((venv, finding))) => {
                // Without its venv, a command may be missing or resolve to another program.
                let hides_command = finding.level != Level::Unknown;
                if venvs_told.insert(&venv.path) {
                    findings.push(finding.about(Subject::service(&service.name)));
                }
                if !hides_command {
                    findings.extend(command(plan, service, &fact.command));
                }
            }
            (None, None) => findings.extend(command(plan, service, &fact.command)),
        }
    }
    findings
}

fn env_file_missing(plan: &Plan, service: &Service, file: &EnvFile) -> Finding {
    let shown = relative(plan, &file.path);
    let finding = missing(
        Code::EnvFileMissing,
        format!("env file `{shown}` is missing"),
        &file.place,
    )
    .hint(format!("create `{shown}`, or remove it from `env_file`"));
    // A file of `[project]` concerns all services.
    finding.about(match file.place.table.as_str() {
        "[project]" => Subject::default(),
        _ => Subject::service(&service.name),
    })
}

fn working_dir(plan: &Plan, service: &Service, fact: DirectoryFact) -> Option<Finding> {
    let shown = relative(plan, &service.working_dir);
    let name = &service.name;
    let quoted = shell_words::quote(&shown);
    let (message, hint) = match fact {
        DirectoryFact::Found => return None,
        DirectoryFact::Missing if shown.starts_with("~/") => {
            (format!("working directory `{shown}` does not exist"), home(&shown))
        }
        DirectoryFact::Missing => (
            format!("working directory `{shown}` does not exist"),
            format!("create it with `mkdir -p {quoted}`, or change `working_dir` of `{name}`"),
        ),
        DirectoryFact::NotADirectory => (
            format!("working directory `{shown}` is not a directory"),
            format!("change `working_dir` of `{name}`"),
        ),
        DirectoryFact::Denied => (
            format!("no permission to enter working directory `{shown}`"),
            format!("look at its permissions with `ls -ld {quoted}`"),
        ),
    };
    let finding = missing(Code::WorkingDirMissing, message, &service.working_dir_place);
    Some(finding.hint(hint).about(Subject::service(&service.name)))
}

fn home(path: &str) -> String {
    format!(
        "write `${{HOME}}{}`: no shell fills in `~`",
        path.trim_start_matches('~')
    )
}

/// `PORT` of `PORT=8000`: an assignment with which a shell command line may begin.
fn variable(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    (is_name && name.starts_with(|it: char| !it.is_ascii_digit())).then_some(name)
}

fn command(plan: &Plan, service: &Service, fact: &CommandFact) -> Option<Finding> {
    let word = &service.command.words[0];
    let place = &service.command.place;
    let finding = match fact {
        CommandFact::Found(_) => return None,
        CommandFact::NotFound => {
            let message = format!("command `{word}` was not found");
            missing(Code::CommandNotFound, message, place).hint(find_it(plan, service, word))
        }
        CommandFact::NotExecutable(path) => {
            let message = format!("command `{word}` is not executable");
            missing(Code::CommandNotExecutable, message, place)
                .hint(format!("run `chmod +x {}`", command_path(plan, path)))
        }
        CommandFact::InterpreterMissing { script, interpreter } => {
            let (script, interpreter) = (script.display(), interpreter.display());
            let message = format!("command `{script}` cannot run: its interpreter `{interpreter}` does not exist");
            missing(Code::CommandNotExecutable, message, place)
                .hint(format!("install it again, or correct the first line of `{script}`"))
        }
    };
    Some(finding.about(Subject::service(&service.name)))
}

/// The hint for a command that was not found.
fn find_it(plan: &Plan, service: &Service, word: &str) -> String {
    if word.starts_with("~/") {
        return home(word);
    }
    if let Some(name) = variable(word) {
        return format!(
            "put `{name}` into `environment` of `{}`, or set `shell = true`: without a shell it is no assignment",
            service.name
        );
    }
    // A path is not the name of a package.
    if word.contains('/') {
        return format!("write the path as seen from `{}`", service.working_dir.display());
    }
    match &service.venv {
        Some(venv) => format!(
            "install it or, if it is a Python package, run `{} -m pip install {}`",
            command_path(plan, &bin(&venv.path).join("python")),
            shell_words::quote(word)
        ),
        None => format!("install `{word}`, or set `venv` if it lives in one"),
    }
}

/// The path relative to the project directory, if it is inside.
fn relative(plan: &Plan, path: &Path) -> String {
    path.strip_prefix(&plan.checkout).unwrap_or(path).display().to_string()
}

/// The relative path, quoted for a command line.
fn command_path(plan: &Plan, path: &Path) -> String {
    shell_words::quote(&relative(plan, path)).into_owned()
}

fn missing(code: Code, message: String, place: &Place) -> Diagnostic {
    Diagnostic::new(message).code(code).exit(Exit::Missing).at(place)
}

#[cfg(test)]
mod tests;

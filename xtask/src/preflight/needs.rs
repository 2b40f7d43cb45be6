//! Findings about what a service needs besides ports: directory, command, env files and venv.

pub(crate) mod command;
pub(crate) mod node_modules;
pub(crate) mod venv;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf, is_separator};

use self::venv::venv_finding;
use super::pidfile::stale_pidfile;
use super::{DirectoryFact, Facts, NodeState, ServiceFact, compose};
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Level, Place, Platform};
use crate::foreign::windows_word;
use crate::plan::{Elsewhere, EnvFile, Plan, Runs, Service};
use crate::ports::{Finding, Subject};

/// What is missing, by service in start order. A venv that several services share is reported once.
pub(crate) fn needs(plan: &Plan, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut venvs_told = BTreeSet::new();
    let mut files_told = BTreeSet::new();
    let mut modules_told = BTreeSet::new();
    for service in &plan.services {
        for file in &service.env_files {
            if let Some(main) = facts.missing_files.get(&file.path)
                && files_told.insert(&file.path)
            {
                findings.push(env_file_missing(plan, service, file, main.as_deref()));
            }
        }
        let venv = service.venv.as_ref().and_then(|venv| {
            let fact = facts.venvs.get(&venv.path)?;
            Some((venv, venv_finding(&plan.checkout, venv, fact)?))
        });
        if service.runs != Runs::Command {
            let fact = facts.compose.get(&service.name);
            findings.extend(fact.map_or(Vec::new(), |fact| compose::findings(service, fact)));
            continue;
        }
        let fact = facts.services.get(&service.name);
        let fact = fact.expect("every service of the plan was looked at");
        findings.extend(fact.pidfile.as_ref().map(|stale| stale_pidfile(plan, service, stale)));
        if let Some(finding) = working_dir(plan, service, &fact.working_dir) {
            findings.push(finding);
            continue;
        }
        // Its venv may be looked for in the wrong place, if the command begins with `cd`.
        if let Some(finding) = command::for_a_shell(service) {
            findings.push(finding);
            continue;
        }
        if let Some((venv, finding)) = venv {
            // Without its venv, a command may be missing or resolve to another program.
            let hides_command = finding.level != Level::Unknown;
            if venvs_told.insert(&venv.path) {
                findings.push(finding.about(Subject::service(&service.name)));
            }
            if hides_command {
                continue;
            }
        }
        match packages(plan, service, fact, &mut modules_told) {
            Packages::Missing(finding) => findings.extend(finding),
            Packages::Installed(warning) => {
                findings.extend(warning);
                findings.extend(command::command(plan, service, &fact.command));
            }
        }
    }
    findings
}

enum Packages {
    /// `None` if it was told for another service.
    Missing(Option<Finding>),
    /// Perhaps not in the lock file's versions.
    Installed(Option<Finding>),
}

/// Without its packages, a command of a Node project may be missing or be another program.
fn packages<'f>(plan: &Plan, service: &Service, fact: &'f ServiceFact, told: &mut BTreeSet<&'f Path>) -> Packages {
    let Some(node) = fact.node.as_ref().filter(|_| !installs_first(plan, service)) else {
        return Packages::Installed(None);
    };
    let is_missing = node.state == NodeState::Missing;
    let finding = node_modules::node_modules(plan, service, node).filter(|_| told.insert(&node.directory));
    let finding = finding.map(|finding| finding.about(Subject::service(&service.name)));
    match is_missing {
        true => Packages::Missing(finding),
        false => Packages::Installed(finding),
    }
}

/// The service installs the packages of a Node project, or waits for one that does.
fn installs_first(plan: &Plan, service: &Service) -> bool {
    let waits_for = |(name, _): &(String, _)| {
        let before = plan.services.iter().find(|it| it.name == *name);
        before.is_some_and(|before| installs_first(plan, before))
    };
    node_modules::installs(service) || service.depends_on.iter().any(waits_for)
}

fn env_file_missing(plan: &Plan, service: &Service, file: &EnvFile, main: Option<&Path>) -> Finding {
    let finding = no_env_file(plan, file, main);
    // A file of `[project]` concerns all services.
    finding.about(match file.place.table.as_str() {
        "[project]" => Subject::default(),
        _ => Subject::service(&service.name),
    })
}

/// The problem that a listed env file does not exist; `main` is that of the main checkout.
pub(crate) fn no_env_file(plan: &Plan, file: &EnvFile, main: Option<&Path>) -> Diagnostic {
    let shown = relative(plan, &file.path);
    let message = format!("env file `{shown}` is missing");
    missing(Code::EnvFileMissing, message, &file.place).hint(match main {
        Some(main) => Elsewhere {
            main: main.to_owned(),
            path: file.path.clone(),
            checkout: plan.checkout.clone(),
        }
        .copied(&file.place),
        None => format!("create `{shown}`, or remove it from `env_file`").into(),
    })
}

fn working_dir(plan: &Plan, service: &Service, fact: &DirectoryFact) -> Option<Finding> {
    let shown = relative(plan, &service.working_dir);
    let name = &service.name;
    let (quoted, on_windows) = (shell_words::quote(&shown), windows_word(&shown));
    let (message, hint): (String, Hint) = match fact {
        DirectoryFact::Found => return None,
        DirectoryFact::Missing { .. } if is_in_home(&shown) => {
            (format!("working directory `{shown}` does not exist"), home(&shown))
        }
        DirectoryFact::Missing { near: Some(near) } => (
            format!("working directory `{shown}` does not exist"),
            format!("did you mean `{}`?", relative(plan, near)).into(),
        ),
        DirectoryFact::Missing { near: None } => (
            format!("working directory `{shown}` does not exist"),
            Hint::from(format!(
                "create it with `mkdir -p {quoted}`, or change `working_dir` of `{name}`"
            ))
            .on(
                Platform::Windows,
                format!("create it with `mkdir {on_windows}`, or change `working_dir` of `{name}`"),
            ),
        ),
        DirectoryFact::NotADirectory => (
            format!("working directory `{shown}` is not a directory"),
            format!("change `working_dir` of `{name}`").into(),
        ),
        DirectoryFact::Denied => (
            format!("no permission to enter working directory `{shown}`"),
            Hint::from(format!("look at its permissions with `ls -ld {quoted}`")).on(
                Platform::Windows,
                format!("look at its permissions with `icacls {on_windows}`"),
            ),
        ),
    };
    let finding = missing(Code::WorkingDirMissing, message, &service.working_dir_place);
    Some(finding.hint(hint).about(Subject::service(&service.name)))
}

fn is_in_home(path: &str) -> bool {
    path.strip_prefix('~')
        .is_some_and(|rest| rest.starts_with(is_separator))
}

fn home(path: &str) -> Hint {
    let rest = path.trim_start_matches('~');
    let with = |variable: &str| format!("write `${{{variable}}}{rest}`: no shell fills in `~`");
    Hint::from(with("HOME")).on(Platform::Windows, with("USERPROFILE"))
}

/// The path relative to the project directory, if it is inside.
fn relative(plan: &Plan, path: &Path) -> String {
    path.strip_prefix(&plan.checkout).unwrap_or(path).display().to_string()
}

/// The path in a command of a hint, quoted.
fn command_path(plan: &Plan, path: &Path, place: &Place) -> String {
    let path = path.strip_prefix(place.seen_from(&plan.checkout)).unwrap_or(path);
    // Without `./` between.
    let path: PathBuf = path.components().collect();
    Platform::here().word(&path.to_string_lossy()).into_owned()
}

fn missing(code: Code, message: String, place: &Place) -> Diagnostic {
    Diagnostic::new(message).code(code).exit(Exit::Missing).at(place)
}

#[cfg(test)]
mod tests;

//! Findings about what a service needs besides ports: directory, command, env files and venv.

use std::collections::BTreeSet;
use std::path::Path;

use super::{CommandFact, DirectoryFact, Facts, VenvFact, VenvState, compose};
use crate::config::VersionOperator;
use crate::diagnostic::{Code, Diagnostic, Exit, Place};
use crate::plan::{EnvFile, Plan, PythonVersions, Runs, Service, Venv, bin};
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
            Some((venv, venv_trouble(plan, venv, fact)?))
        });
        if service.runs != Runs::Command {
            let fact = facts.compose.get(&service.name);
            findings.extend(fact.map_or(Vec::new(), |fact| compose::findings(service, fact)));
            continue;
        }
        let fact = facts.services.get(&service.name);
        let fact = fact.expect("every service of the plan was looked at");
        match (working_dir(plan, service, fact.working_dir), venv) {
            (Some(finding), _) => findings.push(finding),
            // Without its venv, a command may be missing or resolve to another program.
            (None, Some((venv, finding))) => {
                if venvs_told.insert(&venv.path) {
                    findings.push(finding.about(Subject::service(&service.name)));
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

fn venv_trouble(plan: &Plan, venv: &Venv, fact: &VenvFact) -> Option<Diagnostic> {
    let shown = relative(plan, &venv.path);
    let (code, message) = match &fact.state {
        VenvState::Missing => (Code::VenvMissing, format!("venv `{shown}` does not exist")),
        VenvState::InterpreterMissing { target: Some(target) } => {
            let message = format!("venv `{shown}`: interpreter `{}` no longer exists", target.display());
            (Code::VenvInterpreterMissing, message)
        }
        VenvState::InterpreterMissing { target: None } => {
            (Code::VenvInterpreterMissing, format!("venv `{shown}` has no Python"))
        }
        VenvState::Moved { made_at } => {
            let message = format!(
                "venv `{shown}` was moved from `{}`; a venv cannot be moved",
                made_at.display()
            );
            (Code::VenvMoved, message)
        }
        VenvState::Broken { said } => (
            Code::VenvInterpreterMissing,
            format!("the Python of venv `{shown}` does not run: {said}"),
        ),
        VenvState::Works { version } => match &venv.python {
            Some(wanted) if !wanted.allows(version) => {
                let version = dotted(version);
                let message = format!(
                    "venv `{shown}` has Python {version}, and `{}` is asked for",
                    wanted.text
                );
                (Code::VenvPythonVersion, message)
            }
            Some(_) | None => return None,
        },
    };
    let python = python_for(venv.python.as_ref());
    let (make, clear) = match &fact.state {
        VenvState::Missing => ("make it", ""),
        VenvState::InterpreterMissing { .. }
        | VenvState::Moved { .. }
        | VenvState::Broken { .. }
        | VenvState::Works { .. } => ("recreate it", " --clear"),
    };
    let mut fix = format!("{python} -m venv{clear} {}", command_path(plan, &venv.path));
    if let Some(requirements) = &fact.requirements {
        let pip = command_path(plan, &bin(&venv.path).join("python"));
        fix.push_str(&format!(
            " && {pip} -m pip install -r {}",
            command_path(plan, requirements)
        ));
    }
    Some(missing(code, message, &venv.place).hint(format!("{make} with `{fix}`")))
}

/// The command of a Python that `wanted` accepts: `python3.11` for `>=3.11`.
fn python_for(wanted: Option<&PythonVersions>) -> String {
    let lowest = wanted.and_then(|wanted| {
        wanted.bounds.iter().find_map(|(operator, version)| match operator {
            VersionOperator::Equal
            | VersionOperator::Matching
            | VersionOperator::AtLeast
            | VersionOperator::Compatible => Some(version),
            VersionOperator::NotEqual
            | VersionOperator::NotMatching
            | VersionOperator::MoreThan
            | VersionOperator::AtMost
            | VersionOperator::LessThan => None,
        })
    });
    match lowest {
        Some(version) if version.len() >= 2 => format!("python{}.{}", version[0], version[1]),
        Some(_) | None => "python3".to_owned(),
    }
}

fn dotted(version: &[u32]) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
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

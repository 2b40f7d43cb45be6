//! Findings about what a service needs besides ports: its folder, command, env files and venv.

use std::collections::BTreeSet;
use std::path::Path;

use super::{CommandFact, Facts, Finding, FolderFact, Level, VenvFact, VenvState};
use crate::config::VersionOperator;
use crate::error::{Exit, Place};
use crate::plan::{EnvFile, Plan, PythonVersions, Service, Venv, bin};

/// What is missing, by service in the order of their start; a venv that several services share is named once.
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
        let fact = &facts.services[&service.name];
        match (working_dir(service, fact.working_dir), venv) {
            (Some(finding), _) => findings.push(finding),
            // Without its venv a command may well be missing, or be another one than meant.
            (None, Some((venv, finding))) => {
                if venvs_told.insert(&venv.path) {
                    findings.push(Finding {
                        service: Some(service.name.clone()),
                        ..finding
                    });
                }
            }
            (None, None) => findings.extend(command(service, &fact.command)),
        }
    }
    findings
}

fn env_file_missing(plan: &Plan, service: &Service, file: &EnvFile) -> Finding {
    let shown = relative(plan, &file.path);
    missing(
        "env.file_missing",
        format!("env file `{shown}` is missing"),
        &file.place,
    )
    .of(service)
    .hint(format!("create `{shown}`, or take it out of `env_file`"))
}

fn working_dir(service: &Service, fact: FolderFact) -> Option<Finding> {
    let shown = service.working_dir.display();
    let message = match fact {
        FolderFact::Found => return None,
        FolderFact::Missing => format!("working folder `{shown}` does not exist"),
        FolderFact::NotAFolder => format!("`{shown}` is not a folder"),
        FolderFact::Denied => format!("working folder `{shown}` may not be entered"),
    };
    let hint = match fact {
        FolderFact::Denied => format!("look at its permissions with `ls -ld {shown}`"),
        FolderFact::Found | FolderFact::Missing | FolderFact::NotAFolder => {
            format!("change `working_dir` of `{}`, or create the folder", service.name)
        }
    };
    Some(
        missing("working_dir.missing", message, &service.working_dir_place)
            .of(service)
            .hint(hint),
    )
}

fn command(service: &Service, fact: &CommandFact) -> Option<Finding> {
    let word = &service.command.words[0];
    let place = &service.command.place;
    let finding = match fact {
        CommandFact::Found(_) => return None,
        CommandFact::NotFound => {
            let finding = missing("command.not_found", format!("command `{word}` was not found"), place);
            match &service.venv {
                Some(venv) => {
                    let python = bin(&venv.path).join("python");
                    finding.hint(format!(
                        "install it into the venv with `{} -m pip install {word}`",
                        python.display()
                    ))
                }
                None if word.contains('/') => finding.hint(format!(
                    "write the path as seen from `{}`",
                    service.working_dir.display()
                )),
                None => finding.hint(format!("install `{word}`, or set `venv` if it lives in one")),
            }
        }
        CommandFact::NotExecutable(path) => {
            let message = format!("command `{word}` is not executable");
            missing("command.not_executable", message, place).hint(format!("run `chmod +x {}`", path.display()))
        }
        CommandFact::InterpreterMissing { script, interpreter } => {
            let (script, interpreter) = (script.display(), interpreter.display());
            let message = format!("command `{script}` cannot run: its interpreter `{interpreter}` does not exist");
            missing("command.not_executable", message, place)
                .hint(format!("install it again, or correct the first line of `{script}`"))
        }
    };
    Some(finding.of(service))
}

fn venv_trouble(plan: &Plan, venv: &Venv, fact: &VenvFact) -> Option<Finding> {
    let shown = relative(plan, &venv.path);
    let (code, message) = match &fact.state {
        VenvState::Missing => ("venv.missing", format!("venv `{shown}` does not exist")),
        VenvState::InterpreterMissing { target: Some(target) } => {
            let message = format!("the Python of venv `{shown}` is gone: it was `{}`", target.display());
            ("venv.interpreter_missing", message)
        }
        VenvState::InterpreterMissing { target: None } => {
            ("venv.interpreter_missing", format!("venv `{shown}` has no Python"))
        }
        VenvState::Moved { made_at } => {
            let message = format!(
                "venv `{shown}` was made at `{}` and does not work elsewhere",
                made_at.display()
            );
            ("venv.moved", message)
        }
        VenvState::Broken { said } => (
            "venv.interpreter_missing",
            format!("the Python of venv `{shown}` does not run: {said}"),
        ),
        VenvState::Works { version } => match &venv.python {
            Some(wanted) if !wanted.allows(version) => {
                let version = dotted(version);
                let message = format!(
                    "venv `{shown}` has Python {version}, and `{}` is asked for",
                    wanted.text
                );
                ("venv.python_version", message)
            }
            Some(_) | None => return None,
        },
    };
    let python = python_for(venv.python.as_ref());
    let mut fix = format!("{python} -m venv --clear {shown}");
    if let Some(requirements) = &fact.requirements {
        let pip = relative(plan, &bin(&venv.path).join("python"));
        fix.push_str(&format!(" && {pip} -m pip install -r {}", relative(plan, requirements)));
    }
    Some(missing(code, message, &venv.place).hint(format!("make it anew with `{fix}`")))
}

/// The command of a Python that `wanted` allows: `python3.11` for `>=3.11`.
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

/// As seen from the project's folder, where it lies in there.
fn relative(plan: &Plan, path: &Path) -> String {
    path.strip_prefix(&plan.checkout).unwrap_or(path).display().to_string()
}

fn missing(code: &'static str, message: String, place: &Place) -> Finding {
    Finding {
        code,
        level: Level::Fail,
        service: None,
        message,
        hints: Vec::new(),
        at: Some(place.clone()),
        port: None,
        owners: Vec::new(),
        exit: Exit::Missing,
    }
}

impl Finding {
    fn of(mut self, service: &Service) -> Self {
        self.service = Some(service.name.clone());
        self
    }

    fn hint(mut self, hint: String) -> Self {
        self.hints.push(hint);
        self
    }
}

//! Runs a venv's interpreter, and asks whether its packages are what is asked for: the tool that manages them, or the
//! interpreter itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::interpreter::{interpreter, site_packages};
use super::program::{self, Answer};
use super::pyproject::{Pyproject, locked_projects};
use super::recipe::numbers;
use crate::hash::fnv;
use crate::plan::{Venv, VenvInputs, bin};
use crate::preflight::recipe::{Recipe, Source};
use crate::preflight::{Lack, VenvContents, VenvState};
use crate::system::interrupt::Interrupt;

const SCRIPT: &str = include_str!("judge.py");

/// Changes with the script.
pub(super) fn script_hash() -> u64 {
    fnv(SCRIPT.bytes())
}

/// Who is asked what of the packages.
pub(super) enum Question {
    /// Nobody: `devtasks.toml` does not say what belongs in it.
    Nothing,
    /// The interpreter itself.
    Interpreter(Asked),
    Uv(PathBuf),
    Poetry(PathBuf),
    InputMissing(PathBuf),
    /// Nobody, for this reason.
    Unknown(String),
}

/// The argument of the script; see there.
#[derive(Clone, Serialize)]
pub(super) struct Asked {
    sites: Vec<PathBuf>,
    files: Vec<PathBuf>,
    requirements: Vec<String>,
    bundled: bool,
}

/// The answer of the script; see there.
#[derive(Deserialize)]
struct Told {
    lacks: Vec<LackDocument>,
    files: Vec<PathBuf>,
    missing_file: Option<PathBuf>,
    why: Option<String>,
}

#[derive(Deserialize)]
struct LackDocument {
    requirement: String,
    installed: Option<String>,
}

impl Question {
    pub(super) fn of(venv: &Venv, recipe: &Recipe) -> Self {
        let asked = |files: &[PathBuf], requirements| {
            Question::Interpreter(Asked {
                sites: site_packages(&venv.path),
                files: files.to_owned(),
                requirements,
                bundled: false,
            })
        };
        match (&venv.inputs, &recipe.source) {
            (VenvInputs::Unknown, _) => Question::Nothing,
            (_, Source::Requirements(files)) => match files.iter().find(|file| !file.is_file()) {
                Some(missing) => Question::InputMissing(missing.clone()),
                None => asked(files, Vec::new()),
            },
            (_, Source::Dependencies(names)) => asked(&[], names.clone()),
            (_, Source::Package(directory)) => match Pyproject::of(directory) {
                Some(Pyproject {
                    package: Some(name),
                    dependencies: Some(mut names),
                    ..
                }) => {
                    names.push(name);
                    asked(&[], names)
                }
                Some(_) | None => Question::Unknown("its `pyproject.toml` does not list `dependencies`".to_owned()),
            },
            (_, Source::Uv(directory)) => Question::Uv(directory.clone()),
            (_, Source::Poetry(directory)) => Question::Poetry(directory.clone()),
            (VenvInputs::Project(directory), Source::Nothing) => nothing_found(directory),
            (VenvInputs::Requirements(_), Source::Nothing) => Question::Nothing,
        }
    }
}

/// A project of which neither uv nor Poetry nor pip knows what to install.
fn nothing_found(directory: &Path) -> Question {
    let pyproject = directory.join("pyproject.toml");
    let needs = |tool: &str| Question::Unknown(format!("`{tool}` is not in the PATH"));
    if directory.join("uv.lock").is_file() {
        needs("uv")
    } else if directory.join("poetry.lock").is_file() {
        needs("poetry")
    } else if pyproject.is_file() {
        Question::Unknown("its `pyproject.toml` does not list `dependencies`".to_owned())
    } else {
        Question::InputMissing(pyproject)
    }
}

/// State, contents, and the files on which the contents depend.
pub(super) fn judge(
    venv: &Venv,
    recipe: &Recipe,
    question: Question,
    interrupt: &Interrupt,
) -> (VenvState, VenvContents, Vec<PathBuf>) {
    let nothing = |state| (state, VenvContents::NotLookedAt, Vec::new());
    let python = match interpreter(&venv.path) {
        Ok(python) => python,
        Err(state) => return nothing(state),
    };
    let asked = match &question {
        Question::Interpreter(asked) => Some(asked),
        Question::Nothing
        | Question::Uv(_)
        | Question::Poetry(_)
        | Question::InputMissing(_)
        | Question::Unknown(_) => None,
    };
    let (version, told) = match run(&python, asked, interrupt) {
        Ok(answer) => answer,
        Err(said) => return nothing(VenvState::Broken { said }),
    };
    let in_project = |directory: &Path, lock: &str| ["pyproject.toml", lock].map(|name| directory.join(name)).to_vec();
    let (contents, files) = match question {
        Question::Nothing => (VenvContents::NotLookedAt, Vec::new()),
        Question::InputMissing(path) => (VenvContents::InputMissing(path), Vec::new()),
        Question::Unknown(why) => (VenvContents::Unknown(why), Vec::new()),
        Question::Uv(directory) => {
            let mut files = in_project(&directory, "uv.lock");
            let others = locked_projects(&directory).into_iter();
            files.extend(others.map(|other| other.join("pyproject.toml")));
            (uv_project(venv, &directory, interrupt), files)
        }
        Question::Poetry(directory) => (
            poetry(venv, &directory, interrupt),
            in_project(&directory, "poetry.lock"),
        ),
        Question::Interpreter(asked) => interpreters_own(venv, recipe, &python, &asked, told, interrupt),
    };
    (VenvState::Works { version }, contents, files)
}

/// The version, and the answer to what was asked.
fn run(python: &Path, asked: Option<&Asked>, interrupt: &Interrupt) -> Result<(Vec<u32>, Option<Told>), String> {
    let mut command = Command::new(python);
    // Isolated and without `site`, so that no code of the user runs.
    command.args(["-I", "-S", "-c", SCRIPT]);
    command.args(asked.map(|asked| serde_json::to_string(asked).expect("it is plain data")));
    let answer = program::ask(&mut command, interrupt)?;
    let mut lines = answer.stdout.lines();
    let version = lines.next().and_then(numbers).ok_or_else(|| answer.complaint())?;
    let told = lines.next().and_then(|line| serde_json::from_str(line).ok());
    Ok((version, told))
}

fn interpreters_own(
    venv: &Venv,
    recipe: &Recipe,
    python: &Path,
    asked: &Asked,
    told: Option<Told>,
    interrupt: &Interrupt,
) -> (VenvContents, Vec<PathBuf>) {
    let with_pyproject = |mut files: Vec<PathBuf>| {
        if let Source::Package(directory) = &recipe.source {
            files.push(directory.join("pyproject.toml"));
        }
        files
    };
    let told = match told {
        Some(told) if told.why.is_some() => {
            // uv makes venvs without pip, and answers at once.
            if recipe.uv && uv_finds_all(venv, recipe, interrupt) {
                return (VenvContents::Complete, with_pyproject(told.files));
            }
            let asked = Asked {
                bundled: true,
                ..asked.clone()
            };
            run(python, Some(&asked), interrupt).ok().and_then(|(_, told)| told)
        }
        told => told,
    };
    let Some(told) = told else {
        return (
            VenvContents::Unknown("its Python gives no answer".to_owned()),
            Vec::new(),
        );
    };
    let contents = match told {
        Told { why: Some(why), .. } => VenvContents::Unknown(why),
        Told {
            missing_file: Some(path),
            ..
        } => VenvContents::InputMissing(path),
        Told { lacks, .. } if lacks.is_empty() => VenvContents::Complete,
        Told { lacks, .. } => VenvContents::Incomplete(
            lacks
                .into_iter()
                .map(|it| Lack {
                    requirement: it.requirement,
                    installed: it.installed,
                })
                .collect(),
        ),
    };
    (contents, with_pyproject(told.files))
}

/// Whether `uv pip install` would do nothing. Without the network it cannot always tell what it would do.
fn uv_finds_all(venv: &Venv, recipe: &Recipe, interrupt: &Interrupt) -> bool {
    let mut command = Command::new("uv");
    command.args(["pip", "install", "--dry-run", "--offline", "--python"]);
    command.arg(bin(&venv.path).join("python"));
    match &recipe.source {
        Source::Requirements(files) => {
            for file in files {
                command.arg("-r").arg(file);
            }
        }
        Source::Dependencies(names) => {
            command.args(names);
        }
        Source::Package(_) | Source::Nothing | Source::Uv(_) | Source::Poetry(_) => return false,
    }
    let answer = program::ask(command.env_remove("VIRTUAL_ENV"), interrupt);
    answer.is_ok_and(|it| it.code == Some(0) && it.stderr.contains("Would make no changes"))
}

/// Source: uv's reference of `uv sync`: `--check` fails if the environment is out of date, `--inexact` permits other
/// packages, `--locked` changes no lock file.
fn uv_project(venv: &Venv, directory: &Path, interrupt: &Interrupt) -> VenvContents {
    let mut command = Command::new("uv");
    command.args(["sync", "--check", "--locked", "--inexact", "--offline", "--project"]);
    command.arg(directory).env_remove("VIRTUAL_ENV");
    command.env("UV_PROJECT_ENVIRONMENT", &venv.path);
    let answer = match program::ask(&mut command, interrupt) {
        Ok(answer) => answer,
        Err(why) => return VenvContents::Unknown(why),
    };
    let lacks = lacks(&answer, " + ", "==");
    match answer.code {
        Some(0) => VenvContents::Complete,
        Some(1) if !lacks.is_empty() => VenvContents::Incomplete(lacks),
        Some(_) | None => VenvContents::Unknown(format!("`uv sync --check` says: {}", answer.complaint())),
    }
}

/// Source: Poetry's documentation of `install --dry-run`.
fn poetry(venv: &Venv, directory: &Path, interrupt: &Interrupt) -> VenvContents {
    let mut command = Command::new("poetry");
    command.args(["install", "--dry-run", "--no-interaction", "--no-ansi", "--directory"]);
    command.arg(directory).env("VIRTUAL_ENV", &venv.path);
    let answer = match program::ask(&mut command, interrupt) {
        Ok(answer) => answer,
        Err(why) => return VenvContents::Unknown(why),
    };
    let says = |text: &str| answer.stdout.contains(text);
    match answer.code {
        Some(0) if says("No dependencies to install or update") || says(" 0 installs, 0 updates") => {
            VenvContents::Complete
        }
        Some(0) => {
            let lacks = poetry_lacks(&answer);
            match lacks.is_empty() {
                true => VenvContents::Unknown("`poetry install --dry-run` is not understood".to_owned()),
                false => VenvContents::Incomplete(lacks),
            }
        }
        Some(_) | None => VenvContents::Unknown(format!("`poetry install --dry-run` says: {}", answer.complaint())),
    }
}

/// The packages that uv would install: ` + fastapi==0.110.0`.
fn lacks(answer: &Answer, before: &str, between: &str) -> Vec<Lack> {
    let removed: Vec<(&str, &str)> = answer
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix(" - ")?.split_once(between))
        .collect();
    let added = answer.stderr.lines().filter_map(|line| line.strip_prefix(before));
    let lack = |added: &str| {
        let name = added.split_once(between).map_or(added, |(name, _)| name);
        let installed = removed.iter().find(|(removed, _)| *removed == name);
        Lack {
            requirement: added.to_owned(),
            installed: installed.map(|(_, version)| (*version).to_owned()),
        }
    };
    added.map(lack).collect()
}

/// `  - Installing fastapi (0.110.0)`, `  - Updating fastapi (0.100.0 -> 0.110.0)`, without those that are skipped.
fn poetry_lacks(answer: &Answer) -> Vec<Lack> {
    let lines = answer
        .stdout
        .lines()
        .map(str::trim)
        .filter(|line| !line.contains("Skipped"));
    let lack = |line: &str| {
        let line = line.trim_start_matches(['-', '•', ' ']);
        let (name, versions) = line
            .strip_prefix("Installing ")
            .or_else(|| line.strip_prefix("Updating "))
            .or_else(|| line.strip_prefix("Downgrading "))?
            .split_once(" (")?;
        let versions = versions.split(')').next()?;
        let (installed, wanted) = match versions.split_once(" -> ") {
            Some((installed, wanted)) => (Some(installed.to_owned()), wanted),
            None => (None, versions),
        };
        Some(Lack {
            requirement: format!("{name}=={wanted}"),
            installed,
        })
    };
    lines.filter_map(lack).collect()
}

//! Runs a venv's interpreter, and asks whether its packages are what is asked for: the tool that manages them, or the
//! interpreter itself.

mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::ask;
use super::interpreter::{interpreter, site_packages};
use super::pyproject::{Pyproject, locked_projects};
use super::recipe::numbers;
use crate::hash::fnv;
use crate::plan::{Venv, VenvInputs};
use crate::preflight::recipe::{Recipe, Source};
use crate::preflight::{Lack, VenvContents, VenvState};
use crate::system::answer::complaint;
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
    let nothing = |state| {
        let contents = match &question {
            Question::InputMissing(path) => VenvContents::InputMissing(path.clone()),
            Question::Unknown(why) => VenvContents::Unknown(why.clone()),
            Question::Nothing | Question::Interpreter(_) | Question::Uv(_) | Question::Poetry(_) => {
                VenvContents::NotLookedAt
            }
        };
        (state, contents, Vec::new())
    };
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
            (tools::uv_project(venv, &directory, interrupt), files)
        }
        Question::Poetry(directory) => (
            tools::poetry(venv, &directory, interrupt),
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
    let answer = ask(&mut command, interrupt)?;
    let mut lines = answer.stdout.lines();
    let version = lines
        .next()
        .and_then(numbers)
        .ok_or_else(|| complaint(&answer.stderr).to_owned())?;
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
        Some(told) if told.why.is_some() && told.lacks.is_empty() => {
            // uv makes venvs without pip, and answers at once.
            if recipe.uv && tools::uv_finds_all(venv, recipe, interrupt) {
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
        Told {
            missing_file: Some(path),
            ..
        } => VenvContents::InputMissing(path),
        Told {
            why: Some(why), lacks, ..
        } if lacks.is_empty() => VenvContents::Unknown(why),
        Told { lacks, .. } if lacks.is_empty() => VenvContents::Complete,
        // What was found before it was unable is certain.
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

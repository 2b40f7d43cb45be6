//! How a venv is made and filled, from what its packages are listed in and which tools there are: the commands, as
//! values. The same commands are printed as a hint and run by `venv sync`.

use std::path::{Path, PathBuf};

use crate::config::VersionOperator;
use crate::diagnostic::Platform;
use crate::plan::{Venv, Versions, interpreter_of, seen_from};

/// Observations of the tools for a venv, and of the files beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Recipe {
    /// uv is in the `PATH`.
    pub(crate) uv: bool,
    /// The command of a Python that may be the venv's; `None` if there is none, or none was needed.
    pub(crate) python: Option<String>,
    /// The venv has no pip, as those made by uv.
    pub(crate) lacks_pip: bool,
    /// An entry of its directory that no venv has, such as somebody's source. Then it is not made again.
    pub(crate) holds_more: Option<String>,
    /// What the `pyproject.toml` of its project says of Python.
    pub(crate) requires_python: Option<Versions>,
    pub(crate) source: Source,
    /// The tool whose lock file lies there and does not count, because the tool is not in the `PATH`.
    pub(crate) lacks_tool: Option<&'static str>,
}

/// What lists the packages of a venv. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Source {
    #[default]
    Nothing,
    /// Requirement files.
    Requirements(Vec<PathBuf>),
    /// The directory of a project that uv manages, where uv is there.
    Uv(PathBuf),
    /// The directory of a project that Poetry manages, where Poetry is there.
    Poetry(PathBuf),
    /// The directory of a package: it is installed in place.
    Package(PathBuf),
    /// The dependencies of a `pyproject.toml` that is no package.
    Dependencies(Vec<String>),
}

/// What is to be done to a venv.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Make,
    /// It is broken and made again.
    Remake,
    /// It works, and packages are missing.
    Fill,
}

/// One command, run in the project's directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Step {
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
    pub(crate) words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Text(String),
    /// Absolute.
    Path(PathBuf),
}

impl Recipe {
    /// The commands in order; none if nothing is listed for a venv that works.
    pub(crate) fn steps(&self, venv: &Venv, work: Work) -> Vec<Step> {
        let mut steps = Vec::new();
        match (work, &self.source) {
            // uv makes the venv of its project, and chooses the Python.
            (Work::Fill, _) | (Work::Make, Source::Uv(_)) => {}
            (Work::Make, _) => steps.push(self.make(venv, false)),
            (Work::Remake, _) => steps.push(self.make(venv, true)),
        }
        steps.extend(self.fill(venv, work));
        steps
    }

    /// The Python versions that the venv may have: those of devtasks.toml, or else of its project.
    pub(crate) fn wanted<'a>(&'a self, venv: &'a Venv) -> Option<&'a Versions> {
        venv.python.as_ref().or(self.requires_python.as_ref())
    }

    /// Whether uv makes it, and chooses the Python.
    pub(crate) fn uses_uv(&self) -> bool {
        self.uv && !matches!(self.source, Source::Poetry(_))
    }

    /// That a lock file does not count.
    pub(crate) fn remark(&self) -> Option<String> {
        self.lacks_tool
            .map(|tool| format!("`{tool}.lock` is not used: `{tool}` is not in the PATH"))
    }

    fn make(&self, venv: &Venv, clear: bool) -> Step {
        let clear = clear.then_some("--clear");
        if !self.uses_uv() {
            let python = self.python.clone();
            let python = python.unwrap_or_else(|| lowest_python(self.wanted(venv)));
            return Step::new([&python, "-m", "venv"]).texts(clear).path(&venv.path);
        }
        let step = Step::new(["uv", "venv"]).texts(clear).texts(self.python_option(venv));
        let step = match &self.source {
            // For its Python version.
            Source::Uv(project) => step.texts(["--project"]).path(project),
            Source::Nothing
            | Source::Requirements(_)
            | Source::Poetry(_)
            | Source::Package(_)
            | Source::Dependencies(_) => step,
        };
        step.path(&venv.path)
    }

    /// The Python that uv shall take. Of its own projects it knows what they require.
    fn python_option<'a>(&'a self, venv: &'a Venv) -> Vec<&'a str> {
        let wanted = match &self.source {
            Source::Uv(_) => venv.python.as_ref(),
            Source::Nothing
            | Source::Requirements(_)
            | Source::Poetry(_)
            | Source::Package(_)
            | Source::Dependencies(_) => self.wanted(venv),
        };
        wanted.map_or(Vec::new(), |wanted| vec!["--python", &wanted.text])
    }

    fn fill(&self, venv: &Venv, work: Work) -> Vec<Step> {
        let python = interpreter_of(&venv.path);
        let install = match self.uses_uv() {
            true => Step::new(["uv", "pip", "install", "--python"]).path(&python),
            false => Step::default().path(&python).texts(["-m", "pip", "install"]),
        };
        let install = match &self.source {
            Source::Nothing => return Vec::new(),
            Source::Requirements(files) => files.iter().fold(install, |step, file| step.texts(["-r"]).path(file)),
            Source::Package(project) => install.texts(["-e"]).path(project),
            Source::Dependencies(names) if names.is_empty() => return Vec::new(),
            Source::Dependencies(names) => install.texts(names.iter().map(String::as_str)),
            Source::Uv(project) => {
                let sync = Step::new(["uv", "sync", "--project"])
                    .path(project)
                    .texts(self.python_option(venv));
                return vec![match venv.path == project.join(".venv") {
                    true => sync,
                    false => sync.with("UV_PROJECT_ENVIRONMENT", &venv.path),
                }];
            }
            Source::Poetry(project) => {
                let install = Step::new(["poetry", "install", "--no-interaction", "--directory"]).path(project);
                return vec![install.with("VIRTUAL_ENV", &venv.path)];
            }
        };
        let needs_pip = work == Work::Fill && self.lacks_pip && !self.uses_uv();
        let pip = needs_pip.then(|| Step::default().path(&python).texts(["-m", "ensurepip"]));
        pip.into_iter().chain([install]).collect()
    }
}

/// The command of the lowest Python that `wanted` accepts: `python3.11` for `>=3.11`.
fn lowest_python(wanted: Option<&Versions>) -> String {
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

impl Step {
    fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Step::default().texts(words)
    }

    fn texts<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.words
            .extend(words.into_iter().map(|word| Word::Text(word.to_owned())));
        self
    }

    fn path(mut self, path: &Path) -> Self {
        self.words.push(Word::Path(path.to_owned()));
        self
    }

    fn with(mut self, variable: &'static str, path: &Path) -> Self {
        self.variables.push((variable, path.to_owned()));
        self
    }

    /// As typed in a shell, on Windows in PowerShell, in the project's directory.
    pub(crate) fn typed_on(&self, platform: Platform, checkout: &Path) -> String {
        let mut line = String::new();
        for (name, path) in &self.variables {
            let path = path.to_string_lossy();
            line.push_str(&match platform {
                Platform::Windows => format!("$env:{name}='{}'; ", path.replace('\'', "''")),
                Platform::Linux | Platform::MacOs => format!("{name}={} ", platform.word(&path)),
            });
        }
        let words = self.words.iter().map(|word| match word {
            Word::Text(text) => platform.word(text).into_owned(),
            Word::Path(path) => platform.word(&seen_from(checkout, path)).into_owned(),
        });
        let words = words.collect::<Vec<_>>().join(" ");
        // PowerShell takes a quoted word at the beginning for a text.
        let call = match platform {
            Platform::Windows if words.starts_with('"') => "& ",
            Platform::Windows | Platform::Linux | Platform::MacOs => "",
        };
        line + call + &words
    }
}

/// All steps as one line for a shell.
pub(crate) fn typed_on(platform: Platform, steps: &[Step], checkout: &Path) -> String {
    let steps: Vec<_> = steps.iter().map(|step| step.typed_on(platform, checkout)).collect();
    steps.join(match platform {
        // `&&` is unknown to the PowerShell that comes with Windows.
        Platform::Windows => "; ",
        Platform::Linux | Platform::MacOs => " && ",
    })
}

#[cfg(test)]
mod tests;

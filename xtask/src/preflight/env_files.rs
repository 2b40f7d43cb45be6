//! Findings about env files, by names alone: mistyped and missing variables, secrets that others can read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::dotenv::Name;
use crate::config::suggest::is_slip;
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Level, Place, Platform};
use crate::foreign::windows_word;
use crate::ports::{Finding, Subject};
use crate::process::secrets::is_secret;

/// Observations of an env file that exists, or that only its example says should exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvFileFact {
    /// Relative to the project's directory if it is inside.
    pub(crate) path: PathBuf,
    pub(crate) exists: bool,
    /// In file order.
    pub(crate) names: Vec<Name>,
    /// Lines that other programs read differently.
    pub(crate) ambiguities: Vec<(Place, String)>,
    pub(crate) readable_by_all: bool,
    pub(crate) tracked_by_git: bool,
    /// `.env.example` or a similar file beside it, and the names in it.
    pub(crate) example: Option<(PathBuf, Vec<Name>)>,
}

/// What the project knows of variables.
pub(crate) struct KnownVariables<'a> {
    /// The variables in `devtasks.toml`.
    pub(crate) used: BTreeSet<&'a str>,
    /// Whether the calling environment has the variable.
    pub(crate) is_set: &'a dyn Fn(&str) -> bool,
}

pub(crate) fn env_files(facts: &[EnvFileFact], known: &KnownVariables) -> Vec<Finding> {
    let set: BTreeSet<&str> = facts
        .iter()
        .flat_map(|file| &file.names)
        .map(|name| name.text.as_str())
        .collect();
    let is_set = |name: &str| set.contains(name) || (known.is_set)(name);
    let mut findings = Vec::new();
    for file in facts {
        let ours = file
            .example
            .iter()
            .flat_map(|(_, names)| names)
            .map(|name| name.text.as_str());
        let expected: BTreeSet<&str> = known.used.iter().copied().chain(ours).collect();
        let lacking: Vec<&str> = expected.iter().copied().filter(|name| !is_set(name)).collect();
        let mut meant = BTreeSet::new();
        for name in file.names.iter().filter(|name| !expected.contains(name.text.as_str())) {
            if let Some(near) = lacking.iter().find(|wanted| is_slip(&name.text, wanted)) {
                meant.insert(*near);
                findings.push(mistyped(name, near));
            }
        }
        findings.extend(lacks(file, &is_set, &meant));
        findings.extend(exposed(file));
        findings.extend(tracked(file));
        findings.extend(
            file.ambiguities
                .iter()
                .map(|(place, reading)| ambiguous(place, reading)),
        );
    }
    findings
        .into_iter()
        .map(|finding| finding.about(Subject::default()))
        .collect()
}

fn mistyped(name: &Name, near: &str) -> Diagnostic {
    let problem = warning(
        Code::EnvMistyped,
        format!("nothing uses `{}`, and `{near}` is not set", name.text),
    );
    problem.at(&name.place).hint(format!("did you mean `{near}`?"))
}

/// The variables of the example that are set nowhere.
fn lacks(file: &EnvFileFact, is_set: &dyn Fn(&str) -> bool, meant: &BTreeSet<&str>) -> Option<Diagnostic> {
    let (example, names) = file.example.as_ref()?;
    let lacking = names.iter().map(|name| name.text.as_str());
    let lacking: Vec<&str> = lacking.filter(|name| !is_set(name) && !meant.contains(name)).collect();
    let quoted: Vec<String> = lacking.iter().map(|name| format!("`{name}`")).collect();
    let copy = Hint::from(format!(
        "run `cp {} {}`, and fill it in",
        shell_path(example),
        shell_path(&file.path)
    ));
    let on_windows = format!(
        "run `copy {} {}`, and fill it in",
        windows_path(example),
        windows_path(&file.path)
    );
    let (path, example) = (shell_path(&file.path), shell_path(example));
    let names = quoted.join(", ");
    let problem = |message: String, hint: Hint| Some(warning(Code::EnvExample, message).hint(hint));
    match (lacking.is_empty(), file.exists) {
        (true, _) => None,
        (false, true) => problem(
            format!("`{path}` does not set {names} of `{example}`"),
            format!("copy what is missing from `{example}` to `{path}`").into(),
        ),
        (false, false) => problem(
            format!("`{path}` does not exist, and `{example}` sets {names}"),
            copy.on(Platform::Windows, on_windows),
        ),
    }
}

fn exposed(file: &EnvFileFact) -> Option<Diagnostic> {
    let secret = file.names.iter().find(|name| name.has_value && is_secret(&name.text))?;
    let path = shell_path(&file.path);
    let problem = || {
        warning(
            Code::EnvReadable,
            format!("every user can read `{}` of `{path}`", secret.text),
        )
    };
    // Source: learn.microsoft.com, icacls: `/inheritance:r` takes away what the directory grants.
    let only_me = format!(
        "run `icacls {} /inheritance:r /grant:r %USERNAME%:F` in cmd",
        windows_path(&file.path)
    );
    let chmod = Hint::from(format!("run `chmod 600 {path}`")).on(Platform::Windows, only_me);
    file.readable_by_all.then(|| problem().at(&secret.place).hint(chmod))
}

/// A file with nothing but ports may be shared.
fn tracked(file: &EnvFileFact) -> Option<Diagnostic> {
    let is_private = |name: &&Name| !name.text.ends_with("PORT");
    let first = file.names.iter().find(is_private).filter(|_| file.tracked_by_git)?;
    let path = shell_path(&file.path);
    let problem = warning(
        Code::EnvTracked,
        format!("git tracks `{path}`, so everybody gets its values"),
    );
    Some(problem.at(&first.place).hint(format!(
        "take it out with `git rm --cached {path}`, and add it to `.gitignore`"
    )))
}

fn ambiguous(place: &Place, reading: &str) -> Diagnostic {
    let problem = warning(Code::EnvAmbiguous, reading.to_owned());
    problem.level(Level::Ok).at(place)
}

fn warning(code: Code, message: String) -> Diagnostic {
    Diagnostic::new(message).code(code).level(Level::Warn).exit(Exit::Done)
}

fn windows_path(path: &Path) -> String {
    windows_word(&path.to_string_lossy()).into_owned()
}

fn shell_path(path: &Path) -> String {
    Platform::here().word(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests;

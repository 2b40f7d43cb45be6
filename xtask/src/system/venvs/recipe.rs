//! Looks for what a venv is made from: its inputs, or the files that lie beside it, and the tools in the `PATH`.

use std::path::Path;
use std::process::Command;

use super::ask;
use super::interpreter::site_packages;
use super::pyproject::Pyproject;
use crate::diagnostic::Platform;
use crate::plan::{Venv, VenvInputs, Versions};
use crate::preflight::recipe::{Recipe, Source};
use crate::system::interrupt::Interrupt;

/// Everything except the Python, which is looked for only if it is needed.
pub(super) fn recipe(venv: &Venv) -> Recipe {
    let uv = which::which("uv").is_ok();
    let source = match &venv.inputs {
        VenvInputs::Requirements(files) => Source::Requirements(files.clone()),
        VenvInputs::Project(directory) => project(directory, uv),
        VenvInputs::Unknown => venv
            .path
            .parent()
            .map_or(Source::Nothing, |directory| beside(directory, uv)),
    };
    let requires_python = match &venv.inputs {
        VenvInputs::Project(directory) => Pyproject::of(directory).and_then(|it| it.requires_python),
        VenvInputs::Requirements(_) | VenvInputs::Unknown => None,
    };
    let directory = match &venv.inputs {
        VenvInputs::Project(directory) => Some(directory.as_path()),
        VenvInputs::Unknown => venv.path.parent(),
        VenvInputs::Requirements(_) => None,
    };
    let sites = site_packages(&venv.path);
    Recipe {
        uv,
        python: None,
        holds_more: None,
        lacks_pip: !sites.is_empty() && !sites.iter().any(|site| site.join("pip").is_dir()),
        requires_python,
        lacks_tool: directory.and_then(|directory| lacks_tool(directory, &source)),
        source,
    }
}

/// Files with the most exact answer come first.
fn beside(directory: &Path, uv: bool) -> Source {
    let requirements = directory.join("requirements.txt");
    match project(directory, uv) {
        found @ (Source::Uv(_) | Source::Poetry(_)) => found,
        _ if requirements.is_file() => Source::Requirements(vec![requirements]),
        found => found,
    }
}

fn project(directory: &Path, uv: bool) -> Source {
    let pyproject = Pyproject::of(directory);
    let is_of_uv = directory.join("uv.lock").is_file() || pyproject.as_ref().is_some_and(|it| it.is_of_uv);
    if uv && is_of_uv {
        return Source::Uv(directory.to_owned());
    }
    if directory.join("poetry.lock").is_file() && which::which("poetry").is_ok() {
        return Source::Poetry(directory.to_owned());
    }
    match pyproject {
        Some(Pyproject { package: Some(_), .. }) => Source::Package(directory.to_owned()),
        Some(Pyproject {
            dependencies: Some(dependencies),
            ..
        }) => Source::Dependencies(dependencies),
        Some(_) | None => Source::Nothing,
    }
}

/// Where nothing else is found to install, that is an error of its own.
fn lacks_tool(directory: &Path, source: &Source) -> Option<&'static str> {
    match source {
        Source::Nothing | Source::Uv(_) | Source::Poetry(_) => None,
        Source::Requirements(_) | Source::Package(_) | Source::Dependencies(_) => ["uv", "poetry"]
            .into_iter()
            .find(|tool| directory.join(format!("{tool}.lock")).is_file()),
    }
}

/// The newest minor release of Python that is looked for by its own name.
const NEWEST_MINOR: u32 = 20;
const OLDEST_MINOR: u32 = 6;

/// The command of a Python that runs and may be the venv's: `python3`, or else the newest that is allowed. On Windows,
/// `python` is the usual one, and the others may be links to a shop.
///
/// Source: docs.python.org, "Using Python on Windows".
pub(super) fn python(wanted: Option<&Versions>, interrupt: &Interrupt) -> Option<String> {
    let minors = (OLDEST_MINOR..=NEWEST_MINOR)
        .rev()
        .map(|minor| format!("python3.{minor}"));
    let usual: &[&str] = match Platform::here() {
        Platform::Windows => &["python", "python3"],
        Platform::Linux | Platform::MacOs => &["python3"],
    };
    let mut names = usual.iter().map(|&name| name.to_owned()).chain(minors);
    // A name that is in the PATH may still not run, such as one of pyenv's for a version that is not selected.
    names.find(|name| {
        if interrupt.was_heard() {
            return false;
        }
        let version = which::which(name).ok().and_then(|python| version(&python, interrupt));
        version.is_some_and(|version| wanted.is_none_or(|wanted| wanted.allows(&version)))
    })
}

fn version(python: &Path, interrupt: &Interrupt) -> Option<Vec<u32>> {
    let mut command = Command::new(python);
    command.args(["-I", "-S", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]);
    let answer = ask(&mut command, interrupt).ok()?;
    numbers(answer.stdout.lines().next()?)
}

/// `3.11.7` as numbers.
pub(super) fn numbers(version: &str) -> Option<Vec<u32>> {
    version.trim().split('.').map(|part| part.parse().ok()).collect()
}

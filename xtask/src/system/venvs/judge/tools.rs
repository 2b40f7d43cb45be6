//! Asks the tools that manage venvs whether they would change anything.

use std::path::Path;
use std::process::Command;

use crate::plan::{Venv, interpreter_of};
use crate::preflight::recipe::{Recipe, Source};
use crate::preflight::{Lack, VenvContents};
use crate::system::answer::{Answer, complaint};
use crate::system::interrupt::Interrupt;
use crate::system::venvs::ask;

/// Whether `uv pip install` would do nothing. Without the network it cannot always tell what it would do.
pub(super) fn uv_finds_all(venv: &Venv, recipe: &Recipe, interrupt: &Interrupt) -> bool {
    let mut command = Command::new("uv");
    command.args(["pip", "install", "--dry-run", "--offline", "--python"]);
    command.arg(interpreter_of(&venv.path));
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
    let answer = ask(command.env_remove("VIRTUAL_ENV"), interrupt);
    answer.is_ok_and(|it| it.is_success() && it.stderr.contains("Would make no changes"))
}

/// Source: uv's reference of `uv sync`: `--check` fails if the environment is out of date, `--inexact` permits other
/// packages, `--locked` changes no lock file.
pub(super) fn uv_project(venv: &Venv, directory: &Path, interrupt: &Interrupt) -> VenvContents {
    let mut command = Command::new("uv");
    command.args(["sync", "--check", "--locked", "--inexact", "--offline", "--project"]);
    command.arg(directory).env_remove("VIRTUAL_ENV");
    command.env("UV_PROJECT_ENVIRONMENT", &venv.path);
    let answer = match ask(&mut command, interrupt) {
        Ok(answer) => answer,
        Err(why) => return VenvContents::Unknown(why),
    };
    let lacks = uv_lacks(&answer);
    match answer.code {
        Some(0) => VenvContents::Complete,
        Some(1) if !lacks.is_empty() => VenvContents::Incomplete(lacks),
        Some(_) | None => VenvContents::Unknown(format!("`uv sync --check` says: {}", complaint(&answer.stderr))),
    }
}

/// Source: Poetry's documentation of `install --dry-run`.
pub(super) fn poetry(venv: &Venv, directory: &Path, interrupt: &Interrupt) -> VenvContents {
    let mut command = Command::new("poetry");
    command.args(["install", "--dry-run", "--no-interaction", "--no-ansi", "--directory"]);
    command.arg(directory).env("VIRTUAL_ENV", &venv.path);
    let answer = match ask(&mut command, interrupt) {
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
        Some(_) | None => VenvContents::Unknown(format!(
            "`poetry install --dry-run` says: {}",
            complaint(&answer.stderr)
        )),
    }
}

/// The packages that uv would install: ` + fastapi==0.110.0`.
fn uv_lacks(answer: &Answer) -> Vec<Lack> {
    let removed: Vec<(&str, &str)> = answer
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix(" - ")?.split_once("=="))
        .collect();
    let added = answer.stderr.lines().filter_map(|line| line.strip_prefix(" + "));
    let lack = |added: &str| {
        let name = added.split_once("==").map_or(added, |(name, _)| name);
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
        let version = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        let (installed, wanted) = match versions.split_once(" -> ") {
            Some((installed, wanted)) => (Some(version(installed)), version(wanted)),
            None => (None, version(versions)),
        };
        Some(Lack {
            requirement: format!("{name}=={wanted}"),
            installed,
        })
    };
    lines.filter_map(lack).collect()
}

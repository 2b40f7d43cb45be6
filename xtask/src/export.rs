//! What another program needs to run the stack: a plan → files, and what they do not express.
//!
//! Each target has one file. Texts are deterministic: no date, no version, nothing of this machine.

mod gate;
mod loss;
mod process;
mod procfile;
mod shell;
mod systemd;

use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
pub(crate) use loss::Loss;

/// The program that will run the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Procfile,
    Systemd,
    SystemdUser,
}

impl Target {
    /// As typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Target::Procfile => "procfile",
            Target::Systemd => "systemd",
            Target::SystemdUser => "systemd --user",
        }
    }

    /// In a sentence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Target::Procfile => "a Procfile",
            Target::Systemd => "systemd",
            Target::SystemdUser => "a user's systemd",
        }
    }
}

/// What is exported.
pub(crate) struct Request<'a> {
    /// Of the place where the stack will run: its checkout is the project's directory there.
    pub(crate) plan: &'a Plan,
    /// The files of the project it was made from, from the project's directory.
    pub(crate) made_from: &'a [String],
    /// The user whose processes the services are there; `None`: whoever starts them.
    pub(crate) user: Option<&'a str>,
}

/// The files, and what they lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exported {
    /// By name.
    pub(crate) files: Vec<ExportFile>,
    pub(crate) losses: Vec<Loss>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExportFile {
    pub(crate) name: String,
    pub(crate) text: String,
    /// It holds variables, some of which may be secrets: only its owner may read it.
    pub(crate) has_variables: bool,
}

/// # Errors
/// What the target cannot hold at all, by name.
pub(crate) fn export(target: Target, request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    match target {
        Target::Procfile => procfile::export(request),
        Target::Systemd => systemd::export(request, systemd::Manager::System),
        Target::SystemdUser => systemd::export(request, systemd::Manager::User),
    }
}

/// What every file begins with, each line after the target's comment sign. A file without the first was written by somebody
/// else.
fn header(target: Target, request: &Request, sign: &str) -> String {
    let (mark, name, from) = (mark(target), target.name(), request.made_from.join(", "));
    format!("{sign}{mark} from {from}.\n{sign}Changes are lost: edit those, and run `devtasks export {name}` again.\n")
}

/// What tells that a file was made by this command.
pub(crate) fn mark(target: Target) -> String {
    format!("Made by `devtasks export {}`", target.name())
}

#[cfg(test)]
mod tests;

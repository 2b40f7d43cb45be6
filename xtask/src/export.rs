//! What another program needs to run the stack: a plan → files, and what they do not express.
//!
//! Each target has one file. Texts are deterministic: no date, no version, nothing of this machine.

mod compose;
mod containers;
mod gate;
mod kubernetes;
mod loss;
mod process;
mod procfile;
mod shell;
mod yaml;

use std::path::Path;

use crate::config::{self, Config};
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Port, Selection, on_this_machine};
pub(crate) use loss::Loss;

/// The program that will run the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Procfile,
    Compose,
    Kubernetes,
}

impl Target {
    /// As typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Target::Procfile => "procfile",
            Target::Compose => "compose",
            Target::Kubernetes => "kubernetes",
        }
    }

    /// In a sentence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Target::Procfile => "a Procfile",
            Target::Compose => "Compose",
            Target::Kubernetes => "Kubernetes",
        }
    }

    /// Each service has a container of its own, made from an image.
    fn has_containers(self) -> bool {
        match self {
            Target::Procfile => false,
            Target::Compose | Target::Kubernetes => true,
        }
    }

    /// The project's directory there, unless `[export] root` says it. `None`: where it is.
    pub(crate) fn root(self) -> Option<&'static str> {
        self.has_containers().then_some(containers::ROOT)
    }

    /// What is planned if these profiles are asked for.
    pub(crate) fn selection(self, profiles: &[String]) -> Selection {
        Selection {
            profiles: profiles.to_vec(),
            // Compose has profiles itself.
            everything: self == Target::Compose,
            // They run when somebody wants it.
            tasks: self == Target::Kubernetes,
            ..Selection::default()
        }
    }

    /// How services reach each other there.
    pub(crate) fn address(self) -> fn(&config::Service, &Port) -> String {
        match self {
            Target::Procfile => on_this_machine,
            Target::Compose => compose::address,
            Target::Kubernetes => kubernetes::address,
        }
    }
}

/// What is exported.
pub(crate) struct Request<'a> {
    /// Of the place where the stack will run: its checkout is the project's directory there.
    pub(crate) plan: &'a Plan,
    /// The files of the project it was made from, from the project's directory.
    pub(crate) made_from: &'a [String],
    /// What the plan was made of.
    pub(crate) config: &'a Config,
    /// The project's directory, from that of the files.
    pub(crate) to_project: &'a Path,
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
        Target::Compose => compose::export(request),
        Target::Kubernetes => kubernetes::export(request),
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

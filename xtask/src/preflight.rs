//! Plan and facts → findings: what prevents a start, checked before anything is spawned.
//!
//! [`Facts`] is a plain struct: `system::observe` fills it from the machine, tests construct it.

pub(crate) mod check;
pub(crate) mod compose;
pub(crate) mod duplicate;
pub(crate) mod limit;
pub(crate) mod mismatch;
pub(crate) mod needs;
pub(crate) mod recipe;
pub(crate) mod resolution;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::ports::{Endpoint, PortFact};
use crate::process::compose::{ComposeContainer, ComposeProblem};
use recipe::Recipe;

/// Observations of the machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// One for each requested port.
    pub(crate) ports: BTreeMap<Endpoint, PortFact>,
    /// Of those that have a command.
    pub(crate) services: BTreeMap<String, ServiceFact>,
    /// Of those of a Compose file.
    pub(crate) compose: BTreeMap<String, ComposeFact>,
    /// By path.
    pub(crate) venvs: BTreeMap<PathBuf, VenvFact>,
    /// Env files that are declared but missing.
    pub(crate) missing_files: BTreeSet<PathBuf>,
    /// Maximum number of descriptors of one of our processes; `None` if unknown.
    pub(crate) open_files: Option<u64>,
}

/// The containers of a service, or why they are not known.
pub(crate) type ComposeFact = Result<Vec<ComposeContainer>, ComposeProblem>;

/// Observations of what a service needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceFact {
    pub(crate) working_dir: DirectoryFact,
    pub(crate) command: CommandFact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommandFact {
    Found(PathBuf),
    NotFound,
    NotExecutable(PathBuf),
    /// The file exists, but the interpreter of its `#!` line does not.
    InterpreterMissing {
        script: PathBuf,
        interpreter: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DirectoryFact {
    Found,
    Missing,
    NotADirectory,
    /// No permission to enter it.
    Denied,
}

/// Observations of a venv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VenvFact {
    pub(crate) state: VenvState,
    pub(crate) contents: VenvContents,
    /// How it is made.
    pub(crate) recipe: Recipe,
}

/// Whether a venv holds what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VenvContents {
    /// `devtasks.toml` does not ask, or the venv does not work.
    NotLookedAt,
    Complete,
    /// At least one.
    Incomplete(Vec<Lack>),
    /// A requirement file or a project's directory does not exist.
    InputMissing(PathBuf),
    /// It cannot be told, for this reason.
    Unknown(String),
}

/// A package that a venv does not hold in the version that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lack {
    /// As it is asked for, such as `fastapi>=0.110`.
    pub(crate) requirement: String,
    /// The version that is there.
    pub(crate) installed: Option<String>,
}

/// The result of running a venv's interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VenvState {
    /// It does not exist, or is an empty directory.
    Missing,
    /// Something else lies there: no `pyvenv.cfg` and no interpreter.
    NotAVenv,
    /// `bin/python` is missing or a broken link; `target` is where the link points.
    InterpreterMissing {
        target: Option<PathBuf>,
    },
    /// `bin/python` is a link that leads back to itself.
    LinkLoop,
    /// The venv was created at another path.
    Moved {
        made_at: PathBuf,
    },
    /// The interpreter failed with this output.
    Broken {
        said: String,
    },
    Works {
        version: Vec<u32>,
    },
}

//! Plan and facts → findings: what prevents a start, checked before anything is spawned.
//!
//! [`Facts`] is a plain struct: `system::observe` fills it from the machine, tests construct it.

pub(crate) mod check;
pub(crate) mod duplicate;
pub(crate) mod limit;
pub(crate) mod mismatch;
pub(crate) mod needs;
pub(crate) mod resolution;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::ports::{Endpoint, PortFact};

/// Observations of the machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// One for each requested port.
    pub(crate) ports: BTreeMap<Endpoint, PortFact>,
    /// Of those that have a command.
    pub(crate) services: BTreeMap<String, ServiceFact>,
    /// By path.
    pub(crate) venvs: BTreeMap<PathBuf, VenvFact>,
    /// Env files that are declared but missing.
    pub(crate) missing_files: BTreeSet<PathBuf>,
    /// Maximum number of descriptors of one of our processes; `None` if unknown.
    pub(crate) open_files: Option<u64>,
}

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
    /// A `requirements.txt` next to it.
    pub(crate) requirements: Option<PathBuf>,
}

/// The result of running a venv's interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VenvState {
    /// The directory does not exist or is not a venv.
    Missing,
    /// `bin/python` is missing or a broken link; `target` is where the link points.
    InterpreterMissing {
        target: Option<PathBuf>,
    },
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

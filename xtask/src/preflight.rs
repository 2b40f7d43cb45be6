//! Plan and facts → findings: what stands in the way of a start, judged before anything is spawned.
//!
//! [`Facts`] is a plain struct: `system::observe` fills one from the machine, a test writes one down.

pub(crate) mod check;
pub(crate) mod duplicate;
pub(crate) mod limit;
pub(crate) mod mismatch;
pub(crate) mod needs;
pub(crate) mod resolution;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::ports::{Endpoint, PortFact};

/// What was seen of the machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// One for each port that was asked for.
    pub(crate) ports: BTreeMap<Endpoint, PortFact>,
    pub(crate) services: BTreeMap<String, ServiceFact>,
    /// By path.
    pub(crate) venvs: BTreeMap<PathBuf, VenvFact>,
    /// Env files that were named and are not there.
    pub(crate) missing_files: BTreeSet<PathBuf>,
    /// So many descriptors a process of ours can have; `None` where that is not known.
    pub(crate) open_files: Option<u64>,
}

/// What was seen of a service's needs.
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
    /// It exists, but the interpreter of its `#!` line does not.
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
    /// It may not be entered.
    Denied,
}

/// What was seen of a venv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VenvFact {
    pub(crate) state: VenvState,
    /// A `requirements.txt` beside it.
    pub(crate) requirements: Option<PathBuf>,
}

/// What came of executing a venv's interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VenvState {
    /// No such directory, or no venv in it.
    Missing,
    /// `bin/python` is not there, or is a link to nothing; `target` is what it points at.
    InterpreterMissing {
        target: Option<PathBuf>,
    },
    /// It was made at another path.
    Moved {
        made_at: PathBuf,
    },
    /// It would not run: what it said.
    Broken {
        said: String,
    },
    Works {
        version: Vec<u32>,
    },
}

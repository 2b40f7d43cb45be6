//! Plan and facts → findings: what prevents a start, checked before anything is spawned.
//!
//! [`Facts`] is a plain struct: `system::observe` fills it from the machine, tests construct it.

pub(crate) mod check;
pub(crate) mod checked;
pub(crate) mod compose;
pub(crate) mod duplicate;
pub(crate) mod env_files;
pub(crate) mod limit;
pub(crate) mod machine;
pub(crate) mod mismatch;
pub(crate) mod moved;
pub(crate) mod needs;
pub(crate) mod pidfile;
pub(crate) mod recipe;
pub(crate) mod reloader;
pub(crate) mod resolution;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Protocol;
use crate::ports::{Endpoint, PortFact};
use crate::process::compose::{ComposeContainer, ComposeProblem};
use needs::venv::dotted;
use pidfile::StalePidfile;
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
    /// Env files that are declared but missing, each with that of the main checkout, if this is a worktree and it has one.
    pub(crate) missing_files: BTreeMap<PathBuf, Option<PathBuf>>,
    /// Maximum number of descriptors of one of our processes; `None` if unknown.
    pub(crate) open_files: Option<u64>,
}

/// What Compose says of a service, or why it says nothing.
pub(crate) type ComposeFact = Result<ComposeState, ComposeProblem>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComposeState {
    pub(crate) containers: Vec<ComposeContainer>,
    /// The ports of this machine that its file gives to the service, if known.
    pub(crate) declared: Option<Vec<(u16, Protocol)>>,
}

/// Observations of what a service needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceFact {
    pub(crate) working_dir: DirectoryFact,
    pub(crate) command: CommandFact,
    /// The Node project whose packages the command needs.
    pub(crate) node: Option<NodeFact>,
    pub(crate) pidfile: Option<StalePidfile>,
}

/// Observations of a Node project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeFact {
    /// Where its packages are installed: the directory of the lock file, or of `package.json`.
    pub(crate) directory: PathBuf,
    pub(crate) manager: PackageManager,
    pub(crate) has_lock: bool,
    pub(crate) state: NodeState,
}

/// By the lock file, or by `package.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageManager {
    Npm,
    Pnpm,
    /// Version 1.
    YarnClassic,
    YarnBerry,
    Bun,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeState {
    Installed,
    /// There is no `node_modules`.
    Missing,
    /// The lock file was changed after the packages were installed.
    Older {
        lock: PathBuf,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommandFact {
    Found(PathBuf),
    /// `near` is what the word was probably meant to be: a program of the venv, of the Node project or of the `PATH`.
    NotFound {
        near: Option<String>,
    },
    NotExecutable(PathBuf),
    /// The file exists, but the interpreter of its `#!` line does not.
    InterpreterMissing {
        script: PathBuf,
        interpreter: PathBuf,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DirectoryFact {
    Found,
    /// `near` is a directory with a similar name.
    Missing {
        near: Option<PathBuf>,
    },
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

impl VenvState {
    /// That of Python, such as `3.11.7`; `None` if its interpreter does not run.
    pub(crate) fn version(&self) -> Option<String> {
        match self {
            VenvState::Works { version } => Some(dotted(version)),
            VenvState::Missing
            | VenvState::NotAVenv
            | VenvState::InterpreterMissing { .. }
            | VenvState::LinkLoop
            | VenvState::Moved { .. }
            | VenvState::Broken { .. } => None,
        }
    }
}

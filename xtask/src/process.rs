//! Processes: identity, properties, and whether a process may be signalled.
//!
//! Values only; `system` reads them from the machine.

pub(crate) mod arguments;
pub(crate) mod compose;
pub(crate) mod container;
pub(crate) mod left_alone;
pub(crate) mod managed_service;
pub(crate) mod protected;
pub(crate) mod secrets;
pub(crate) mod shells;
mod tag;
pub(crate) mod targets;

use std::path::PathBuf;

use jiff::Timestamp;

use crate::foreign::Foreign;
use container::Runtime;
use managed_service::ManagedService;

/// Identifies a process for good: a reused pid has another identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Identity {
    /// The id of the boot that the process belongs to (`/proc/sys/kernel/random/boot_id`).
    pub(crate) boot: String,
    pub(crate) pid: u32,
    /// Start time in the unit of the operating system (Linux: clock ticks since boot).
    pub(crate) start: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    Running,
    /// Stopped by Ctrl-Z or SIGSTOP: the process keeps its port but does not respond.
    Suspended,
    Zombie,
}

/// A row of the process table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) identity: Identity,
    /// The command name, at most 15 bytes on Linux.
    pub(crate) name: Foreign,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    /// The controlling terminal, such as `pts/3`.
    pub(crate) terminal: Option<String>,
    pub(crate) state: ProcessState,
    /// A kernel thread, such as `kthreadd` and its children.
    pub(crate) kernel: bool,
}

/// Properties of a process beyond its row of the process table. Fields that could not be read are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) exe: Option<PathBuf>,
    pub(crate) command: Foreign<Vec<String>>,
    pub(crate) user: Option<Foreign>,
    /// The service manager that would restart it.
    pub(crate) manager: Option<ManagedService>,
    /// The container that it runs in, if that is not our own.
    pub(crate) container: Option<Foreign>,
    pub(crate) runtime: Option<Runtime>,
    /// Which of these could not be looked up, and why.
    pub(crate) unknown: Option<String>,
}

/// Our own process and its ancestors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ancestry {
    pub(crate) us: u32,
    /// Nearest first.
    pub(crate) ancestors: Vec<u32>,
    /// Our own systemd unit. Another process in the same unit is not treated as managed.
    pub(crate) unit: Option<String>,
}

impl Ancestry {
    /// The ancestors of `us` according to `table`.
    pub(crate) fn of(us: u32, unit: Option<String>, table: &[Process]) -> Self {
        let mut ancestors = Vec::new();
        let mut below = us;
        while let Some(process) = table.iter().find(|process| process.identity.pid == below) {
            // A table read while processes start and exit may contain a cycle.
            if process.parent == 0 || process.parent == us || ancestors.contains(&process.parent) {
                break;
            }
            ancestors.push(process.parent);
            below = process.parent;
        }
        Ancestry { us, ancestors, unit }
    }
}

/// The details of a process that a user would look up. Fields that could not be read are `None` or empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProcessInfo {
    pub(crate) identity: Identity,
    pub(crate) name: Foreign,
    /// Argument vector, secrets masked.
    pub(crate) command: Foreign<Vec<String>>,
    pub(crate) user: Option<Foreign>,
    pub(crate) uid: Option<u32>,
    pub(crate) cwd: Option<Foreign<PathBuf>>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) state: ProcessState,
    /// Its controlling terminal, such as `pts/3`.
    pub(crate) terminal: Option<String>,
    /// Nearest first.
    pub(crate) parents: Vec<ProcessRef>,
    /// The number of descendants.
    pub(crate) children: usize,
    /// The git checkout that contains its working directory.
    pub(crate) repository: Option<Repository>,
    /// Set if devtasks started it.
    pub(crate) tag: Option<Tag>,
    /// Its systemd unit.
    pub(crate) unit: Option<Foreign>,
}

/// A process mentioned by pid and name only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct ProcessRef {
    pub(crate) pid: u32,
    pub(crate) name: Foreign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) root: Foreign<PathBuf>,
    /// `None` if HEAD is detached.
    pub(crate) branch: Option<Foreign>,
}

/// The run and service that a process belongs to, from its environment. Every process of a run carries it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tag {
    pub(crate) project: Foreign,
    pub(crate) service: Foreign,
    pub(crate) checkout: Foreign<PathBuf>,
    pub(crate) run: Foreign,
}

/// `node|server.js` → the argument vector of a test's process.
#[cfg(test)]
pub(crate) fn argument_vector(words: &str) -> Foreign<Vec<String>> {
    let words = words.split('|').filter(|word| !word.is_empty());
    words.map(str::to_owned).collect::<Vec<String>>().into()
}

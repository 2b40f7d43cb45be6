//! Processes: which one is meant, what is known of it, and whether it may be signalled.
//!
//! Values only. `system` reads them from the machine.

pub(crate) mod arguments;
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

/// Which process is meant, for good: a pid that is used again is another identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Identity {
    /// The id of the boot it lives in (`/proc/sys/kernel/random/boot_id`).
    pub(crate) boot: String,
    pub(crate) pid: u32,
    /// When it started, in the system's own unit (Linux: clock ticks since boot).
    pub(crate) start: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    Running,
    /// Ctrl-Z or SIGSTOP: it keeps its port and answers nobody.
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
    /// Its controlling terminal, such as `pts/3`.
    pub(crate) terminal: Option<String>,
    pub(crate) state: ProcessState,
    /// The kernel's own, such as `kthreadd` and its children.
    pub(crate) kernel: bool,
}

/// What is known of a process besides its row of the table. What could not be read is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) exe: Option<PathBuf>,
    pub(crate) command: Foreign<Vec<String>>,
    pub(crate) user: Option<Foreign>,
    /// Who looks after it.
    pub(crate) manager: Option<ManagedService>,
    /// The container it runs in, where that is another one than ours.
    pub(crate) container: Option<Foreign>,
    pub(crate) runtime: Option<Runtime>,
    /// What of this could not be looked up, and why.
    pub(crate) unknown: Option<String>,
}

/// Where this program stands among the processes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ancestry {
    pub(crate) us: u32,
    /// Nearest first.
    pub(crate) ancestors: Vec<u32>,
    /// The systemd unit that we run under: it says nothing about others under the same one.
    pub(crate) unit: Option<String>,
}

impl Ancestry {
    /// `us` and everyone above in `table`.
    pub(crate) fn of(us: u32, unit: Option<String>, table: &[Process]) -> Self {
        let mut ancestors = Vec::new();
        let mut below = us;
        while let Some(process) = table.iter().find(|process| process.identity.pid == below) {
            // A table read while processes come and go may hold a circle.
            if process.parent == 0 || process.parent == us || ancestors.contains(&process.parent) {
                break;
            }
            ancestors.push(process.parent);
            below = process.parent;
        }
        Ancestry { us, ancestors, unit }
    }
}

/// What people look up about a process by hand. What could not be read is `None` or empty.
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
    /// So many processes stand below it.
    pub(crate) children: usize,
    /// The git checkout its working directory lies in.
    pub(crate) repository: Option<Repository>,
    /// Filled when devtasks started it.
    pub(crate) tag: Option<Tag>,
    /// The systemd unit it runs under.
    pub(crate) unit: Option<Foreign>,
}

/// A process named in passing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct ProcessRef {
    pub(crate) pid: u32,
    pub(crate) name: Foreign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    pub(crate) root: Foreign<PathBuf>,
    /// `None` when the head is detached.
    pub(crate) branch: Option<Foreign>,
}

/// Who started it, from its environment: what every process of a run carries.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tag {
    pub(crate) project: Foreign,
    pub(crate) service: Foreign,
    pub(crate) checkout: Foreign<PathBuf>,
    pub(crate) run: Foreign,
}

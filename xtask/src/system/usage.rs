//! What processes use: a service's whole tree, and this process itself.

use std::time::Duration;

use super::os;
use super::pidfiles::started_at;
use crate::diagnostic::Diagnostic;
use crate::process::{Identity, ProcessState};

/// What a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time in user and kernel mode.
    pub(crate) cpu: Duration,
    /// That of its descendants that have exited and were waited for.
    pub(crate) waited_cpu: Duration,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_bytes: u64,
}

/// What a tree of processes uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TreeUsage {
    /// Zombies are not counted.
    pub(crate) processes: u64,
    /// Of the processes that live, and of those below them that have exited and were waited for.
    pub(crate) cpu: Duration,
    /// Memory that processes share is counted for each of them.
    pub(crate) resident_bytes: u64,
    /// `None` if one of them may not be looked into.
    pub(crate) open_fds: Option<u64>,
}

/// The sum of these processes and their descendants, except for those that are `spared`, and what is below them.
///
/// # Errors
/// A process could not be read, so the sum would be too small.
pub(crate) fn of_trees(roots: &[u32], spared: &[Identity]) -> Result<TreeUsage, Diagnostic> {
    let mut sum = TreeUsage {
        open_fds: Some(0),
        ..TreeUsage::default()
    };
    let mut asked = roots.to_vec();
    let mut next = 0;
    while let Some(&pid) = asked.get(next) {
        next += 1;
        let Some((
            process,
            Usage {
                cpu,
                waited_cpu,
                resident_bytes,
                ..
            },
        )) = os::usage(pid)?
        else {
            continue;
        };
        if spared.contains(&process.identity) {
            continue;
        }
        // A zombie has used time that its parent does not have yet.
        sum.cpu += cpu + waited_cpu;
        if process.state == ProcessState::Zombie {
            continue;
        }
        sum.processes += 1;
        sum.resident_bytes += resident_bytes;
        // It may have exited meanwhile.
        let open = os::open_descriptors(pid).map(Option::unwrap_or_default);
        sum.open_fds = sum.open_fds.zip(open.ok()).map(|(sum, open)| sum + open);
        for child in os::children(pid)? {
            if !asked.contains(&child) {
                asked.push(child);
            }
        }
    }
    Ok(sum)
}

/// This process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnUsage {
    /// Without that of its children.
    pub(crate) cpu: Duration,
    pub(crate) resident_bytes: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) open_fds: Option<u64>,
    pub(crate) max_fds: usize,
}

/// `None` if the system does not say.
pub(crate) fn own() -> Option<OwnUsage> {
    let pid = std::process::id();
    let (_, usage) = os::usage(pid).ok()??;
    Some(OwnUsage {
        cpu: usage.cpu,
        resident_bytes: usage.resident_bytes,
        virtual_bytes: usage.virtual_bytes,
        open_fds: os::open_descriptors(pid).ok().flatten(),
        max_fds: os::open_files_now(),
    })
}

/// When this process was started, in whole seconds since 1970; `None` if the system does not say.
pub(crate) fn own_start() -> Option<u64> {
    started_at(std::process::id())
}

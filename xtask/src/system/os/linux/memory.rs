//! How often the kernel has killed a process because memory ran out.

use std::fs;

use crate::diagnose::OomKills;
use crate::system::os::parse::processes as parse;

/// Reads both counters. They are incremented before the signal is sent, so they are up to date once the end of the
/// process is visible. The kernel log would name the process, but only root may read it.
///
/// Source: kernel docs admin-guide/cgroup-v2.rst, `memory.events`, `oom_kill` (Linux 4.13; includes descendant groups);
/// man 5 proc_vmstat, `oom_kill` (Linux 4.13). The machine's counter includes all containers.
pub(crate) fn oom_kills() -> OomKills {
    let count = |path: &str| parse::counter(&fs::read_to_string(path).ok()?, "oom_kill");
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"));
    OomKills {
        own: group.and_then(|group| count(&format!("/sys/fs/cgroup{group}/memory.events"))),
        machine: count("/proc/vmstat"),
    }
}

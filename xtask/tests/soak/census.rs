//! Who lives in a sandbox: by its mark in their environment, or by its directory in their command line.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::it::sandbox::{Sandbox, signal};

/// A living process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    /// Clock ticks since the boot; with the pid it names one process for good.
    pub(crate) start: u64,
    pub(crate) state: char,
    pub(crate) command: Vec<String>,
    /// Of a run, by the tag in its environment; its supervisor and watchdog are no service's.
    pub(crate) service: Option<String>,
}

/// Everybody in the sandbox but these.
pub(crate) fn census(sandbox: &Sandbox, except: &[u32]) -> Vec<Process> {
    let directory = sandbox.project().display().to_string();
    let mut pids = sandbox.processes();
    let others = fs::read_dir("/proc").expect("/proc can be read").flatten();
    let others = others.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.extend(others.filter(|pid| text(*pid, "cmdline").contains(&directory)));
    pids.sort_unstable();
    pids.dedup();
    pids.retain(|pid| !except.contains(pid));
    pids.into_iter()
        .filter_map(process)
        .filter(|process| process.state != 'Z')
        .collect()
}

/// `None` when there is none.
pub(crate) fn process(pid: u32) -> Option<Process> {
    let stat = text(pid, "stat");
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let environment = text(pid, "environ");
    let service = environment
        .split('\0')
        .find_map(|variable| variable.strip_prefix("DEVTASKS_SERVICE="))
        .filter(|service| *service != "(supervisor)");
    Some(Process {
        pid,
        parent: fields[1].parse().ok()?,
        group: fields[2].parse().ok()?,
        start: fields[19].parse().ok()?,
        state: fields[0].chars().next()?,
        command: text(pid, "cmdline").split_terminator('\0').map(str::to_owned).collect(),
        service: service.map(str::to_owned),
    })
}

fn text(pid: u32, file: &str) -> String {
    let bytes = fs::read(Path::new("/proc").join(pid.to_string()).join(file)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Process {
    fn is(&self, subcommand: &str) -> bool {
        self.service.is_none() && self.command.get(1).is_some_and(|word| word == subcommand)
    }
}

pub(crate) fn watchdog(all: &[Process]) -> Option<&Process> {
    all.iter().find(|process| process.is("watchdog"))
}

/// Whose child the watchdog is; while there is none, who is about to become it.
pub(crate) fn supervisor(all: &[Process]) -> Option<&Process> {
    let is_parent = |process: &&Process| watchdog(all).is_some_and(|watchdog| watchdog.parent == process.pid);
    let find = |subcommand| all.iter().find(|process| process.is(subcommand));
    all.iter()
        .find(is_parent)
        .or_else(|| find("supervise"))
        .or_else(|| find("up"))
}

/// Signals it if it still is the one that was found.
pub(crate) fn strike(it: &Process, with: Signal) {
    if process(it.pid).is_some_and(|now| now.start == it.start) {
        signal(it.pid, with);
    }
}

//! Who lives, by the mark in their environment: which tree they were built for, and whether they may be signalled.

use std::fs;
use std::path::Path;

/// A variable `PLACE-TREE-t` or `PLACE-TREE-s`. Children inherit it, as a worker has its master's part.
pub(crate) const MARK: &str = "KILLS";

/// The tree of those who belong to none and stay for all rounds.
pub(crate) const NO_TREE: usize = 9999;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    /// Clock ticks since the boot; with the pid it names one process for good.
    pub(crate) start: u64,
    pub(crate) state: char,
    pub(crate) command: String,
    pub(crate) tree: usize,
    /// It may be signalled if its tree may.
    pub(crate) is_target: bool,
}

/// Everybody with a mark of this place. Zombies have no environment any more.
pub(crate) fn census(place: usize) -> Vec<Process> {
    let directories = fs::read_dir("/proc").expect("/proc can be read").flatten();
    let pids = directories.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut all: Vec<Process> = pids.filter_map(|pid| process(pid, place)).collect();
    all.sort_unstable_by_key(|process| process.pid);
    all
}

fn process(pid: u32, place: usize) -> Option<Process> {
    let environment = text(pid, "environ");
    let mark = environment
        .split('\0')
        .find_map(|variable| variable.strip_prefix(MARK)?.strip_prefix('='))?;
    let mut parts = mark.split('-');
    if parts.next()?.parse() != Ok(place) {
        return None;
    }
    let tree = parts.next()?.parse().ok()?;
    let is_target = parts.next()? == "t";
    let stat = stat(pid)?;
    Some(Process {
        pid,
        parent: stat.parent,
        group: stat.group,
        start: stat.start,
        state: stat.state,
        command: text(pid, "cmdline")
            .split_terminator('\0')
            .collect::<Vec<_>>()
            .join(" "),
        tree,
        is_target,
    })
}

pub(crate) struct Stat {
    pub(crate) state: char,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) start: u64,
}

/// `None` when there is none.
pub(crate) fn stat(pid: u32) -> Option<Stat> {
    let stat = text(pid, "stat");
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some(Stat {
        state: fields[0].chars().next()?,
        parent: fields[1].parse().ok()?,
        group: fields[2].parse().ok()?,
        start: fields[19].parse().ok()?,
    })
}

/// Its own number in the innermost process table that it belongs to.
pub(crate) fn number_inside(pid: u32) -> Option<u32> {
    let status = text(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok()
}

pub(crate) fn children(pid: u32) -> Vec<u32> {
    let children = text(pid, &format!("task/{pid}/children"));
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn text(pid: u32, file: &str) -> String {
    let bytes = fs::read(Path::new("/proc").join(pid.to_string()).join(file)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Process {
    pub(crate) fn is_there(&self) -> bool {
        stat(self.pid).is_some_and(|now| now.start == self.start && now.state != 'Z')
    }
}

//! Chooses the processes to stop so that a port stays free: its holders' roots, their descendants and process groups.
//!
//! Only a choice: `system::stop` asks for confirmation and sends signals.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::{is_interpreter, program};
use super::protected::protection;
use super::shells::{is_interactive_shell, is_shell, script};
use super::{Identity, Process, ProcessState};
use crate::foreign::Foreign;
use crate::process::{Ancestry, Details};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    End(Tree),
    /// One of the processes is protected, so none is signalled.
    Refused {
        pid: u32,
        name: Foreign,
        reason: String,
    },
}

/// The processes to stop. Empty if no holder is alive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    /// Roots first, then each level of descendants.
    pub(crate) processes: Vec<Target>,
    /// The number of processes at the front that are signalled at once; the rest only if they do not exit, because a
    /// master stops its own workers properly. For whole process groups, as with Ctrl-C, it covers all.
    pub(crate) n_first_wave: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) identity: Identity,
    pub(crate) name: Foreign,
    pub(crate) user: Option<Foreign>,
}

/// The processes to stop so that none of `holders` (pids that listen or are bound) keeps its port or is restarted.
///
/// `details` is called only for the holders, their ancestors as far as needed, and the processes to stop.
pub(crate) fn targets(
    table: &[Process],
    holders: &[u32],
    details: &dyn Fn(u32) -> Details,
    ours: &Ancestry,
) -> Targets {
    let forest = Forest::new(table, holders, details, ours);
    let mut roots: Vec<u32> = Vec::new();
    for holder in &forest.holders {
        let root = forest.root(*holder);
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    let mut chosen = roots.clone();
    let mut whole_groups = true;
    for root in roots.clone() {
        let group = forest.own_group(root);
        whole_groups &= !group.is_empty();
        chosen.extend(group);
        chosen.extend(forest.orphaned_relatives(root));
    }
    let chosen = forest.with_descendants(&chosen);
    for process in chosen.iter().filter_map(|pid| forest.rows.get(pid)) {
        if let Some(reason) = protection(process, &details(process.identity.pid), ours) {
            return Targets::Refused {
                pid: process.identity.pid,
                name: process.name.clone(),
                reason,
            };
        }
    }
    let processes: Vec<Target> = chosen
        .iter()
        .filter_map(|pid| forest.rows.get(pid))
        .map(|process| Target {
            identity: process.identity.clone(),
            name: process.name.clone(),
            user: details(process.identity.pid).user,
        })
        .collect();
    let n_first_wave = if whole_groups { processes.len() } else { roots.len() };
    Targets::End(Tree {
        processes,
        n_first_wave,
    })
}

/// The live processes, and a look-up of their details.
struct Forest<'a> {
    rows: BTreeMap<u32, &'a Process>,
    /// The holders that are alive, in the given order.
    holders: Vec<u32>,
    details: &'a dyn Fn(u32) -> Details,
    ours: &'a Ancestry,
}

impl<'a> Forest<'a> {
    fn new(table: &'a [Process], holders: &[u32], details: &'a dyn Fn(u32) -> Details, ours: &'a Ancestry) -> Self {
        let rows: BTreeMap<u32, &Process> = table
            .iter()
            .filter(|process| process.state != ProcessState::Zombie)
            .map(|process| (process.identity.pid, process))
            .collect();
        let holders = holders.iter().copied().filter(|pid| rows.contains_key(pid)).collect();
        Forest {
            rows,
            holders,
            details,
            ours,
        }
    }

    /// The topmost process that belongs to `holder`: a process that would restart it, or one that it is part of.
    fn root(&self, holder: u32) -> u32 {
        let mut root = holder;
        let mut seen = BTreeSet::from([holder]);
        while let (Some(process), Some(parent)) = (self.rows.get(&root), self.parent(root)) {
            let pid = parent.identity.pid;
            let belongs = self.holders.contains(&pid)
                || (parent.session == process.session
                    && (self.is_launcher(parent) || self.is_reloader(parent, process)));
            // A protected holder is itself a root, and is refused there.
            if !belongs || !seen.insert(pid) || protection(parent, &(self.details)(pid), self.ours).is_some() {
                break;
            }
            root = pid;
        }
        root
    }

    fn parent(&self, pid: u32) -> Option<&'a Process> {
        self.rows.get(&self.rows.get(&pid)?.parent).copied()
    }

    fn children(&self, pid: u32) -> impl Iterator<Item = &'a Process> + '_ {
        self.rows.values().copied().filter(move |process| process.parent == pid)
    }

    /// A wrapper whose only purpose is to run one program. Stopping one with several children would stop unrelated
    /// ones.
    ///
    /// A shell is a launcher only with a plain `-c`. A script is a program of the user, and a loop would start the next
    /// server: if such a process restarts the server, `port kill` reports that.
    fn is_launcher(&self, process: &Process) -> bool {
        let details = (self.details)(process.identity.pid);
        let command = details.command.raw();
        if self.children(process.identity.pid).count() != 1 {
            return false;
        }
        if !is_shell(process, command) {
            return LAUNCHERS.contains(&tool(process, command));
        }
        !is_interactive_shell(process, command) && script(process, command).is_some_and(|script| !loops(script))
    }

    /// Whether the parent runs the same command as the child, as Django's autoreload does.
    fn is_reloader(&self, parent: &Process, child: &Process) -> bool {
        let [above, below] = [parent, child].map(|process| (self.details)(process.identity.pid).command);
        let (above, below) = (above.raw(), below.raw());
        if is_shell(parent, above) {
            return false;
        }
        let is_same = above.len() > 1 && above.get(1..) == below.get(1..);
        is_same || is_script_launcher(above, below)
    }

    /// The members of the process group that `root` leads; empty if it leads none or if the group contains us.
    fn own_group(&self, root: u32) -> Vec<u32> {
        let members: Vec<u32> = self
            .rows
            .values()
            .filter(|process| process.group == root)
            .map(|process| process.identity.pid)
            .collect();
        let with_us = members
            .iter()
            .any(|pid| *pid == self.ours.us || self.ours.ancestors.contains(pid));
        if with_us || !members.contains(&root) {
            Vec::new()
        } else {
            members
        }
    }

    /// Members of a process group whose leader has exited that belong to `root`: workers with the same command, and
    /// helper processes of Python's multiprocessing. Others may be unrelated servers of an exited script.
    fn orphaned_relatives(&self, root: u32) -> Vec<u32> {
        let Some(process) = self.rows.get(&root) else {
            return Vec::new();
        };
        if self.rows.contains_key(&process.group) {
            return Vec::new();
        }
        let command = (self.details)(root).command;
        let command = command.raw();
        let is_relative = |other: &Process| {
            let theirs = (self.details)(other.identity.pid).command;
            let theirs = theirs.raw();
            (!command.is_empty() && theirs == command) || (is_multiprocessing(theirs) && is_multiprocessing(command))
        };
        let orphans = self.rows.values().filter(|other| {
            let has_parent_there = self
                .parent(other.identity.pid)
                .is_some_and(|parent| parent.group == process.group);
            other.group == process.group && other.session == process.session && !has_parent_there
        });
        orphans
            .filter(|other| is_relative(other))
            .map(|other| other.identity.pid)
            .collect()
    }

    /// `pids` and all their descendants, without duplicates, level by level.
    fn with_descendants(&self, pids: &[u32]) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        let mut level = pids.to_vec();
        while !level.is_empty() {
            level.retain(|pid| !found.contains(pid));
            let mut unique = BTreeSet::new();
            level.retain(|pid| unique.insert(*pid));
            found.extend(&level);
            level = level
                .iter()
                .flat_map(|pid| self.children(*pid))
                .map(|process| process.identity.pid)
                .collect();
        }
        found
    }
}

const LAUNCHERS: &[&str] = &[
    "npm",
    "npx",
    "pnpm",
    "pnpx",
    "yarn",
    "yarnpkg",
    "bun",
    "bunx",
    "corepack",
    "uv",
    "uvx",
    "poetry",
    "pipenv",
    "pdm",
    "hatch",
    "rye",
    "nodemon",
    "tsx",
    "ts-node-dev",
    "air",
    "cargo",
    "cargo-watch",
    "watchexec",
    "watchmedo",
    "watchfiles",
    "cross-env",
    "dotenv",
    "timeout",
];

/// Whether `above` is the program that pip makes on Windows for a script such as uvicorn, and `below` the Python that
/// it runs: `Scripts\\uvicorn.exe main:app` starts `python.exe Scripts\\uvicorn.exe main:app`.
///
/// Source: distlib, PC/launcher.c: the launcher starts the interpreter with its own path, and waits.
fn is_script_launcher(above: &[String], below: &[String]) -> bool {
    let [own, arguments @ ..] = above else { return false };
    match below {
        [python, script, rest @ ..] => is_interpreter(python) && program(script) == program(own) && rest == arguments,
        _ => false,
    }
}

/// The program as a user would name it: `npm` for `node /usr/lib/node_modules/npm/bin/npm-cli.js run dev`.
fn tool<'a>(process: &'a Process, command: &'a [String]) -> &'a str {
    let name = program(command.first().unwrap_or(process.name.raw()));
    // npm sets its process title to a single word: `npm run dev`.
    let name = name.split_whitespace().next().unwrap_or(name);
    if !is_interpreter(name) {
        return name;
    }
    let script = command.iter().skip(1).find(|word| !word.starts_with('-'));
    let script = script.map_or(name, |word| program(word));
    let stem = script.split('.').next().unwrap_or(script);
    stem.strip_suffix("-cli").unwrap_or(stem)
}

fn loops(script: &str) -> bool {
    script
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '_')
        .any(|word| matches!(word, "while" | "until" | "for"))
}

/// Source: CPython, Lib/multiprocessing/{popen_spawn_posix,resource_tracker,forkserver}.py: `python -c 'from
/// multiprocessing.spawn import spawn_main; …'`.
fn is_multiprocessing(command: &[String]) -> bool {
    command.iter().any(|word| word.starts_with("from multiprocessing."))
}

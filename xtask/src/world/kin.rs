//! Which service a process belongs to: by the tag in its environment, else by what was noted when its service was started.
//!
//! Redis, nginx and PostgreSQL write their title over their environment, and so over the tag. Of each service's own process
//! it is therefore noted in the state folder who it is; whoever stands below it or in its group belongs to it.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::os;
use super::runs::{self, Folder, Record};
use crate::error::Problem;
use crate::preflight::{Identity, Process, ProcessState, Tag};

/// A service's own process as it was started. It leads its group.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Leader {
    identity: Identity,
    session: u32,
    tag: Tag,
}

/// Notes a service's own process for those who come later.
pub(super) fn note(folder: &Folder, pid: u32, tag: &Tag) {
    let Some(process) = os::process(pid) else {
        return;
    };
    let leader = Leader {
        identity: process.identity,
        session: process.session,
        tag: tag.clone(),
    };
    let mut line = serde_json::to_vec(&leader).expect("a note is plain data");
    line.push(b'\n');
    // Most processes are known by their tag alone: a full disk is no reason not to start.
    let _ = os::append_private(&folder.leaders(), &line);
}

/// What was noted, read when it is first needed.
#[derive(Default)]
pub(crate) struct Kin {
    leaders: OnceCell<Vec<Leader>>,
    records: OnceCell<Vec<Record>>,
    /// By pid: owners of several ports have their ancestors in common.
    known: RefCell<BTreeMap<u32, Option<Tag>>>,
}

impl Kin {
    /// Whose service `process` belongs to, if to any.
    pub(crate) fn tag(&self, process: &Process) -> Option<Tag> {
        let mut process = process.clone();
        let mut asked = Vec::new();
        let tag = loop {
            let pid = process.identity.pid;
            if let Some(known) = self.known.borrow().get(&pid) {
                break known.clone();
            }
            // A pid that is used again could close a circle.
            if asked.contains(&pid) {
                break None;
            }
            asked.push(pid);
            let own = os::tag(pid).or_else(|| self.noted(&process, os::process));
            // Our own tag says nothing about those below us.
            if own.is_some() || process.parent == std::process::id() {
                break own;
            }
            let Some(parent) = os::process(process.parent) else {
                break None;
            };
            process = parent;
        };
        let asked = asked.into_iter().map(|pid| (pid, tag.clone()));
        self.known.borrow_mut().extend(asked);
        tag
    }

    /// A supervisor holds the sockets that it hands over, and belongs to its run.
    pub(crate) fn supervised(&self, process: &Process) -> Option<Tag> {
        let records = self.records.get_or_init(|| {
            let folders = runs::folders().into_iter();
            folders.filter_map(|folder| folder.record()).collect()
        });
        let record = records.iter().find(|record| record.supervisor == process.identity)?;
        Some(Tag::supervisor(
            record.project.clone(),
            record.checkout.clone(),
            record.run.clone(),
        ))
    }

    /// By its own identity, or by its group: while that has members, no other can have its number, except after the number
    /// of a group that died out was given anew, to a process that is its leader or has died since.
    fn noted(&self, process: &Process, find: impl Fn(u32) -> Option<Process>) -> Option<Tag> {
        let leaders = self.leaders.get_or_init(leaders);
        let leader = leaders.iter().rev().find(|leader| {
            let is_leader = leader.identity == process.identity;
            let in_group = leader.identity.pid == process.group
                && leader.identity.boot == process.identity.boot
                && leader.identity.start <= process.identity.start
                && leader.session == process.session;
            is_leader || in_group && find(process.group).is_none_or(|it| it.identity == leader.identity)
        });
        leader.map(|leader| leader.tag.clone())
    }
}

/// More ancestors than any process has.
const DEPTH: usize = 1000;

/// Every living process that belongs to a service, of whatever run.
///
/// # Errors
/// The process table cannot be read.
pub(crate) fn tagged() -> Result<Vec<(Process, Tag)>, Problem> {
    let kin = Kin::default();
    let table: BTreeMap<u32, Process> = os::processes()?
        .into_iter()
        .map(|process| (process.identity.pid, process))
        .collect();
    let find = |pid: u32| table.get(&pid).cloned();
    let own: BTreeMap<u32, Tag> = table
        .iter()
        .filter(|(_, process)| !process.kernel)
        .filter_map(|(pid, process)| Some((*pid, os::tag(*pid).or_else(|| kin.noted(process, find))?)))
        .collect();
    let living = table
        .values()
        .filter(|process| !process.kernel && process.state != ProcessState::Zombie);
    let tagged = living.filter_map(|process| {
        let mut pid = process.identity.pid;
        for _ in 0..DEPTH {
            if let Some(tag) = own.get(&pid) {
                return Some((process.clone(), tag.clone()));
            }
            pid = table.get(&pid).map(|process| process.parent)?;
        }
        None
    });
    Ok(tagged.collect())
}

fn leaders() -> Vec<Leader> {
    let notes = runs::folders()
        .into_iter()
        .filter_map(|folder| fs::read(folder.leaders()).ok());
    notes
        .flat_map(|text| {
            let lines = text.split(|byte| *byte == b'\n');
            // A line that a crash cut off says nothing.
            lines
                .filter_map(|line| serde_json::from_slice(line).ok())
                .collect::<Vec<Leader>>()
        })
        .collect()
}

//! Which service a process belongs to: by the tag in its environment, else by what was noted when its service was started.
//!
//! Redis, nginx and PostgreSQL write their title over their environment, and so over the tag. Of each service's own process
//! it is therefore noted in the state folder who it is; whoever stands below it or in its group belongs to it.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::os::{self, Look};
use super::runs::{self, Folder, Record};
use crate::error::Problem;
use crate::preflight::left_alone::works_for_a_person;
use crate::preflight::protected::Details;
use crate::preflight::{Identity, Process, ProcessState, Tag};

/// A service's own process as it was started. It leads its group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Leader {
    pub(super) identity: Identity,
    pub(super) session: u32,
    tag: Tag,
}

/// Notes a service's own process for those who come later; `None` where the system does not show it.
pub(super) fn note(folder: &Folder, pid: u32, tag: &Tag) -> Option<Leader> {
    let process = os::process(pid).ok()??;
    let leader = Leader {
        identity: process.identity,
        session: process.session,
        tag: tag.clone(),
    };
    let mut line = serde_json::to_vec(&leader).expect("a note is plain data");
    line.push(b'\n');
    // Most processes are known by their tag alone: a full disk is no reason not to start.
    let _ = os::append_private(&folder.leaders(), &line);
    Some(leader)
}

/// Why a process is not its service's although that started it: it left the session, and a person works in it.
pub(super) fn is_left_alone(process: &Process, leader: Option<&Leader>) -> Option<&'static str> {
    let pid = process.identity.pid;
    let has_left = match leader {
        Some(leader) => process.session != leader.session,
        // Whoever leads a session has made it.
        None => process.session == pid,
    };
    if !has_left {
        return None;
    }
    let details = Details {
        exe: os::program(pid),
        command: os::command(pid).into(),
        ..Details::default()
    };
    works_for_a_person(process, &details)
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
    ///
    /// # Errors
    /// It, or one above it, cannot be looked at.
    pub(crate) fn tag(&self, process: &Process) -> Look<Tag> {
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
            let own = self.own_tag(&process)?;
            if let Some(own) = own {
                break (!self.is_below_one_left_alone(process, &own)?).then_some(own);
            }
            // Our own tag says nothing about those below us.
            if process.parent == std::process::id() {
                break None;
            }
            let Some(parent) = os::process(process.parent)? else {
                break None;
            };
            process = parent;
        };
        let asked = asked.into_iter().map(|pid| (pid, tag.clone()));
        self.known.borrow_mut().extend(asked);
        Ok(tag)
    }

    fn own_tag(&self, process: &Process) -> Look<Tag> {
        let noted = || self.noted(process, |pid| os::process(pid).ok().flatten());
        Ok(os::tag(process.identity.pid)?.or_else(noted))
    }

    /// Is `process`, which carries `tag`, or one above it that does, a program that a person works in? Whoever stands in
    /// the session of the service itself is not below one.
    fn is_below_one_left_alone(&self, mut process: Process, tag: &Tag) -> Result<bool, Problem> {
        let leader = self.leader(tag);
        for _ in 0..DEPTH {
            if leader.is_some_and(|leader| leader.session == process.session) {
                return Ok(false);
            }
            if is_left_alone(&process, leader).is_some() {
                return Ok(true);
            }
            match os::process(process.parent)? {
                Some(parent) if self.own_tag(&parent)?.as_ref() == Some(tag) => process = parent,
                Some(_) | None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// A supervisor holds the sockets that it hands over, and belongs to its run, whoever's tag it was started with.
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
        let leader = self.leaders().iter().rev().find(|leader| {
            let is_leader = leader.identity == process.identity;
            let in_group = leader.identity.pid == process.group
                && leader.identity.boot == process.identity.boot
                && leader.identity.start <= process.identity.start
                && leader.session == process.session;
            is_leader || in_group && find(process.group).is_none_or(|it| it.identity == leader.identity)
        });
        leader.map(|leader| leader.tag.clone())
    }

    /// The last process of its own that a service was seen with.
    fn leader(&self, tag: &Tag) -> Option<&Leader> {
        self.leaders().iter().rev().find(|leader| leader.tag == *tag)
    }

    fn leaders(&self) -> &[Leader] {
        self.leaders.get_or_init(leaders)
    }
}

/// A living process that a service of some run has started, that run's supervisor not among them.
pub(crate) struct Member {
    pub(crate) process: Process,
    pub(crate) tag: Tag,
    /// Why it is left alone: it, or one above it, is a program that a person works in.
    pub(crate) left_alone: Option<&'static str>,
}

/// More ancestors than any process has.
const DEPTH: usize = 1000;

/// Every living process that belongs to a service, of whatever run.
///
/// # Errors
/// The process table, or any process in it, cannot be looked at: then nobody can say that one is not there.
pub(crate) fn members() -> Result<Vec<Member>, Problem> {
    let kin = Kin::default();
    let table: BTreeMap<u32, Process> = os::processes()?
        .into_iter()
        .map(|process| (process.identity.pid, process))
        .collect();
    let find = |pid: u32| table.get(&pid).cloned();
    let mut own: BTreeMap<u32, Tag> = BTreeMap::new();
    for (pid, process) in table.iter().filter(|(_, process)| !process.kernel) {
        let tag = match kin.supervised(process) {
            Some(tag) => Some(tag),
            None => os::tag(*pid)?.or_else(|| kin.noted(process, find)),
        };
        own.extend(tag.map(|tag| (*pid, tag)));
    }
    let living = table
        .values()
        .filter(|process| !process.kernel && process.state != ProcessState::Zombie);
    let member = |process: &Process| {
        let above = ancestry(process, &table);
        let tag = above.iter().find_map(|it| own.get(&it.identity.pid))?;
        let leader = kin.leader(tag);
        let left_alone = above.iter().find_map(|it| {
            let is_same = own.get(&it.identity.pid).is_some_and(|its| its == tag);
            is_same.then(|| is_left_alone(it, leader)).flatten()
        });
        (!tag.is_supervisor()).then(|| Member {
            process: process.clone(),
            tag: tag.clone(),
            left_alone,
        })
    };
    Ok(living.filter_map(member).collect())
}

/// A process and those above it, nearest first.
fn ancestry<'a>(process: &'a Process, table: &'a BTreeMap<u32, Process>) -> Vec<&'a Process> {
    let above = std::iter::successors(Some(process), |process| table.get(&process.parent));
    // A table read while processes come and go may hold a circle.
    above.take(DEPTH).collect()
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

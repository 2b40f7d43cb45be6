//! Which service a process belongs to: by the tag in its environment, else by what was noted when its service was
//! started.
//!
//! Redis, nginx and PostgreSQL write their title over their environment, and so over the tag. Of each service's own
//! process it is therefore noted in the state directory who it is; whoever stands below it or in its group belongs to
//! it.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::os::{self, Look};
use super::problem;
use super::runs::{self, StateDir};
use crate::diagnostic::Diagnostic;
use crate::process::Details;
use crate::process::left_alone::works_for_a_person;
use crate::process::{Identity, Process, ProcessState, Tag};
use crate::protocol::Record;

/// A service's own process as it was started. It leads its group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Leader {
    pub(crate) identity: Identity,
    pub(crate) session: u32,
    tag: Tag,
}

/// Notes a service's own process for those who come later; `None` where the system does not show it.
pub(crate) fn note(directory: &StateDir, pid: u32, tag: &Tag) -> Option<Leader> {
    let process = os::process(pid).ok()??;
    let leader = Leader {
        identity: process.identity,
        session: process.session,
        tag: tag.clone(),
    };
    let mut line = serde_json::to_vec(&leader).expect("a note is plain data");
    line.push(b'\n');
    // Most processes are known by their tag alone: a full disk is no reason not to start.
    let _ = os::append_private(&directory.leaders(), &line);
    Some(leader)
}

/// Why a process is not its service's although that started it: it left the session, and a person works in it.
pub(crate) fn is_left_alone(process: &Process, leader: Option<&Leader>) -> Option<&'static str> {
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
pub(crate) struct RunAttribution {
    leaders: OnceCell<Result<Vec<Leader>, Diagnostic>>,
    records: OnceCell<Result<Vec<Record>, Diagnostic>>,
    /// By pid: owners of several ports have their ancestors in common.
    known: RefCell<BTreeMap<u32, Option<Tag>>>,
}

impl RunAttribution {
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
        match os::tag(process.identity.pid)? {
            Some(tag) => Ok(Some(tag)),
            None => self.leader_tag(process, os::process),
        }
    }

    /// Is `process`, which carries `tag`, or one above it that does, a program that a person works in? Whoever stands
    /// in the session of the service itself is not below one.
    fn is_below_one_left_alone(&self, mut process: Process, tag: &Tag) -> Result<bool, Diagnostic> {
        let leader = self.leader(tag)?;
        for _ in 0..MAX_ANCESTORS {
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
    ///
    /// # Errors
    /// What is noted of runs cannot be read.
    pub(crate) fn supervised(&self, process: &Process) -> Look<Tag> {
        let records = self.records.get_or_init(records).as_ref().map_err(Clone::clone)?;
        let record = records.iter().find(|record| record.supervisor == process.identity);
        Ok(record.map(|record| {
            let (project, checkout) = (record.project.clone(), record.checkout.clone());
            Tag::supervisor(project, checkout, record.run.clone())
        }))
    }

    /// By its own identity, or by its group: while that has members, no other can have its number, except after the
    /// number of a group that died out was reused, to a process that is its leader or has died since.
    fn leader_tag(&self, process: &Process, find: impl Fn(u32) -> Look<Process>) -> Look<Tag> {
        for leader in self.leaders()?.iter().rev() {
            let in_group = leader.identity.pid == process.group
                && leader.identity.boot == process.identity.boot
                && leader.identity.start <= process.identity.start
                && leader.session == process.session;
            let is_its = leader.identity == process.identity
                || in_group && find(process.group)?.is_none_or(|it| it.identity == leader.identity);
            if is_its {
                return Ok(Some(leader.tag.clone()));
            }
        }
        Ok(None)
    }

    /// The last process of its own that a service was seen with.
    fn leader(&self, tag: &Tag) -> Look<&Leader> {
        Ok(self.leaders()?.iter().rev().find(|leader| leader.tag == *tag))
    }

    fn leaders(&self) -> Result<&[Leader], Diagnostic> {
        let leaders = self.leaders.get_or_init(leaders).as_ref();
        leaders.map(Vec::as_slice).map_err(Clone::clone)
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
const MAX_ANCESTORS: usize = 1000;

/// Every living process that belongs to a service, of whatever run.
///
/// # Errors
/// The process table, or any process in it, cannot be looked at: then nobody can say that one is not there.
pub(crate) fn members() -> Result<Vec<Member>, Diagnostic> {
    let kin = RunAttribution::default();
    let table: BTreeMap<u32, Process> = os::processes()?
        .into_iter()
        .map(|process| (process.identity.pid, process))
        .collect();
    let find = |pid: u32| Ok(table.get(&pid).cloned());
    let mut own: BTreeMap<u32, Tag> = BTreeMap::new();
    for (pid, process) in table.iter().filter(|(_, process)| !process.kernel) {
        let tag = match (kin.supervised(process)?, os::tag(*pid)?) {
            (Some(tag), _) | (None, Some(tag)) => Some(tag),
            (None, None) => kin.leader_tag(process, find)?,
        };
        own.extend(tag.map(|tag| (*pid, tag)));
    }
    let mut members = Vec::new();
    for process in table
        .values()
        .filter(|it| !it.kernel && it.state != ProcessState::Zombie)
    {
        let above = ancestry(process, &table);
        let tag = above.iter().find_map(|it| own.get(&it.identity.pid));
        let Some(tag) = tag.filter(|tag| !tag.is_supervisor()) else {
            continue;
        };
        let leader = kin.leader(tag)?;
        let same = above.iter().filter(|it| own.get(&it.identity.pid) == Some(tag));
        members.push(Member {
            left_alone: same.into_iter().find_map(|it| is_left_alone(it, leader)),
            process: process.clone(),
            tag: tag.clone(),
        });
    }
    Ok(members)
}

/// A process and those above it, nearest first.
fn ancestry<'a>(process: &'a Process, table: &'a BTreeMap<u32, Process>) -> Vec<&'a Process> {
    let above = std::iter::successors(Some(process), |process| table.get(&process.parent));
    // A table read while processes come and go may hold a circle.
    above.take(MAX_ANCESTORS).collect()
}

fn leaders() -> Result<Vec<Leader>, Diagnostic> {
    of_all(|directory| {
        let path = directory.leaders();
        let text = runs::if_there(fs::read(&path)).map_err(|error| problem("read", &path, &error))?;
        let text = text.unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        // A line that a crash cut off says nothing.
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    })
}

fn records() -> Result<Vec<Record>, Diagnostic> {
    of_all(|directory| Ok(directory.record()?.into_iter().collect()))
}

/// What is noted of the runs of all checkouts. A directory that is closed to us is another user's, and no run of ours
/// is noted there: `sudo` leaves such ones.
fn of_all<T>(read: impl Fn(&StateDir) -> Result<Vec<T>, Diagnostic>) -> Result<Vec<T>, Diagnostic> {
    let mut all = Vec::new();
    for directory in runs::directories()? {
        match read(&directory) {
            Err(_) if directory.is_closed() => {}
            notes => all.extend(notes?),
        }
    }
    Ok(all)
}

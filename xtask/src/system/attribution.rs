//! Attributes processes to services: by the tag in the environment, or else by a record made when the service was
//! started.
//!
//! Redis, nginx and PostgreSQL overwrite their environment, and thus the tag, with a process title. The state directory
//! therefore records the main process of each service; its descendants and its group belong to the service.

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

/// The main process of a service, as it was started. It leads its process group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Leader {
    pub(crate) identity: Identity,
    pub(crate) session: u32,
    tag: Tag,
}

/// Records the main process of a service for later commands; `None` if the process is not visible.
pub(crate) fn note(directory: &StateDir, pid: u32, tag: &Tag) -> Option<Leader> {
    let process = os::process(pid).ok()??;
    let leader = Leader {
        identity: process.identity,
        session: process.session,
        tag: tag.clone(),
    };
    let mut line = serde_json::to_vec(&leader).expect("a note is plain data");
    line.push(b'\n');
    // The tag alone identifies most processes, so a full disk does not prevent a start.
    let _ = os::append_private(&directory.leaders(), &line);
    Some(leader)
}

/// Why a process is not attributed to its service: it left the service's session, and a user works in it.
pub(crate) fn is_left_alone(process: &Process, leader: Option<&Leader>) -> Option<&'static str> {
    let pid = process.identity.pid;
    let has_left = match leader {
        Some(leader) => process.session != leader.session,
        // A session leader created its session itself.
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

/// The recorded main processes and runs, read on first use.
#[derive(Default)]
pub(crate) struct RunAttribution {
    leaders: OnceCell<Result<Vec<Leader>, Diagnostic>>,
    records: OnceCell<Result<Vec<Record>, Diagnostic>>,
    /// By pid: owners of several ports share ancestors.
    known: RefCell<BTreeMap<u32, Option<Tag>>>,
}

impl RunAttribution {
    /// The service that `process` belongs to, if any.
    ///
    /// # Errors
    /// The process or one of its ancestors cannot be inspected.
    pub(crate) fn tag(&self, process: &Process) -> Look<Tag> {
        let mut process = process.clone();
        let mut asked = Vec::new();
        let tag = loop {
            let pid = process.identity.pid;
            if let Some(known) = self.known.borrow().get(&pid) {
                break known.clone();
            }
            // A reused pid could produce a cycle.
            if asked.contains(&pid) {
                break None;
            }
            asked.push(pid);
            let own = self.own_tag(&process)?;
            if let Some(own) = own {
                break (!self.is_below_one_left_alone(process, &own)?).then_some(own);
            }
            // Our own tag says nothing about our descendants.
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

    /// Whether `process`, or one of its ancestors with the same `tag`, is a program that a user works in. Members of
    /// the service's own session are not descendants of one.
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

    /// The tag of a supervisor, which holds the sockets that it passes on. Its run counts, not the tag that it
    /// inherited.
    ///
    /// # Errors
    /// The records of runs cannot be read.
    pub(crate) fn supervised(&self, process: &Process) -> Look<Tag> {
        let records = self.records.get_or_init(records).as_ref().map_err(Clone::clone)?;
        let record = records.iter().find(|record| record.supervisor == process.identity);
        Ok(record.map(|record| {
            let (project, checkout) = (record.project.clone(), record.checkout.clone());
            Tag::supervisor(project, checkout, record.run.clone())
        }))
    }

    /// The tag of a main process, by its own identity or by its process group. A group number is reused only once the
    /// group is gone, by a new leader, so a leader that is alive must be the recorded one.
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

    /// The most recent main process of a service.
    fn leader(&self, tag: &Tag) -> Look<&Leader> {
        Ok(self.leaders()?.iter().rev().find(|leader| leader.tag == *tag))
    }

    fn leaders(&self) -> Result<&[Leader], Diagnostic> {
        let leaders = self.leaders.get_or_init(leaders).as_ref();
        leaders.map(Vec::as_slice).map_err(Clone::clone)
    }
}

/// A live process that belongs to a service of some run; excludes that run's supervisor.
pub(crate) struct Member {
    pub(crate) process: Process,
    pub(crate) tag: Tag,
    /// Why it is not stopped: it, or one of its ancestors, is a program that a user works in.
    pub(crate) left_alone: Option<&'static str>,
}

/// No process has more ancestors.
const MAX_ANCESTORS: usize = 1000;

/// Every live process that belongs to a service of any run.
///
/// # Errors
/// The process table, or any process in it, cannot be read, so the result could be incomplete.
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

/// A process and its ancestors, nearest first.
fn ancestry<'a>(process: &'a Process, table: &'a BTreeMap<u32, Process>) -> Vec<&'a Process> {
    let above = std::iter::successors(Some(process), |process| table.get(&process.parent));
    // A table read while processes start and exit may contain a cycle.
    above.take(MAX_ANCESTORS).collect()
}

fn leaders() -> Result<Vec<Leader>, Diagnostic> {
    of_all(|directory| {
        let path = directory.leaders();
        let text = runs::if_there(fs::read(&path)).map_err(|error| problem("read", &path, &error))?;
        let text = text.unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        // A crash may leave an incomplete line.
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    })
}

fn records() -> Result<Vec<Record>, Diagnostic> {
    of_all(|directory| Ok(directory.record()?.into_iter().collect()))
}

/// Reads the state of all checkouts. A directory that we may not enter belongs to another user (`sudo` creates such
/// directories), and contains no runs of ours.
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

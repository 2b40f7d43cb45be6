//! Which processes belong to which service: its own process, all below it, and those that left its tree.
//!
//! A process whose parent dies is adopted by the supervisor (`PR_SET_CHILD_SUBREAPER`, prctl(2)), so all processes of
//! a run stay below it, whatever they fork, and the tag in their environment says whose they are. A server that writes its
//! title over its environment (PostgreSQL, nginx) has no tag any more; its process group tells.

use std::collections::{BTreeMap, BTreeSet};

use super::{Driver, UnitId};
use crate::preflight::{Process, ProcessState};
use crate::supervise::State;
use crate::world::os;

/// The adopted, by the service that they belong to.
pub(super) struct Family {
    adopted: BTreeMap<String, Vec<u32>>,
    /// Daemons that left their group and their environment: nobody knows whose they are.
    strays: Vec<u32>,
}

impl Family {
    /// Nobody's parent has ended, so nobody is on the way to us.
    fn is_empty(&self) -> bool {
        self.adopted.is_empty() && self.strays.is_empty()
    }
}

impl Driver<'_> {
    /// The living processes of a unit, its own first.
    pub(super) fn members(&mut self, unit: UnitId) -> Vec<u32> {
        living(self.kin(unit))
    }

    /// The same, looked up until two looks agree: what forks and ends in the middle of one, as a daemon does, has a child
    /// that is not in it.
    pub(super) fn all_members(&mut self, unit: UnitId) -> Vec<u32> {
        let mut seen = self.kin(unit);
        for _ in 0..LOOKS {
            // Before the next look: the child of one that has ended by now is in that.
            let living = living(seen.clone());
            if self.family().is_empty() {
                return living;
            }
            self.family = None;
            let again = self.kin(unit);
            if again == seen {
                return living;
            }
            seen = again;
        }
        living(seen)
    }

    /// Its own process, all below it and the adopted, those that wait to be reaped too.
    fn kin(&mut self, unit: UnitId) -> Vec<u32> {
        let mut members: Vec<u32> = self.services[unit].pid.into_iter().collect();
        members.extend(
            members
                .first()
                .map(|leader| os::descendants(*leader))
                .unwrap_or_default(),
        );
        let name = self.services[unit].service.name.clone();
        members.extend(self.family().adopted.get(&name).into_iter().flatten());
        if self.heir() == Some(unit) {
            members.extend(self.strays());
        }
        members
    }

    /// Looked up once for all that is done in one turn.
    fn family(&mut self) -> &Family {
        if self.family.is_none() {
            self.has_signalled = false;
            self.family = Some(self.adopted());
        }
        self.family.as_ref().expect("it was just looked up")
    }

    fn adopted(&self) -> Family {
        let services = self.services.iter().filter_map(|life| life.pid);
        let checks = self.checks.iter().map(|check| check.pid);
        let guardian = self.guardian.as_ref().map(|guardian| guardian.pid);
        let known: BTreeSet<u32> = services.chain(checks).chain(guardian).collect();
        let mut adopted: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut strays = Vec::new();
        for pid in os::own_children().into_iter().filter(|pid| !known.contains(pid)) {
            let tag = os::tag(pid).filter(|tag| tag.run == self.record.run);
            let service = tag
                .map(|tag| tag.service.raw().clone())
                .or_else(|| self.service_of_group(pid));
            let of_whom = match service {
                Some(service) => adopted.entry(service).or_default(),
                // Who had children before it supervised anything cannot tell their orphans from those of its services.
                None if self.had_children => continue,
                None => &mut strays,
            };
            of_whom.push(pid);
            of_whom.extend(os::descendants(pid));
        }
        Family { adopted, strays }
    }

    /// Those that are nobody's end with the run: once all that is left is about to end.
    pub(super) fn strays(&mut self) -> Vec<u32> {
        match self.heir() {
            Some(_) => self.family().strays.clone(),
            None => Vec::new(),
        }
    }

    /// Whose end waits for the strays.
    fn heir(&self) -> Option<UnitId> {
        let mut left = self.machine.units().filter(|unit| !self.machine.state(*unit).is_over());
        let first = left.next()?;
        let ends = |unit: UnitId| self.machine.state(unit) == State::Stopping;
        let is_last = match left.next() {
            None => true,
            Some(next) => ends(first) && ends(next) && left.all(ends),
        };
        is_last.then_some(first)
    }

    /// Who is below us when everything has ended.
    pub(super) fn left_below(&self) -> Vec<Process> {
        if self.had_children {
            return Vec::new();
        }
        let below = os::descendants(std::process::id()).into_iter().filter_map(os::process);
        below.filter(|process| process.state != ProcessState::Zombie).collect()
    }

    /// A group's number is not used again while it has members, and `pid`, a child of ours, is one.
    fn service_of_group(&self, pid: u32) -> Option<String> {
        let group = os::process(pid)?.group;
        let life = self.services.iter().find(|life| life.group == Some(group))?;
        Some(life.service.name.clone())
    }
}

/// Who keeps forking is not followed for ever.
pub(super) const LOOKS: usize = 10;

fn living(mut pids: Vec<u32>) -> Vec<u32> {
    pids.retain(|pid| os::process(*pid).is_some_and(|process| process.state != ProcessState::Zombie));
    pids
}

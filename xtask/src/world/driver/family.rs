//! Which processes belong to which service: its own process, all below it, and those that left its tree.
//!
//! A process whose parent dies is adopted by the supervisor (`PR_SET_CHILD_SUBREAPER`, prctl(2)), so all processes of
//! a run stay below it, whatever they fork, and the tag in their environment says whose they are. A server that writes its
//! title over its environment (PostgreSQL, nginx) has no tag any more; its process group tells.

use std::collections::BTreeMap;

use super::{Driver, UnitId};
use crate::preflight::ProcessState;
use crate::world::os;

/// The adopted, by the service that they belong to.
pub(super) struct Family {
    adopted: BTreeMap<String, Vec<u32>>,
}

impl Driver<'_> {
    /// The living processes of a unit, its own first.
    pub(super) fn members(&mut self, unit: UnitId) -> Vec<u32> {
        let mut members: Vec<u32> = self.services[unit].pid.into_iter().collect();
        members.extend(
            members
                .first()
                .map(|leader| os::descendants(*leader))
                .unwrap_or_default(),
        );
        let name = self.services[unit].service.name.clone();
        members.extend(self.family().adopted.get(&name).into_iter().flatten());
        members.retain(|pid| os::process(*pid).is_some_and(|process| process.state != ProcessState::Zombie));
        members
    }

    /// Looked up once for all that is done in one turn.
    fn family(&mut self) -> &Family {
        if self.family.is_none() {
            self.family = Some(Family {
                adopted: self.adopted(),
            });
        }
        self.family.as_ref().expect("it was just looked up")
    }

    fn adopted(&self) -> BTreeMap<String, Vec<u32>> {
        let known = |pid: &u32| {
            self.services.iter().any(|life| life.pid == Some(*pid)) || self.checks.iter().any(|check| check.pid == *pid)
        };
        let mut adopted: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for pid in os::children(std::process::id()).into_iter().filter(|pid| !known(pid)) {
            let tag = os::tag(pid).filter(|tag| tag.run == self.record.run);
            let service = tag.map(|tag| tag.service).or_else(|| self.service_of_group(pid));
            // Whoever is none of ours was our child before we supervised anything.
            if let Some(service) = service {
                let of_service = adopted.entry(service).or_default();
                of_service.push(pid);
                of_service.extend(os::descendants(pid));
            }
        }
        adopted
    }

    /// A group's number is not used again while it has members, and `pid`, a child of ours, is one.
    fn service_of_group(&self, pid: u32) -> Option<String> {
        let group = os::process(pid)?.group;
        let life = self.services.iter().find(|life| life.group == Some(group))?;
        Some(life.service.name.clone())
    }
}

//! Which processes belong to which service: its main process, the descendants, and those that left its tree.
//!
//! Membership is proven. A process belongs to a service if it carries the service's tag, is in its group, or descends
//! from it. A process whose parent exits is adopted by the supervisor (`PR_SET_CHILD_SUBREAPER`, prctl(2)), so
//! everything that a run forks stays below it. That alone proves descent from a service only if no other orphans can
//! become our children.

use std::collections::{BTreeMap, BTreeSet};

use super::instance::ServiceInstance;
use super::{Driver, UnitId};
use crate::diagnostic::Diagnostic;
use crate::process::left_alone::LeftAlone;
use crate::process::{Process, ProcessState};
use crate::supervise::State;
use crate::system::attribution::{self, Leader};
use crate::system::os;

/// The adopted processes, by service.
pub(super) struct AdoptedProcesses {
    adopted: BTreeMap<String, Vec<Process>>,
    /// Daemons that left their group and cleared their environment; it is unknown which service started them.
    unattributed: Vec<Process>,
}

impl AdoptedProcesses {
    /// No process was adopted.
    fn is_empty(&self) -> bool {
        self.adopted.is_empty() && self.unattributed.is_empty()
    }
}

impl Driver<'_> {
    /// The living processes of a unit, the main process first.
    ///
    /// # Errors
    /// Some could not be scanned, so their number is unknown.
    pub(super) fn members(&mut self, unit: UnitId) -> Result<Vec<Process>, Diagnostic> {
        Ok(living(self.member_processes(unit)?))
    }

    /// The same, repeated until two scans agree. A daemon that forks and exits during a scan has a child that the scan
    /// misses.
    pub(super) fn all_members(&mut self, unit: UnitId) -> Result<Vec<Process>, Diagnostic> {
        let mut seen = self.member_processes(unit)?;
        for _ in 0..MAX_SCANS {
            if self.family()?.is_empty() {
                break;
            }
            self.family = None;
            let again = self.member_processes(unit)?;
            if pids(&again) == pids(&seen) {
                // Return the earlier result: it contains the children of a process that had exited by the second scan.
                break;
            }
            seen = again;
        }
        Ok(living(seen))
    }

    /// The main process, the descendants and the adopted processes, zombies included.
    fn member_processes(&mut self, unit: UnitId) -> Result<Vec<Process>, Diagnostic> {
        let instance = &self.services[unit];
        let (name, leader) = (instance.service.name.clone(), instance.leader.clone());
        let mut members = match instance.pid {
            Some(pid) => self.tree(pid, leader.as_ref())?,
            None => Vec::new(),
        };
        for process in self.family()?.adopted.get(&name).into_iter().flatten() {
            // A group contains processes of the tree too.
            if !members.contains(process) {
                members.push(process.clone());
            }
        }
        if self.orphan_owner() == Some(unit) {
            members.extend(self.unattributed()?);
        }
        Ok(members)
    }

    /// A process and its descendants in our run. Processes of another run, and programs that a user works in, are left
    /// out with their descendants.
    fn tree(&mut self, pid: u32, leader: Option<&Leader>) -> Result<Vec<Process>, Diagnostic> {
        let mut tree: Vec<Process> = Vec::new();
        let mut asked = vec![pid];
        let mut next = 0;
        while let Some(&pid) = asked.get(next) {
            next += 1;
            let Some(process) = os::process(pid)? else {
                continue;
            };
            if !self.belongs_to_run(&process, leader)? {
                continue;
            }
            for child in os::children(pid)? {
                if !asked.contains(&child) {
                    asked.push(child);
                }
            }
            tree.push(process);
        }
        Ok(tree)
    }

    /// Whether a descendant, or an adopted process, belongs to this run. A process that does not is recorded as left
    /// alone. Every process in the service's own group belongs to it; a stack that it started has groups of its own.
    fn belongs_to_run(&mut self, process: &Process, leader: Option<&Leader>) -> Result<bool, Diagnostic> {
        let in_group = leader.is_some_and(|leader| leader.identity.pid == process.group);
        if in_group || process.state == ProcessState::Zombie {
            return Ok(true);
        }
        let left_alone = match os::tag(process.identity.pid)? {
            Some(others) if others.run != self.record.run => {
                let of_others = format!("it supervises the stack in `{}`", others.checkout);
                // Its watchdog, which gets the run's id, and its services are its own responsibility.
                let supervises = others.is_supervisor() && others.has_no_run();
                supervises.then(|| LeftAlone::new(process, None, &of_others))
            }
            tag => match attribution::is_left_alone(process, leader) {
                Some(reason) => Some(LeftAlone::new(process, tag.map(|tag| tag.service), reason)),
                None => return Ok(true),
            },
        };
        self.left_alone
            .extend(left_alone.map(|it| (process.identity.clone(), it)));
        Ok(false)
    }

    /// The adopted processes, scanned at most once in each turn of the event loop.
    fn family(&mut self) -> Result<&AdoptedProcesses, Diagnostic> {
        if self.family.is_none() {
            self.has_signalled = false;
            self.family = Some(self.adopted()?);
        }
        Ok(self.family.as_ref().expect("it was just looked up"))
    }

    fn adopted(&mut self) -> Result<AdoptedProcesses, Diagnostic> {
        let services = self.services.iter().filter_map(|instance| instance.pid);
        let checks = self.checks.iter().map(|check| check.pid);
        let watchdog = self.watchdog.as_ref().map(|watchdog| watchdog.pid);
        let known: BTreeSet<u32> = services.chain(checks).chain(watchdog).collect();
        let mut adopted: BTreeMap<String, Vec<Process>> = BTreeMap::new();
        let mut unattributed = Vec::new();
        for pid in os::own_children()?.into_iter().filter(|pid| !known.contains(pid)) {
            let Some(process) = os::process(pid)? else {
                continue;
            };
            let service = self.tagged_service(pid)?.or_else(|| self.service_of_group(&process));
            let leader = service.as_ref().and_then(|service| self.leader_of(service));
            let of_whom = match service {
                Some(service) => adopted.entry(service).or_default(),
                None if self.adopts_strangers => continue,
                None => &mut unattributed,
            };
            of_whom.extend(self.tree(pid, leader.as_ref())?);
        }
        self.add_unadopted(&known, &mut adopted)?;
        adopted.retain(|_, processes| !processes.is_empty());
        Ok(AdoptedProcesses { adopted, unattributed })
    }

    /// Adds the processes that the system does not let us adopt. Only those that certainly are of a service count.
    fn add_unadopted(
        &mut self,
        known: &BTreeSet<u32>,
        adopted: &mut BTreeMap<String, Vec<Process>>,
    ) -> Result<(), Diagnostic> {
        let groups: Vec<u32> = self.services.iter().filter_map(|instance| instance.group).collect();
        for it in os::unadopted(&groups)?
            .into_iter()
            .filter(|it| !known.contains(&it.pid))
        {
            let of_group = |instance: &&ServiceInstance| it.group.is_some() && instance.group == it.group;
            let of_group = self.services.iter().find(of_group);
            let of_group = of_group.map(|instance| instance.service.name.clone());
            let Some(service) = self.tagged_service(it.pid)?.or(of_group) else {
                continue;
            };
            let leader = self.leader_of(&service);
            let tree = self.tree(it.pid, leader.as_ref())?;
            adopted.entry(service).or_default().extend(tree);
        }
        Ok(())
    }

    /// The service that the process has in its tag, if it is of this run.
    fn tagged_service(&self, pid: u32) -> Result<Option<String>, Diagnostic> {
        let tag = os::tag(pid)?.filter(|tag| tag.run == self.record.run);
        Ok(tag.map(|tag| tag.service.raw().clone()))
    }

    fn leader_of(&self, service: &str) -> Option<Leader> {
        self.services[self.machine.unit(service)?].leader.clone()
    }

    /// The processes in this process group that its leader has left behind.
    pub(super) fn left_of_group(&mut self, group: u32) -> Result<Vec<Process>, Diagnostic> {
        let family = self.family()?;
        let all = family.adopted.values().flatten().chain(&family.unattributed);
        let mut left: Vec<Process> = all.filter(|process| process.group == group).cloned().collect();
        for it in os::unadopted(&[group])?
            .into_iter()
            .filter(|it| it.group == Some(group))
        {
            left.extend(os::process(it.pid)?);
        }
        Ok(left)
    }

    /// The unattributed processes, once the last unit is stopping; they are stopped with it.
    pub(super) fn unattributed(&mut self) -> Result<Vec<Process>, Diagnostic> {
        match self.orphan_owner() {
            Some(_) => Ok(self.family()?.unattributed.clone()),
            None => Ok(Vec::new()),
        }
    }

    /// The unit that the unattributed processes are stopped with.
    fn orphan_owner(&self) -> Option<UnitId> {
        let mut left = self.machine.units().filter(|unit| !self.machine.state(*unit).is_over());
        let first = left.next()?;
        let ends = |unit: UnitId| self.machine.state(unit) == State::Stopping;
        let is_last = match left.next() {
            None => true,
            Some(next) => ends(first) && ends(next) && left.all(ends),
        };
        is_last.then_some(first)
    }

    /// Our descendants after all units have stopped.
    pub(super) fn left_below(&mut self) -> Result<Vec<Process>, Diagnostic> {
        self.family = None;
        let AdoptedProcesses { adopted, unattributed } = self.adopted()?;
        let services = self
            .services
            .iter()
            .filter_map(|instance| Some((instance.pid?, instance.leader.clone())));
        let services: Vec<_> = services.collect();
        let mut left: Vec<Process> = adopted.into_values().flatten().chain(unattributed).collect();
        for (pid, leader) in services {
            left.extend(self.tree(pid, leader.as_ref())?);
        }
        Ok(living(left))
    }

    /// A group number is not reused while the group has members, and `process`, our child, is one. But the group may
    /// have died out and its number may be reused by a process that leads it now.
    fn service_of_group(&self, process: &Process) -> Option<String> {
        let instance = self
            .services
            .iter()
            .find(|instance| instance.group == Some(process.group))?;
        let is_new_leader = process.identity.pid == process.group;
        (!is_new_leader).then(|| instance.service.name.clone())
    }
}

/// The limit for a process that keeps forking.
pub(super) const MAX_SCANS: usize = 10;

fn living(mut processes: Vec<Process>) -> Vec<Process> {
    processes.retain(|process| process.state != ProcessState::Zombie);
    processes
}

pub(super) fn pids(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.identity.pid).collect()
}

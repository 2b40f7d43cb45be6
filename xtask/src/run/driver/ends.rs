//! Stopping: signals to a service's processes, and the check at the end of the run that none is left.

use super::instance::{PIPE_DRAIN_TIMEOUT, ServiceInstance};
use super::membership::MAX_SCANS;
use super::{Driver, EndedBy, Message, RunOutcome, UnitId};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::plan::{Runs, StopSignal};
use crate::ports::{Endpoint, Owner};
use crate::process::Process;
use crate::process::left_alone::LeftAlone;
use crate::supervise::Event;
use crate::system::attribution::{self, Member};
use crate::system::os::{self, Handle};
use crate::system::owners::{self, Addresses};

impl Driver<'_> {
    /// Sends the stop signal to the group and members outside it, then SIGCONT: suspended processes handle none.
    pub(super) fn terminate(&mut self, unit: UnitId) {
        if self.services[unit].service.runs == Runs::External {
            self.part_from_external(unit);
        }
        match self.services[unit].service.stop_signal {
            StopSignal::Kill => self.signal(unit, &[os::Signal::Kill]),
            signal => self.signal(unit, &[signal.into(), os::Signal::Cont]),
        }
        // The unit that they are stopped with may have been told to stop before the others.
        for process in self.unattributed().unwrap_or_default() {
            deliver(&process, os::Signal::Term);
        }
    }

    pub(super) fn kill(&mut self, unit: UnitId) {
        self.signal(unit, &[os::Signal::Kill]);
    }

    /// Sends all `signals` to the same processes. A process that exits on the first leaves its children to us, and a
    /// second scan might miss them in transit.
    fn signal(&mut self, unit: UnitId, signals: &[os::Signal]) {
        let (leads, group) = (self.services[unit].pid.is_some(), self.services[unit].group);
        let in_group = |process: &Process| Some(process.group) == group;
        // Processes that cannot be scanned count as left; the group can still be signalled.
        let members = self.all_members(unit).unwrap_or_default();
        let (inside, mut outside): (Vec<_>, Vec<_>) = members.into_iter().partition(in_group);
        // The leader is our unreaped child, or the group has members below us, so the number is not reused.
        if let Some(group) = group.filter(|_| leads || !inside.is_empty()) {
            signals.iter().for_each(|signal| os::signal_group(group, *signal));
        }
        // A process that is leaving the group may have a child before it gets the signal. New members get it from the
        // group.
        let mut told = Vec::new();
        for _ in 0..MAX_SCANS {
            if outside.is_empty() {
                break;
            }
            for process in &outside {
                signals.iter().for_each(|signal| deliver(process, *signal));
            }
            told.extend(outside.into_iter().map(|process| process.identity));
            self.family = None;
            outside = self.all_members(unit).unwrap_or_default();
            outside.retain(|process| !in_group(process) && !told.contains(&process.identity));
        }
        self.has_signalled = true;
    }

    /// Counts the remaining processes of a unit. Its last output is handled before it is reported as stopped.
    pub(super) fn sweep(&mut self, unit: UnitId) {
        let left = self.all_members(unit).map(|left| left.len());
        let left = left.map_err(|problem| problem.message);
        let instance = &mut self.services[unit];
        if left == Ok(0) && instance.pid.is_none() && instance.open_pipes > 0 {
            instance.swept = Some(self.clock.now() + PIPE_DRAIN_TIMEOUT);
        } else {
            self.events.push_back(Event::Swept { unit, left });
        }
    }

    /// Reports units without processes to the machine, once their last output has been read.
    pub(super) fn pass_on_sweeps(&mut self) {
        let now = self.clock.now();
        for unit in self.machine.units() {
            let instance = &mut self.services[unit];
            if instance.swept.is_some_and(|at| at <= now || instance.open_pipes == 0) {
                instance.swept = None;
                self.events.push_back(Event::Swept { unit, left: Ok(0) });
            }
        }
    }

    /// The machine reports all units as stopped; verifies that no process is left.
    pub(super) fn finish(mut self) -> RunOutcome {
        self.hear_last_lines();
        let survivors = self.survivors();
        self.log_export.finish();
        // Otherwise the watchdog stops, after our exit, what is left or could not be scanned.
        if survivors.is_empty()
            && let Some(watchdog) = self.watchdog.take()
        {
            watchdog.dismiss();
        }
        let exit = match self.ended_by {
            _ if !survivors.is_empty() => Exit::Survived,
            Some(EndedBy::Interrupt) => Exit::Interrupted,
            Some(EndedBy::Down | EndedBy::OutputClosed) => Exit::Done,
            None => self.machine.exit(),
        };
        if survivors.is_empty() {
            self.directory.forget(&self.record);
        }
        self.answer_all(&survivors);
        RunOutcome {
            exit,
            by_request: self.ended_by == Some(EndedBy::Down),
            last: self.snapshot(),
            survivors,
        }
    }

    /// The writers of the pipes have exited, but their last output may not have been read.
    fn hear_last_lines(&mut self) {
        let deadline = self.clock.now() + PIPE_DRAIN_TIMEOUT;
        while self.services.iter().any(|instance| instance.open_pipes > 0) {
            match self.inbox.recv_timeout(deadline.saturating_sub(self.clock.now())) {
                Ok(message @ Message::PipeEnded { .. }) => self.receive(message),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    fn survivors(&mut self) -> Vec<Diagnostic> {
        let mut left = self.left().unwrap_or_else(|problem| {
            let not_verified = format!(
                "whether all processes have ended could not be verified: {}",
                problem.message
            );
            vec![Diagnostic::new(not_verified).hint(Hint::run("look again with", "down"))]
        });
        let is_gone = left.is_empty();
        left.extend(self.end_containers());
        left.extend(self.still_busy(self.machine.units(), |_| is_gone));
        left.into_iter().map(|problem| problem.exit(Exit::Survived)).collect()
    }

    /// The processes of the run that are still alive.
    ///
    /// # Errors
    /// Some could not be scanned.
    fn left(&mut self) -> Result<Vec<Diagnostic>, Diagnostic> {
        let mut members = attribution::members()?;
        members.retain(|member| member.tag.run == self.record.run);
        let mut unattributed = self.left_below()?;
        unattributed.retain(|stray| members.iter().all(|member| member.process.identity != stray.identity));
        let (spared, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|it| it.left_alone.is_some());
        for Member {
            process,
            tag,
            left_alone,
        } in spared
        {
            let left_alone = LeftAlone::new(&process, Some(tag.service), left_alone.unwrap_or_default());
            self.left_alone.entry(process.identity).or_insert(left_alone);
        }
        let still_there = |process: &Process, whose: String| {
            let (name, pid) = (&process.name, process.identity.pid);
            Diagnostic::new(format!("`{name}` (pid {pid}){whose} is still there"))
        };
        let members = members
            .iter()
            .map(|it| still_there(&it.process, format!(" of `{}`", it.tag.service)));
        let unattributed = unattributed
            .iter()
            .map(|process| still_there(process, ", which a service started,".to_owned()));
        Ok(members.chain(unattributed).collect())
    }

    /// Ports of these units that are still held, or held again, and the units of which nothing is left. A port that
    /// another process took before its service could is not ours to free.
    pub(super) fn still_busy(
        &self,
        units: impl IntoIterator<Item = UnitId>,
        is_gone: impl Fn(&ServiceInstance) -> bool,
    ) -> Vec<Diagnostic> {
        let lives = units.into_iter().map(|unit| &self.services[unit]);
        let held = lives.filter(|instance| instance.has_listened);
        let ports = held.flat_map(|instance| {
            instance
                .service
                .ports
                .iter()
                .map(move |port| (instance, Endpoint::from(port)))
        });
        let busy = ports.filter(|(_, port)| !owners::is_free(port, Addresses::Service));
        busy.filter_map(|(instance, port)| self.not_free(&instance.service.name, port, is_gone(instance)))
            .collect()
    }

    /// `None` if the holder has exited meanwhile.
    fn not_free(&self, service: &str, port: Endpoint, is_gone: bool) -> Option<Diagnostic> {
        let holders = owners::holders(&port, Addresses::Service);
        let is_ours = |owner: &&Owner| owner.process.tag.as_ref().is_some_and(|tag| tag.run == self.record.run);
        let ours = holders.iter().find(is_ours);
        let number = port.number;
        let message = match (ours.or(holders.first()), ours) {
            (Some(owner), None) => {
                let process = &owner.process;
                let taken = format!("was taken by `{}` (pid {})", process.name, process.identity.pid);
                match is_gone {
                    true => format!("nothing of `{service}` is left, but port {number} {taken}"),
                    false => format!("port {number} of `{service}` {taken}"),
                }
            }
            (Some(owner), Some(_)) => {
                let (name, pid) = (&owner.process.name, owner.process.identity.pid);
                format!("port {number} of `{service}` has not come free: `{name}` (pid {pid}) holds it")
            }
            (None, _) if owners::is_free(&port, Addresses::Service) => return None,
            (None, _) => format!("port {number} of `{service}` has not come free"),
        };
        let look = Hint::run("look at it with", format!("port who {}", port.typed()));
        Some(Diagnostic::new(message).hint(look).exit(Exit::Survived))
    }
}

/// Signals the process that was scanned, never another one with its pid. A failure means that it has exited or belongs
/// to another user by setuid; the next count tells.
pub(super) fn deliver(process: &Process, signal: os::Signal) {
    match Handle::open(&process.identity) {
        Ok(Some(handle)) => drop(handle.signal(signal)),
        Ok(None) => {}
        // Only we reap our children, so a child's pid is not reused, even without a handle.
        Err(_) if process.parent == std::process::id() => os::signal_child(process.identity.pid, signal),
        Err(_) => {}
    }
}

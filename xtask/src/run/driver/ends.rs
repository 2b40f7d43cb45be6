//! Ending: the signals to a service's processes, and the proof at the end of the run that nothing of it is left.

use super::instance::{PIPE_DRAIN_TIMEOUT, ServiceInstance};
use super::membership::MAX_SCANS;
use super::{Driver, EndedBy, Message, RunOutcome, UnitId};
use crate::diagnostic::{Diagnostic, Exit, Hint};
use crate::plan::StopSignal;
use crate::ports::{Endpoint, Owner};
use crate::process::Process;
use crate::process::left_alone::LeftAlone;
use crate::supervise::Event;
use crate::system::attribution::{self, Member};
use crate::system::os::{self, Handle};
use crate::system::owners::{self, Addresses};

impl Driver<'_> {
    /// The stop signal to the group, then to those who left it; SIGCONT, for a suspended process handles nothing.
    pub(super) fn terminate(&mut self, unit: UnitId) {
        match self.services[unit].service.stop_signal {
            StopSignal::Kill => self.signal(unit, &[os::Signal::Kill]),
            signal => self.signal(unit, &[signal.into(), os::Signal::Cont]),
        }
        // Their heir may have been told to end before all others were.
        for process in self.unattributed().unwrap_or_default() {
            deliver(&process, os::Signal::Term);
        }
    }

    pub(super) fn kill(&mut self, unit: UnitId) {
        self.signal(unit, &[os::Signal::Kill]);
    }

    /// All of `signals` to the same processes: whoever ends by the first leaves its children to us, and a second look
    /// might miss them on their way.
    fn signal(&mut self, unit: UnitId, signals: &[os::Signal]) {
        let (leads, group) = (self.services[unit].pid.is_some(), self.services[unit].group);
        let in_group = |process: &Process| Some(process.group) == group;
        // What cannot be looked at is counted as left; its group at least can be told without a look.
        let members = self.all_members(unit).unwrap_or_default();
        let (inside, mut outside): (Vec<_>, Vec<_>) = members.into_iter().partition(in_group);
        // Its leader is our child and not reaped yet, or it has members below us: its number cannot be anybody else's.
        if let Some(group) = group.filter(|_| leads || !inside.is_empty()) {
            signals.iter().for_each(|signal| os::signal_group(group, *signal));
        }
        // One that is just leaving has a child by the time it hears of this. A new member of the group cleans up
        // there.
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

    /// Counts what is left of a unit. What it wrote at the end comes before the word that it has ended.
    pub(super) fn sweep(&mut self, unit: UnitId) {
        let left = self.all_members(unit).map(|left| left.len());
        let left = left.map_err(|problem| problem.message);
        let life = &mut self.services[unit];
        if left == Ok(0) && life.pid.is_none() && life.open_pipes > 0 {
            life.swept = Some(self.clock.now() + PIPE_DRAIN_TIMEOUT);
        } else {
            self.events.push_back(Event::Swept { unit, left });
        }
    }

    /// Tells the machine of units of which nothing is left, once their last lines are in.
    pub(super) fn pass_on_sweeps(&mut self) {
        let now = self.clock.now();
        for unit in self.machine.units() {
            let life = &mut self.services[unit];
            if life.swept.is_some_and(|at| at <= now || life.open_pipes == 0) {
                life.swept = None;
                self.events.push_back(Event::Swept { unit, left: Ok(0) });
            }
        }
    }

    /// Everything has ended as far as the machine knows: is that so?
    pub(super) fn finish(mut self) -> RunOutcome {
        self.hear_last_lines();
        let survivors = self.survivors();
        // It ends what is left, and what could not be looked at, once we are gone.
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

    /// Whoever wrote into the pipes is gone; what they wrote last may still be on its way.
    fn hear_last_lines(&mut self) {
        let deadline = self.clock.now() + PIPE_DRAIN_TIMEOUT;
        while self.services.iter().any(|life| life.open_pipes > 0) {
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
        left.extend(self.still_busy(self.machine.units(), |_| is_gone));
        left.into_iter().map(|problem| problem.exit(Exit::Survived)).collect()
    }

    /// The processes of the run that still live.
    ///
    /// # Errors
    /// Some could not be looked at.
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

    /// Ports of these units that somebody still holds, or again; of which units is nothing left? A port that a stranger
    /// took before its service could is not ours to free.
    pub(super) fn still_busy(
        &self,
        units: impl IntoIterator<Item = UnitId>,
        is_gone: impl Fn(&ServiceInstance) -> bool,
    ) -> Vec<Diagnostic> {
        let lives = units.into_iter().map(|unit| &self.services[unit]);
        let held = lives.filter(|life| life.has_listened);
        let ports = held.flat_map(|life| life.service.ports.iter().map(move |port| (life, Endpoint::from(port))));
        let busy = ports.filter(|(_, port)| !owners::is_free(port, Addresses::Service));
        busy.filter_map(|(life, port)| self.not_free(&life.service.name, port, is_gone(life)))
            .collect()
    }

    /// `None` where whoever had it has left meanwhile.
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

/// To the process that was looked at, and to no other that has its pid by now. Gone, or another user's by setuid: the
/// count that follows tells.
pub(super) fn deliver(process: &Process, signal: os::Signal) {
    match Handle::open(&process.identity) {
        Ok(Some(handle)) => drop(handle.signal(signal)),
        Ok(None) => {}
        // We alone reap our children, so a child's pid is its own without a handle, too.
        Err(_) if process.parent == std::process::id() => os::signal_child(process.identity.pid, signal),
        Err(_) => {}
    }
}

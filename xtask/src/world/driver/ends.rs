//! Ending: the signals to a service's processes, and the proof at the end of the run that nothing of it is left.

use super::family::LOOKS;
use super::life::{LAST_LINES, Life};
use super::{Driver, EndedBy, Message, Outcome, UnitId};
use crate::error::{Exit, Problem};
use crate::plan::StopSignal;
use crate::preflight::{Owner, PortRef};
use crate::supervise::Event;
use crate::world::owners::{self, Addresses};
use crate::world::{kin, os};

impl Driver<'_> {
    /// The stop signal to the group, then to those who left it; SIGCONT, for a suspended process handles nothing.
    pub(super) fn terminate(&mut self, unit: UnitId) {
        match self.services[unit].service.stop_signal {
            StopSignal::Kill => self.signal(unit, &[os::Signal::Kill]),
            signal => self.signal(unit, &[signal.into(), os::Signal::Cont]),
        }
        // Their heir may have been told to end before all others were.
        for pid in self.strays() {
            os::signal_member(pid, &self.record.run, os::Signal::Term);
        }
    }

    pub(super) fn kill(&mut self, unit: UnitId) {
        self.signal(unit, &[os::Signal::Kill]);
    }

    /// All of `signals` to the same processes: whoever ends by the first leaves its children to us, and a second look might
    /// miss them on their way.
    fn signal(&mut self, unit: UnitId, signals: &[os::Signal]) {
        let group = self.services[unit].group;
        let in_group = |pid: &u32| os::process(*pid).is_some_and(|process| Some(process.group) == group);
        let (inside, mut outside): (Vec<_>, Vec<_>) = self.all_members(unit).into_iter().partition(in_group);
        // Its members are our children and not reaped yet, or below such, so the group's number cannot be anybody else's.
        if let Some(group) = group.filter(|_| !inside.is_empty()) {
            signals.iter().for_each(|signal| os::signal_group(group, *signal));
        }
        // One that is just leaving has a child by the time it hears of this. Who comes anew in the group cleans up there.
        let mut told = Vec::new();
        for _ in 0..LOOKS {
            if outside.is_empty() {
                break;
            }
            for &pid in &outside {
                let tell = |signal: &os::Signal| os::signal_member(pid, &self.record.run, *signal);
                signals.iter().for_each(tell);
            }
            told.append(&mut outside);
            self.family = None;
            outside = self.all_members(unit);
            outside.retain(|pid| !in_group(pid) && !told.contains(pid));
        }
        self.has_signalled = true;
    }

    /// Counts what is left of a unit. What it wrote at the end comes before the word that it has ended.
    pub(super) fn sweep(&mut self, unit: UnitId) {
        let left = self.all_members(unit).len();
        let life = &mut self.services[unit];
        if left == 0 && life.pid.is_none() && life.open_pipes > 0 {
            life.swept = Some(self.clock.now() + LAST_LINES);
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
                self.events.push_back(Event::Swept { unit, left: 0 });
            }
        }
    }

    /// Everything has ended as far as the machine knows: is that so?
    pub(super) fn finish(mut self) -> Outcome {
        // It is a child of ours like those that are looked for now.
        if let Some(guardian) = self.guardian.take() {
            guardian.dismiss();
        }
        self.hear_last_lines();
        let survivors = self.survivors();
        let exit = match self.ended_by {
            _ if !survivors.is_empty() => Exit::Survived,
            Some(EndedBy::Interrupt) => Exit::Interrupted,
            Some(EndedBy::Down | EndedBy::OutputClosed) => Exit::Done,
            None => self.machine.exit(),
        };
        if survivors.is_empty() {
            self.folder.forget(&self.record);
        }
        self.answer_all(&survivors);
        Outcome {
            exit,
            by_request: self.ended_by == Some(EndedBy::Down),
            last: self.snapshot(),
            survivors,
        }
    }

    /// Whoever wrote into the pipes is gone; what they wrote last may still be on its way.
    fn hear_last_lines(&mut self) {
        let deadline = self.clock.now() + LAST_LINES;
        while self.services.iter().any(|life| life.open_pipes > 0) {
            match self.inbox.recv_timeout(deadline.saturating_sub(self.clock.now())) {
                Ok(message @ Message::PipeEnded { .. }) => self.receive(message),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    fn survivors(&self) -> Vec<Problem> {
        let mut tagged = kin::tagged().unwrap_or_default();
        tagged.retain(|(_, tag)| tag.run == self.record.run);
        let mut strays = self.left_below();
        strays.retain(|stray| tagged.iter().all(|(process, _)| process.identity != stray.identity));
        let processes = tagged.into_iter().map(|(process, tag)| {
            let pid = process.identity.pid;
            Problem::new(format!(
                "`{}` (pid {pid}) of `{}` is still there",
                process.name, tag.service
            ))
        });
        let strays = strays.into_iter().map(|process| {
            let pid = process.identity.pid;
            Problem::new(format!(
                "`{}` (pid {pid}), which a service started, is still there",
                process.name
            ))
        });
        let mut left: Vec<Problem> = processes.chain(strays).collect();
        let is_gone = left.is_empty();
        left.extend(self.still_busy(self.machine.units(), |_| is_gone));
        left.into_iter().map(|problem| problem.exit(Exit::Survived)).collect()
    }

    /// Ports of these units that somebody still holds, or again; of which units is nothing left? A port that a stranger
    /// took before its service could is not ours to free.
    pub(super) fn still_busy(
        &self,
        units: impl IntoIterator<Item = UnitId>,
        is_gone: impl Fn(&Life) -> bool,
    ) -> Vec<Problem> {
        let lives = units.into_iter().map(|unit| &self.services[unit]);
        let held = lives.filter(|life| life.has_listened);
        let ports = held.flat_map(|life| life.service.ports.iter().map(move |port| (life, PortRef::from(port))));
        let busy = ports.filter(|(_, port)| !owners::is_free(port, Addresses::Service));
        busy.filter_map(|(life, port)| self.not_free(&life.service.name, port, is_gone(life)))
            .collect()
    }

    /// `None` where whoever had it has left meanwhile.
    fn not_free(&self, service: &str, port: PortRef, is_gone: bool) -> Option<Problem> {
        let holders = owners::holders(&port, Addresses::Service);
        let is_ours = |owner: &&Owner| owner.tag.as_ref().is_some_and(|tag| tag.run == self.record.run);
        let ours = holders.iter().find(is_ours);
        let number = port.number;
        let message = match (ours.or(holders.first()), ours) {
            (Some(Owner { name, identity, .. }), None) => {
                let taken = format!("was taken by `{name}` (pid {})", identity.pid);
                match is_gone {
                    true => format!("nothing of `{service}` is left, but port {number} {taken}"),
                    false => format!("port {number} of `{service}` {taken}"),
                }
            }
            (Some(Owner { name, identity, .. }), Some(_)) => {
                let pid = identity.pid;
                format!("port {number} of `{service}` has not come free: `{name}` (pid {pid}) holds it")
            }
            (None, _) if owners::is_free(&port, Addresses::Service) => return None,
            (None, _) => format!("port {number} of `{service}` has not come free"),
        };
        let look = format!("look at it with `devtasks port who {}`", port.typed());
        Some(Problem::new(message).hint(look).exit(Exit::Survived))
    }
}

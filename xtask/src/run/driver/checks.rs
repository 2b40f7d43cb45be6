//! Health checks that are commands: children of the supervisor like the services, each with a time limit.

use std::time::Duration;

use super::ends::deliver;
use super::{Driver, UnitId};
use crate::diagnose::ExitStatus;
use crate::diagnostic::{Diagnostic, Exit};
use crate::run::spawn;
use crate::supervise::ProbeResult;
use crate::system::os;

pub(super) struct RunningCheck {
    pub(super) pid: u32,
    pub(super) until: Duration,
    began: Duration,
    unit: UnitId,
    generation: u32,
    timeout: Duration,
}

impl Driver<'_> {
    pub(super) fn start_check(&mut self, unit: UnitId, words: &[String], timeout: Duration) {
        let tag = self.tag(unit);
        let instance = &self.services[unit];
        match spawn::check(words, &instance.service, &tag) {
            Ok(child) => {
                let began = self.clock.now();
                self.checks.push(RunningCheck {
                    pid: child.id(),
                    until: began + timeout,
                    began,
                    unit,
                    generation: instance.generation,
                    timeout,
                });
            }
            // With `Exit::Missing`, the check's own command is wrong.
            Err(Diagnostic { message, exit, .. }) if exit != Exit::Missing => {
                self.answer(unit, ProbeResult::Unasked { detail: message });
            }
            Err(Diagnostic { message, .. }) => self.answer(unit, ProbeResult::Failed { detail: message }),
        }
    }

    pub(super) fn check_ended(&mut self, pid: u32, status: ExitStatus) {
        let Some(at) = self.checks.iter().position(|check| check.pid == pid) else {
            return;
        };
        let check = self.checks.swap_remove(at);
        self.end_what_it_left(pid);
        let answer = match status {
            ExitStatus { code: Some(0), .. } => ProbeResult::Passed {
                detail: "exit code 0".to_owned(),
            },
            ExitStatus { code: Some(code), .. } => ProbeResult::Failed {
                detail: format!("the check ended with {code}"),
            },
            ExitStatus { code: None, .. } => ProbeResult::Failed {
                detail: "the check was killed".to_owned(),
            },
        };
        self.answer_check(&check, answer);
    }

    /// A check ends with its main process. What it left in the background would accumulate, so it is killed.
    fn end_what_it_left(&mut self, group: u32) {
        self.family = None;
        // If the processes cannot be listed, the end of the next check finds them.
        let left = self.left_of_group(group).unwrap_or_default();
        left.iter().for_each(|process| deliver(process, os::Signal::Kill));
    }

    /// Kills the checks whose time is up or whose service has stopped.
    pub(super) fn give_up_checks(&mut self) {
        let now = self.clock.now();
        let over = |check: &RunningCheck| check.until <= now || self.services[check.unit].pid.is_none();
        let (over, going): (Vec<_>, Vec<_>) = std::mem::take(&mut self.checks).into_iter().partition(over);
        self.checks = going;
        for check in over {
            // It is an unreaped child, so the number is its own; what it leaves is reaped with the adopted.
            os::signal_group(check.pid, os::Signal::Kill);
            let seconds = check.timeout.as_secs_f64();
            self.answer_check(
                &check,
                ProbeResult::Failed {
                    detail: format!("the check did not end in {seconds} s"),
                },
            );
        }
    }

    fn answer_check(&mut self, check: &RunningCheck, answer: ProbeResult) {
        if self.services[check.unit].generation == check.generation {
            self.count_check(check.unit, &answer, self.clock.now().saturating_sub(check.began));
            self.answer(check.unit, answer);
        }
    }
}

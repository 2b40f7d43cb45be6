//! Requests of later commands to a running supervisor, and when they are answered.

use std::sync::mpsc::Sender;

use super::instance::ServiceInstance;
use super::{Driver, EndedBy, Reply, Request, Transition, UnitId};
use crate::diagnostic::{Diagnostic, Exit};
use crate::protocol::{Explanation, ServiceStatus, Snapshot};
use crate::supervise::steps::Running;
use crate::supervise::{Cause, Event, State};
use crate::system::clock::wall;

/// A client that gets every transition and the progress until its condition is met.
pub(super) struct Waiter {
    pub(super) reply: Sender<Reply>,
    waits_for: WaitsFor,
}

enum WaitsFor {
    Ready(Vec<String>),
    Over(Vec<UnitId>),
    /// Each is ready or has failed; none is still starting.
    Arrived(Vec<UnitId>),
    /// The verified end of the run; `finish` answers.
    End,
}

impl Driver<'_> {
    pub(super) fn handle_request(&mut self, request: Request, reply: Sender<Reply>) {
        match request {
            Request::Status => drop(reply.send(Reply::Status(self.snapshot()))),
            Request::Services => drop(reply.send(Reply::Services(self.as_started()))),
            // Answered by the thread of the client; only the first request of a run gets this far.
            Request::Metrics { .. } | Request::Attach { .. } => drop(reply.send(Reply::Ending)),
            Request::Why { service } => drop(reply.send(Reply::Why(self.why(&service)))),
            Request::Up { .. } | Request::Restart { .. } if self.ended_by.is_some() => {
                drop(reply.send(Reply::Ending));
            }
            Request::Up {
                services,
                again,
                names,
                conflicts,
                give_up_after,
                // The targets of a run stay as they were at its start.
                log_export: _,
                prepared,
            } => {
                self.count_conflicts(conflicts);
                self.await_start(prepared, names.clone());
                // Registered first, so that it gets all events.
                self.waiters.push(Waiter {
                    reply,
                    waits_for: WaitsFor::Ready(names),
                });
                self.enlist(services, &again, give_up_after);
            }
            Request::Restart { services } => self.restart(&services, reply),
            Request::Down { services } if services.is_empty() => {
                self.ended_by.get_or_insert(EndedBy::Down);
                self.waiters.push(Waiter {
                    reply,
                    waits_for: WaitsFor::End,
                });
                self.events.push_back(Event::Stop { units: None });
            }
            Request::Down { services } => {
                let units: Vec<_> = services.iter().filter_map(|name| self.machine.unit(name)).collect();
                let left = self.machine.units().filter(|unit| !self.machine.state(*unit).is_over());
                if left.into_iter().all(|unit| units.contains(&unit)) {
                    self.ended_by.get_or_insert(EndedBy::Down);
                }
                let is_alive = |unit: &UnitId| !self.machine.state(*unit).is_over();
                let alive = units.iter().copied().filter(is_alive).collect();
                self.waiters.push(Waiter {
                    reply,
                    waits_for: WaitsFor::Over(alive),
                });
                self.events.push_back(Event::Stop { units: Some(units) });
            }
        }
    }

    fn restart(&mut self, services: &[String], reply: Sender<Reply>) {
        let unknown = services.iter().find(|name| self.machine.unit(name).is_none());
        if let Some(name) = unknown {
            drop(reply.send(Reply::Refused(not_of_this_run(name))));
            return;
        }
        let named: Vec<_> = services.iter().filter_map(|name| self.machine.unit(name)).collect();
        let units = match named.is_empty() {
            true => self.machine.restarted_by_itself(),
            false => self.machine.restarted_with(&named),
        };
        for unit in &units {
            if self.machine.state(*unit).is_over() {
                self.services[*unit].forget_the_last();
            }
        }
        self.waiters.push(Waiter {
            reply,
            waits_for: WaitsFor::Arrived(units.clone()),
        });
        self.events.push_back(Event::Restart { units });
        self.watch_all();
    }

    pub(super) fn answer_waiters(&mut self) {
        // `finish` answers once it is verified that nothing is left.
        if self.machine.is_over() {
            return;
        }
        for waiter in std::mem::take(&mut self.waiters) {
            let Some(exit) = self.verdict(&waiter.waits_for) else {
                self.waiters.push(waiter);
                continue;
            };
            let survivors = match &waiter.waits_for {
                WaitsFor::Over(units) => {
                    let is_gone = |instance: &ServiceInstance| {
                        !matches!(instance.cause, Some(Cause::Survived { .. } | Cause::Unverified { .. }))
                    };
                    self.still_busy(units.iter().copied(), is_gone)
                }
                WaitsFor::Ready(_) | WaitsFor::Arrived(_) | WaitsFor::End => Vec::new(),
            };
            // The client may have disconnected.
            let _ = waiter.reply.send(Reply::Done {
                exit: Exit::worst(survivors.iter().map(|problem| problem.exit).chain([exit])),
                snapshot: self.snapshot(),
                survivors,
            });
        }
    }

    /// The run has ended with these survivors.
    pub(super) fn answer_all(&mut self, survivors: &[Diagnostic]) {
        let left = survivors.iter().map(|problem| problem.exit);
        let snapshot = self.snapshot();
        for waiter in std::mem::take(&mut self.waiters) {
            let exit = self.verdict(&waiter.waits_for).unwrap_or(Exit::Done);
            let _ = waiter.reply.send(Reply::Done {
                exit: Exit::worst(left.clone().chain([exit])),
                snapshot: snapshot.clone(),
                survivors: survivors.to_vec(),
            });
        }
    }

    pub(super) fn tell_waiters(&mut self, transition: &Transition) {
        // Drops clients that have disconnected.
        self.waiters
            .retain(|waiter| waiter.reply.send(Reply::Transition(transition.clone())).is_ok());
    }

    /// The exit code of a client's command, once it is known.
    fn verdict(&self, waits_for: &WaitsFor) -> Option<Exit> {
        let states = |units: &[UnitId]| units.iter().map(|unit| self.machine.state(*unit)).collect::<Vec<_>>();
        match waits_for {
            WaitsFor::End => None,
            WaitsFor::Arrived(units) => {
                if !units.iter().all(|unit| self.has_arrived(*unit)) {
                    return None;
                }
                let exit = |unit: &UnitId| match (self.machine.state(*unit), &self.services[*unit].cause) {
                    (State::Failed, Some(cause)) => cause.exit(),
                    (State::Failed | State::Stopped, _) => Exit::Failed,
                    _ => Exit::Done,
                };
                Some(Exit::worst(units.iter().map(exit)))
            }
            WaitsFor::Over(units) => states(units).into_iter().all(State::is_over).then_some(Exit::Done),
            WaitsFor::Ready(names) => {
                let units: Vec<_> = names.iter().filter_map(|name| self.machine.unit(name)).collect();
                let failed = units.iter().filter(|unit| self.machine.state(**unit) == State::Failed);
                let failed: Vec<_> = failed.filter_map(|unit| self.services[*unit].cause.as_ref()).collect();
                if !failed.is_empty() {
                    // Units that were started with it are stopped first.
                    let is_stopping = |unit: &UnitId| self.machine.state(*unit) == State::Stopping;
                    if units.iter().any(is_stopping) {
                        return None;
                    }
                    return Some(Exit::worst(failed.into_iter().map(|cause| cause.exit())));
                }
                if units.iter().any(|unit| self.machine.is_to_restart(*unit)) {
                    return None;
                }
                let waits = |unit: &&UnitId| !self.machine.waits_for_change(**unit);
                let states = states(&units.iter().filter(waits).copied().collect::<Vec<_>>());
                if let Some(by) = self.ended_by
                    && states.contains(&State::Stopped)
                {
                    let exit = match by {
                        EndedBy::Down => Exit::Done,
                        EndedBy::Interrupt | EndedBy::OutputClosed => Exit::Failed,
                    };
                    // Otherwise wait for `finish`, which verifies that nothing is left.
                    return self.machine.is_over().then_some(exit);
                }
                // A unit stopped by another command is not waited for; the others continue.
                let is_settled = |state: &State| state.is_up() || state.is_over();
                states.iter().all(is_settled).then_some(Exit::Done)
            }
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            record: self.record.clone(),
            services: self.machine.units().map(|unit| self.service(unit)).collect(),
            left_alone: self.left_alone.values().cloned().collect(),
            log_export: self.log_export.status(),
        }
    }

    fn service(&self, unit: UnitId) -> ServiceStatus {
        let instance = &self.services[unit];
        ServiceStatus {
            name: instance.service.name.clone(),
            task: instance.service.task,
            runs: instance.service.runs.clone(),
            left_running: instance.is_left_running,
            state: self.machine.state(unit),
            pid: instance.pid,
            since: Some(instance.since),
            started_at: instance.started_at,
            exit: instance.exit.clone(),
            cause: instance.cause.clone(),
            ports: instance.service.ports.clone(),
            health: instance.service.health.clone(),
            url: instance.url(),
            probed: instance.probed.clone(),
            waiting_for: match &instance.trouble {
                Some(trouble) if self.machine.state(unit) == State::Starting => vec![trouble.message().to_owned()],
                Some(_) | None => self.machine.waiting_for(unit),
            },
            lost_port: instance.lost_port,
            restarts: self.machine.restarts(unit),
            restarted: instance.restarted.clone(),
        }
    }

    fn as_started(&self) -> Vec<Running> {
        let running = |unit: UnitId| Running {
            service: self.services[unit].wanted().clone(),
            state: self.machine.state(unit),
        };
        self.machine.units().map(running).collect()
    }

    fn why(&self, name: &str) -> Option<Box<Explanation>> {
        let unit = self.machine.unit(name)?;
        let instance = &self.services[unit];
        let pause = self
            .machine
            .next_try(unit)
            .map(|at| at.saturating_sub(self.clock.now()));
        Some(Box::new(Explanation {
            record: self.record.clone(),
            service: self.service(unit),
            restart: instance.service.restart,
            answers: instance.answers.iter().cloned().collect(),
            next_try_at: pause.map(|pause| wall() + pause),
            tail: instance.log.tail(),
        }))
    }
}

pub(super) fn not_of_this_run(name: &str) -> Diagnostic {
    Diagnostic::new(format!("`{name}` is not part of the running stack"))
}

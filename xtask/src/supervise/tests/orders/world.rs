//! The driver of the random tests, and the processes of each unit outside the machine.

mod rules;

use std::time::Duration;

use super::Order;
use crate::diagnose::ExitStatus;
use crate::diagnostic::Exit;
use crate::supervise::{Action, ChangedFiles, Event, Machine, ProbeResult, Spec, State, UnitId};

/// The real state of a unit, outside the machine.
#[derive(Debug, Clone, Default)]
struct Real {
    /// The driver was told to spawn it and has not replied yet.
    spawning: bool,
    leader: bool,
    children: usize,
    /// A probe is under way.
    asked: bool,
    terminated: bool,
    killed: bool,
    /// It was told to stop.
    unwanted: bool,
    state: Option<State>,
    since: Duration,
    /// It is in backoff until then.
    again_at: Option<Duration>,
    batch: usize,
}

impl Real {
    fn lives(&self) -> bool {
        self.leader || self.children > 0
    }
}

/// Plays the driver and checks the machine's actions.
pub(super) struct World {
    specs: Vec<Spec>,
    machine: Machine,
    now: Duration,
    reals: Vec<Real>,
    n_batches: usize,
    settled: Vec<usize>,
    n_interrupts: usize,
    /// The current event is a start.
    starts: bool,
    /// All events so far with the resulting actions.
    told: Vec<(Duration, Event, Vec<Action>)>,
}

impl World {
    fn new(specs: Vec<Spec>) -> Self {
        World {
            reals: vec![Real::default(); specs.len()],
            specs,
            machine: Machine::default(),
            now: Duration::ZERO,
            n_batches: 0,
            settled: Vec::new(),
            n_interrupts: 0,
            starts: false,
            told: Vec::new(),
        }
    }

    /// A world in which all units were requested.
    pub(super) fn begun(specs: Vec<Spec>) -> Self {
        let mut world = World::new(specs);
        world.step(world.start(&|_| true, None));
        world
    }

    /// Starts units with all their dependencies, as a plan does.
    fn start(&self, is_meant: &dyn Fn(usize) -> bool, give_up_after: Option<Duration>) -> Event {
        let mut meant: Vec<bool> = (0..self.specs.len()).map(is_meant).collect();
        // Dependencies come first.
        for n in (0..self.specs.len()).rev() {
            if meant[n] {
                for (name, _) in &self.specs[n].depends_on {
                    meant[name.parse::<usize>().unwrap()] = true;
                }
            }
        }
        let specs = self.specs.iter().zip(meant).filter(|(_, meant)| *meant);
        Event::Start {
            specs: specs.map(|(spec, _)| spec.clone()).collect(),
            give_up_after,
        }
    }

    /// Performs an order if the unit's state permits it; otherwise a deadline passes.
    pub(super) fn follow(&mut self, order: &Order) {
        let unit = order.unit % self.specs.len();
        let real = &mut self.reals[unit];
        match order.kind {
            0 | 1 if real.spawning => self.spawned(unit, order.kind == 0 || order.number < 350),
            0..=2 if real.asked => {
                real.asked = false;
                self.probed(unit, order.kind != 2);
            }
            3 | 4 if real.leader => {
                real.leader = false;
                real.children = usize::from(order.number.is_multiple_of(3));
                self.exited(unit, i32::from(order.kind == 3));
            }
            5 => real.children = 0,
            6 => self.step(Event::Interrupt),
            7 => self.step(Event::Stop {
                units: Some(vec![unit]),
            }),
            8 => self.step(Event::Stop { units: None }),
            9 => {
                let give_up_after = order
                    .number
                    .is_multiple_of(2)
                    .then(|| Duration::from_millis(order.number));
                self.step(self.start(&|n| n == unit, give_up_after));
            }
            // Results that were not requested, or are out of date.
            10 if !real.asked => self.probed(unit, true),
            13 => self.step(Event::Restart {
                units: self.machine.restarted_with(&[unit]),
            }),
            14 => self.step(Event::Restart {
                units: self.machine.units().collect(),
            }),
            15 => self.step(Event::Change {
                specs: vec![self.specs[unit].clone()],
            }),
            16 => self.step(Event::FilesChanged {
                unit,
                files: ChangedFiles {
                    names: vec!["a".to_owned()],
                    total: 1,
                },
            }),
            11 | 12 => self.pass(Duration::from_millis(order.number)),
            _ => self.step(Event::Tick),
        }
    }

    fn spawned(&mut self, unit: UnitId, well: bool) {
        let real = &mut self.reals[unit];
        real.spawning = false;
        real.leader = well;
        self.step(if well {
            Event::Spawned { unit }
        } else {
            Event::SpawnFailed {
                unit,
                message: "no".to_owned(),
                exit: Exit::Missing,
            }
        });
    }

    fn probed(&mut self, unit: UnitId, well: bool) {
        let detail = String::new();
        let answer = match well {
            true => ProbeResult::Passed { detail },
            false => ProbeResult::Failed { detail },
        };
        self.step(Event::Probed { unit, answer });
    }

    fn exited(&mut self, unit: UnitId, code: i32) {
        let status = ExitStatus {
            code: Some(code),
            signal: None,
        };
        self.step(Event::Exited {
            unit,
            status,
            diagnosis: None,
        });
    }

    /// Lets time pass and plays every deadline until then.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.machine.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.step(Event::Tick);
        }
        self.now = until;
    }

    fn step(&mut self, event: Event) {
        self.note(&event);
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            self.starts = matches!(event, Event::Start { .. });
            let actions = self.machine.step(self.now, event.clone());
            self.told.push((self.now, event, actions.clone()));
            for action in &actions {
                if let Action::CountProcesses(unit) = action {
                    events.push(Event::Swept {
                        unit: *unit,
                        left: Ok(usize::from(self.reals[*unit].leader) + self.reals[*unit].children),
                    });
                }
                self.perform(action);
            }
        }
        self.check_rules();
    }

    /// Records what an event means for the units.
    fn note(&mut self, event: &Event) {
        match event {
            Event::Start { .. } => self.n_batches += 1,
            Event::Interrupt => {
                self.n_interrupts += 1;
                self.reals.iter_mut().for_each(|real| real.unwanted = true);
            }
            Event::Stop { units: None } => self.reals.iter_mut().for_each(|real| real.unwanted = true),
            Event::Stop { units: Some(units) } => units.iter().for_each(|unit| self.reals[*unit].unwanted = true),
            Event::Restart { units } => self.note_restart(units),
            Event::Change { specs } => {
                let units: Vec<_> = specs.iter().filter_map(|spec| self.machine.unit(&spec.name)).collect();
                self.note_restart(&self.machine.restarted_with(&units));
            }
            Event::FilesChanged { unit, .. } => {
                if self.machine.heeds_changes(*unit) {
                    self.note_restart(&self.machine.restarted_with(&[*unit]));
                }
            }
            Event::Spawned { .. } | Event::SpawnFailed { .. } | Event::Probed { .. } => {}
            Event::Exited { .. } | Event::Swept { .. } | Event::Watched { .. } | Event::Tick => {}
        }
    }

    fn note_restart(&mut self, units: &[UnitId]) {
        for unit in units {
            let real = &mut self.reals[*unit];
            // Finished units are requested again; units that are to stop remain so.
            real.unwanted &= !self.machine.state(*unit).is_over() || self.n_interrupts > 0;
            real.again_at = None;
        }
    }

    /// Each unit is spawned and becomes ready; tasks complete.
    pub(super) fn come_up(&mut self) {
        for unit in self.machine.units() {
            self.spawned(unit, true);
            match self.specs[unit].task {
                true => {
                    self.reals[unit].leader = false;
                    self.exited(unit, 0);
                }
                false => {
                    self.reals[unit].asked = false;
                    self.probed(unit, true);
                }
            }
        }
    }

    /// Stops everything and checks that the run ends, and that a second machine acts the same on the same events.
    pub(super) fn come_to_an_end(mut self) {
        self.step(Event::Stop { units: None });
        for _ in 0..2000 {
            if self.machine.is_over() {
                break;
            }
            for unit in self.machine.units() {
                if self.reals[unit].spawning {
                    self.spawned(unit, true);
                }
                // The first exits when told to, the second must be killed, the third survives SIGKILL.
                let real = &mut self.reals[unit];
                let ends = match unit % 3 {
                    0 => real.terminated,
                    1 => real.killed,
                    _ => false,
                };
                if ends {
                    real.children = 0;
                }
                if ends && std::mem::take(&mut real.leader) {
                    self.exited(unit, 1);
                }
            }
            self.pass(Duration::from_millis(20));
        }
        assert!(self.machine.is_over(), "it does not come to an end");
        let mut again = Machine::default();
        for (now, event, actions) in self.told {
            assert_eq!(again.step(now, event), actions, "the same events lead to other actions");
        }
    }
}

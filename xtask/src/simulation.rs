//! The machine with simulated time and services. Only `tests/states` uses it, to compare it with the program.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use crate::config;
use crate::diagnose::ExitStatus;
use crate::plan::{Allocation, Environment, PlanInputs, Selection, draft, on_this_machine};
use crate::supervise::{Action, Event, Machine, ProbeResult, Spec, State, UnitId};

/// An event in a stack.
#[derive(Debug, Clone, PartialEq)]
pub enum SimulatedEvent {
    /// A starting service opens its ports.
    Opens(String),
    /// A service exits on its own with this code.
    Exits(String, i32),
    /// A service gets SIGKILL from outside.
    IsKilled(String),
    /// The service's health check fails from now on, or passes again.
    FallsSick(String),
    GetsWell(String),
    Up(String),
    Restart(String),
    Down(String),
    DownAll,
    Interrupt,
}

/// A stack and all its transitions so far.
pub struct Simulation {
    config: String,
    machine: Machine,
    now: Duration,
    units: Vec<Unit>,
    told: Vec<(String, &'static str)>,
}

/// The state of a service outside the machine.
#[derive(Default)]
struct Unit {
    name: String,
    lives: bool,
    is_open: bool,
    is_sick: bool,
    is_checked: bool,
}

impl Simulation {
    /// Starts all services of a `devtasks.toml`.
    pub fn start(config: &str) -> Simulation {
        let mut simulation = Simulation {
            config: config.to_owned(),
            machine: Machine::default(),
            now: Duration::ZERO,
            units: Vec::new(),
            told: Vec::new(),
        };
        simulation.up(&[]);
        simulation.pass_time();
        simulation
    }

    /// Every transition so far: the service and its new state.
    pub fn told(&self) -> &[(String, &'static str)] {
        &self.told
    }

    pub fn state(&self, service: &str) -> &'static str {
        self.machine.state(self.unit(service)).name()
    }

    /// Whether it waits until its ports are opened.
    pub fn is_closed(&self, service: &str) -> bool {
        let unit = &self.units[self.unit(service)];
        unit.lives && !unit.is_open
    }

    pub fn is_sick(&self, service: &str) -> bool {
        self.units[self.unit(service)].is_sick
    }

    /// Nothing runs or waits to run.
    pub fn is_over(&self) -> bool {
        self.machine.is_over()
    }

    /// The exit code of `up`, unless a command or a signal ended it.
    pub fn exit(&self) -> i32 {
        self.machine.exit().code().into()
    }

    /// Applies an event and everything that follows from it.
    pub fn happen(&mut self, what: &SimulatedEvent) {
        match what {
            SimulatedEvent::Opens(name) => {
                let unit = self.unit(name);
                self.units[unit].is_open = true;
            }
            SimulatedEvent::Exits(name, code) => self.exits(name, Some(*code), None),
            SimulatedEvent::IsKilled(name) => self.exits(name, None, Some(9)),
            SimulatedEvent::FallsSick(name) | SimulatedEvent::GetsWell(name) => {
                let unit = self.unit(name);
                self.units[unit].is_sick = matches!(what, SimulatedEvent::FallsSick(_));
            }
            SimulatedEvent::Up(name) => self.up(std::slice::from_ref(name)),
            SimulatedEvent::Restart(name) => {
                let units = self.machine.restarted_with(&[self.unit(name)]);
                self.step(Event::Restart { units });
            }
            SimulatedEvent::Down(name) => {
                let units = Some(vec![self.unit(name)]);
                self.step(Event::Stop { units });
            }
            SimulatedEvent::DownAll => self.step(Event::Stop { units: None }),
            SimulatedEvent::Interrupt => self.step(Event::Interrupt),
        }
        self.pass_time();
    }

    fn unit(&self, name: &str) -> UnitId {
        self.machine.unit(name).expect("scripts name services that exist")
    }

    fn up(&mut self, names: &[String]) {
        let config = config::read(Path::new("devtasks.toml"), &self.config).expect("scripts have a right config");
        let inputs = PlanInputs {
            checkout: Path::new("/"),
            calling: &Environment::new(),
            read: &|_| None,
            in_main: &|_, _| None,
            nearest_venv: &|_, _| None,
            default_base: &|_, _| 0,
            address: &on_this_machine,
        };
        let asked = Selection {
            services: names.to_vec(),
            ..Selection::default()
        };
        let draft = draft(&config, &asked, inputs).expect("scripts name services that exist");
        let (plan, _) = draft.plan(&Allocation::as_written(&draft.declared()));
        for service in &plan.services {
            if self.machine.unit(&service.name).is_none() {
                self.units.push(Unit {
                    name: service.name.clone(),
                    is_checked: service.health.is_some(),
                    ..Unit::default()
                });
            }
        }
        let specs = plan.services.iter().map(Spec::from).collect();
        self.step(Event::Start {
            specs,
            give_up_after: None,
        });
    }

    fn exits(&mut self, name: &str, code: Option<i32>, signal: Option<i32>) {
        let unit = self.unit(name);
        let event = self.units[unit].end(unit, ExitStatus { code, signal });
        self.step(event.expect("only what lives ends"));
    }

    /// Plays deadlines until no unit is under way, except those that wait for another event.
    fn pass_time(&mut self) {
        while self.machine.units().any(|unit| self.is_under_way(unit)) {
            let at = self.machine.next_deadline();
            self.now = at.expect("what is under way has a deadline").max(self.now);
            self.step(Event::Tick);
        }
    }

    fn is_under_way(&self, unit: UnitId) -> bool {
        let it = &self.units[unit];
        match self.machine.state(unit) {
            State::Starting => it.is_open && !it.is_sick,
            State::Ready => it.is_checked && it.is_sick,
            State::Unhealthy => !it.is_sick,
            State::Stopping | State::Backoff => true,
            State::Running | State::Waiting => false,
            State::Exited | State::Completed | State::Failed | State::Stopped => false,
        }
    }

    fn step(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in self.machine.step(self.now, event) {
                events.extend(self.perform(action));
            }
        }
    }

    fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Spawn(unit) => {
                let it = &mut self.units[unit];
                (it.lives, it.is_open) = (true, false);
                Some(Event::Spawned { unit })
            }
            Action::Probe(unit) => {
                let it = &self.units[unit];
                let passes = it.is_open && !it.is_sick;
                let detail = String::new();
                let answer = if passes {
                    ProbeResult::Passed { detail }
                } else {
                    ProbeResult::Failed { detail }
                };
                Some(Event::Probed { unit, answer })
            }
            Action::Terminate(unit) => self.units[unit].end(unit, by_signal(15)),
            Action::Kill(unit) => self.units[unit].end(unit, by_signal(9)),
            Action::CountProcesses(unit) => {
                let left = Ok(usize::from(self.units[unit].lives));
                Some(Event::Swept { unit, left })
            }
            Action::Announce { unit, state, .. } => {
                self.told.push((self.units[unit].name.clone(), state.name()));
                None
            }
            Action::Settled { .. } => None,
        }
    }
}

fn by_signal(signal: i32) -> ExitStatus {
    ExitStatus {
        code: None,
        signal: Some(signal),
    }
}

impl Unit {
    /// `None` if there is no process.
    fn end(&mut self, unit: UnitId, status: ExitStatus) -> Option<Event> {
        std::mem::take(&mut self.lives).then_some(Event::Exited {
            unit,
            status,
            diagnosis: None,
        })
    }
}

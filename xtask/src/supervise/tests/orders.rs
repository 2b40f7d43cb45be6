//! Any graph, any order of events: what holds after every step, and that it always comes to an end.

use std::time::Duration;

use proptest::prelude::*;

use crate::diagnostic::Exit;
use crate::plan::{Condition, Restart};
use crate::supervise::{Action, Cause, Event, ExitStatus, Machine, ProbeResult, Spec, State, UnitId};

proptest! {
    // `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(2000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_rules_hold_and_it_ends(specs in specs(), orders in prop::collection::vec(order(), 0..40)) {
        let mut world = World::begun(specs);
        for order in orders {
            world.follow(&order);
        }
        world.come_to_an_end();
    }
}

/// Each is restarted with the one before it.
fn link(n: usize, needs: &[usize]) -> Spec {
    Spec {
        restarts_with: needs.iter().map(ToString::to_string).collect(),
        ..plain(n, needs)
    }
}

#[test]
fn two_events_in_any_order_and_place_break_no_rule() {
    for restart in [Restart::No, Restart::Always] {
        let unit = |n: usize, needs: &[usize]| Spec {
            restart,
            ..link(n, needs)
        };
        two_events(&|| World::begun(vec![unit(0, &[]), unit(1, &[0]), unit(2, &[1])]));
    }
}

#[test]
fn two_events_round_a_task_that_is_done_break_no_rule() {
    two_events(&|| {
        let task = Spec {
            task: true,
            ..link(1, &[0])
        };
        let last = Spec {
            depends_on: vec![("1".to_owned(), Condition::Completed)],
            ..link(2, &[1])
        };
        let mut world = World::begun(vec![link(0, &[]), task, last]);
        world.come_up();
        world
    });
}

fn two_events(begun: &dyn Fn() -> World) {
    for first in 0..KINDS {
        for second in 0..KINDS {
            for unit in 0..9 {
                let mut world = begun();
                for (kind, unit) in [(first, unit % 3), (second, unit / 3), (first, unit / 3)] {
                    world.follow(&Order { kind, unit, number: 40 });
                }
                world.come_to_an_end();
            }
        }
    }
}

/// Something that happens to `unit`; what else it needs comes from `number`.
#[derive(Debug, Clone)]
struct Order {
    kind: u8,
    unit: usize,
    number: u64,
}

const KINDS: u8 = 16;
const UNITS: usize = 5;

fn order() -> impl Strategy<Value = Order> {
    (0..KINDS, 0..UNITS, 0..400_u64).prop_map(|(kind, unit, number)| Order { kind, unit, number })
}

fn plain(n: usize, needs: &[usize]) -> Spec {
    Spec {
        name: n.to_string(),
        task: false,
        depends_on: needs.iter().map(|n| (n.to_string(), Condition::Healthy)).collect(),
        restarts_with: Vec::new(),
        probed: true,
        interval: Some(Duration::from_millis(50)),
        retries: 1,
        start_period: Duration::from_millis(300),
        restart: Restart::No,
        grace: Duration::from_millis(100),
    }
}

/// Every unit depends on some of those before it.
fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let one = (
        prop::collection::vec(0..6_u8, UNITS),
        (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3)),
        1..4_u32,
        1..500_u64,
        1..300_u64,
        prop_oneof![Just(Restart::No), Just(Restart::OnFailure), Just(Restart::Always)],
    );
    prop::collection::vec(one, 1..=UNITS).prop_map(|all| {
        let tasks: Vec<bool> = all.iter().map(|(_, (_, _, task), ..)| *task).collect();
        let spec = |(n, (needs, (probed, checked, task), retries, start, grace, restart)): (
            usize,
            (Vec<u8>, _, _, _, _, _),
        )| Spec {
            task,
            depends_on: needs
                .iter()
                .take(n)
                .enumerate()
                .filter_map(|(other, need)| match need {
                    0 | 3 if tasks[other] => Some((other.to_string(), Condition::Completed)),
                    0 | 3 => Some((other.to_string(), Condition::Healthy)),
                    1 => Some((other.to_string(), Condition::Started)),
                    _ => None,
                })
                .collect(),
            restarts_with: needs
                .iter()
                .take(n)
                .enumerate()
                .filter(|(_, need)| **need == 3)
                .map(|(other, _)| other.to_string())
                .collect(),
            probed: probed || checked,
            interval: checked.then_some(Duration::from_millis(70)),
            retries,
            start_period: Duration::from_millis(start),
            grace: Duration::from_millis(grace),
            restart: if task { Restart::No } else { restart },
            ..plain(n, &[])
        };
        all.into_iter().enumerate().map(spec).collect()
    })
}

/// What there is to a unit outside the machine.
#[derive(Debug, Clone, Default)]
struct Real {
    /// It was told to spawn it, and has no answer yet.
    spawning: bool,
    leader: bool,
    children: usize,
    /// An answer to a probe is awaited.
    asked: bool,
    terminated: bool,
    killed: bool,
    /// Somebody wants it to end.
    unwanted: bool,
    state: Option<State>,
    since: Duration,
    /// It pauses until then.
    again_at: Option<Duration>,
    batch: usize,
}

impl Real {
    fn lives(&self) -> bool {
        self.leader || self.children > 0
    }
}

/// Plays the driver, and checks what the machine says.
struct World {
    specs: Vec<Spec>,
    machine: Machine,
    now: Duration,
    reals: Vec<Real>,
    n_batches: usize,
    settled: Vec<usize>,
    n_interrupts: usize,
    /// The event is a start.
    starts: bool,
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

    /// All units were asked for.
    fn begun(specs: Vec<Spec>) -> Self {
        let mut world = World::new(specs);
        world.step(world.start(&|_| true, None));
        world
    }

    /// Starts units with all that they need, as a plan does.
    fn start(&self, is_meant: &dyn Fn(usize) -> bool, give_up_after: Option<Duration>) -> Event {
        let mut meant: Vec<bool> = (0..self.specs.len()).map(is_meant).collect();
        for n in (0..self.specs.len()).rev().filter(|n| meant[*n]).collect::<Vec<_>>() {
            for (name, _) in &self.specs[n].depends_on {
                meant[name.parse::<usize>().unwrap()] = true;
            }
        }
        // Those that were needed may need others.
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

    fn follow(&mut self, order: &Order) {
        let unit = order.unit % self.specs.len();
        let real = &mut self.reals[unit];
        match order.kind {
            0 | 1 if real.spawning => self.spawned(unit, order.kind == 0 || order.number < 350),
            0..=2 if real.asked => {
                real.asked = false;
                let answer = match order.kind {
                    0 | 1 => ProbeResult::Passed { detail: String::new() },
                    _ => ProbeResult::Failed {
                        detail: "no".to_owned(),
                    },
                };
                self.step(Event::Probed { unit, answer });
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
            // Answers that nobody asked for, or not any more.
            10 if !real.asked => self.step(Event::Probed {
                unit,
                answer: ProbeResult::Passed { detail: String::new() },
            }),
            13 => self.step(Event::Restart {
                units: self.machine.restarted_with(&[unit]),
            }),
            14 => self.step(Event::Restart {
                units: self.machine.units().collect(),
            }),
            15 => self.step(Event::Change {
                specs: vec![self.specs[unit].clone()],
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
            Event::Spawned { unit, pid: 1 }
        } else {
            Event::SpawnFailed {
                unit,
                message: "no".to_owned(),
                exit: Exit::Missing,
            }
        });
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

    /// Lets time pass, and meets every deadline on the way.
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

    /// What an event means to the units.
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
            Event::Spawned { .. } | Event::SpawnFailed { .. } | Event::Probed { .. } => {}
            Event::Exited { .. } | Event::Swept { .. } | Event::Tick => {}
        }
    }

    fn note_restart(&mut self, units: &[UnitId]) {
        for unit in units {
            let real = &mut self.reals[*unit];
            // What is over is wanted again; what is to end stays so.
            real.unwanted &= !self.machine.state(*unit).is_over() || self.n_interrupts > 0;
            real.again_at = None;
        }
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::Spawn(unit) => {
                assert!(
                    !self.reals[*unit].spawning && !self.reals[*unit].lives(),
                    "{unit} is spawned twice"
                );
                assert!(!self.reals[*unit].unwanted, "{unit} is spawned although it is to end");
                let paused = self.reals[*unit].again_at.is_none_or(|at| at <= self.now);
                assert!(paused, "{unit} is spawned before its pause is over");
                for (name, condition) in &self.specs[*unit].depends_on {
                    let state = self.reals[name.parse::<usize>().unwrap()].state;
                    let allowed: &[State] = match condition {
                        Condition::Healthy => &[State::Ready],
                        Condition::Started => &[State::Starting, State::Ready, State::Unhealthy, State::Exited],
                        Condition::Completed => &[State::Exited],
                    };
                    let state = state.expect("what is needed is known");
                    assert!(
                        allowed.contains(&state),
                        "{unit} is spawned while {name} is {}",
                        state.name()
                    );
                }
                if self.specs[*unit].task {
                    self.check_no_dependent_is_ending(*unit);
                }
                self.reals[*unit] = Real {
                    spawning: true,
                    batch: self.reals[*unit].batch,
                    ..Real::default()
                };
            }
            Action::Probe(unit) => {
                assert!(!self.reals[*unit].asked, "{unit} is asked twice");
                self.reals[*unit].asked = true;
            }
            Action::Terminate(unit) => self.reals[*unit].terminated = true,
            Action::Kill(unit) => {
                assert!(
                    self.reals[*unit].terminated,
                    "{unit} is killed before it is asked to end"
                );
                self.reals[*unit].killed = true;
            }
            Action::CountProcesses(_) => {}
            Action::Announce { unit, state, cause } => {
                let real = &mut self.reals[*unit];
                if let Some(Cause::Again { pause, .. }) = cause {
                    assert_eq!(*state, State::Backoff);
                    assert!(!real.unwanted, "{unit} pauses although it is to end");
                    assert!(!real.spawning && !real.lives(), "{unit} pauses and lives");
                    real.again_at = Some(self.now + *pause);
                }
                if *state == State::Waiting {
                    assert!(!real.spawning && !real.lives(), "{unit} waits and lives");
                    if self.starts {
                        real.unwanted = self.n_interrupts > 0;
                        real.batch = self.n_batches - 1;
                    }
                    assert!(!real.unwanted || self.starts, "{unit} waits although it is to end");
                }
                let survived = matches!(cause, Some(Cause::Survived { .. }));
                if state.is_over() {
                    assert!(!real.spawning, "{unit} is over while it is being spawned");
                    assert!(survived || !real.lives(), "{unit} is over and lives");
                    *real = Real {
                        batch: real.batch,
                        ..Real::default()
                    };
                }
                real.state = Some(*state);
                real.since = self.now;
            }
            Action::Settled { batch, ready } => {
                assert!(!self.settled.contains(batch), "batch {batch} is settled twice");
                self.settled.push(*batch);
                let members = || self.reals.iter().filter(|real| real.batch == *batch);
                // Where some were stopped and the others are up, nothing has failed.
                let is_settled = |real: &Real| match real.state {
                    Some(State::Ready | State::Unhealthy) => real.leader,
                    Some(State::Exited | State::Stopped) => true,
                    Some(State::Waiting | State::Starting | State::Stopping | State::Backoff | State::Failed)
                    | None => false,
                };
                if !ready && !members().all(is_settled) {
                    let members = self.reals.iter_mut().filter(|real| real.batch == *batch);
                    members.for_each(|real| real.unwanted = true);
                }
            }
        }
    }

    /// Those that need a unit, also through others of which nothing runs.
    fn dependents(&self, unit: UnitId) -> Vec<UnitId> {
        let mut all = Vec::new();
        for (other, spec) in self.specs.iter().enumerate().skip(unit + 1) {
            let sees_through = |other: &UnitId| !self.reals[*other].lives() && !self.reals[*other].spawning;
            let ways: Vec<_> = all.iter().copied().filter(sees_through).chain([unit]).collect();
            let needs = |way: UnitId| {
                spec.depends_on
                    .iter()
                    .any(|(needed, _)| *needed == self.specs[way].name)
            };
            if ways.into_iter().any(needs) {
                all.push(other);
            }
        }
        all
    }

    /// A task may change what its dependents use: those that are to end have ended before it starts.
    fn check_no_dependent_is_ending(&self, task: UnitId) {
        for (other, spec) in self.specs.iter().enumerate() {
            let needs_it = spec
                .depends_on
                .iter()
                .any(|(needed, _)| *needed == self.specs[task].name);
            let is_known = other < self.machine.units().end;
            let is_ending = is_known && (self.reals[other].unwanted || self.machine.is_to_restart(other));
            assert!(
                !needs_it || !is_ending || !self.reals[other].lives(),
                "{task} is spawned while {other} is yet to end"
            );
        }
    }

    fn check_rules(&self) {
        let deadline = self.machine.next_deadline();
        assert!(
            deadline.is_none_or(|at| at > self.now),
            "a deadline that has come is not met: {deadline:?}"
        );
        for unit in self.machine.units() {
            let real = &self.reals[unit];
            let is_needed = self.dependents(unit).into_iter().any(|other| {
                let is_to_restart = self.machine.is_to_restart(other);
                let other = &self.reals[other];
                (other.unwanted || is_to_restart)
                    && (other.lives() || other.spawning || !other.state.is_none_or(State::is_over))
            });
            let spec = &self.specs[unit];
            let pauses = |name: &String| self.reals[name.parse::<usize>().unwrap()].state == Some(State::Backoff);
            let is_to_restart = self.machine.is_to_restart(unit) || spec.restarts_with.iter().any(pauses);
            if is_to_restart && real.leader && !is_needed {
                assert!(real.terminated, "{unit} is not told to end, which is to restart");
            }
            if real.unwanted && real.leader && !is_needed {
                assert!(real.terminated, "{unit} is not told to end");
            }
            if self.n_interrupts > 1 && real.leader {
                assert!(real.killed, "{unit} is not killed");
            }
            if self.machine.state(unit) == State::Starting && !real.spawning && !self.specs[unit].task {
                let late = real.since + self.specs[unit].start_period + Duration::from_secs(1);
                assert!(self.now < late, "{unit} starts for ever");
            }
            if self.machine.state(unit) == State::Backoff {
                assert!(real.again_at.is_some_and(|at| self.now < at), "{unit} pauses for ever");
            }
            let waits_for_us = real.lives() || real.spawning || real.asked;
            let waits_for_others = self.machine.state(unit) == State::Waiting;
            let is_over = self.machine.state(unit).is_over();
            assert!(
                is_over || waits_for_us || waits_for_others || deadline.is_some(),
                "{unit} is stuck"
            );
        }
        if self.machine.is_over() {
            assert_eq!(self.settled.len(), self.n_batches, "a batch was never settled");
        }
    }

    /// All goes well.
    fn come_up(&mut self) {
        for unit in self.machine.units() {
            self.spawned(unit, true);
            match self.specs[unit].task {
                true => {
                    self.reals[unit].leader = false;
                    self.exited(unit, 0);
                }
                false => {
                    self.reals[unit].asked = false;
                    let answer = ProbeResult::Passed { detail: String::new() };
                    self.step(Event::Probed { unit, answer });
                }
            }
        }
    }

    /// Stops everything; processes end when told to, by and by.
    fn come_to_an_end(mut self) {
        self.step(Event::Stop { units: None });
        for _ in 0..2000 {
            if self.machine.is_over() {
                break;
            }
            for unit in self.machine.units() {
                if self.reals[unit].spawning {
                    self.spawned(unit, true);
                }
                // The first does as it is told, the second has to be killed, the third does not even then.
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

//! Random graphs of services and random orders of events: the rules hold after every step, and every run ends.

mod world;

use std::time::Duration;

use proptest::prelude::*;

use crate::plan::{Condition, Restart};
use crate::supervise::Spec;
use world::World;

proptest! {
    // `PROPTEST_CASES` sets a higher number.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(2000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_events_break_no_rule_and_the_run_ends(specs in specs(), orders in prop::collection::vec(order(), 0..40)) {
        let mut world = World::begun(specs);
        for order in orders {
            world.follow(&order);
        }
        world.come_to_an_end();
    }
}

/// A unit that is restarted with all its dependencies.
fn link(n: usize, needs: &[usize]) -> Spec {
    Spec {
        restarts_with: needs.iter().map(ToString::to_string).collect(),
        ..plain(n, needs)
    }
}

#[test]
fn pairs_of_events_break_no_rule() {
    for restart in [Restart::No, Restart::Always] {
        let unit = |n: usize, needs: &[usize]| Spec {
            restart,
            ..link(n, needs)
        };
        two_events(&|| World::begun(vec![unit(0, &[]), unit(1, &[0]), unit(2, &[1])]));
    }
}

#[test]
fn pairs_of_events_after_a_completed_task_break_no_rule() {
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

/// Plays each pair of events, the first one twice, for each pair of units.
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

/// An event for `unit`; other parameters are derived from `number`.
#[derive(Debug, Clone)]
struct Order {
    kind: u8,
    unit: usize,
    number: u64,
}

const KINDS: u8 = 17;
const UNITS: usize = 5;

fn order() -> impl Strategy<Value = Order> {
    (0..KINDS, 0..UNITS, 0..400_u64).prop_map(|(kind, unit, number)| Order { kind, unit, number })
}

/// A unit without a restart policy that requires its dependencies to be healthy.
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
        watched: false,
    }
}

/// Every unit depends on some of the units before it.
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
        let mut specs = Vec::new();
        for (n, (needs, (probed, checked, task), retries, start, grace, restart)) in all.into_iter().enumerate() {
            let mut spec = Spec {
                task,
                probed: probed || checked,
                interval: checked.then_some(Duration::from_millis(70)),
                retries,
                start_period: Duration::from_millis(start),
                grace: Duration::from_millis(grace),
                restart: if task { Restart::No } else { restart },
                watched: !task && retries > 1,
                ..plain(n, &[])
            };
            for (other, need) in needs.into_iter().take(n).enumerate() {
                let condition = match need {
                    0 | 3 if tasks[other] => Condition::Completed,
                    0 | 3 => Condition::Healthy,
                    1 => Condition::Started,
                    _ => continue,
                };
                spec.depends_on.push((other.to_string(), condition));
                if need == 3 {
                    spec.restarts_with.push(other.to_string());
                }
            }
            specs.push(spec);
        }
        specs
    })
}

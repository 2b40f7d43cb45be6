//! What the kernel's counters show about a service's life.

use super::super::{OomEvidence, OomKills};

/// `own machine` before and after; `-` is unknown.
#[track_caller]
fn check(before: &str, after: &str, expected: OomEvidence) {
    let read = |text: &str| {
        let (own, machine) = text.split_once(' ').unwrap();
        OomKills {
            own: own.parse().ok(),
            machine: machine.parse().ok(),
        }
    };
    assert_eq!(read(after).since(read(before)), expected, "{before} → {after}");
}

#[test]
fn our_own_control_group_knows_best() {
    check("0 3", "1 4", OomEvidence::RanOut);
    check("0 3", "0 4", OomEvidence::None);
    check("2 3", "2 3", OomEvidence::None);
}

#[test]
fn the_machine_alone_makes_it_probable() {
    check("- 3", "- 4", OomEvidence::RanOutSomewhere);
    check("- 3", "- 3", OomEvidence::None);
}

#[test]
fn what_is_not_told_proves_nothing() {
    check("- -", "- -", OomEvidence::None);
    check("- -", "1 4", OomEvidence::None);
    check("0 3", "- -", OomEvidence::None);
}

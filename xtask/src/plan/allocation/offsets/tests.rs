//! The numbers of `auto` ports, given other numbers in use: a line for each port.

use super::super::{DeclaredNumber, PortId};
use super::*;

/// `ports` are such as `8000`, `8000?` for a base that is not in the file, `8000=8010` with its earlier number,
/// `8000/udp`. `around` are words: `linked`, `8010` that the file declares elsewhere, `reserved 8010`, `held 8010`.
#[track_caller]
fn check(ports: &str, around: &str, expected: &[u16]) {
    assert_eq!(given(ports, around), Ok(expected.to_vec()));
}

fn given(ports: &str, around: &str) -> Result<Vec<u16>, usize> {
    let ports: Vec<Text> = ports.split_whitespace().map(auto).collect();
    let autos: Vec<AutoPort> = ports.iter().map(Text::auto).collect();
    let (mut is_main, mut fixed, mut reserved, mut held) = (true, vec![], vec![], vec![]);
    let mut words = around.split_whitespace();
    while let Some(word) = words.next() {
        let mut next = || slot(words.next().expect("a number follows"));
        match word {
            "linked" => is_main = false,
            "reserved" => reserved.push(next()),
            "held" => held.push(next()),
            number => fixed.push(slot(number)),
        }
    }
    numbers(&autos, &fixed, is_main, &|asked, requirement| {
        let may_be_held = requirement == Requirement::Unreserved;
        let is_good = |slot: Slot| !reserved.contains(&slot) && (may_be_held || !held.contains(&slot));
        asked.iter().all(|(port, number)| is_good((*number, port.protocol)))
    })
}

struct Text {
    port: DeclaredPort,
    base: u16,
    is_written: bool,
    kept: Option<u16>,
}

impl Text {
    fn auto(&self) -> AutoPort<'_> {
        AutoPort {
            port: &self.port,
            base: self.base,
            is_written: self.is_written,
            kept: self.kept,
        }
    }
}

fn auto(text: &str) -> Text {
    let (port, kept) = match text.split_once('=') {
        Some((port, kept)) => (port, Some(kept.parse().expect("it is a number"))),
        None => (text, None),
    };
    let (base, protocol) = slot(port.trim_end_matches('?'));
    let is_written = !port.ends_with('?');
    Text {
        port: DeclaredPort {
            id: PortId::new("api", "main"),
            protocol,
            host: None,
            variable: None,
            number: DeclaredNumber::Auto { base, is_written },
        },
        base,
        is_written,
        kept,
    }
}

fn slot(text: &str) -> Slot {
    match text.strip_suffix("/udp") {
        Some(number) => (number.parse().expect("it is a number"), Protocol::Udp),
        None => (text.parse().expect("it is a number"), Protocol::Tcp),
    }
}

#[test]
fn the_main_checkout_has_the_bases_and_a_worktree_an_offset() {
    check("8000 8080", "", &[8000, 8080]);
    check("8000 8080", "linked", &[8010, 8090]);
}

#[test]
fn the_offset_is_one_for_all() {
    check("8000 8080", "linked reserved 8090", &[8020, 8100]);
    check("8000 8080", "linked held 8010", &[8020, 8100]);
    // The eighth would get the frontend's number.
    let reserved: String = (8010..8080)
        .step_by(10)
        .map(|number| format!(" reserved {number}"))
        .collect();
    check("8000 8080", &format!("linked{reserved}"), &[8090, 8170]);
}

#[test]
fn a_base_that_is_written_is_kept_against_whoever_holds_it_but_not_against_another_checkout() {
    check("8000 8080", "held 8000", &[8000, 8080]);
    check("8000 8080", "reserved 8080", &[8010, 8090]);
    check("8000? 8080", "held 8000", &[8010, 8090]);
    check("8000? 8080", "held 8080", &[8000, 8080]);
}

#[test]
fn the_other_numbers_of_the_file_are_left_out() {
    check("8000", "8000", &[8010]);
    check("8000", "linked 8010", &[8020]);
    check("8000/udp", "8000", &[8000]);
    check("8000 8000/udp", "", &[8000, 8000]);
    check("8000 8000", "", &[8000, 8010]);
}

#[test]
fn a_worktree_leaves_the_bases_to_the_main_checkout() {
    check("8000 8010", "linked", &[8020, 8030]);
}

#[test]
fn what_was_given_stays() {
    check("8000=8030 8080=8110", "linked held 8030 reserved 8110", &[8030, 8110]);
    check("8000=8030 8080=8110", "", &[8030, 8110]);
    // Unless the file declares the number elsewhere.
    check("8000=8030 8080=8110", "8030", &[8040, 8110]);
}

#[test]
fn a_new_service_gets_the_offset_of_the_checkout_if_it_can() {
    check("8000=8030 8080", "linked", &[8030, 8110]);
    check("8000=8030 8080 9000", "linked reserved 8110", &[8030, 8120, 9030]);
}

#[test]
fn where_not_all_find_a_place_together_each_has_its_own() {
    check("8000 65520", "linked reserved 8010", &[8020, 65530]);
}

#[test]
fn who_has_no_number_left_is_named() {
    assert_eq!(given("8000 65530", "reserved 65530"), Err(1));
}

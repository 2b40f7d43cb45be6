//! The ports of a file and the registry → their numbers and the new registry.

use expect_test::expect;

use super::*;
use crate::expected::{Expected, dedent};

/// Each line of `ports` is a port: its id; `8000`, `auto 8000`, `auto? 8000` (a base that is not in the file) or `set
/// 8000`; then any of `udp`, `by VARIABLE`, `kept REGISTRY`. REGISTRY is the registry's entry: its number, `auto
/// BASE=NUMBER`, `for NUMBER` that it moved from, `back FROM=TO` for a remembered move. `around` are words: `linked`,
/// `reserved 8010`, `held 8010`, `busy 8010`. The ids of `reassign` are reassigned afterwards.
#[track_caller]
fn check(ports: &str, around: &str, reassign: &str, expected: impl Expected) {
    let lines = dedent(ports);
    let mut registry = RegistryView::default();
    let mut declared = Vec::new();
    for line in lines.lines() {
        let (port, kept) = line.split_once(" kept ").unwrap_or((line, ""));
        let port = port_of(port);
        if !kept.is_empty() {
            registry.own.insert(port.id.clone(), reservation(kept, port.protocol));
        }
        declared.push(port);
    }
    let mut rules: Vec<(&str, u16)> = Vec::new();
    let mut words = around.split_whitespace();
    registry.is_main = true;
    while let Some(word) = words.next() {
        match word {
            "linked" => registry.is_main = false,
            rule => rules.push((rule, number(words.next()))),
        }
    }
    let are_available = |asked: &[(&DeclaredPort, u16)], needed: Requirement| {
        let hinders = |rule: &str| match needed {
            Requirement::Unreserved => rule == "reserved",
            Requirement::Unheld => rule == "reserved" || rule == "held",
            Requirement::Bindable => true,
        };
        let is_hindered = |number: u16| rules.iter().any(|(rule, of)| *of == number && hinders(rule));
        !asked.iter().any(|(_, number)| is_hindered(*number))
    };
    let allocation = allocate(&declared, &registry, &BTreeMap::new(), &are_available);
    let ids: Vec<PortId> = reassign.split_whitespace().map(|id| id.to_owned().into()).collect();
    let allocation = allocation.reassign(&ids, &are_available);
    expected.check(&shown(&allocation, &registry));
}

fn port_of(text: &str) -> DeclaredPort {
    let mut words = text.split_whitespace();
    let id = words.next().expect("a port has an id").to_owned().into();
    let declared = match words.next().expect("a port has a number") {
        kind @ ("auto" | "auto?") => DeclaredNumber::Auto {
            base: number(words.next()),
            is_written: kind == "auto",
        },
        "set" => DeclaredNumber::Set(number(words.next())),
        fixed => DeclaredNumber::Fixed(number(Some(fixed))),
    };
    let mut port = DeclaredPort {
        id,
        protocol: Protocol::Tcp,
        host: None,
        variable: None,
        number: declared,
    };
    while let Some(word) = words.next() {
        match word {
            "udp" => port.protocol = Protocol::Udp,
            "by" => port.variable = words.next().map(str::to_owned),
            word => panic!("{word}?"),
        }
    }
    port
}

fn reservation(text: &str, protocol: Protocol) -> Reservation {
    let pair = |text: Option<&str>| {
        let (from, to) = text.and_then(|text| text.split_once('=')).expect("two numbers follow");
        (number(Some(from)), number(Some(to)))
    };
    let mut words = text.split_whitespace();
    let mut kept = Reservation {
        number: number(words.next()),
        protocol,
        auto: None,
        instead_of: None,
        kept: None,
    };
    while let Some(word) = words.next() {
        match word {
            "auto" => {
                let (base, number) = pair(words.next());
                kept.auto = Some(AutoNumber { base, number });
            }
            "for" => kept.instead_of = Some(number(words.next())),
            "back" => {
                let (from, to) = pair(words.next());
                kept.kept = Some(reservation::Move { from, to });
            }
            word => panic!("{word}?"),
        }
    }
    kept
}

fn number(text: Option<&str>) -> u16 {
    text.and_then(|text| text.parse().ok()).expect("a number follows")
}

/// A line for each port: its number, the origin, and the new registry entry.
fn shown(allocation: &Allocation, registry: &RegistryView) -> String {
    let services: Vec<&str> = allocation.ports.iter().map(|(port, _)| &*port.id.service).collect();
    let reserved = allocation.reservations(registry, &services);
    let line = |(port, now): &(DeclaredPort, AllocatedPort)| {
        let mut text = format!("{} {}", String::from(port.id.clone()), now.number);
        match now.origin {
            Origin::Declared => {}
            Origin::Auto => text.push_str(" auto"),
            Origin::Moved { from } => text.push_str(&format!(" instead of {from}")),
        }
        let kept = &reserved[&port.id];
        text.push_str(&format!(", kept {}", kept.number));
        if let Some(AutoNumber { base, number }) = kept.auto {
            text.push_str(&format!(" auto {base}={number}"));
        }
        if let Some(from) = kept.instead_of {
            text.push_str(&format!(" for {from}"));
        }
        if let Some(reservation::Move { from, to }) = kept.kept {
            text.push_str(&format!(" back {from}={to}"));
        }
        text
    };
    let lines = allocation.ports.iter().map(line);
    let problem = allocation.problem.iter().map(|problem| problem.message.clone());
    lines.chain(problem).collect::<Vec<_>>().join("\n")
}

#[test]
fn declared_ports_have_their_numbers_and_auto_ports_one_offset() {
    check(
        "
        db.main 6390
        api.main auto 8000
        web.main auto? 8080
        ",
        "linked held 8090",
        "",
        expect![[r#"
            db.main 6390, kept 6390
            api.main 8020 auto, kept 8020 auto 8000=8020
            web.main 8100 auto, kept 8100 auto 8080=8100"#]],
    );
}

#[test]
fn without_a_number_left_all_are_as_written() {
    check(
        "
        api.main auto 65530
        web.main 8000 kept 8001 for 8000
        ",
        "linked",
        "",
        expect![[r#"
            api.main 65530 auto, kept 65530 auto 65530=65530
            web.main 8000, kept 8000
            no number is left for the `auto` port of `api`"#]],
    );
}

#[test]
fn a_port_that_moved_stays_until_its_declared_number_is_another() {
    check(
        "
        a.main 8000 kept 8001 for 8000
        b.main 9000 kept 8011 for 8010
        ",
        "",
        "",
        expect![[r#"
            a.main 8001 instead of 8000, kept 8001 for 8000
            b.main 9000, kept 9000"#]],
    );
}

#[test]
fn a_move_ends_when_another_port_declares_the_number() {
    check(
        "
        a.main 8000 kept 8001 for 8000
        b.main 8001
        c.main 7000 by SHARED kept 7001 for 7000
        d.main 7000 udp by SHARED kept 7001 for 7000
        e.main 7001 udp
        ",
        "",
        "",
        expect![[r#"
            a.main 8000, kept 8000
            b.main 8001, kept 8001
            c.main 7000, kept 7000
            d.main 7000, kept 7000
            e.main 7001, kept 7001"#]],
    );
}

#[test]
fn a_number_that_is_set_for_one_call_makes_nothing_forgotten() {
    check(
        "
        a.main set 8005 kept 8001 for 8000
        b.main set 8105 kept 8105 back 8100=8101
        c.main set 8205 kept 8210 auto 8200=8210
        d.main set 8300 kept 8301 auto 8300=8310 for 8300
        ",
        "",
        "",
        expect![[r#"
            a.main 8005, kept 8005 back 8000=8001
            b.main 8105, kept 8105 back 8100=8101
            c.main 8205, kept 8205 auto 8200=8210
            d.main 8300, kept 8300 auto 8300=8310"#]],
    );
}

#[test]
fn a_port_is_reassigned_upwards_past_all_numbers_of_the_file_and_of_others() {
    check(
        "
        a.main 8000
        b.main 8002
        c.main 8003 kept 8004 for 8003
        ",
        "busy 8001 reserved 8005",
        "a.main",
        expect![[r#"
            a.main 8006 instead of 8000, kept 8006 for 8000
            b.main 8002, kept 8002
            c.main 8004 instead of 8003, kept 8004 for 8003"#]],
    );
}

#[test]
fn several_ports_are_reassigned_in_the_order_given() {
    check(
        "
        a.main 8000
        b.main 8001
        ",
        "",
        "b.main a.main",
        expect![[r#"
            a.main 8003 instead of 8000, kept 8003 for 8000
            b.main 8002 instead of 8001, kept 8002 for 8001"#]],
    );
}

#[test]
fn ports_of_one_variable_move_together_and_a_port_of_its_own_variable_alone() {
    check(
        "
        dns.tcp 5300 by DNS
        dns.udp 5300 udp by DNS
        a.main 8000 by PORT
        b.main 9000 by PORT
        ",
        "busy 5301",
        "dns.udp a.main",
        expect![[r#"
            dns.tcp 5302 instead of 5300, kept 5302 for 5300
            dns.udp 5302 instead of 5300, kept 5302 for 5300
            a.main 8001 instead of 8000, kept 8001 for 8000
            b.main 9000, kept 9000"#]],
    );
}

#[test]
fn a_port_moves_on_from_where_it_moved_earlier() {
    check(
        "a.main 8000 kept 8001 for 8000",
        "busy 8001",
        "a.main",
        expect!["a.main 8002 instead of 8000, kept 8002 for 8000"],
    );
}

#[test]
fn an_auto_port_keeps_its_number_for_later_while_it_is_elsewhere() {
    check(
        "a.main auto 8000",
        "linked",
        "a.main",
        expect!["a.main 8011 instead of 8010, kept 8011 auto 8000=8010 for 8010"],
    );
}

#[test]
fn a_port_without_a_number_above_it_stays() {
    check("a.main 65535", "", "a.main", expect!["a.main 65535, kept 65535"]);
}

#[test]
fn a_port_is_reassigned_once() {
    let declared = [port_of("a.main 8000")];
    let id = [PortId::new("a", "main")];
    let registry = RegistryView::default();
    let any = |_: &[(&DeclaredPort, u16)], _: Requirement| true;
    let first = allocate(&declared, &registry, &BTreeMap::new(), &any).reassign(&id, &any);
    let again = allocate(&declared, &registry, first.reassigned(), &any).reassign(&id, &|_, _| false);
    assert_eq!(first, again);
}

#[test]
fn only_the_main_checkout_is_displaced_and_only_once() {
    let declared = [port_of("a.main auto 8000")];
    let displaced = |is_main: bool, own: &str| {
        let mut registry = RegistryView {
            is_main,
            ..RegistryView::default()
        };
        if !own.is_empty() {
            registry
                .own
                .insert(PortId::new("a", "main"), reservation(own, Protocol::Tcp));
        }
        let are_available =
            |asked: &[(&DeclaredPort, u16)], _: Requirement| asked.iter().all(|(_, number)| *number != 8000);
        let allocation = allocate(&declared, &registry, &BTreeMap::new(), &are_available);
        allocation
            .displaced(&registry)
            .into_iter()
            .map(|(_, base)| base)
            .collect::<Vec<_>>()
    };
    assert_eq!(displaced(true, ""), [8000]);
    assert!(displaced(false, "").is_empty());
    assert!(displaced(true, "8010 auto 8000=8010").is_empty());
    assert_eq!(displaced(true, "7000 auto 7000=7000"), [8000]);
}

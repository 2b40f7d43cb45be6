//! `port find`: a number for a script.

use super::no_project;
use crate::sandbox::Sandbox;
use crate::sandbox::port::row;

#[track_caller]
fn free(sandbox: &Sandbox, arguments: &[&str]) -> u16 {
    let ended = sandbox.run(&[&["port", "find"], arguments].concat()).with(0);
    assert_eq!(ended.stderr, "");
    ended.stdout.strip_suffix('\n').unwrap().parse().unwrap()
}

#[test]
fn it_is_the_port_that_was_asked_for_or_the_next_free_one() {
    let sandbox = no_project();
    let port = row(4);
    let near = port.to_string();
    assert_eq!(free(&sandbox, &["--near", &near]), port);
    let _listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(free(&sandbox, &["--near", &near]) > port);
}

#[test]
fn one_that_is_held_by_udp_or_at_ipv6_alone_is_not_free() {
    let sandbox = no_project();
    let (by_udp, by_v6) = (row(4), row(4));
    let _udp = std::net::UdpSocket::bind(("127.0.0.1", by_udp)).unwrap();
    let _v6 = std::net::TcpListener::bind(("::1", by_v6)).unwrap();
    for port in [by_udp, by_v6] {
        assert!(free(&sandbox, &["--near", &port.to_string()]) > port);
    }
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn the_systems_own_ports_come_last() {
    let sandbox = no_project();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let range: Vec<u16> = range.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let number = free(&sandbox, &["--near", &range[0].to_string()]);
    assert!(number > range[1] || range[1] == u16::MAX, "{number}");
    let number = free(&sandbox, &[]);
    assert!(!(range[0]..=range[1]).contains(&number), "{number}");
}

#[test]
fn json_is_a_document() {
    let sandbox = no_project();
    let document = sandbox.run(&["port", "free", "--format", "json"]).with(0).json();
    assert!(
        document["number"].as_u64().is_some_and(|number| number > 1023),
        "{document}"
    );
    assert_eq!(document["schema_version"], 1);
}

#[test]
fn what_is_no_port_is_2() {
    for wrong in ["0", "70000", "8000/udp", "8000-8010"] {
        no_project().run(&["port", "free", "--near", wrong]).with(2);
    }
}

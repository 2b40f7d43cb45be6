//! Structures written at the documented offsets → what is read from them; recorded text → what is found in it.

use super::*;
use crate::plan::Protocol;
use crate::process::Tag;
use crate::system::os::parse::sockets::Socket;

/// A structure of this size, zero except for what is written.
struct Structure(Vec<u8>);

impl Structure {
    fn new(size: usize) -> Self {
        Structure(vec![0; size])
    }

    fn at(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn u32(self, offset: usize, number: u32) -> Self {
        self.at(offset, &number.to_ne_bytes())
    }
}

fn kinfo(name: &str, state: u8, terminal: u32) -> Structure {
    Structure::new(kinfo::SIZE)
        .at(0, &1_700_000_000_u64.to_ne_bytes())
        .u32(8, 123_456)
        .at(36, &[state])
        .u32(40, 4711)
        .at(243, name.as_bytes())
        .u32(420, 501)
        .u32(560, 1)
        .u32(564, 4700)
        .u32(572, terminal)
}

#[track_caller]
fn check_row(row: Structure, expected: &str) {
    let rows = kinfo::rows(&row.0, "boot");
    let shown: Vec<String> = rows
        .iter()
        .map(|kinfo::Row { process, uid }| {
            let (identity, terminal) = (&process.identity, process.terminal.as_deref().unwrap_or("-"));
            format!(
                "{} {} {} parent {} group {} {terminal} uid {uid} {:?} kernel {} {}",
                identity.boot,
                identity.pid,
                process.name,
                process.parent,
                process.group,
                process.state,
                process.kernel,
                identity.start
            )
        })
        .collect();
    assert_eq!(shown.join("; "), expected);
}

#[test]
fn a_row_of_the_process_table_is_read() {
    check_row(
        kinfo("node", 3, 0x1000_0003),
        "boot 4711 node parent 1 group 4700 ttys003 uid 501 Running kernel false 1700000000123456",
    );
    // The name has up to 16 bytes.
    check_row(
        kinfo("com.docker.backe", 4, u32::MAX),
        "boot 4711 com.docker.backe parent 1 group 4700 - uid 501 Suspended kernel false 1700000000123456",
    );
    check_row(
        kinfo("kernel_task", 5, 0).u32(40, 0),
        "boot 0 kernel_task parent 1 group 4700 console uid 501 Zombie kernel true 1700000000123456",
    );
    check_row(
        kinfo("getty", 2, 0x1100_0002),
        "boot 4711 getty parent 1 group 4700 17:2 uid 501 Running kernel false 1700000000123456",
    );
    check_row(Structure::new(kinfo::SIZE - 1), "");
}

/// `PID parent PARENT group GROUP uid UID start SECONDS [zombie]`, one process a line.
fn processes(text: &str) -> Vec<kinfo::Row> {
    let row = |line: &str| {
        let numbers: Vec<u32> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let state = if line.ends_with("zombie") { 5 } else { 2 };
        let row = kinfo("x", state, u32::MAX).u32(40, numbers[0]).u32(560, numbers[1]);
        let row = row.u32(564, numbers[2]).u32(420, numbers[3]);
        row.at(0, &u64::from(numbers[4]).to_ne_bytes()).0
    };
    kinfo::rows(
        &text.lines().map(|line| row(line.trim())).collect::<Vec<_>>().concat(),
        "",
    )
}

#[test]
fn trees_and_what_is_outside_of_them_are_found_in_the_table() {
    let table = processes(
        "0 parent 0 group 0 uid 0 start 0
        1 parent 0 group 1 uid 0 start 1
        50 parent 1 group 50 uid 501 start 100
        60 parent 50 group 60 uid 501 start 101
        61 parent 60 group 60 uid 501 start 102
        62 parent 1 group 60 uid 501 start 103
        63 parent 1 group 60 uid 501 start 103 zombie
        64 parent 1 group 64 uid 501 start 104
        65 parent 1 group 65 uid 501 start 99
        66 parent 1 group 66 uid 502 start 105",
    );
    assert_eq!(tree::children(&table, 50), [60]);
    assert_eq!(tree::children(&table, 0), [1]);
    assert_eq!(tree::descendants(&table, 50), [60, 61]);
    assert_eq!(tree::descendants(&table, 0).len(), table.len() - 1);
    let outside = tree::outside(&table, 50, &[60]);
    assert_eq!(outside, [(60, Some(60)), (61, Some(60)), (62, Some(60)), (64, None)]);
    assert_eq!(tree::outside(&table, 50, &[]), [(62, None), (64, None)]);
    assert_eq!(tree::outside(&table, 4, &[60]).len(), 3);
}

/// `path` and the entries as the kernel lays them out.
fn procargs(count: u32, path: &str, entries: &[&str]) -> Vec<u8> {
    let mut bytes = count.to_ne_bytes().to_vec();
    bytes.extend(path.bytes());
    bytes.resize(4 + (path.len() + 1).next_multiple_of(8), 0);
    for entry in entries {
        bytes.extend(entry.bytes());
        bytes.push(0);
    }
    bytes
}

#[track_caller]
fn check_procargs(bytes: &[u8], expected: Option<&str>) {
    let shown = procargs::arguments(bytes).map(|arguments| {
        let words: Vec<_> = arguments
            .words
            .iter()
            .map(|word| String::from_utf8_lossy(word))
            .collect();
        let environ = String::from_utf8_lossy(arguments.environ).replace('\0', ";");
        format!("{} in {environ}", words.join("|"))
    });
    assert_eq!(shown.as_deref(), expected);
}

#[test]
fn arguments_and_environment_are_told_apart() {
    for path in ["/bin/sh", "/bin/bash", "/usr/bin/env", "/a/path/of/fifteen"] {
        check_procargs(
            &procargs(
                3,
                path,
                &["sh", "", "x y", "A=1", "B=", "", "ptr_munge=", "main_stack="],
            ),
            Some("sh||x y in A=1;B=;"),
        );
        // A program that changed its title, and an empty first word.
        check_procargs(&procargs(2, path, &["", "600", "A=1"]), Some("|600 in A=1;"));
    }
    // What System Integrity Protection restricts shows no environment.
    check_procargs(&procargs(1, "/usr/sbin/sshd", &["sshd"]), Some("sshd in "));
    check_procargs(&procargs(9, "/bin/a", &["a", "b"]), Some("a|b in "));
    check_procargs(&procargs(0, "/bin/a", &[]), Some(" in "));
    check_procargs(&procargs(1, "/bin/a", &["a", "A=1"])[..17], Some("a in A=1"));
    check_procargs(&1_u32.to_ne_bytes(), None);
    check_procargs(b"\x01", None);
}

#[test]
fn a_tag_is_found_in_the_environment() {
    let variables = ["PROJECT=shop", "SERVICE=api", "CHECKOUT=/x", "RUN=7f3a"].map(|it| format!("DEVTASKS_{it}"));
    let entries: Vec<&str> = std::iter::once("node")
        .chain(variables.iter().map(String::as_str))
        .collect();
    let bytes = procargs(1, "/opt/homebrew/bin/node", &entries);
    let tag = Tag::from_environ(procargs::arguments(&bytes).unwrap().environ).unwrap();
    assert_eq!((tag.service.raw().as_str(), tag.run.raw().as_str()), ("api", "7f3a"));
}

/// An IPv4 address as the kernel keeps it, or an IPv6 address.
fn octets(address: &str) -> [u8; 16] {
    match address.parse().unwrap() {
        std::net::IpAddr::V4(v4) => {
            let mut octets = [0; 16];
            octets[12..].copy_from_slice(&v4.octets());
            octets
        }
        std::net::IpAddr::V6(v6) => v6.octets(),
    }
}

/// A socket in words: `VERSIONS LOCAL PORT REMOTE PORT`, for example `4 127.0.0.1 8000 - 0`.
struct Ends {
    versions: u8,
    local: [u8; 16],
    local_port: [u8; 2],
    remote: [u8; 16],
    remote_port: [u8; 2],
}

fn ends(text: &str) -> Ends {
    let words: Vec<&str> = text.split(' ').collect();
    let port = |at: usize| words[at].parse::<u16>().unwrap().to_be_bytes();
    Ends {
        versions: match words[0] {
            "4" => 1,
            "6" => 2,
            "46" => 3,
            _ => 0,
        },
        local: octets(words[1]),
        local_port: port(2),
        remote: octets(words[3]),
        remote_port: port(4),
    }
}

fn line(socket: &Socket) -> String {
    let remote = socket.remote.map_or("-".to_owned(), |remote| remote.to_string());
    let only = socket.only_v6.map_or("?".to_owned(), |only| only.to_string());
    format!(
        "{} {remote} {:?} uid {} only v6 {only}",
        socket.address, socket.state, socket.uid
    )
}

/// The records of a socket: `xinpcb_n`, `xsocket_n`, two `xsockbuf_n`, `xsockstat_n` and, for TCP, `xtcpcb_n`, with the
/// lengths that they have on macOS 26.
fn records(text: &str, uid: u32, state: Option<u32>) -> Vec<u8> {
    let ends = ends(text);
    let record = |size: usize, kind: u32| {
        let padded = Structure::new(size.next_multiple_of(8));
        padded.u32(0, size as u32).u32(4, kind)
    };
    let inpcb = record(104, 0x10)
        .at(16, &ends.remote_port)
        .at(18, &ends.local_port)
        .at(44, &[ends.versions])
        .at(48, &ends.remote)
        .at(64, &ends.local);
    let mut all = vec![inpcb, record(104, 0x01).u32(64, uid)];
    all.extend([record(32, 0x02), record(32, 0x04), record(136, 0x08)]);
    all.extend(state.map(|state| record(204, 0x20).u32(36, state)));
    all.into_iter().flat_map(|record| record.0).collect()
}

fn table(sockets: &[Vec<u8>]) -> Vec<u8> {
    let header = Structure::new(24).u32(0, 24).0;
    [&header[..], &sockets.concat(), &header[..]].concat()
}

#[track_caller]
fn check_table(table: &[u8], protocol: Protocol, expected: &[&str]) {
    let sockets = pcblist::sockets(table, protocol);
    assert_eq!(sockets.iter().map(line).collect::<Vec<_>>(), expected);
}

#[test]
fn the_table_of_tcp_sockets_is_read() {
    let sockets = [
        records("46 :: 5000 :: 0", 501, Some(1)),
        records("4 0.0.0.0 5000 0.0.0.0 0", 0, Some(1)),
        records("6 ::1 5173 :: 0", 501, Some(1)),
        records("4 127.0.0.1 5000 127.0.0.1 50123", 501, Some(4)),
        records("46 ::ffff:127.0.0.1 5000 ::ffff:127.0.0.1 50124", 501, Some(5)),
        records("4 127.0.0.1 5000 127.0.0.1 50125", 0, Some(10)),
        records("6 fe80:1::1 631 :: 0", 0, Some(0)),
        // It had a connection.
        records("4 127.0.0.1 5001 127.0.0.1 80", 501, Some(0)),
        // Neither bound nor of the internet; and one that is being opened.
        records("4 0.0.0.0 0 0.0.0.0 0", 501, Some(0)),
        records("- 0.0.0.0 9 0.0.0.0 0", 501, Some(1)),
        records("4 0.0.0.0 81 0.0.0.0 0", 501, None),
    ];
    let expected = [
        "[::]:5000 - Listening uid 501 only v6 false",
        "0.0.0.0:5000 - Listening uid 0 only v6 ?",
        "[::1]:5173 - Listening uid 501 only v6 true",
        "127.0.0.1:5000 127.0.0.1:50123 Connection uid 501 only v6 ?",
        "127.0.0.1:5000 127.0.0.1:50124 Connection uid 501 only v6 ?",
        "127.0.0.1:5000 127.0.0.1:50125 TimeWait { left: 30s } uid 0 only v6 ?",
        "[fe80::1]:631 - Bound uid 0 only v6 true",
        "127.0.0.1:5001 127.0.0.1:80 Connection uid 501 only v6 ?",
    ];
    let all = table(&sockets);
    check_table(&all, Protocol::Tcp, &expected);
    // The end is missing.
    let whole = 24 + sockets[..2].concat().len();
    check_table(&all[..whole + 100], Protocol::Tcp, &expected[..2]);
}

#[test]
fn the_table_of_udp_sockets_is_read() {
    let sockets = [
        records("46 :: 5353 :: 0", 65, None),
        records("4 192.168.1.5 50000 1.1.1.1 443", 501, None),
    ];
    check_table(
        &table(&sockets),
        Protocol::Udp,
        &[
            "[::]:5353 - Listening uid 65 only v6 false",
            "192.168.1.5:50000 1.1.1.1:443 Connection uid 501 only v6 ?",
        ],
    );
}

// Since macOS 27 that is what other programs than Apple's get of other users' sockets: doronz88/pymobiledevice3#1952.
#[test]
fn a_table_without_sockets_is_empty() {
    check_table(&table(&[]), Protocol::Tcp, &[]);
    check_table(&[], Protocol::Tcp, &[]);
    check_table(&[24, 0], Protocol::Tcp, &[]);
}

/// `kind` and `protocol` as in `struct socket_info`.
fn descriptor(text: &str, kind: u32, protocol: u32, state: u32) -> Structure {
    let ends = ends(text);
    Structure::new(fdinfo::SOCKET)
        .u32(180, protocol)
        .u32(256, kind)
        .at(264, &ends.remote_port)
        .at(268, &ends.local_port)
        .at(288, &[ends.versions])
        .at(296, &ends.remote)
        .at(312, &ends.local)
        .u32(344, state)
}

#[track_caller]
fn check_descriptor(info: Structure, expected: Option<&str>) {
    let socket = fdinfo::socket(&info.0, 501);
    assert_eq!(socket.as_ref().map(line).as_deref(), expected);
}

#[test]
fn the_socket_of_a_descriptor_is_read() {
    check_descriptor(
        descriptor("4 127.0.0.1 8000 0.0.0.0 0", 2, 6, 1),
        Some("127.0.0.1:8000 - Listening uid 501 only v6 ?"),
    );
    check_descriptor(
        descriptor("46 :: 53 :: 0", 1, 17, 0),
        Some("[::]:53 - Listening uid 501 only v6 false"),
    );
    check_descriptor(descriptor("4 127.0.0.1 8000 0.0.0.0 0", 3, 0, 1), None);
    check_descriptor(Structure::new(300).u32(180, 6).u32(256, 2), None);
}

#[test]
fn both_sources_name_a_socket_alike() {
    for text in ["46 :: 5000 :: 0", "4 127.0.0.1 5000 127.0.0.1 50123"] {
        let listed = pcblist::sockets(&table(&[records(text, 501, Some(4))]), Protocol::Tcp);
        assert_eq!(listed, [fdinfo::socket(&descriptor(text, 2, 6, 4).0, 501).unwrap()]);
    }
}

#[test]
fn sockets_are_found_among_descriptors() {
    let pairs = [(0_u32, 1_u32), (7, 2), (8, 6), (12, 2)];
    let list: Vec<u8> = pairs
        .iter()
        .flat_map(|(number, kind)| [number.to_ne_bytes(), kind.to_ne_bytes()].concat())
        .collect();
    assert_eq!(fdinfo::sockets(&list).collect::<Vec<_>>(), [7, 12]);
}

#[test]
fn the_working_directory_is_read() {
    let info = Structure::new(fdinfo::DIRECTORIES).at(152, b"/Users/kim/shop");
    assert_eq!(fdinfo::directory(&info.0), Some(&b"/Users/kim/shop"[..]));
    assert_eq!(fdinfo::directory(&Structure::new(fdinfo::DIRECTORIES).0), None);
    assert_eq!(fdinfo::directory(&[0; 200]), None);
}

// Source: Homebrew/homebrew-services#194, and the comment of `ps` in appium-ios-simulator, lib/simulator-xcode-11.4.js.
#[test]
fn launchctl_names_the_job_of_a_process() {
    let list = "PID\tStatus\tLabel\n\
        -\t0\tcom.apple.progressd\n\
        22109\t0\tcom.apple.CoreAuthentication.daemon\n\
        1044\t0\thomebrew.mxcl.mysql@5.7\n\
        47097\t0\thomebrew.mxcl.mysql\n\
        22076\t0\tUIKitApplication:com.apple.mobilesafari[2b0f][rb-legacy]\n";
    let found = |pid| launchctl::label(list, pid);
    assert_eq!(found(47097), Some("homebrew.mxcl.mysql"));
    assert_eq!(found(1044), Some("homebrew.mxcl.mysql@5.7"));
    assert_eq!(found(22109), Some("com.apple.CoreAuthentication.daemon"));
    assert_eq!(found(4), None);
    assert_eq!(launchctl::label("", 4), None);
}

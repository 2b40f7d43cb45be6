//! Bytes of tables, built as documented → sockets and owners.

use crate::process::{Identity, ProcessState};

use super::*;

const TCP: Table = Table {
    protocol: Protocol::Tcp,
    is_v6: false,
};

/// Numbers in hexadecimal, as a dump shows them; what follows `#` is left out.
fn bytes(dump: &str) -> Vec<u8> {
    let words = dump
        .lines()
        .flat_map(|line| line.split('#').next().unwrap().split_whitespace());
    words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
}

#[track_caller]
fn check(dump: &str, table: Table, expected: &str) {
    let line = |(socket, pid): &(Socket, u32)| {
        let remote = socket.remote.map_or("-".to_owned(), |remote| remote.to_string());
        let id = Socket::id_of(socket.protocol, socket.address, socket.remote);
        assert_eq!((socket.inode, socket.uid, socket.only_v6), (id, 1001, None));
        format!("{} {remote} {:?} {pid}", socket.address, socket.state)
    };
    let rows: Vec<String> = sockets(&bytes(dump), table, 1001).iter().map(line).collect();
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(rows, expected);
}

/// The first two rows are of wine 8.0.
#[test]
fn rows_of_tcp_over_ipv4_are_read() {
    check(
        "05 00 00 00
        02 00 00 00  7f 00 00 01  94 73 00 00  00 00 00 00  00 00 00 00  2c 01 00 00
        0b 00 00 00  c0 00 02 02  d5 aa 00 00  cb 00 71 50  00 50 00 00  00 00 00 00
        02 00 00 00  00 00 00 00  1f 40 ff ff  0a 00 00 01  ff ff 00 00  04 00 00 00  # garbage behind ports and of no remote end
        05 00 00 00  7f 00 00 01  1f 40 00 00  7f 00 00 01  c3 50 00 00  e0 10 00 00
        01 00 00 00  7f 00 00 01  1f 41 00 00  00 00 00 00  00 00 00 00  e1 10 00 00",
        TCP,
        "127.0.0.1:38003 - Listening 300
        192.0.2.2:54698 203.0.113.80:80 TimeWait { left: 120s } 0
        0.0.0.0:8000 - Listening 4
        127.0.0.1:8000 127.0.0.1:50000 Connection 4320
        127.0.0.1:8001 - Bound 4321",
    );
}

#[test]
fn rows_of_tcp_over_ipv6_are_read() {
    check(
        "02 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  00 00 00 00  1f 40 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  00 00 00 00  00 00 00 00  02 00 00 00  e0 10 00 00
        00 00 00 00 00 00 00 00 00 00 ff ff 7f 00 00 01  00 00 00 00  1f 40 00 00
        00 00 00 00 00 00 00 00 00 00 ff ff 7f 00 00 01  00 00 00 00  c3 50 00 00  05 00 00 00  e0 10 00 00",
        Table { is_v6: true, ..TCP },
        "[::]:8000 - Listening 4320
        127.0.0.1:8000 127.0.0.1:50000 Connection 4320",
    );
}

#[test]
fn rows_of_udp_are_read() {
    let protocol = Protocol::Udp;
    check(
        "01 00 00 00
        7f 00 00 01  c9 4e 00 00  20 00 00 00",
        Table { protocol, is_v6: false },
        "127.0.0.1:51534 - Listening 32",
    );
    check(
        "01 00 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01  00 00 00 00  14 e9 00 00  20 00 00 00",
        Table { protocol, is_v6: true },
        "[::1]:5353 - Listening 32",
    );
}

#[test]
fn what_is_cut_off_or_behind_the_last_row_is_left_out() {
    let row = "02 00 00 00  7f 00 00 01  94 73 00 00  00 00 00 00  00 00 00 00  2c 01 00 00";
    let expected = "127.0.0.1:38003 - Listening 300";
    check(&format!("01 00 00 00 {row} {row}"), TCP, expected);
    check(&format!("02 00 00 00 {row} 02 00 00 00 7f"), TCP, expected);
    check("02 00", TCP, "");
    check("", TCP, "");
}

#[test]
fn a_parent_that_started_later_is_another_process() {
    /// `pid start parent` of each process → the parents.
    #[track_caller]
    fn check(table: &str, expected: &[u32]) {
        let process = |line: &str| {
            let numbers: Vec<u64> = line.split_whitespace().map(|word| word.parse().unwrap()).collect();
            Process {
                identity: Identity {
                    boot: String::new(),
                    pid: numbers[0] as u32,
                    start: numbers[1],
                },
                name: "node".into(),
                parent: numbers[2] as u32,
                group: 0,
                session: 0,
                terminal: None,
                state: ProcessState::Running,
                kernel: false,
            }
        };
        let mut table: Vec<Process> = table.split(", ").map(process).collect();
        without_reused_parents(&mut table);
        assert!(!below(8, &table).contains(&8));
        let parents: Vec<u32> = table.iter().map(|process| process.parent).collect();
        assert_eq!(parents, expected);
    }
    check("8 100 4, 12 200 8, 16 200 12", &[0, 8, 12]);
    check("8 300 16, 12 200 8, 16 250 12", &[16, 0, 12]);
    // The start of a process of others may be unknown.
    check("8 0 0, 12 200 8, 16 200 16", &[0, 8, 0]);
}

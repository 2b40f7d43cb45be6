//! Kernel output → parsed rows, one line each.

use crate::plan::Protocol;
use crate::process::ProcessState;

use super::processes::{Cgroup, cgroup, counter, has_main_thread, stat, user_name};
use super::sockets::{Socket, SocketState, port_range, proc_net, socket_diag};

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// `protocol address -> remote state inode uid only_v6`
fn socket_line(socket: &Socket) -> String {
    let protocol = match socket.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let remote = socket.remote.map_or("-".to_owned(), |remote| remote.to_string());
    let state = match socket.state {
        SocketState::Listening => "listening".to_owned(),
        SocketState::Bound => "bound".to_owned(),
        SocketState::Connection => "connection".to_owned(),
        SocketState::TimeWait { left } => format!("time-wait:{left:?}"),
    };
    let only = socket.only_v6.map_or("?".to_owned(), |only| only.to_string());
    format!(
        "{protocol} {} {remote} {state} {} {} {only}",
        socket.address, socket.inode, socket.uid
    )
}

#[track_caller]
fn check_proc_net(text: &str, protocol: Protocol, expected: &str) {
    let rows = proc_net(text, protocol, |port| port == 8000);
    let rows: Vec<String> = rows.iter().map(socket_line).collect();
    assert_eq!(rows, lines(expected));
}

#[test]
fn proc_net_tcp_is_read() {
    check_proc_net(
        "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12346 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F40 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 12347 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:1F40 0100007F:D432 06 00000000:00000000 03:000005DC 00000000     0        0 0 3 0000000000000000
   3: 0100007F:1F40 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 12347 1 0000000000000000 20 4 30 10 -1
   4: 0100007F:D431 0100007F:1F40 01 00000000:00000000 00:00000000 00000000  1001        0 12348 1 0000000000000000 20 4 30 10 -1
   5: 0100007F:1F40 broken
",
        Protocol::Tcp,
        "tcp 127.0.0.1:8000 - listening 12345 1000 ?
         tcp 127.0.0.1:8000 127.0.0.1:54321 connection 12347 1000 ?
         tcp 127.0.0.1:8000 127.0.0.1:54322 time-wait:15s 0 0 ?
         tcp 127.0.0.1:54321 127.0.0.1:8000 connection 12348 1001 ?",
    );
}

#[test]
fn proc_net_tcp6_is_read_and_mapped_addresses_are_ipv4() {
    let zero = "0".repeat(32);
    let text = format!(
        "header
   0: {zero}:1F40 {zero}:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1
   1: 00000000000000000000000001000000:1F40 {zero}:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 2 1
   2: 0000000000000000FFFF00000100007F:1F40 0000000000000000FFFF00000100007F:D431 01 0:0 00:0 0  1000        0 3 1
"
    );
    check_proc_net(
        &text,
        Protocol::Tcp,
        "tcp [::]:8000 - listening 1 1000 ?
         tcp [::1]:8000 - listening 2 1000 ?
         tcp 127.0.0.1:8000 127.0.0.1:54321 connection 3 1000 ?",
    );
}

#[test]
fn udp_listens_unless_it_is_connected() {
    check_proc_net(
        "header
  42: 00000000:1F40 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7 2 0000000000000000 0
  43: 0100007F:1F40 0100007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 8 2 0000000000000000 0
",
        Protocol::Udp,
        "udp 0.0.0.0:8000 - listening 7 0 ?
         udp 127.0.0.1:8000 127.0.0.1:53 connection 8 0 ?",
    );
}

/// A row as the kernel sends it: header, `struct inet_diag_msg`, attributes.
fn diag(state: u8, timer: u8, addresses: (&[u8], &[u8]), ports: (u16, u16), attributes: &[u8]) -> Vec<u8> {
    let mut row = vec![0; 88];
    row[0..4].copy_from_slice(&u32::try_from(88 + attributes.len()).unwrap().to_ne_bytes());
    row[4..6].copy_from_slice(&20_u16.to_ne_bytes());
    row[16] = if addresses.0.len() == 4 { 2 } else { 10 };
    row[17] = state;
    row[18] = timer;
    row[20..22].copy_from_slice(&ports.0.to_be_bytes());
    row[22..24].copy_from_slice(&ports.1.to_be_bytes());
    row[24..24 + addresses.0.len()].copy_from_slice(addresses.0);
    row[40..40 + addresses.1.len()].copy_from_slice(addresses.1);
    row[68..72].copy_from_slice(&1500_u32.to_ne_bytes());
    row[80..84].copy_from_slice(&1000_u32.to_ne_bytes());
    row[84..88].copy_from_slice(&77_u32.to_ne_bytes());
    row.extend(attributes);
    row
}

fn done() -> Vec<u8> {
    let mut done = vec![0; 20];
    done[0..4].copy_from_slice(&20_u32.to_ne_bytes());
    done[4..6].copy_from_slice(&3_u16.to_ne_bytes());
    done
}

#[track_caller]
fn check_diag(datagram: &[Vec<u8>], expected: &str) {
    let mut rows = Vec::new();
    let end = socket_diag(
        &datagram.concat(),
        Protocol::Tcp,
        |port| port == 8000,
        |row| rows.push(socket_line(&row)),
    );
    rows.push(format!("{end:?}"));
    assert_eq!(rows, lines(expected));
}

#[test]
fn sock_diag_rows_are_read() {
    let local: &[u8] = &[127, 0, 0, 1];
    let mut mapped = [0; 16];
    mapped[10..].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
    let any6: &[u8] = &[0; 16];
    // SHUTDOWN (8), then SKV6ONLY (11): a byte and padding each.
    let attributes = |only: u8| [[5, 0, 8, 0, 0, 0, 0, 0], [5, 0, 11, 0, only, 0, 0, 0]].concat();
    check_diag(
        &[
            diag(10, 0, (local, &[0; 4]), (8000, 0), &[]),
            diag(10, 0, (local, &[0; 4]), (8001, 0), &[]),
            diag(7, 0, (local, &[0; 4]), (8000, 0), &[]),
            diag(6, 3, (local, local), (8000, 9), &[]),
            // FIN_WAIT2 that only waits out its time.
            diag(5, 3, (local, local), (8000, 10), &[]),
            diag(1, 0, (&mapped, &mapped), (9, 8000), &[]),
            diag(10, 0, (any6, any6), (8000, 0), &attributes(1)),
            diag(10, 0, (any6, any6), (8000, 0), &attributes(0)),
            done(),
        ],
        "tcp 127.0.0.1:8000 - listening 77 1000 ?
         tcp 127.0.0.1:8000 - bound 77 1000 ?
         tcp 127.0.0.1:8000 127.0.0.1:9 time-wait:1.5s 77 1000 ?
         tcp 127.0.0.1:8000 127.0.0.1:10 time-wait:1.5s 77 1000 ?
         tcp 127.0.0.1:9 127.0.0.1:8000 connection 77 1000 ?
         tcp [::]:8000 - listening 77 1000 true
         tcp [::]:8000 - listening 77 1000 false
         Ok(true)",
    );
}

#[test]
fn a_dump_may_go_on_in_the_next_datagram() {
    check_diag(&[], "Ok(false)");
    // Cut short: what is there is not believed.
    check_diag(
        &[diag(10, 0, (&[127, 0, 0, 1], &[]), (8000, 0), &[])[..60].to_vec()],
        "Ok(false)",
    );
}

#[test]
fn a_refused_dump_is_an_error() {
    let mut refused = done();
    refused[4..6].copy_from_slice(&2_u16.to_ne_bytes());
    refused[16..20].copy_from_slice(&(-2_i32).to_ne_bytes());
    check_diag(&[refused], "Err(2)");
}

/// Expected: `pid (name) parent group session terminal state start`, followed by `kernel` for a kernel thread.
#[track_caller]
fn check_stat(line: &str, expected: Option<&str>) {
    let shown = stat(line.as_bytes(), "boot").map(|process| {
        let terminal = process.terminal.as_deref().unwrap_or("-");
        let state = match process.state {
            ProcessState::Running => "running",
            ProcessState::Suspended => "suspended",
            ProcessState::Zombie => "zombie",
        };
        let kernel = if process.kernel { " kernel" } else { "" };
        format!(
            "{} ({}) {} {} {} {terminal} {state} {}{kernel}",
            process.identity.pid, process.name, process.parent, process.group, process.session, process.identity.start
        )
    });
    assert_eq!(shown.as_deref(), expected);
}

#[test]
fn a_stat_line_is_read_whatever_the_name() {
    let rest = "4194304 9 0 0 0 1 2 0 0 20 0 1 0 9175 1000 50";
    check_stat(
        &format!("42 (node) S 7 42 40 34819 42 {rest}"),
        Some("42 (node) 7 42 40 pts/3 running 9175"),
    );
    check_stat(
        &format!("42 (tmux: server) T 1 42 42 0 -1 {rest}"),
        Some("42 (tmux: server) 1 42 42 - suspended 9175"),
    );
    check_stat(
        &format!("42 (a) R (b) c) Z 7 42 40 1025 42 {rest}"),
        Some("42 (a) R (b) c) 7 42 40 tty1 zombie 9175"),
    );
    check_stat(
        &format!("42 () S 7 42 40 1088 42 {rest}"),
        Some("42 () 7 42 40 ttyS0 running 9175"),
    );
    check_stat(
        &format!("42 (x) S 7 42 40 1083436 42 {rest}"),
        Some("42 (x) 7 42 40 pts/300 running 9175"),
    );
    check_stat(
        &format!("42 (x) S 7 42 40 52288 42 {rest}"),
        Some("42 (x) 7 42 40 204:64 running 9175"),
    );
}

#[test]
fn a_main_thread_that_has_ended_is_told_whatever_the_name() {
    let check = |line: &str, expected: bool| assert_eq!(has_main_thread(line.as_bytes()), expected, "{line}");
    check("42 (x) Z 7 42", false);
    check("42 (x) S 7 42", true);
    check("42 () Z (x) R 7 42", true);
    check("42 (x", false);
}

#[test]
fn a_zombie_has_no_other_thread() {
    let check = |n_threads: u32, expected| {
        let rest = format!("4194304 9 0 0 0 1 2 0 0 20 0 {n_threads} 0 9175 0 0");
        check_stat(&format!("42 (x) Z 7 42 40 0 42 {rest}"), Some(expected));
    };
    check(1, "42 (x) 7 42 40 - zombie 9175");
    check(2, "42 (x) 7 42 40 - running 9175");
    // Read while it was being reaped.
    check(0, "42 (x) 7 42 40 - zombie 9175");
}

#[test]
fn process_that_is_reaped_meanwhile_has_ended() {
    let line = "42 (python3) X 0 -1 -1 0 -1 4228108 0 0 0 0 1 2 0 0 20 0 0 0 9175 0 0";
    check_stat(line, Some("42 (python3) 0 0 0 - zombie 9175"));
}

#[test]
fn a_kernel_thread_is_marked() {
    check_stat(
        "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 1 0 0 20 0 1 0 15 0 0",
        Some("2 (kthreadd) 0 0 0 - running 15 kernel"),
    );
}

#[test]
fn half_a_stat_line_is_none() {
    check_stat("42 (node", None);
    check_stat("42 (node) S 7 42", None);
    check_stat("", None);
}

#[track_caller]
fn check_cgroup(text: &str, expected: Option<(&str, Option<&str>, Option<&str>)>) {
    let expected = expected.map(|(path, unit, container)| Cgroup {
        path: path.to_owned(),
        unit: unit.map(str::to_owned),
        container: container.map(str::to_owned),
    });
    assert_eq!(cgroup(text), expected);
}

#[test]
fn the_innermost_service_is_the_unit() {
    let service = "/system.slice/redis.service";
    check_cgroup(&format!("0::{service}\n"), Some((service, Some("redis.service"), None)));
    let user = "/user.slice/user-1000.slice/user@1000.service/app.slice/vite.service";
    check_cgroup(&format!("0::{user}\n"), Some((user, Some("vite.service"), None)));
    let scope = "/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-7.scope";
    check_cgroup(&format!("0::{scope}\n"), Some((scope, None, None)));
    let session = "/user.slice/user-0.slice/session-1.scope";
    check_cgroup(&format!("0::{session}\n"), Some((session, None, None)));
}

#[test]
fn version_1_is_read_too() {
    let service = "/system.slice/redis.service";
    check_cgroup(
        &format!("9:name=systemd:{service}\n4:memory:/other.service\n0::/\n"),
        Some((service, Some("redis.service"), None)),
    );
    check_cgroup("4:memory:/other.service\n", None);
    check_cgroup("9:name=systemd:/\n0::/\n", Some(("/", None, None)));
}

#[test]
fn containers_are_known_by_their_id() {
    let id = "0123456789abcdef".repeat(4);
    for path in [
        format!("/system.slice/docker-{id}.scope"),
        format!("/docker/{id}"),
        format!("/user.slice/user-1000.slice/libpod-{id}.scope/container"),
        format!("/kubepods.slice/pod1/cri-containerd-{id}.scope"),
    ] {
        check_cgroup(&format!("0::{path}\n"), Some((&path, None, Some(&id))));
    }
    // A unit of the guest is none of this system's: who asks sees the guest first.
    for path in [
        "/machine.slice/systemd-nspawn@deb.service/payload/system.slice/nginx.service",
        "/lxc.payload.deb/system.slice/nginx.service",
    ] {
        check_cgroup(
            &format!("0::{path}\n"),
            Some((path, Some("nginx.service"), Some("deb"))),
        );
    }
}

#[test]
fn users_stand_in_passwd() {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nkim:x:1000:1000::/home/kim:/bin/false\n";
    assert_eq!(user_name(passwd, 0).as_deref(), Some("root"));
    assert_eq!(user_name(passwd, 1000).as_deref(), Some("kim"));
    assert_eq!(user_name(passwd, 1001), None);
}

#[test]
fn a_counter_is_found_by_its_whole_name() {
    let events = "low 0\nhigh 12\nmax 40\noom 2\noom_kill 3\noom_group_kill 1\n";
    assert_eq!(counter(events, "oom_kill"), Some(3));
    assert_eq!(counter(events, "oom"), Some(2));
    assert_eq!(counter(events, "kill"), None);
    assert_eq!(counter("oom_kill many\n", "oom_kill"), None);
    assert_eq!(counter("", "oom_kill"), None);
}

#[test]
fn the_ports_of_the_system_are_a_range() {
    assert_eq!(port_range("32768\t60999\n"), Some(32_768..=60_999));
    assert_eq!(port_range("32768"), None);
    assert_eq!(port_range("a b"), None);
}

#[test]
fn a_socket_unit_listens_where_its_last_assignments_say() {
    let listens = |text: &str, port, protocol| super::units::listens(text, port, protocol);
    let unit = "[Unit]\nDescription=x\n[Socket]\nListenStream=9090\nListenStream=[::1]:8000\nListenDatagram=53\n";
    assert!(listens(unit, 9090, Protocol::Tcp));
    assert!(listens(unit, 8000, Protocol::Tcp));
    assert!(!listens(unit, 53, Protocol::Tcp));
    assert!(listens(unit, 53, Protocol::Udp));
    assert!(!listens(unit, 909, Protocol::Tcp));
    let moved = format!("{unit}\n[Socket]\nListenStream=\nListenStream = 127.0.0.1:7000\n");
    assert!(!listens(&moved, 9090, Protocol::Tcp));
    assert!(listens(&moved, 7000, Protocol::Tcp));
    assert!(!listens(
        "ListenStream=/run/x.sock\nListenStream=vsock::22x\n",
        22,
        Protocol::Tcp
    ));
}

#[test]
fn reserved_ports_are_numbers_and_ranges() {
    let ranges = super::sockets::port_ranges;
    assert_eq!(ranges("\n"), []);
    assert_eq!(ranges("8080,9148-9150\n"), [8080..=8080, 9148..=9150]);
}

//! Rows of the kernel's table → blocking sockets. `os/linux/tests.rs` compares the look-up with real sockets.

use std::path::Path;

use super::conflict::{BlockingSockets, conflict};
use super::details::display_name;
use super::*;
use crate::plan::Protocol;

/// A row as `address remote state`, with `-` for no remote and a state of `listen`, `listen-v6only`, `bound`, `conn`,
/// `wait`. The inode is the number of its line, from 1.
fn socket((at, line): (usize, &str)) -> Socket {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let address: SocketAddr = fields[0].parse().unwrap();
    let left = std::time::Duration::from_secs(30);
    let (state, only_v6) = match fields[2] {
        "listen" => (SocketState::Listening, false),
        "listen-v6only" => (SocketState::Listening, true),
        "bound" => (SocketState::Bound, false),
        "conn" => (SocketState::Connection, false),
        "wait" => (SocketState::TimeWait { left }, false),
        other => panic!("no such state: {other}"),
    };
    Socket {
        protocol: Protocol::Tcp,
        address,
        remote: fields[1].parse().ok(),
        state,
        inode: at as u64 + 1,
        uid: 0,
        only_v6: address.is_ipv6().then_some(only_v6),
    }
}

/// Blocked addresses and a table → line numbers: `in the way / elsewhere / clients`.
#[track_caller]
fn check(blocked: &str, table: &str, expected: &str) {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let table: Vec<Socket> = lines.enumerate().map(socket).collect();
    let blocked: Vec<IpAddr> = blocked
        .split_whitespace()
        .map(|address| address.parse().unwrap())
        .collect();
    let BlockingSockets {
        in_the_way,
        elsewhere,
        clients,
    } = conflict((8000, Protocol::Tcp), &blocked, &table);
    let shown = [in_the_way, elsewhere, clients].map(|sockets| {
        let inodes: Vec<String> = sockets.iter().map(|socket| socket.inode.to_string()).collect();
        inodes.join(" ")
    });
    assert_eq!(shown.join("/"), expected);
}

#[test]
fn the_same_address_or_a_wildcard_is_in_the_way() {
    let table = "
        127.0.0.1:8000  -  listen
        127.0.0.2:8000  -  listen
        0.0.0.0:8000    -  listen
        [::1]:8000      -  listen
        [::]:8000       -  listen
        [::]:8000       -  listen-v6only
        127.0.0.1:8001  -  listen
    ";
    check("127.0.0.1", table, "1 3 5/2 4 6/");
    check("0.0.0.0", table, "1 2 3 5/4 6/");
    check("::1", table, "4 5 6/1 2 3/");
    check("::", table, "1 2 3 4 5 6//");
}

#[test]
fn connections_count_only_if_nothing_else_explains_it() {
    check(
        "127.0.0.1",
        "
        127.0.0.1:8000  127.0.0.1:9  conn
        127.0.0.1:8000  127.0.0.1:8  wait
        127.0.0.2:8000  127.0.0.1:9  conn
        ",
        "1 2//",
    );
    check(
        "127.0.0.1",
        "
        127.0.0.1:8000  127.0.0.1:9  conn
        127.0.0.1:8000  -            bound
        ",
        "2//",
    );
}

#[test]
fn a_client_is_the_other_end_of_a_connection_to_a_listener_here() {
    check(
        "127.0.0.1",
        "
        0.0.0.0:8000    -               listen
        127.0.0.1:8000  127.0.0.1:4000  conn
        127.0.0.1:4000  127.0.0.1:8000  conn
        127.0.0.1:4001  10.0.0.9:8000   conn
        ",
        "1//3",
    );
}

#[track_caller]
fn check_name(comm: &str, command: &str, exe: &str, expected: &str) {
    let command: Vec<String> = command.split_terminator('|').map(str::to_owned).collect();
    let exe = (!exe.is_empty()).then_some(Path::new(exe));
    assert_eq!(display_name(comm, &command, exe), expected);
}

#[test]
fn a_program_has_the_name_people_know() {
    check_name("python3", "python3|-m|http.server", "/usr/bin/python3.11", "python3");
    check_name(
        "uvicorn",
        "/v/bin/python|/v/bin/uvicorn|app:app",
        "/usr/bin/python3.11",
        "uvicorn",
    );
    check_name(
        "redis-server",
        "/usr/bin/redis-server *:6379",
        "/usr/bin/redis-check-rdb",
        "redis-server",
    );
    check_name("node-MainThread", "node|server.js", "/usr/bin/node", "node");
    check_name(
        "gnome-terminal-",
        "/usr/libexec/gnome-terminal-server",
        "",
        "gnome-terminal-server",
    );
    check_name(
        "gunicorn: maste",
        "gunicorn: master [app:app]",
        "/usr/bin/python3.11",
        "gunicorn",
    );
    check_name("nginx", "nginx: master process nginx", "/usr/sbin/nginx", "nginx");
    check_name("tmux: server", "tmux|new", "/usr/bin/tmux", "tmux");
    check_name("kworker/0:1", "", "", "kworker/0:1");
}

//! Which sockets make a port busy, and for whom: rows 1 to 11.

use std::io::Read;
use std::net::TcpStream;

use super::Zoo;

#[test]
fn row_1_a_listener_at_the_same_address_is_named_and_ended_only_if_told_so() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen 127.0.0.1:PORT");
    zoo.says(
        "
        who port.busy.foreign
        [holder] service running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [holder])
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [holder]"]);
}

#[test]
fn row_2_a_listener_at_all_addresses_is_in_the_way_of_one() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen 0.0.0.0:PORT");
    zoo.says(
        "
        who port.busy.foreign
        [holder] service running listening 0.0.0.0:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [holder]) at all addresses
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [holder]"]);
}

#[test]
fn row_3_a_listener_at_all_addresses_of_ipv6_is_in_the_way_of_ipv4() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen [::]:PORT");
    zoo.says(
        "
        who port.busy.foreign
        [holder] service running listening [::]:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [holder]) at all addresses
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [holder]"]);
}

#[test]
fn row_4_a_listener_at_ipv6_localhost_is_shown_and_hinders_no_service_at_ipv4() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen [::1]:PORT");
    zoo.says(
        "
        who port.busy.foreign
        [holder] service running listening [::1]:[port]
        hint stop it with `xtask port kill [port]`
        doctor ok port.free: port [port] is free
        doctor warn port.split: port [port] of ::1 is held by `service` (pid [holder]): `localhost` may lead there instead of to `api`
        hint write `127.0.0.1` instead of `localhost` where `api` is meant",
    );
    let card = zoo.named(&zoo.command(&["port", "who", "PORT"]).stdout);
    assert!(
        card.contains("Port [port] is taken by `service` (pid [holder]) at ::1 only."),
        "{card}"
    );
    let said = zoo.starts(&["--on-conflict", "kill", "--yes"]);
    assert!(
        said.contains("`localhost` may lead there instead of to `api`"),
        "{said}"
    );
    zoo.all_live();
}

#[test]
fn row_5_who_is_bound_and_does_not_listen_is_found() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--bind-only --no-reuseaddr --listen 127.0.0.1:PORT");
    zoo.says("
        who port.busy.bound
        [holder] service running bound 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.bound: port [port] is reserved by `service` (pid [holder]), which is bound to it and does not listen
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml");
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [holder]"]);
}

#[test]
fn row_6_who_is_bound_and_shares_is_a_warning() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--bind-only --listen 127.0.0.1:PORT");
    zoo.says("
        who port.busy.bound
        [holder] service running bound 127.0.0.1:[port]
        doctor warn port.busy.bound: port [port] is free for a server that sets `SO_REUSEADDR` only: `service` (pid [holder]) is bound to it");
    let said = zoo.starts(&[]);
    assert!(
        said.contains("warning: port [port] is free for a server that sets `SO_REUSEADDR` only"),
        "{said}"
    );
    zoo.all_live();
}

#[test]
fn row_7_a_closed_connection_of_a_server_that_shares_hinders_nobody() {
    let mut zoo = Zoo::new();
    zoo.start("server", "--listen 127.0.0.1:PORT");
    closed_connection(zoo.port);
    zoo.kill("server");
    zoo.says("
        who port.free
        doctor ok port.free: port [port] is free; a closed connection lingers for [time], which only bothers a server without `SO_REUSEADDR`");
    zoo.starts(&[]);
}

#[test]
fn row_8_a_closed_connection_of_a_server_that_does_not_share_has_to_be_waited_out() {
    let mut zoo = Zoo::new();
    zoo.start("server", "--no-reuseaddr --listen 127.0.0.1:PORT");
    closed_connection(zoo.port);
    zoo.kill("server");
    zoo.says("
        who port.busy.no_owner
        hint wait [time], or use a server that sets `SO_REUSEADDR`
        doctor fail port.busy.no_owner: port [port] waits for a closed connection to expire (TIME_WAIT, [time] left); no process holds it
        hint wait [time], or use a server that sets `SO_REUSEADDR`
        hint or give `api` another `port` in devtasks.toml");
    zoo.is_never_touched();
}

#[test]
fn row_10_two_listeners_that_share_a_port_are_both_named_and_ended() {
    let mut zoo = Zoo::new();
    zoo.start("first", "--reuseport --listen 127.0.0.1:PORT");
    zoo.start("second", "--reuseport --listen 127.0.0.1:PORT");
    zoo.says(
        "
        who port.shared
        [first] service running listening 127.0.0.1:[port]
        [second] service running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.shared: port [port] is shared by `service` (pid [first]) and `service` (pid [second]), which have nothing to do with each other: a connection goes to either
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [first]", "SIGTERM [second]"]);
}

#[test]
fn row_11_udp_on_the_same_number_hinders_no_tcp_service() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--udp 127.0.0.1:PORT");
    zoo.says(
        "
        who port.free
        doctor ok port.free: port [port] is free",
    );
    zoo.starts(&["--on-conflict", "kill", "--yes"]);
    zoo.all_live();
}

#[test]
fn a_listening_socket_on_its_way_between_processes_has_no_owner() {
    let mut zoo = Zoo::new();
    zoo.python(
        "sender",
        "
import socket, time
here, there = socket.socketpair()
listener = socket.create_server(('127.0.0.1', PORT))
socket.send_fds(here, [b'x'], [listener.fileno()])
listener.close()
print('open', flush=True)
time.sleep(1000)
",
    );
    zoo.says("
        who port.busy.no_owner
        hint try `xtask port who [port]` once more
        doctor fail port.busy.no_owner: port [port] is taken by no process that can be seen: the kernel or a socket in flight holds it
        hint try `xtask port who [port]` once more
        hint or give `api` another `port` in devtasks.toml");
    zoo.is_never_touched();
}

/// One that the server ends first, so that its end of it lingers in TIME_WAIT.
pub(super) fn closed_connection(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut nothing = Vec::new();
    stream.read_to_end(&mut nothing).unwrap();
    assert!(nothing.is_empty());
}

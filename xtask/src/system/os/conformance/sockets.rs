//! Who listens and who holds; binds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

use super::{Running, eventually, start};
use crate::plan::Protocol;
use crate::ports::{BindResult, SocketState};
use crate::system::os::{self, Socket, States};
use crate::system::probe::{SocketTable, probe};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn listening(port: u16) -> Vec<Socket> {
    os::sockets(&[(port, Protocol::Tcp)], States::Listening).unwrap()
}

fn listener() -> (Running, u16) {
    let mut child = start("listen");
    let port = child.word().parse().unwrap();
    (child, port)
}

#[test]
fn a_listener_and_its_holder_are_found() {
    let (mut child, port) = listener();
    let found = listening(port);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].address, SocketAddr::new(LOCAL, port));
    assert_eq!(found[0].state, SocketState::Listening);
    assert_eq!(found[0].remote, None);
    let id = found[0].inode;
    assert_eq!(os::holders(&[id]).unwrap().get(&id), Some(&vec![child.pid()]));
    assert_eq!(
        os::holds(&[child.pid()], &[id]).unwrap().get(&id),
        Some(&vec![child.pid()])
    );
    assert!(os::holds(&[std::process::id()], &[id]).unwrap().is_empty());
    assert!(os::listeners().unwrap().contains(&found[0]));
    assert!(os::every_socket().unwrap().contains(&found[0]));
    child.finish();
    eventually("the end of the socket", || listening(port).is_empty());
}

#[test]
fn both_families_and_wildcards_are_told_apart() {
    for address in ["0.0.0.0:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).unwrap();
        let local = listener.local_addr().unwrap();
        let found = listening(local.port());
        let found: Vec<_> = found.iter().map(|socket| socket.address).collect();
        assert_eq!(found, [local]);
    }
}

#[test]
fn a_connection_is_found_by_both_of_its_ports() {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let client = TcpStream::connect(server).unwrap();
    let _accepted = listener.accept().unwrap();
    let (here, there) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    for port in [here.port(), there.port()] {
        let found = os::sockets(&[(port, Protocol::Tcp)], States::All).unwrap();
        let is_clients = |socket: &&Socket| socket.address == here && socket.remote == Some(there);
        let found = found.iter().find(is_clients).expect("the client's end");
        assert_eq!(found.state, SocketState::Connection);
    }
}

#[test]
fn a_bound_udp_socket_counts_as_listening() {
    let socket = UdpSocket::bind((LOCAL, 0)).unwrap();
    let local = socket.local_addr().unwrap();
    let found = os::sockets(&[(local.port(), Protocol::Udp)], States::Listening).unwrap();
    let found: Vec<_> = found.iter().map(|socket| (socket.address, socket.protocol)).collect();
    assert_eq!(found, [(local, Protocol::Udp)]);
}

fn probed(address: IpAddr, port: u16) -> BindResult {
    probe(address, port, Protocol::Tcp, &SocketTable::of([(port, Protocol::Tcp)]))
}

#[test]
fn nothing_listens_on_a_port_that_was_closed() {
    let (mut child, port) = listener();
    assert_eq!(probed(LOCAL, port), BindResult::Busy);
    child.finish();
    eventually("a free port", || {
        matches!(probed(LOCAL, port), BindResult::Free | BindResult::FreeIfReused)
    });
    assert_eq!(listening(port), []);
}

#[test]
fn an_address_below_a_wildcard_is_busy_too() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for address in [LOCAL, Ipv4Addr::UNSPECIFIED.into()] {
        assert_eq!(probed(address, port), BindResult::Busy, "{address}");
    }
}

#[test]
fn an_address_of_the_other_family_is_free() {
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(probed(Ipv6Addr::LOCALHOST.into(), port), BindResult::Busy);
    // Another test may have this port at the other address.
    let at_v4 = || listening(port).iter().any(|socket| socket.address.is_ipv4());
    assert!(probed(LOCAL, port) == BindResult::Free || at_v4());
}

#[test]
fn the_ephemeral_range_is_a_range() {
    let ephemeral = os::ephemeral_ports();
    assert!(ephemeral.start() < ephemeral.end(), "{ephemeral:?}");
    for range in os::reserved_ports() {
        assert!(range.start() <= range.end(), "{range:?}");
    }
}

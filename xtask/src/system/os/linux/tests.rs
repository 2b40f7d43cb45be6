//! The look-up with real sockets and processes: which owner it names, and why, when a bind on Linux fails.

use std::io::{BufRead, BufReader, IoSlice};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType};
use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};

mod every_pair;

use super::*;
use crate::plan::Protocol;
use crate::ports::{BindResult, Endpoint, Owner, PortFact, SocketState};
use crate::process::ProcessState;
use crate::system::attribution;
use crate::system::owners::{Addresses, listening, look_up};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LOCAL6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

const PATIENCE: Duration = Duration::from_secs(10);

fn port(number: u16) -> Endpoint {
    Endpoint {
        number,
        host: None,
        protocol: Protocol::Tcp,
    }
}

/// A loopback address for a single test: TIME_WAIT sockets of other tests do not affect it.
fn own(test: u8) -> IpAddr {
    Ipv4Addr::new(127, 77, 0, test).into()
}

fn at(host: IpAddr, number: u16) -> Endpoint {
    Endpoint {
        host: Some(host),
        ..port(number)
    }
}

fn fact(port: Endpoint) -> PortFact {
    look_up(&[port], Addresses::Service).remove(&port).unwrap()
}

fn owner(port: Endpoint, pid: u32) -> Owner {
    let owners = fact(port).owners;
    owners
        .into_iter()
        .find(|owner| owner.process.identity.pid == pid)
        .unwrap()
}

/// Expected: `answer; pid how addresses …; nobody state address …`, with `me` for this process and `P` for the port;
/// the time left in TIME_WAIT is omitted.
///
/// Repeats the look-up until it matches: a concurrent test may fork a process, which shares our sockets until its exec.
#[track_caller]
fn check(asked: Endpoint, others: &[(&str, u32)], expected: &str) {
    let deadline = Instant::now() + PATIENCE;
    let mut last = shown(asked, others);
    while last != expected && Instant::now() < deadline {
        last = shown(asked, others);
    }
    assert_eq!(last, expected);
}

fn shown(asked: Endpoint, others: &[(&str, u32)]) -> String {
    let name = |pid: u32| {
        let me = ("me", std::process::id());
        let known = others.iter().chain([&me]).find(|other| other.1 == pid);
        known.map_or_else(|| format!("pid {pid}"), |other| other.0.to_owned())
    };
    let found = fact(asked);
    let mut shown = vec![format!("{:?}", found.probes[0].answer)];
    for owner in &found.owners {
        let addresses: Vec<String> = owner.addresses.iter().map(ToString::to_string).collect();
        let name = name(owner.process.identity.pid);
        shown.push(format!("{name} {:?} {}", owner.holds_by, addresses.join(" ")));
    }
    for one in &found.ownerless {
        let state = match one.state {
            SocketState::TimeWait { left } if left > Duration::from_secs(10) && left <= Duration::from_secs(60) => {
                "TimeWait".to_owned()
            }
            state => format!("{state:?} uid {}", one.uid),
        };
        shown.push(format!("nobody {state} {}", one.address));
    }
    shown.extend(found.unknown);
    shown.join("; ").replace(&format!(":{}", asked.number), ":P")
}

/// Polls until `seen` holds, or fails after a timeout.
#[track_caller]
fn eventually(what: &str, mut seen: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !seen() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::yield_now();
    }
}

fn bound(address: IpAddr, reuse: bool) -> (Socket, u16) {
    let address = SocketAddr::new(address, 0);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_reuse_address(reuse).unwrap();
    socket.bind(&address.into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

fn listener(address: IpAddr) -> (TcpListener, u16) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A child that holds a socket as its standard input; killed and reaped on drop.
struct Holder(Child);

impl Holder {
    fn new(socket: impl Into<OwnedFd>) -> Holder {
        let command = Command::new("sleep").arg("60").stdin(socket.into()).spawn();
        Holder(command.unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process started by a child; killed on drop.
struct Grandchild(u32);

impl Drop for Grandchild {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_raw(self.0.cast_signed()).unwrap(), Signal::KILL);
    }
}

#[test]
fn a_listener_is_named() {
    let (_listener, number) = listener(LOCAL);
    check(port(number), &[], "Busy; me Listening 127.0.0.1:P");
}

#[test]
fn a_listener_at_all_addresses_is_in_the_way_of_one() {
    let (_listener, number) = listener(Ipv4Addr::UNSPECIFIED.into());
    check(port(number), &[], "Busy; me Listening 0.0.0.0:P");
}

/// Listens on `[::]`, with or without IPv4.
fn listener6(only_v6: bool) -> (Socket, u16) {
    let address: SocketAddr = (Ipv6Addr::UNSPECIFIED, 0).into();
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
    socket.set_only_v6(only_v6).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(1).unwrap();
    let number = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, number)
}

#[test]
fn a_dual_stack_listener_is_in_the_way_of_ipv4() {
    let (_socket, number) = listener6(false);
    check(at(own(1), number), &[], "Busy; me Listening [::]:P");
    check(at(LOCAL6, number), &[], "Busy; me Listening [::]:P");
}

#[test]
fn a_listener_that_keeps_to_ipv6_is_not() {
    let (_socket, number) = listener6(true);
    check(at(own(2), number), &[], "Free");
    check(at(LOCAL6, number), &[], "Busy; me Listening [::]:P");
}

#[test]
fn the_other_loopback_address_is_free() {
    let (_listener, number) = listener(LOCAL6);
    check(at(own(3), number), &[], "Free");
}

#[test]
fn all_addresses_are_told_apart() {
    let (_listener, number) = listener(LOCAL);
    let found = look_up(&[port(number)], Addresses::All).remove(&port(number)).unwrap();
    let probes: Vec<String> = found
        .probes
        .iter()
        .map(|probe| format!("{} {:?}", probe.address, probe.answer))
        .collect();
    assert_eq!(probes.join(", "), "0.0.0.0 Busy, 127.0.0.1 Busy, :: Busy, ::1 Free");
}

#[test]
fn bound_without_listening_is_named() {
    let (_socket, number) = bound(LOCAL, false);
    check(port(number), &[], "Busy; me Bound 127.0.0.1:P");
}

#[test]
fn bound_with_reuse_leaves_the_port_to_those_who_reuse() {
    let (_socket, number) = bound(LOCAL, true);
    check(port(number), &[], "FreeIfReused; me Bound 127.0.0.1:P");
}

/// The port of a server that served one client, closed the connection first, and is gone.
fn time_wait(address: IpAddr, reuse: bool) -> Endpoint {
    let (server, number) = bound(address, reuse);
    server.listen(1).unwrap();
    let client = TcpStream::connect((address, number)).unwrap();
    drop(server.accept().unwrap());
    drop(client);
    at(address, number)
}

#[test]
fn time_wait_without_reuse_is_nobodys() {
    check(time_wait(own(4), false), &[], "Busy; nobody TimeWait 127.77.0.4:P");
}

#[test]
fn time_wait_with_reuse_is_in_nobodys_way() {
    check(
        time_wait(own(5), true),
        &[],
        "FreeIfReused; nobody TimeWait 127.77.0.5:P",
    );
}

#[test]
fn an_outgoing_connection_is_named_as_one() {
    let (_server, number) = listener(LOCAL6);
    let client = TcpStream::connect((LOCAL6, number)).unwrap();
    let number = client.local_addr().unwrap().port();
    check(at(LOCAL6, number), &[], "Busy; me Connection [::1]:P");
}

#[test]
fn an_accepted_connection_outlives_its_listener() {
    let (server, number) = bound(own(6), false);
    server.listen(1).unwrap();
    let _client = TcpStream::connect((own(6), number)).unwrap();
    let _accepted = server.accept().unwrap();
    drop(server);
    check(at(own(6), number), &[], "Busy; me Connection 127.77.0.6:P");
}

#[test]
fn udp_and_tcp_are_two_worlds() {
    let socket = UdpSocket::bind((own(7), 0)).unwrap();
    let tcp = at(own(7), socket.local_addr().unwrap().port());
    check(tcp, &[], "Free");
    let udp = Endpoint {
        protocol: Protocol::Udp,
        ..tcp
    };
    check(udp, &[], "Busy; me Listening 127.77.0.7:P");
}

#[test]
fn two_that_share_a_port_are_both_named() {
    let (first, number) = {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket.bind(&SocketAddr::new(LOCAL, 0).into()).unwrap();
        socket.listen(1).unwrap();
        let number = socket.local_addr().unwrap().as_socket().unwrap().port();
        (socket, number)
    };
    let second = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    second.set_reuse_port(true).unwrap();
    second.bind(&SocketAddr::new(LOCAL, number).into()).unwrap();
    second.listen(1).unwrap();
    let (first, second) = (Holder::new(first), Holder::new(second));
    let mut names = [("a", first.pid()), ("b", second.pid())];
    names.sort_by_key(|name| name.1);
    let expected = format!(
        "Busy; {} Listening 127.0.0.1:P; {} Listening 127.0.0.1:P",
        names[0].0, names[1].0
    );
    check(port(number), &names, &expected);
}

#[test]
fn a_child_that_inherited_the_socket_holds_it_after_its_parent_died() {
    let (listener, number) = listener(LOCAL);
    let mut parent = Command::new("sh")
        .args(["-c", "exec 3<&0; sleep 60 <&3 3<&- & echo $!"])
        .stdin(OwnedFd::from(listener))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let orphan: u32 = line.trim().parse().unwrap();
    let _ended = Grandchild(orphan);
    parent.wait().unwrap();
    eventually("the shell's child is `sleep`", || {
        process(orphan).unwrap().is_some_and(|process| process.name == "sleep")
    });
    check(
        port(number),
        &[("orphan", orphan)],
        "Busy; orphan Listening 127.0.0.1:P",
    );
    let owner = owner(port(number), orphan);
    assert_ne!(owner.process.parents[0].pid, parent.id());
    assert_eq!(*owner.process.command.raw(), ["sleep", "60"]);
}

#[test]
fn all_who_share_a_socket_are_owners() {
    let (listener, number) = listener(LOCAL);
    let holder = Holder::new(listener.try_clone().unwrap());
    let mut names = [("child", holder.pid()), ("me", std::process::id())];
    names.sort_by_key(|name| name.1);
    let expected = format!(
        "Busy; {} Listening 127.0.0.1:P; {} Listening 127.0.0.1:P",
        names[0].0, names[1].0
    );
    check(port(number), &names, &expected);
}

#[test]
fn a_suspended_process_is_seen_to_be() {
    let (listener, number) = listener(LOCAL);
    let holder = Holder::new(listener);
    holder.signal(Signal::STOP);
    eventually("it is suspended", || {
        process(holder.pid())
            .unwrap()
            .is_some_and(|process| process.state == ProcessState::Suspended)
    });
    assert_eq!(owner(port(number), holder.pid()).process.state, ProcessState::Suspended);
}

#[test]
fn a_zombie_holds_nothing() {
    let (listener, number) = listener(own(8));
    let holder = Holder::new(listener);
    check(
        at(own(8), number),
        &[("child", holder.pid())],
        "Busy; child Listening 127.77.0.8:P",
    );
    holder.signal(Signal::KILL);
    eventually("it is a zombie", || {
        process(holder.pid())
            .unwrap()
            .is_some_and(|process| process.state == ProcessState::Zombie)
    });
    check(at(own(8), number), &[], "Free");
}

#[test]
fn a_socket_on_its_way_between_processes_is_nobodys() {
    let (listener, number) = listener(LOCAL);
    let (from, _to) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let sent = [listener.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&sent)));
    rustix::net::sendmsg(&from, &[IoSlice::new(b"x")], &mut control, SendFlags::empty()).unwrap();
    drop(listener);
    let uid = rustix::process::getuid().as_raw();
    check(
        port(number),
        &[],
        &format!("Busy; nobody Listening uid {uid} 127.0.0.1:P"),
    );
}

#[test]
fn clients_are_counted_without_the_owners_own_tree() {
    let (server, number) = listener(LOCAL);
    let connect = || {
        let client = TcpStream::connect((LOCAL, number)).unwrap();
        (client, server.accept().unwrap())
    };
    let (own, _accepted_own) = connect();
    let (client, _accepted) = connect();
    let server_process = Holder::new(server.try_clone().unwrap());
    let client_process = Holder::new(client);
    let clients = |pid: u32| -> Vec<(u32, String)> {
        let clients = owner(port(number), pid).clients;
        clients
            .into_iter()
            .map(|client| (client.pid, client.name.raw().clone()))
            .collect()
    };
    // We are an owner ourselves and the client is our child, so only the other owner has a client.
    eventually("nobody is our own client", || clients(std::process::id()).is_empty());
    let expected = [(client_process.pid(), "sleep".to_owned())];
    eventually("the client is named", || clients(server_process.pid()) == expected);
    drop(own);
}

#[test]
fn details_are_what_people_look_up_by_hand() {
    let (listener, number) = listener(LOCAL);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().canonicalize().unwrap();
    std::fs::create_dir(directory.join(".git")).unwrap();
    std::fs::write(directory.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let tag = crate::process::Tag {
        project: "shop".into(),
        service: "api".into(),
        checkout: directory.clone().into(),
        run: "7f3a".into(),
    };
    let script = "sleep 60 & wait # --token=abc";
    let child = Command::new("sh")
        .args(["-c", script])
        .stdin(OwnedFd::from(listener))
        .current_dir(&directory)
        .envs(tag.variables())
        .spawn()
        .unwrap();
    let holder = Holder(child);
    eventually("its child runs", || descendants(holder.pid()).unwrap().len() == 1);
    let before = jiff::Timestamp::now();
    let owner = owner(port(number), holder.pid());
    let _ended = Grandchild(descendants(holder.pid()).unwrap()[0]);

    assert_eq!(owner.process.identity, identity(holder.pid()).unwrap().unwrap());
    assert_eq!(owner.process.name, "sh");
    assert_eq!(
        *owner.process.command.raw(),
        ["sh", "-c", "sleep 60 & wait # --token=***"]
    );
    let uid = rustix::process::getuid().as_raw();
    assert_eq!((owner.process.uid, owner.process.user), (Some(uid), user_name(uid)));
    assert_eq!(owner.process.cwd, Some(directory.clone().into()));
    let age = before.duration_since(owner.process.started_at.unwrap());
    assert!(age.as_secs().abs() < 60, "{age:?}");
    assert_eq!(
        (owner.process.state, owner.holds_by),
        (ProcessState::Running, SocketState::Listening)
    );
    assert_eq!(owner.process.parents[0].pid, std::process::id());
    assert!(owner.process.parents[1..].iter().all(|parent| parent.pid != 0));
    assert_eq!(owner.process.children, 1);
    assert_eq!(owner.process.tag, Some(tag.clone()));
    assert_eq!(owner.process.unit, None);
    let repository = owner.process.repository.unwrap();
    assert_eq!(
        (repository.root, repository.branch),
        (directory.into(), Some("main".into()))
    );
    assert!(
        attribution::members()
            .unwrap()
            .iter()
            .any(|member| member.process.identity.pid == holder.pid() && member.tag == tag)
    );
}

#[test]
fn one_look_answers_for_many_ports() {
    let listeners: Vec<(TcpListener, u16)> = (0..5).map(|_| listener(LOCAL)).collect();
    let ports: Vec<Endpoint> = listeners.iter().map(|listener| port(listener.1)).collect();
    let facts = look_up(&ports, Addresses::Service);
    assert_eq!(facts.len(), 5);
    for fact in facts.values() {
        assert_eq!(fact.probes[0].answer, BindResult::Busy);
        assert!(
            fact.owners
                .iter()
                .any(|owner| owner.process.identity.pid == std::process::id())
        );
    }
}

#[test]
fn readiness_asks_for_listeners_and_for_its_own_processes_only() {
    let (listener, number) = listener(LOCAL);
    let (_bound, bound) = bound(LOCAL, false);
    let holder = Holder::new(listener);
    let sockets = listening(&[port(number), port(bound)]).unwrap();
    assert_eq!(sockets.len(), 1);
    let inode = sockets[0].inode;
    assert_eq!(
        holds(&[holder.pid()], &[inode]).unwrap(),
        [(inode, vec![holder.pid()])].into()
    );
    assert_eq!(holds(&[std::process::id()], &[inode]).unwrap(), [].into());
    assert_eq!(listening(&[at(LOCAL6, number)]).unwrap(), []);
}

#[test]
fn the_process_table_holds_us_and_our_parent() {
    let table = processes().unwrap();
    let me = table
        .iter()
        .find(|process| process.identity.pid == std::process::id())
        .unwrap();
    assert_eq!(me.identity.boot, processes::boot_id().unwrap());
    assert!(table.iter().any(|process| process.identity.pid == me.parent));
    assert_eq!(identity(std::process::id()).unwrap(), Some(me.identity.clone()));
}

#[test]
fn the_kernels_counter_of_the_machine_is_read_where_there_is_one() {
    let text = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let is_there = text.lines().any(|line| line.starts_with("oom_kill "));
    assert_eq!(oom_kills().machine.is_some(), is_there);
}

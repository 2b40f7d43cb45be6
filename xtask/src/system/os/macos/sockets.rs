//! Sockets, and the processes that hold them.

use std::collections::BTreeSet;
use std::io;
use std::ops::RangeInclusive;

use super::kernel::{is_refused, process_info, socket_info, sysctl, unreadable};
use super::processes::rows;
use crate::diagnostic::Diagnostic;
use crate::plan::Protocol;
use crate::system::os::parse::macos::{fdinfo, pcblist};
use crate::system::os::parse::sockets::{Socket, SocketState};
use crate::system::os::{Holders, Port, States, user_id};

const _: () = assert!(size_of::<libc::proc_fdinfo>() == fdinfo::DESCRIPTOR);
const _: () = assert!(size_of::<libc::proc_vnodepathinfo>() == fdinfo::DIRECTORIES);

/// Every socket in one of `states` whose local or remote port is in `ports`.
///
/// Since macOS 27 the kernel's table tells only root of other users' sockets.
///
/// # Errors
/// A sandbox forbids it.
///
/// Source: doronz88/pymobiledevice3#1952, dotnet/runtime#133960.
pub(crate) fn sockets(ports: &[Port], states: States) -> Result<Vec<Socket>, Diagnostic> {
    let mut protocols = vec![Protocol::Tcp, Protocol::Udp];
    protocols.retain(|protocol| ports.iter().any(|port| port.1 == *protocol));
    let mut found = table(&protocols, states)?;
    found.retain(|socket| {
        let is_asked = |number: u16| ports.contains(&(number, socket.protocol));
        is_asked(socket.address.port()) || socket.remote.is_some_and(|remote| is_asked(remote.port()))
    });
    Ok(found)
}

/// Every listening TCP socket.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn listeners() -> Result<Vec<Socket>, Diagnostic> {
    table(&[Protocol::Tcp], States::Listening)
}

/// Every socket with a port, in any state.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn every_socket() -> Result<Vec<Socket>, Diagnostic> {
    table(&[Protocol::Tcp, Protocol::Udp], States::All)
}

/// The kernel's table, completed by the sockets of the processes that we may look into.
fn table(protocols: &[Protocol], states: States) -> Result<Vec<Socket>, Diagnostic> {
    let mut found = Vec::new();
    if protocols.is_empty() {
        return Ok(found);
    }
    for &protocol in protocols {
        let name = match protocol {
            Protocol::Tcp => c"net.inet.tcp.pcblist_n",
            Protocol::Udp => c"net.inet.udp.pcblist_n",
        };
        // What a sandbox hides here is still found below, except for other users' sockets.
        let bytes = sysctl(name, None).unwrap_or_default();
        found.extend(pcblist::sockets(&bytes, protocol));
    }
    each_held(|_, socket| {
        if protocols.contains(&socket.protocol) {
            found.push(socket);
        }
    })?;
    let mut seen = BTreeSet::new();
    found.retain(|socket| {
        let is_asked = states == States::All || socket.state == SocketState::Listening;
        is_asked && seen.insert(socket.inode)
    });
    Ok(found)
}

/// Every process that holds one of `inodes`, by inode, pids ascending. Skips processes that we may not inspect.
///
/// # Errors
/// A sandbox forbids it.
pub(crate) fn holders(inodes: &[u64]) -> Result<Holders, Diagnostic> {
    let mut found = Holders::new();
    if !inodes.is_empty() {
        each_held(|pid, socket| note(&mut found, inodes, pid, &socket))?;
    }
    found.values_mut().for_each(|pids| pids.sort_unstable());
    Ok(found)
}

/// Like [`holders`], but only for `pids`: a cheap check whether our own processes hold a socket.
///
/// # Errors
/// None: a process that has exited or is another user's holds nothing that we see.
pub(crate) fn holds(pids: &[u32], inodes: &[u64]) -> Result<Holders, Diagnostic> {
    let mut found = Holders::new();
    for &pid in pids {
        // The user does not matter here.
        let _ = each_socket(pid, 0, |socket| note(&mut found, inodes, pid, &socket));
    }
    Ok(found)
}

fn note(found: &mut Holders, inodes: &[u64], pid: u32, socket: &Socket) {
    if inodes.contains(&socket.inode) {
        let pids = found.entry(socket.inode).or_default();
        if pids.last() != Some(&pid) {
            pids.push(pid);
        }
    }
}

/// Whether some process of this user cannot be inspected, so that it may be an invisible owner. Pid 1 is not considered:
/// it holds sockets for services that it starts on demand, and shows them to root.
pub(crate) fn may_hide_owner(uid: u32) -> bool {
    let is_closed = |pid| descriptors(pid).is_err_and(|error| is_refused(&error));
    let rows = rows().unwrap_or_default().into_iter();
    let mut its = rows.filter(|row| row.uid == uid && row.process.identity.pid > 1);
    its.any(|row| is_closed(row.process.identity.pid))
}

/// Calls `each` with every socket of every process that we may look into.
///
/// # Errors
/// No process of our user but ourselves may be looked into, which only a sandbox does.
fn each_held(mut each: impl FnMut(u32, Socket)) -> Result<(), Diagnostic> {
    let (mut refusal, mut has_seen) = (None, false);
    for row in rows()? {
        let pid = row.process.identity.pid;
        match each_socket(pid, row.uid, |socket| each(pid, socket)) {
            Ok(()) => has_seen |= pid != std::process::id(),
            Err(error) if is_refused(&error) && row.uid == user_id() => refusal = Some(error),
            // It has exited, or it is another user's.
            Err(_) => {}
        }
    }
    match refusal {
        Some(error) if !has_seen => Err(unreadable("the open files of other processes", &error)),
        Some(_) | None => Ok(()),
    }
}

fn each_socket(pid: u32, uid: u32, each: impl FnMut(Socket)) -> io::Result<()> {
    let mut info = [0; fdinfo::SOCKET];
    let list = descriptors(pid)?;
    let sockets = fdinfo::sockets(&list).filter_map(|descriptor| {
        // It may have been closed meanwhile.
        let length = socket_info(pid, descriptor, &mut info).ok()?;
        fdinfo::socket(&info[..length], uid)
    });
    sockets.for_each(each);
    Ok(())
}

/// The open descriptors of a process, as [`fdinfo`] reads them.
///
/// # Errors
/// As for [`process_info`].
pub(super) fn descriptors(pid: u32) -> io::Result<Vec<u8>> {
    let mut list = vec![0; 1024 * fdinfo::DESCRIPTOR];
    loop {
        let length = process_info(pid, libc::PROC_PIDLISTFDS, &mut list)?;
        if length < list.len() {
            list.truncate(length);
            return Ok(list);
        }
        // There may be more.
        list.resize(2 * length, 0);
    }
}

/// The ephemeral range; the default if it cannot be read.
///
/// Source: bsd/netinet/in_pcb.c, `net.inet.ip.portrange.first` and `.last`, which apply to IPv6 too; RFC 6335, 6.
pub(crate) fn ephemeral_ports() -> RangeInclusive<u16> {
    let number = |name| {
        let value = sysctl(name, None).ok()?;
        u16::try_from(u32::from_ne_bytes(*value.first_chunk()?)).ok()
    };
    let first = number(c"net.inet.ip.portrange.first").unwrap_or(49_152);
    let last = number(c"net.inet.ip.portrange.last").unwrap_or(65_535);
    // The kernel may count down.
    first.min(last)..=first.max(last)
}

/// There is no list of ports of that range that the kernel does not assign.
pub(crate) fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    Vec::new()
}

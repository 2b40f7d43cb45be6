//! The kernel's socket tables with their owners, and the ranges of ports that Windows keeps or gives away.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::io;
use std::ops::RangeInclusive;
use std::os::windows::io::AsRawSocket;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::*;
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6, SO_EXCLUSIVEADDRUSE, SOL_SOCKET, setsockopt};

use super::user_id;
use crate::diagnostic::Diagnostic;
use crate::plan::Protocol;
use crate::system::answer::ask;
use crate::system::os::parse::netsh::{ExcludedRange, dynamic_ports, excluded_ranges};
use crate::system::os::parse::windows::{Table, sockets as rows};
use crate::system::os::{Holders, Port, Socket, States};

/// Every socket in one of `states` whose local or remote port is in `ports`.
///
/// # Errors
/// The system refuses a table.
pub(crate) fn sockets(ports: &[Port], states: States) -> Result<Vec<Socket>, Diagnostic> {
    let is_wanted = |socket: &Socket| {
        let numbers = [Some(socket.address), socket.remote]
            .into_iter()
            .flatten()
            .map(|end| end.port());
        numbers
            .into_iter()
            .any(|number| ports.contains(&(number, socket.protocol)))
    };
    let mut found = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        if ports.iter().any(|port| port.1 == protocol) {
            found.extend(owned(protocol, states)?);
        }
    }
    Ok(found.into_iter().map(|(socket, _)| socket).filter(is_wanted).collect())
}

/// Every listening TCP socket.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn listeners() -> Result<Vec<Socket>, Diagnostic> {
    Ok(owned(Protocol::Tcp, States::Listening)?
        .into_iter()
        .map(|(socket, _)| socket)
        .collect())
}

/// Every socket with a port, in any state.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn every_socket() -> Result<Vec<Socket>, Diagnostic> {
    Ok(every_owned()?.into_iter().map(|(socket, _)| socket).collect())
}

/// The owner of each of these sockets. A socket belongs to the process that opened it, even if it has exited and a child
/// has inherited the socket: such a number names no process any more, or a later one.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn holders(ids: &[u64]) -> Result<Holders, Diagnostic> {
    let mut found = Holders::new();
    for (socket, pid) in every_owned()? {
        if pid != 0 && ids.contains(&socket.inode) {
            found.entry(socket.inode).or_default().push(pid);
        }
    }
    for pids in found.values_mut() {
        pids.sort_unstable();
        pids.dedup();
    }
    Ok(found)
}

/// Like [`holders`], but only for `pids`.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn holds(pids: &[u32], ids: &[u64]) -> Result<Holders, Diagnostic> {
    let mut found = holders(ids)?;
    found
        .values_mut()
        .for_each(|holders| holders.retain(|pid| pids.contains(pid)));
    found.retain(|_, holders| !holders.is_empty());
    Ok(found)
}

/// The table names the owner of every user's sockets.
pub(crate) fn may_hide_owner(_: u32) -> bool {
    false
}

/// Makes a socket exclude every other one from its address, before it is bound. With `SO_REUSEADDR` it would take over
/// the port of another one, so it is never set.
///
/// Source: learn.microsoft.com, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
pub(crate) fn set_reuse(socket: &socket2::Socket, _: bool) -> io::Result<()> {
    let (yes, size) = (1_u32.to_ne_bytes(), size_of::<u32>() as i32);
    let number = socket.as_raw_socket() as usize;
    // SAFETY: the socket is open, and the value has this size.
    match unsafe { setsockopt(number, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, yes.as_ptr(), size) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The ephemeral range of IPv4, by which IPv6 usually goes too; Windows' default if `netsh` does not tell.
///
/// Source: learn.microsoft.com, "The default dynamic port range for TCP/IP has changed".
pub(crate) fn ephemeral_ports() -> RangeInclusive<u16> {
    static RANGE: OnceLock<RangeInclusive<u16>> = OnceLock::new();
    let ask = || dynamic_ports(&netsh(&["show", "dynamicport", "tcp"])?);
    RANGE.get_or_init(|| ask().unwrap_or(49_152..=65_535)).clone()
}

/// Ranges of ports that the system does not assign to connections.
pub(crate) fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    excluded().iter().map(|range| range.ports.clone()).collect()
}

/// The range, with this port, that may not be bound.
pub(crate) fn excluded_range(port: u16, protocol: Protocol) -> Option<RangeInclusive<u16>> {
    let ranges = match protocol {
        Protocol::Tcp => excluded().to_vec(),
        Protocol::Udp => excluded_of("protocol=udp"),
    };
    let with_it = ranges.into_iter().filter(|range| range.ports.contains(&port));
    // One of an administrator is not given away by chance, but may be bound.
    with_it
        .min_by_key(|range| range.is_administered)
        .map(|range| range.ports)
}

fn excluded() -> &'static [ExcludedRange] {
    static RANGES: OnceLock<Vec<ExcludedRange>> = OnceLock::new();
    RANGES.get_or_init(|| excluded_of("protocol=tcp"))
}

fn excluded_of(protocol: &str) -> Vec<ExcludedRange> {
    let text = netsh(&["show", "excludedportrange", protocol]);
    text.map_or_else(Vec::new, |text| excluded_ranges(&text))
}

/// The answer of `netsh interface ipv4 WORDS`. No API lists these ranges.
fn netsh(words: &[&str]) -> Option<String> {
    const TIMEOUT: Duration = Duration::from_secs(2);
    let mut command = Command::new("netsh.exe");
    command.args(["interface", "ipv4"]).args(words);
    let answer = ask(&mut command, TIMEOUT, &|| true).ok()?;
    answer.is_success().then_some(answer.stdout)
}

fn every_owned() -> Result<Vec<(Socket, u32)>, Diagnostic> {
    let mut all = owned(Protocol::Tcp, States::All)?;
    all.extend(owned(Protocol::Udp, States::All)?);
    Ok(all)
}

fn owned(protocol: Protocol, states: States) -> Result<Vec<(Socket, u32)>, Diagnostic> {
    let mut all = Vec::new();
    for is_v6 in [false, true] {
        let table = Table { protocol, is_v6 };
        all.extend(rows(&bytes(table, states)?, table, user_id()));
    }
    Ok(all)
}

/// Source: learn.microsoft.com, `GetExtendedTcpTable`: with too small a buffer it tells the size, which may have grown by
/// the next call.
fn bytes(table: Table, states: States) -> Result<Vec<u8>, Diagnostic> {
    let family = u32::from(if table.is_v6 { AF_INET6 } else { AF_INET });
    let class = match states {
        States::Listening => TCP_TABLE_OWNER_PID_LISTENER,
        States::All => TCP_TABLE_OWNER_PID_ALL,
    };
    let mut size = 16 * 1024;
    loop {
        let mut bytes = vec![0_u8; size as usize];
        let buffer = bytes.as_mut_ptr().cast();
        // SAFETY: the buffer has `size` bytes, and the functions write no more.
        let code = unsafe {
            match table.protocol {
                Protocol::Tcp => GetExtendedTcpTable(buffer, &raw mut size, 0, family, class, 0),
                Protocol::Udp => GetExtendedUdpTable(buffer, &raw mut size, 0, family, UDP_TABLE_OWNER_PID, 0),
            }
        };
        match code {
            NO_ERROR => return Ok(bytes),
            ERROR_INSUFFICIENT_BUFFER => size += 4096,
            code => {
                let error = io::Error::from_raw_os_error(code.cast_signed());
                return Err(Diagnostic::new(format!(
                    "cannot read the kernel's socket table: {error}"
                )));
            }
        }
    }
}

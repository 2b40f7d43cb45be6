//! Rows of the kernel's socket table, from `sock_diag` or, if that is forbidden, from `/proc/net`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::hash::fnv;
use crate::plan::Protocol;
pub(crate) use crate::ports::SocketState;

/// A socket that has a local port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Socket {
    pub(crate) protocol: Protocol,
    /// IPv4-mapped IPv6 addresses (`::ffff:a.b.c.d`) are converted to IPv4.
    pub(crate) address: SocketAddr,
    /// The remote end of a connection.
    pub(crate) remote: Option<SocketAddr>,
    /// UDP has no `listen`: a socket without a remote end counts as listening.
    pub(crate) state: SocketState,
    /// The inode as in `/proc/PID/fd`; 0 if no process can hold the socket.
    pub(crate) inode: u64,
    pub(crate) uid: u32,
    /// Whether an IPv6 socket excludes IPv4; `None` if unknown.
    pub(crate) only_v6: Option<bool>,
}

impl Socket {
    /// Stands for the inode on systems whose kernel gives a socket no number that all its tables share: a hash of
    /// protocol and addresses. Sockets that share an address (`SO_REUSEPORT`) have the same, and so the same holders.
    pub(crate) fn id_of(protocol: Protocol, address: SocketAddr, remote: Option<SocketAddr>) -> u64 {
        fnv(format!("{protocol:?} {address} {remote:?}").into_bytes())
    }
}

/// Calls `each` for the rows of one `sock_diag` datagram that have a `wanted` port; returns whether the dump is
/// complete.
///
/// # Errors
/// The kernel's error number, if it refuses the dump.
///
/// Source: man 7 sock_diag; `struct inet_diag_msg` in linux/inet_diag.h; `struct nlmsghdr` in linux/netlink.h.
pub(crate) fn socket_diag(
    mut datagram: &[u8],
    protocol: Protocol,
    wanted: impl Fn(u16) -> bool,
    mut each: impl FnMut(Socket),
) -> Result<bool, i32> {
    const HEADER: usize = 16;
    const ERROR: u16 = 2;
    const DONE: u16 = 3;
    while let Some(header) = datagram.get(..HEADER) {
        let length = native_u32(header, 0) as usize;
        let Some(body) = datagram.get(HEADER..length) else {
            break;
        };
        match native_u16(header, 4) {
            DONE => return Ok(true),
            ERROR => {
                let code = body.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                return Err(-code);
            }
            _ => {
                if let Some(socket) = diag_row(body, protocol, &wanted) {
                    each(socket);
                }
            }
        }
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// The rows of `/proc/net/{tcp,tcp6,udp,udp6}` with a `wanted` local or remote port; malformed lines are skipped.
///
/// Bound sockets that do not listen are not in these files. Rows that the kernel repeats because the table changed are
/// returned once.
///
/// Source: kernel docs, networking/proc_net_tcp.rst. Each 32-bit word of an address is in the machine's order.
pub(crate) fn proc_net(text: &str, protocol: Protocol, wanted: impl Fn(u16) -> bool) -> Vec<Socket> {
    let mut seen = BTreeSet::new();
    text.lines()
        .skip(1)
        .filter_map(|line| proc_net_row(line, protocol, &wanted))
        .filter(|row| row.inode == 0 || seen.insert(row.inode))
        .collect()
}

/// Parses `32768 60999`.
pub(crate) fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    Some(numbers.next()?.ok()?..=numbers.next()?.ok()?)
}

/// Parses `8080,9148-9150`.
pub(crate) fn port_ranges(text: &str) -> Vec<RangeInclusive<u16>> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.split(',').filter_map(range).collect()
}

const TCP_ESTABLISHED: u8 = 1;
const TCP_TIME_WAIT: u8 = 6;
const TCP_CLOSE: u8 = 7;
const TCP_LISTEN: u8 = 10;
/// The timer value of a socket in TIME_WAIT in both sources, whatever its state says.
const TIMER_TIME_WAIT: u8 = 3;

fn diag_row(body: &[u8], protocol: Protocol, wanted: impl Fn(u16) -> bool) -> Option<Socket> {
    const LENGTH: usize = 72;
    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    let row = body.get(..LENGTH)?;
    let port = u16::from_be_bytes([row[4], row[5]]);
    let remote_port = u16::from_be_bytes([row[6], row[7]]);
    if !wanted(port) && !wanted(remote_port) {
        return None;
    }
    let ip = |at: usize| -> Option<IpAddr> {
        match row[0] {
            AF_INET => row[at..]
                .first_chunk::<4>()
                .map(|octets| Ipv4Addr::from(*octets).into()),
            AF_INET6 => row[at..]
                .first_chunk::<16>()
                .map(|octets| Ipv6Addr::from(*octets).to_canonical()),
            _ => None,
        }
    };
    let left = Duration::from_millis(native_u32(row, 52).into());
    Some(Socket {
        protocol,
        address: SocketAddr::new(ip(8)?, port),
        remote: (remote_port != 0).then_some(SocketAddr::new(ip(24)?, remote_port)),
        state: state(protocol, row[1], row[2], left),
        inode: native_u32(row, 68).into(),
        uid: native_u32(row, 64),
        only_v6: only_v6(&body[LENGTH..]),
    })
}

/// The attribute `INET_DIAG_SKV6ONLY`, which IPv6 sockets have while listening or closed.
fn only_v6(mut attributes: &[u8]) -> Option<bool> {
    const SKV6ONLY: u16 = 11;
    while let Some(header) = attributes.get(..4) {
        let length = native_u16(header, 0) as usize;
        if native_u16(header, 2) == SKV6ONLY {
            return attributes.get(4).map(|&flag| flag != 0);
        }
        if length < 4 {
            break;
        }
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

fn proc_net_row(line: &str, protocol: Protocol, wanted: impl Fn(u16) -> bool) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let address = proc_net_address(fields.nth(1)?)?;
    let remote = proc_net_address(fields.next()?)?;
    if !wanted(address.port()) && !wanted(remote.port()) {
        return None;
    }
    let number = u8::from_str_radix(fields.next()?, 16).ok()?;
    let (timer, ticks) = fields.nth(1)?.split_once(':')?;
    // Hundredths of a second on every machine: USER_HZ is 100.
    let left = Duration::from_millis(u64::from_str_radix(ticks, 16).ok()? * 10);
    let timer = u8::from_str_radix(timer, 16).ok()?;
    Some(Socket {
        protocol,
        address,
        remote: (remote.port() != 0).then_some(remote),
        state: state(protocol, number, timer, left),
        uid: fields.nth(1)?.parse().ok()?,
        inode: fields.nth(1)?.parse().ok()?,
        only_v6: None,
    })
}

/// Parses an address: `0100007F:1F40` is 127.0.0.1:8000.
fn proc_net_address(field: &str) -> Option<SocketAddr> {
    let (address, port) = field.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| -> Option<[u8; 4]> {
        let digits = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let mut octets = [0; 16];
            for (at, part) in octets.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(at)?);
            }
            Ipv6Addr::from(octets).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn state(protocol: Protocol, number: u8, timer: u8, left: Duration) -> SocketState {
    match (protocol, number) {
        (Protocol::Udp, TCP_ESTABLISHED) => SocketState::Connection,
        (Protocol::Udp, _) => SocketState::Listening,
        (Protocol::Tcp, TCP_LISTEN) => SocketState::Listening,
        (Protocol::Tcp, TCP_CLOSE) => SocketState::Bound,
        (Protocol::Tcp, _) if number == TCP_TIME_WAIT || timer == TIMER_TIME_WAIT => SocketState::TimeWait { left },
        (Protocol::Tcp, _) => SocketState::Connection,
    }
}

fn native_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn native_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

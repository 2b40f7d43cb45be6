//! The kernel's socket table: by netlink `sock_diag`, or from `/proc/net` if a sandbox forbids netlink.

use std::ops::RangeInclusive;
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

use crate::diagnostic::Diagnostic;
use crate::plan::Protocol;
use crate::system::os::parse::sockets::{Socket, SocketState, port_range, port_ranges, proc_net, socket_diag};
use crate::system::os::{Port, States};
use crate::system::threads;

/// Every socket in one of `states` whose local or remote port is in `ports`, from one pass over the kernel's table.
///
/// Bound sockets that do not listen are visible since Linux 6.8.
///
/// # Errors
/// Neither `sock_diag` nor `/proc/net` can be read.
///
/// Source: man 7 sock_diag; `TCPF_BOUND_INACTIVE` in net/ipv4/inet_diag.c.
pub(crate) fn sockets(ports: &[Port], states: States) -> Result<Vec<Socket>, Diagnostic> {
    let mut rows = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let mut numbers: Vec<u16> = ports
            .iter()
            .filter(|port| port.1 == protocol)
            .map(|port| port.0)
            .collect();
        if numbers.is_empty() {
            continue;
        }
        numbers.sort_unstable();
        numbers.dedup();
        rows.extend(rows_of(protocol, states, Some(&numbers))?);
    }
    Ok(rows)
}

/// Every listening TCP socket.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn listeners() -> Result<Vec<Socket>, Diagnostic> {
    rows_of(Protocol::Tcp, States::Listening, None)
}

/// Every socket with a port, in any state.
///
/// # Errors
/// As for [`sockets`].
pub(crate) fn every_socket() -> Result<Vec<Socket>, Diagnostic> {
    let mut rows = rows_of(Protocol::Tcp, States::All, None)?;
    rows.extend(rows_of(Protocol::Udp, States::All, None)?);
    Ok(rows)
}

/// The ephemeral range; empty if it cannot be read.
///
/// Source: kernel docs networking/ip-sysctl.rst, `ip_local_port_range`, which applies to IPv6 too.
pub(crate) fn ephemeral_ports() -> RangeInclusive<u16> {
    const NONE: RangeInclusive<u16> = RangeInclusive::new(1, 0);
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    text.ok().and_then(|text| port_range(&text)).unwrap_or(NONE)
}

/// Ports of the ephemeral range that the kernel does not assign.
///
/// Source: kernel docs networking/ip-sysctl.rst, `ip_local_reserved_ports`: `8080,9148-9150`.
pub(crate) fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default();
    port_ranges(&text)
}

/// `numbers` are ascending; `None` means all.
fn rows_of(protocol: Protocol, states: States, numbers: Option<&[u16]>) -> Result<Vec<Socket>, Diagnostic> {
    dumped(protocol, states, numbers).or_else(|_| read(protocol, states, numbers))
}

/// Listening and UDP sockets are found at once. For TCP connections, the kernel walks tables whose size depends on its
/// memory, once per family, so the families are queried in parallel.
fn dumped(protocol: Protocol, states: States, numbers: Option<&[u16]>) -> Result<Vec<Socket>, Errno> {
    let at_once = match (states, protocol) {
        (States::All, Protocol::Tcp) => 2,
        (States::Listening, _) | (States::All, Protocol::Udp) => 1,
    };
    let families = [AddressFamily::INET, AddressFamily::INET6];
    let rows = threads::share(&families, at_once, |family| {
        dumped_of(*family, protocol, states, numbers)
    });
    Ok(rows.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

fn dumped_of(
    family: AddressFamily,
    protocol: Protocol,
    states: States,
    numbers: Option<&[u16]>,
) -> Result<Vec<Socket>, Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    // The kernel answers within microseconds; an emulated one may never answer.
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(1)))?;
    let mut rows = Vec::new();
    // The kernel fills up to 32 KiB at a time.
    let mut buffer = vec![0; 32 * 1024];
    let request = request(family, protocol, states, numbers);
    send(&socket, &request, SendFlags::empty())?;
    loop {
        let (length, _) = retry_on_intr(|| recv(&socket, buffer.as_mut_slice(), RecvFlags::empty()))?;
        let complete = socket_diag(&buffer[..length], protocol, is_in(numbers), |row| rows.push(row))
            .map_err(Errno::from_raw_os_error)?;
        if complete {
            return Ok(rows);
        }
    }
}

fn is_in(numbers: Option<&[u16]>) -> impl Fn(u16) -> bool {
    move |number| numbers.is_none_or(|numbers| numbers.binary_search(&number).is_ok())
}

/// `struct nlmsghdr`, `struct inet_diag_req_v2` without ports and addresses, and a filter.
fn request(family: AddressFamily, protocol: Protocol, states: States, numbers: Option<&[u16]>) -> Vec<u8> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const REQUEST_AND_DUMP: u16 = 0x301;
    let mut request = vec![0; 72];
    request[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_AND_DUMP.to_ne_bytes());
    // Both address families fit: 2 and 10.
    request[16] = family.as_raw() as u8;
    request[17] = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    };
    request[20..24].copy_from_slice(&state_mask(protocol, states).to_ne_bytes());
    request.extend(numbers.map(filter).unwrap_or_default());
    let length = request.len() as u32;
    request[0..4].copy_from_slice(&length.to_ne_bytes());
    request
}

/// A filter program for the kernel that drops rows whose local and remote ports are both not in `numbers`: nearly all
/// rows on a busy machine. Empty if there are too many ports for it to pay off; the rows are filtered again anyway.
///
/// Each test is `at least the number`, `at most the number`, `go to the end`. The end accepts, four bytes past it
/// rejects.
///
/// Source: `struct inet_diag_bc_op` in linux/inet_diag.h, `inet_diag_bc_audit` in net/ipv4/inet_diag.c.
fn filter(numbers: &[u16]) -> Vec<u8> {
    const MAX_FILTERED_PORTS: usize = 64;
    const REQ_BYTECODE: u16 = 1;
    const JUMP: u8 = 1;
    const LOCAL: (u8, u8) = (2, 3);
    const REMOTE: (u8, u8) = (4, 5);
    const TEST: u16 = 20;
    if numbers.len() > MAX_FILTERED_PORTS {
        return Vec::new();
    }
    let tests = numbers.iter().flat_map(|&number| [(LOCAL, number), (REMOTE, number)]);
    let mut left = 2 * numbers.len() as u16 * TEST;
    let mut program = [(left + 4).to_ne_bytes(), REQ_BYTECODE.to_ne_bytes()].concat();
    let mut op = |code: u8, yes: u8, no: u16| {
        program.extend([code, yes]);
        program.extend(no.to_ne_bytes());
    };
    for ((at_least, at_most), number) in tests {
        let refuse = if left == TEST { 4 } else { 0 };
        op(at_least, 8, TEST + refuse);
        op(0, 0, number);
        op(at_most, 8, TEST - 8 + refuse);
        op(0, 0, number);
        op(JUMP, 4, left - 16);
        left -= TEST;
    }
    program
}

/// One bit for each TCP state of the kernel; an unconnected UDP socket is in state 7, CLOSE.
fn state_mask(protocol: Protocol, states: States) -> u32 {
    match (states, protocol) {
        (States::Listening, Protocol::Tcp) => 1 << 10,
        (States::Listening, Protocol::Udp) => 1 << 7,
        // Bit 13 selects sockets that are only bound; kernels before 6.8 ignore it.
        (States::All, _) => u32::MAX,
    }
}

fn read(protocol: Protocol, states: States, numbers: Option<&[u16]>) -> Result<Vec<Socket>, Diagnostic> {
    let (v4, v6) = match protocol {
        Protocol::Tcp => ("/proc/net/tcp", "/proc/net/tcp6"),
        Protocol::Udp => ("/proc/net/udp", "/proc/net/udp6"),
    };
    let text = std::fs::read_to_string(v4).map_err(|error| unreadable(v4, &error))?;
    let mut rows = proc_net(&text, protocol, is_in(numbers));
    // The file is missing on a system without IPv6.
    if let Ok(text) = std::fs::read_to_string(v6) {
        rows.extend(proc_net(&text, protocol, is_in(numbers)));
    }
    match states {
        States::Listening => rows.retain(|row| row.state == SocketState::Listening),
        States::All => {}
    }
    Ok(rows)
}

fn unreadable(path: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(format!("cannot read the kernel's socket table `{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn both_sources_tell_the_same() {
        let listener = TcpListener::bind("[::1]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for states in [States::Listening, States::All] {
            // More than the kernel is asked to sift, once.
            let many: Vec<u16> = (port..=port.saturating_add(100)).collect();
            for numbers in [Some(&[port][..]), Some(&[1, port]), Some(&many), None] {
                let mut dump = dumped(Protocol::Tcp, states, numbers).unwrap();
                let mut text = read(Protocol::Tcp, states, numbers).unwrap();
                // Others may be waiting out connections to the same number.
                dump.retain(|row: &Socket| row.address == listener.local_addr().unwrap());
                text.retain(|row| row.address == listener.local_addr().unwrap());
                assert_eq!(text.len(), 1);
                // Only netlink tells.
                text[0].only_v6 = dump[0].only_v6;
                assert_eq!(dump, text);
            }
        }
    }
}

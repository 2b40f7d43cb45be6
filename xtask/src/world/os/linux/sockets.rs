//! The kernel's socket table, by netlink `sock_diag`, or by `/proc/net` where a sandbox refuses that.

use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

use crate::error::Problem;
use crate::plan::Protocol;
use crate::world::os::parse::sockets::{Socket, SocketState, proc_net, socket_diag};
use crate::world::os::{Port, States};

/// Every socket in one of `states` whose local or remote port is one of `ports`, from one look at the kernel's table.
///
/// Sockets that are bound without listening are seen from Linux 6.8 on.
///
/// # Errors
/// Neither `sock_diag` nor `/proc/net` can be read.
///
/// Source: man 7 sock_diag; `TCPF_BOUND_INACTIVE` in net/ipv4/inet_diag.c.
pub(crate) fn sockets(ports: &[Port], states: States) -> Result<Vec<Socket>, Problem> {
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
        let wanted = |number: u16| numbers.binary_search(&number).is_ok();
        let before = rows.len();
        if dumped(protocol, states, wanted, &mut rows).is_err() {
            rows.truncate(before);
            rows.extend(read(protocol, states, wanted)?);
        }
    }
    Ok(rows)
}

fn dumped(
    protocol: Protocol,
    states: States,
    wanted: impl Fn(u16) -> bool + Copy,
    rows: &mut Vec<Socket>,
) -> Result<(), Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    // A kernel answers within microseconds; an emulated one may never do.
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(1)))?;
    // The kernel fills up to 32 KiB at a time.
    let mut buffer = vec![0; 32 * 1024];
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        send(&socket, &request(family, protocol, states), SendFlags::empty())?;
        loop {
            let (length, _) = retry_on_intr(|| recv(&socket, buffer.as_mut_slice(), RecvFlags::empty()))?;
            let complete = socket_diag(&buffer[..length], protocol, wanted, |row| rows.push(row))
                .map_err(Errno::from_raw_os_error)?;
            if complete {
                break;
            }
        }
    }
    Ok(())
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2`; the ports and addresses of the latter stay open.
fn request(family: AddressFamily, protocol: Protocol, states: States) -> [u8; 72] {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const REQUEST_AND_DUMP: u16 = 0x301;
    let mut request = [0; 72];
    request[0..4].copy_from_slice(&72_u32.to_ne_bytes());
    request[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_AND_DUMP.to_ne_bytes());
    // Both families' numbers fit: 2 and 10.
    request[16] = family.as_raw() as u8;
    request[17] = match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    };
    request[20..24].copy_from_slice(&state_mask(protocol, states).to_ne_bytes());
    request
}

/// One bit for each of the kernel's TCP states; an unbound UDP socket is in state 7, CLOSE.
fn state_mask(protocol: Protocol, states: States) -> u32 {
    match (states, protocol) {
        (States::Listening, Protocol::Tcp) => 1 << 10,
        (States::Listening, Protocol::Udp) => 1 << 7,
        // Bit 13 asks for sockets that are bound only; kernels before 6.8 ignore it.
        (States::All, _) => u32::MAX,
    }
}

fn read(protocol: Protocol, states: States, wanted: impl Fn(u16) -> bool + Copy) -> Result<Vec<Socket>, Problem> {
    let (v4, v6) = match protocol {
        Protocol::Tcp => ("/proc/net/tcp", "/proc/net/tcp6"),
        Protocol::Udp => ("/proc/net/udp", "/proc/net/udp6"),
    };
    let text = std::fs::read_to_string(v4).map_err(|error| unreadable(v4, &error))?;
    let mut rows = proc_net(&text, protocol, wanted);
    // Missing where the system has no IPv6.
    if let Ok(text) = std::fs::read_to_string(v6) {
        rows.extend(proc_net(&text, protocol, wanted));
    }
    match states {
        States::Listening => rows.retain(|row| row.state == SocketState::Listening),
        States::All => {}
    }
    Ok(rows)
}

fn unreadable(path: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot read the kernel's socket table `{path}`: {error}"))
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
            let mut dump = Vec::new();
            dumped(Protocol::Tcp, states, |number| number == port, &mut dump).unwrap();
            let mut text = read(Protocol::Tcp, states, |number| number == port).unwrap();
            assert_eq!(text.len(), 1);
            // Only netlink tells.
            text[0].only_v6 = dump[0].only_v6;
            assert_eq!(dump, text);
        }
    }
}

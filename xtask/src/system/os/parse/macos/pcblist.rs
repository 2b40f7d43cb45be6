//! The socket table of all users: `net.inet.tcp.pcblist_n` and `net.inet.udp.pcblist_n`.

use super::raw_socket::RawSocket;
use super::u32_at;
use crate::plan::Protocol;
use crate::system::os::parse::sockets::Socket;

/// The sockets with a local port. A table that ends early gives the sockets up to there.
///
/// The table is a header, for each socket several records, each with its length and kind and padded to 8 bytes, and the
/// header again. A socket begins with its `xinpcb_n`.
///
/// Source: bsd/netinet/in_pcblist.c, `get_pcblist_n`; bsd/netinet/in_pcb.h, `struct xinpgen`, `struct xinpcb_n` (packed to
/// 4 bytes); bsd/sys/socketvar.h, `struct xsocket_n`; bsd/netinet/tcp_var.h, `struct xtcpcb_n`. netstat (network_cmds,
/// inet.c, `protopr`) reads it the same way.
pub(crate) fn sockets(table: &[u8], protocol: Protocol) -> Vec<Socket> {
    const SOCKET: u32 = 0x01;
    const INPCB: u32 = 0x10;
    const TCPCB: u32 = 0x20;
    const UID: usize = 64;
    const TCP_STATE: usize = 36;
    let mut found = Vec::new();
    let mut current: Option<RawSocket<'_>> = None;
    for (kind, record) in records(table) {
        match kind {
            INPCB => {
                found.extend(current.take().and_then(|done| complete(&done)));
                current = internet(record, protocol);
            }
            SOCKET => {
                if let (Some(current), Some(uid)) = (&mut current, u32_at(record, UID)) {
                    current.uid = uid;
                }
            }
            TCPCB => {
                if let Some(current) = &mut current {
                    current.state = u32_at(record, TCP_STATE);
                }
            }
            _ => {}
        }
    }
    found.extend(current.and_then(|done| complete(&done)));
    found
}

/// A TCP socket whose state is missing is being opened.
fn complete(socket: &RawSocket<'_>) -> Option<Socket> {
    let is_complete = socket.protocol == Protocol::Udp || socket.state.is_some();
    is_complete.then(|| socket.socket())?
}

/// The kind of each record and its bytes. The header at the end is as long as the one at the beginning.
fn records(table: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    const HEADER: u32 = 24;
    let mut at = u32_at(table, 0).unwrap_or(0).next_multiple_of(8) as usize;
    std::iter::from_fn(move || {
        let length = u32_at(table, at).filter(|length| *length > HEADER)? as usize;
        let record = table.get(at..at.checked_add(length)?)?;
        at += length.next_multiple_of(8);
        Some((u32_at(record, 4)?, record))
    })
}

fn internet(record: &[u8], protocol: Protocol) -> Option<RawSocket<'_>> {
    const REMOTE_PORT: usize = 16;
    const LOCAL_PORT: usize = 18;
    const VERSIONS: usize = 44;
    const REMOTE: usize = 48;
    const LOCAL: usize = 64;
    Some(RawSocket {
        protocol,
        local_port: *record.get(LOCAL_PORT..)?.first_chunk()?,
        remote_port: *record.get(REMOTE_PORT..)?.first_chunk()?,
        versions: *record.get(VERSIONS)?,
        local: record.get(LOCAL..)?.first_chunk()?,
        remote: record.get(REMOTE..)?.first_chunk()?,
        state: None,
        uid: 0,
    })
}

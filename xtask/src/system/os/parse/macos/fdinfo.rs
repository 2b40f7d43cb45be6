//! What libproc tells of the descriptors of a process.

use super::raw_socket::RawSocket;
use super::{text, u32_at};
use crate::plan::Protocol;
use crate::system::os::parse::sockets::Socket;

/// The size of `struct proc_fdinfo`, one descriptor of a list.
pub(crate) const DESCRIPTOR: usize = 8;

/// The answer of `PROC_PIDLISTFDS` → the numbers of the descriptors that are sockets.
///
/// Source: bsd/sys/proc_info.h, `struct proc_fdinfo`, `PROX_FDTYPE_SOCKET`.
pub(crate) fn sockets(list: &[u8]) -> impl Iterator<Item = u32> {
    const SOCKET: u32 = 2;
    let descriptors = list.chunks_exact(DESCRIPTOR);
    descriptors.filter_map(|one| u32_at(one, 0).filter(|_| u32_at(one, 4) == Some(SOCKET)))
}

/// The size of `struct socket_fdinfo`.
pub(crate) const SOCKET: usize = 792;

/// The answer of `PROC_PIDFDSOCKETINFO` → a socket of TCP or UDP with a local port. It does not tell the user.
///
/// Source: bsd/sys/proc_info.h, `struct socket_fdinfo` (`proc_fileinfo` has 24 bytes, `vinfo_stat` 136), `in_sockinfo`,
/// `tcp_sockinfo`; bsd/kern/socket_info.c, `fill_socketinfo`.
pub(crate) fn socket(info: &[u8], uid: u32) -> Option<Socket> {
    const PROTOCOL: usize = 180;
    const KIND: usize = 256;
    const REMOTE_PORT: usize = 264;
    const LOCAL_PORT: usize = 268;
    const VERSIONS: usize = 288;
    const REMOTE: usize = 296;
    const LOCAL: usize = 312;
    const TCP_STATE: usize = 344;
    // SOCKINFO_IN and SOCKINFO_TCP; IPPROTO_TCP and IPPROTO_UDP.
    let (protocol, state) = match (u32_at(info, KIND)?, u32_at(info, PROTOCOL)?) {
        (2, 6) => (Protocol::Tcp, Some(u32_at(info, TCP_STATE)?)),
        (1, 17) => (Protocol::Udp, None),
        _ => return None,
    };
    let raw = RawSocket {
        protocol,
        local_port: *info.get(LOCAL_PORT..)?.first_chunk()?,
        remote_port: *info.get(REMOTE_PORT..)?.first_chunk()?,
        versions: *info.get(VERSIONS)?,
        local: info.get(LOCAL..)?.first_chunk()?,
        remote: info.get(REMOTE..)?.first_chunk()?,
        state,
        uid,
    };
    raw.socket()
}

/// The size of `struct proc_vnodepathinfo`.
pub(crate) const DIRECTORIES: usize = 2352;

/// The answer of `PROC_PIDVNODEPATHINFO` → the working directory.
///
/// Source: bsd/sys/proc_info.h, `struct proc_vnodepathinfo`: `pvi_cdir` comes first; its `vnode_info` has 152 bytes and its
/// path `MAXPATHLEN`, 1024.
pub(crate) fn directory(info: &[u8]) -> Option<&[u8]> {
    const PATH: usize = 152;
    let path = text(info.get(PATH..PATH + 1024)?);
    (!path.is_empty()).then_some(path)
}

//! What a bind to a port needs.

use std::io;
use std::ops::RangeInclusive;

use socket2::Socket;

use crate::plan::Protocol;

/// Sets `SO_REUSEADDR` before the socket is bound, if wanted.
pub(crate) fn set_reuse(socket: &Socket, reuse: bool) -> io::Result<()> {
    if reuse { socket.set_reuse_address(true) } else { Ok(()) }
}

/// No range of ports is excluded from being bound.
pub(crate) fn excluded_range(_: u16, _: Protocol) -> Option<RangeInclusive<u16>> {
    None
}

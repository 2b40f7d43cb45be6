//! Linux.

mod holders;
mod processes;
mod sockets;
#[cfg(test)]
mod tests;

pub(crate) use holders::{holders, holds};
pub(crate) use processes::{boot_id, cgroup, descendants, identity, process, processes, tag, tagged, user_name};
pub(crate) use sockets::sockets;

/// With `SO_REUSEADDR` a bind fails on Linux whenever somebody listens, so its success may be believed.
///
/// Source: man 7 socket, `SO_REUSEADDR`.
pub(crate) const REUSE_SHOWS_LISTENERS: bool = true;

/// EAFNOSUPPORT: the system was built or booted without IPv6.
pub(crate) const NO_SUCH_FAMILY: i32 = 97;

//! Linux.

mod append;
mod family;
mod handle;
mod holders;
mod memory;
mod processes;
mod sockets;
#[cfg(test)]
mod tests;

pub(crate) use append::append_private;
pub(crate) use family::{adopt_orphans, ends_within, ignores_hangup, outputs, own_children, signal_member};
pub(crate) use handle::{Handle, wait_all};
pub(crate) use holders::{holders, holds};
pub(crate) use memory::oom_kills;
pub(crate) use processes::{cgroup, descendants, identity, own_number, process, processes, tag, user_name};
pub(crate) use sockets::{ephemeral_ports, every_socket, listeners, sockets};

/// With `SO_REUSEADDR` a bind fails on Linux whenever somebody listens, so its success may be believed.
///
/// Source: man 7 socket, `SO_REUSEADDR`.
pub(crate) const REUSE_SHOWS_LISTENERS: bool = true;

/// Everything works here.
pub(crate) fn require(_: &str) -> Result<(), crate::error::Problem> {
    Ok(())
}

/// EAFNOSUPPORT: the system was built or booted without IPv6.
pub(crate) const NO_SUCH_FAMILY: i32 = 97;

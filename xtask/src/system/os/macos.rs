//! macOS.
//!
//! The process table and the sockets of all users come from sysctl(3), what only concerns one process from libproc. Both are
//! what Apple's own `ps`, `netstat` and `lsof` read. Other users' processes show neither arguments nor descriptors, except
//! to root.

mod children;
mod handle;
mod kernel;
mod missing;
mod processes;
mod queue;
mod sockets;
#[cfg(feature = "metrics")]
mod usage;
mod users;

pub(crate) use children::{adopt_orphans, children, descendants, end_with_us, ignores_hangup, own_children, unadopted};
pub(crate) use handle::{Handle, wait_all};
pub(crate) use missing::{
    HAS_JOURNAL, cgroup, oom_kills, outputs, pid_in_own_namespace, require, reserved_ports, send_in_file, socket_unit,
    visibility_limit,
};
pub(crate) use processes::{command, cwd, environment, has_main_thread, identity, process, processes, program, tag};
pub(crate) use queue::Poller;
pub(crate) use sockets::{ephemeral_ports, every_socket, holders, holds, listeners, may_hide_owner, sockets};
#[cfg(feature = "metrics")]
pub(crate) use usage::{open_descriptors, started_at, usage};
pub(crate) use users::user_name;

/// With `SO_REUSEADDR`, a bind to a specific address succeeds beside a wildcard listener.
///
/// Source: bsd/netinet/in_pcb.c, `in_pcbbind`: the option turns off the search for wildcards (`wild`).
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// With `SO_REUSEADDR`, a bind fails if a process listens at the very same address.
///
/// Source: as above: `in_pcblookup_local` finds a socket without a remote end at the same address in any case.
pub(crate) const REUSE_SHOWS_SAME_ADDRESS: bool = true;

/// Whether a forbidden bind means a range excluded by the system, and not a lack of privilege.
pub(crate) const HAS_EXCLUDED_PORTS: bool = false;

/// EAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 47;

/// The longest path of a socket file, without its NUL.
///
/// Source: bsd/sys/un.h: `sun_path` has 104 bytes.
pub(crate) const MAX_SOCKET_PATH_BYTES: usize = 103;

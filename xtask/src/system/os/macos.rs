//! macOS. Tables come from sysctl(3) and details of a process from libproc, which `ps`, `netstat` and `lsof` read too.
//! Only root sees arguments and descriptors of other users' processes.

mod children;
mod handle;
mod kernel;
mod processes;
mod queue;
mod sockets;
#[cfg(feature = "metrics")]
mod usage;
mod users;

pub(crate) use children::{children, descendants, end_with_us, ignores_hangup, own_children, unadopted};
pub(crate) use handle::{Handle, wait_all};
pub(crate) use processes::{command, cwd, environment, has_main_thread, identity, process, processes, program, tag};
pub(crate) use queue::Poller;
pub(crate) use sockets::{
    ephemeral_ports, every_socket, holders, holds, listeners, may_hide_owner, reserved_ports, sockets,
};
#[cfg(feature = "metrics")]
pub(crate) use usage::{open_descriptors, started_at, usage};
pub(crate) use users::user_name;

/// With `SO_REUSEADDR`, a bind succeeds beside a listener at the wildcard, or at one address if it is to the wildcard.
///
/// Source: bsd/netinet/in_pcb.c, `in_pcbbind`: the option turns off the search for overlaps (`wild`).
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// It fails beside a listener at the same address.
///
/// Source: as above, `in_pcblookup_local`.
pub(crate) const REUSE_SHOWS_SAME_ADDRESS: bool = true;

/// A bind to `::` succeeds beside a listener at `0.0.0.0`, although it would accept IPv4 too.
///
/// Source: bsd/netinet6/in6_pcb.c, `in6_pcbbind`: two wildcards conflict only within a family (`SOCK_DOM`).
pub(crate) const V6_BINDS_BESIDE_V4: bool = true;

/// Without the option, no bind succeeds beside a socket that would answer there.
pub(crate) const BINDS_BESIDE_WILDCARD: bool = false;

/// A forbidden bind means a lack of privilege.
pub(crate) const HAS_EXCLUDED_PORTS: bool = false;

/// Programs that open a URL, each with its arguments.
///
/// Source: man 1 open.
pub(crate) const BROWSER_OPENERS: [[&str; 2]; 1] = [["open", ""]];

/// EAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 47;

/// The longest path of a socket file, without its NUL.
///
/// Source: bsd/sys/un.h: `sun_path` has 104 bytes.
pub(crate) const MAX_SOCKET_PATH_BYTES: usize = 103;

/// A socket may not be given a mode: man 2 fchmod, EINVAL.
pub(super) const HAS_SOCKET_MODES: bool = false;

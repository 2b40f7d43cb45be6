//! Linux.

mod children;
mod handle;
mod holders;
mod inotify;
mod journal;
mod memory;
mod poller;
mod processes;
mod sockets;
mod systemd_units;
#[cfg(test)]
mod tests;
#[cfg(feature = "metrics")]
mod usage;
mod visibility;

pub(crate) use children::{adopt_orphans, end_with_us, ignores_hangup, outputs, own_children, unadopted};
pub(crate) use handle::{Handle, wait_all};
pub(crate) use holders::{holders, holds, may_hide_owner};
pub(crate) use inotify::{inotify_limits, inotify_used};
pub(crate) use journal::{HAS_JOURNAL, send_in_file};
pub(crate) use memory::oom_kills;
pub(crate) use poller::Poller;
pub(crate) use processes::{
    cgroup, children, command, cwd, descendants, environment, has_main_thread, identity, pid_in_own_namespace, process,
    processes, program, tag, user_name,
};
pub(crate) use sockets::{ephemeral_ports, every_socket, listeners, reserved_ports, sockets};
pub(crate) use systemd_units::socket_unit;
#[cfg(feature = "metrics")]
pub(crate) use usage::{open_descriptors, started_at, usage};
pub(crate) use visibility::visibility_limit;

/// A bind with `SO_REUSEADDR` fails on Linux if a process listens, so its success is reliable.
///
/// Source: man 7 socket, `SO_REUSEADDR`.
pub(crate) const REUSE_SHOWS_LISTENERS: bool = true;

/// The same holds for one address.
pub(crate) const REUSE_SHOWS_SAME_ADDRESS: bool = true;

/// A dual-stack bind to `::` fails beside a listener at `0.0.0.0`.
pub(crate) const V6_BINDS_BESIDE_V4: bool = false;

/// Whether a bind to a specific address succeeds although a process listens at the wildcard.
///
/// Source: man 7 ip: EADDRINUSE.
pub(crate) const BINDS_BESIDE_WILDCARD: bool = false;

/// Whether a forbidden bind means a range excluded by the system, and not a lack of privilege.
///
/// Source: microsoft/WSL#5514; `netsh int ipv4 show excludedportrange tcp`.
pub(crate) const HAS_EXCLUDED_PORTS: bool = false;

/// Programs that open a URL, each with its arguments; the first that is there is used.
///
/// Source: xdg-open(1) of xdg-utils; wslu's `wslview`.
pub(crate) const BROWSER_OPENERS: [[&str; 2]; 2] = [["xdg-open", ""], ["wslview", ""]];

/// EAFNOSUPPORT: the system was built or booted without IPv6.
pub(crate) const NO_SUCH_FAMILY: i32 = 97;

/// The longest path of a socket file, without its NUL.
///
/// Source: man 7 unix: `sun_path` has 108 bytes.
pub(crate) const MAX_SOCKET_PATH_BYTES: usize = 107;

/// A socket may be given a mode before it is bound.
///
/// Source: interprocess, `ListenerOptionsExt::mode`.
pub(super) const HAS_SOCKET_MODES: bool = true;

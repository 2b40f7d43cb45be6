//! What Linux has and macOS has not.

use std::fs::File;
use std::io;
use std::ops::RangeInclusive;

use crate::diagnose::OomKills;
use crate::diagnostic::Diagnostic;
use crate::ports::{Endpoint, VisibilityLimit};
use crate::system::os::{Cgroup, Look};

/// macOS supports every command.
pub(crate) fn require(_: &str) -> Result<(), Diagnostic> {
    Ok(())
}

/// There is no journald.
pub(crate) const HAS_JOURNAL: bool = false;

/// # Errors
/// Always: there is no journal.
pub(crate) fn send_in_file(_: &socket2::Socket, _: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There is no list of ports of the ephemeral range that the kernel does not assign.
pub(crate) fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    Vec::new()
}

/// Containers of macOS run in virtual machines, so it is never inside of one.
pub(crate) fn visibility_limit() -> Option<VisibilityLimit> {
    None
}

/// There is no systemd.
pub(crate) fn socket_unit(_: &Endpoint, _: bool, _: bool) -> Option<String> {
    None
}

/// There are no control groups.
pub(crate) fn cgroup(_: u32) -> Look<Cgroup> {
    Ok(None)
}

/// There are no PID namespaces.
pub(crate) fn pid_in_own_namespace(pid: u32) -> Look<u32> {
    Ok(Some(pid))
}

/// macOS keeps no count. It asks the user to close programs, and kills few of them.
pub(crate) fn oom_kills() -> OomKills {
    OomKills::default()
}

/// A pipe of another process cannot be opened, so a service whose supervisor is gone has lost its output.
pub(crate) fn outputs(_: u32, _: &[u64]) -> Vec<(u64, File)> {
    Vec::new()
}

//! What only Linux has, as the other systems see it.

use std::fs::File;
use std::io;

use super::{Cgroup, InotifyCount, Look};
use crate::diagnose::OomKills;
use crate::ports::{Endpoint, VisibilityLimit};

pub(crate) const HAS_JOURNAL: bool = false;

/// # Errors
/// Always: there is no journald.
pub(crate) fn send_in_file(_: &socket2::Socket, _: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Containers of these systems run in virtual machines, so none is around us.
pub(crate) fn visibility_limit() -> Option<VisibilityLimit> {
    None
}

/// There is no inotify.
pub(crate) fn inotify_limits() -> Option<InotifyCount> {
    None
}

/// There is no inotify.
pub(crate) fn inotify_used() -> InotifyCount {
    InotifyCount::default()
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

/// The kernel keeps no count.
pub(crate) fn oom_kills() -> OomKills {
    OomKills::default()
}

/// A process cannot adopt others. See [`unadopted`](super::unadopted).
pub(crate) fn adopt_orphans() {}

/// A pipe of another process cannot be opened, so a service whose supervisor is gone has lost its output.
pub(crate) fn outputs(_: u32, _: &[u64]) -> Vec<(u64, File)> {
    Vec::new()
}

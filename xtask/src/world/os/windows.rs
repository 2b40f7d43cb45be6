//! Windows.

use crate::error::Problem;
use crate::preflight::{Identity, Process, Tag};
use crate::world::os::{Cgroup, Holders, Port, Socket, States};

/// `SO_REUSEADDR` would take a port that somebody listens on.
///
/// Source: Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE".
pub(crate) const REUSE_SHOWS_LISTENERS: bool = false;

/// WSAEAFNOSUPPORT.
pub(crate) const NO_SUCH_FAMILY: i32 = 10047;

/// Not supported yet.
pub(crate) fn sockets(_: &[Port], _: States) -> Result<Vec<Socket>, Problem> {
    Err(not_supported("finding the owner of a port"))
}

/// Not supported yet.
pub(crate) fn holders(_: &[u64]) -> Result<Holders, Problem> {
    Err(not_supported("finding the owner of a port"))
}

/// Not supported yet.
pub(crate) fn holds(_: &[u32], _: &[u64]) -> Result<Holders, Problem> {
    Err(not_supported("finding the owner of a port"))
}

/// Not supported yet.
pub(crate) fn processes() -> Result<Vec<Process>, Problem> {
    Err(not_supported("reading the process table"))
}

/// Not supported yet.
pub(crate) fn tagged() -> Result<Vec<(Process, Tag)>, Problem> {
    Err(not_supported("finding processes of earlier runs"))
}

/// Not supported yet: no process is known.
pub(crate) fn process(_: u32) -> Option<Process> {
    None
}

/// Not supported yet: no process is known.
pub(crate) fn identity(_: u32) -> Option<Identity> {
    None
}

/// Not supported yet: empty.
pub(crate) fn boot_id() -> &'static str {
    ""
}

/// Not supported yet: none are known.
pub(crate) fn descendants(_: u32) -> Vec<u32> {
    Vec::new()
}

/// Not supported yet: none is known.
pub(crate) fn tag(_: u32) -> Option<Tag> {
    None
}

/// There are no control groups.
pub(crate) fn cgroup(_: u32) -> Option<Cgroup> {
    None
}

/// Not supported yet: none is known.
pub(crate) fn user_name(_: u32) -> Option<String> {
    None
}

fn not_supported(what: &str) -> Problem {
    Problem::new(format!("{what} is not supported yet on Windows"))
}

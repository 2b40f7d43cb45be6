//! The limit on open descriptors (man 2 `RLIMIT_NOFILE`): raised for us, unchanged for services.

use std::io::stdin;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit with which we were started; set once it has been raised.
static CALLED_WITH: OnceLock<Rlimit> = OnceLock::new();

/// The hard limit of this process; `None` if there is none.
pub(crate) fn open_files_at_most() -> Option<u64> {
    getrlimit(Resource::Nofile).maximum
}

/// The current soft limit of this process.
pub(crate) fn open_files_now() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Raises our soft limit to the hard limit, as any user may, if `n_descriptors` do not fit.
///
/// The soft limit is low for programs that use select(2), which supports no descriptor above 1023; we do not.
///
/// Source: systemd.exec(5), `LimitNOFILE=`; Go's runtime does the same, golang/go#46279.
///
/// macOS names no hard limit but accepts only a number, of which `OPEN_MAX` is always allowed (man 2 setrlimit,
/// COMPATIBILITY).
pub(crate) fn make_room(n_descriptors: u64) {
    const OPEN_MAX: u64 = 10_240;
    let limit = getrlimit(Resource::Nofile);
    let has_room = limit.current.is_none_or(|current| current >= n_descriptors);
    let raise = |current| setrlimit(Resource::Nofile, Rlimit { current, ..limit }).is_ok();
    // If it is not allowed, opening too many descriptors fails later.
    if !has_room && (raise(limit.maximum) || (limit.maximum.is_none() && raise(Some(OPEN_MAX)))) {
        CALLED_WITH.get_or_init(|| limit);
    }
}

/// Makes the kernel enlarge our descriptor table for a usual stack. Must run before the process has other threads: if
/// threads share the table, Linux blocks for 10 ms or more each time it doubles.
///
/// Source: `expand_fdtable` in fs/file.c calls `synchronize_rcu` for a shared table; it starts with 64 entries.
pub(crate) fn widen_descriptor_table() {
    const USUAL: usize = 1024;
    let last = open_files_now().clamp(1, USUAL) - 1;
    // The descriptor is closed at once; the table keeps its size. A failure only costs time.
    let _ = fcntl_dupfd_cloexec(stdin(), last as RawFd);
}

/// Runs the command with the limit with which we were started.
#[expect(unsafe_code, reason = "std sets no limits")]
pub(crate) fn limit_as_called(command: &mut Command) {
    if let Some(limit) = CALLED_WITH.get().copied() {
        let restore = move || Ok(setrlimit(Resource::Nofile, limit)?);
        // SAFETY: after the fork only this system call is made; nothing is allocated, locked or freed.
        unsafe { command.pre_exec(restore) };
    }
}

//! The only switch between operating systems: all other modules see the same functions.
//!
//! Each system is complete: what it has no counterpart for is a function that says so.

#[cfg(test)]
mod conformance;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod linux_only;
#[cfg(target_os = "macos")]
mod macos;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "each system uses its own parsers, and the tests use all")
)]
pub(crate) mod parse;
#[cfg_attr(windows, expect(dead_code, reason = "a console does not tell that it was resized"))]
mod signal;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
mod write_at_once;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::plan::Protocol;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(not(target_os = "linux"))]
pub(crate) use linux_only::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;
pub(crate) use parse::processes::Cgroup;
pub(crate) use parse::sockets::Socket;
pub(crate) use signal::{Signal, SignalError, SignalEvent};
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// A property of one process; `None` if there is no such process; `Err` if that could not be determined.
///
/// An error is never treated like `None`: a process that cannot be inspected may be alive.
pub(crate) type Look<T> = Result<Option<T>, Diagnostic>;

/// A port number and protocol at any address.
pub(crate) type Port = (u16, Protocol);

/// The pids that hold each socket, by inode.
pub(crate) type Holders = BTreeMap<u64, Vec<u32>>;

/// A process that may be of our run but does not stand below us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unadopted {
    pub(crate) pid: u32,
    /// The group, of those that were asked about, that it is in.
    pub(crate) group: Option<u32>,
}

/// What one user has of inotify, or may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct InotifyCount {
    /// Watched files and directories.
    pub(crate) watches: u64,
    /// Programs that watch some.
    pub(crate) instances: u64,
}

/// The sockets to request from the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum States {
    /// Listening TCP sockets and bound UDP sockets.
    Listening,
    All,
}

//! The one switch between operating systems: every other module sees the same functions.
//!
//! Linux is complete. Where another system lacks a piece, its function answers "not supported yet", never a guess.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
pub(crate) mod parse;
mod signal;
#[cfg(unix)]
mod unix;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(windows)]
mod windows;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::plan::Protocol;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;
pub(crate) use parse::processes::Cgroup;
pub(crate) use parse::sockets::Socket;
pub(crate) use signal::{Signal, SignalError, SignalEvent};
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(not(target_os = "linux"))]
pub(crate) use unsupported::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// What the system says of one process: this; that there is none; or `Err`, that it could not be determined.
///
/// The last is never taken for the second: what could not be looked at may live.
pub(crate) type Look<T> = Result<Option<T>, Diagnostic>;

/// A port's number and protocol, whatever the address.
pub(crate) type Port = (u16, Protocol);

/// Pids by the inode of the socket that they hold.
pub(crate) type Holders = BTreeMap<u64, Vec<u32>>;

/// Which sockets to ask the kernel for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum States {
    /// TCP that listens, UDP that is bound.
    Listening,
    All,
}

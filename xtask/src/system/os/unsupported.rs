//! Functions that are missing on Windows: the process table, owners of sockets, process handles. Each returns
//! an error or an empty result; none guesses.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use super::{Holders, Look, Port, SYSTEM, Signal, SignalError, Socket, States, Unadopted};
use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::process::{Identity, Process, Tag};

/// # Errors
/// Always: commands that need a missing function end here.
pub(crate) fn require(command: &str) -> Result<(), Diagnostic> {
    Err(not_yet(&format!("`{command}`")))
}

/// # Errors
/// Always.
pub(crate) fn sockets(_: &[Port], _: States) -> Result<Vec<Socket>, Diagnostic> {
    Err(not_yet("finding the owner of a port"))
}

/// # Errors
/// Always.
pub(crate) fn listeners() -> Result<Vec<Socket>, Diagnostic> {
    Err(not_yet("finding the owner of a port"))
}

/// # Errors
/// Always.
pub(crate) fn every_socket() -> Result<Vec<Socket>, Diagnostic> {
    Err(not_yet("finding the owner of a port"))
}

/// The default range of both systems.
///
/// Source: RFC 6335, 6; `net.inet.ip.portrange.first` (macOS); `netsh int ipv4 show dynamicport tcp` (Windows).
pub(crate) fn ephemeral_ports() -> RangeInclusive<u16> {
    49_152..=65_535
}

/// Unknown.
pub(crate) fn may_hide_owner(_: u32) -> bool {
    false
}

/// Unknown.
pub(crate) fn reserved_ports() -> Vec<RangeInclusive<u16>> {
    Vec::new()
}

/// # Errors
/// Always.
pub(crate) fn holders(_: &[u64]) -> Result<Holders, Diagnostic> {
    Err(not_yet("finding the owner of a port"))
}

/// # Errors
/// Always.
pub(crate) fn holds(_: &[u32], _: &[u64]) -> Result<Holders, Diagnostic> {
    Err(not_yet("finding the owner of a port"))
}

/// # Errors
/// Always.
pub(crate) fn processes() -> Result<Vec<Process>, Diagnostic> {
    Err(not_yet("reading the process table"))
}

/// Unknown.
pub(crate) fn process(_: u32) -> Look<Process> {
    Ok(None)
}

/// Unknown.
pub(crate) fn identity(_: u32) -> Look<Identity> {
    Ok(None)
}

/// Unknown.
pub(crate) fn descendants(_: u32) -> Result<Vec<u32>, Diagnostic> {
    Ok(Vec::new())
}

/// Unknown.
pub(crate) fn children(_: u32) -> Result<Vec<u32>, Diagnostic> {
    Ok(Vec::new())
}

/// Unknown.
pub(crate) fn own_children() -> Result<Vec<u32>, Diagnostic> {
    Ok(Vec::new())
}

/// Unknown.
pub(crate) fn unadopted(_: &[u32]) -> Result<Vec<Unadopted>, Diagnostic> {
    Ok(Vec::new())
}

/// Unknown.
pub(crate) fn tag(_: u32) -> Look<Tag> {
    Ok(None)
}

/// Unknown.
#[cfg(feature = "metrics")]
pub(crate) fn usage(_: u32) -> Look<(Process, crate::system::usage::Usage)> {
    Ok(None)
}

/// Unknown.
#[cfg(feature = "metrics")]
pub(crate) fn started_at(_: &Identity) -> Option<Duration> {
    None
}

/// Unknown.
#[cfg(feature = "metrics")]
pub(crate) fn open_descriptors(_: u32) -> Look<u64> {
    Ok(None)
}

/// Unknown.
pub(crate) fn program(_: u32) -> Option<PathBuf> {
    None
}

/// Unknown.
pub(crate) fn environment(_: u32) -> Result<BTreeMap<String, String>, Diagnostic> {
    Ok(BTreeMap::new())
}

/// Unknown.
pub(crate) fn command(_: u32) -> Vec<String> {
    Vec::new()
}

/// Unknown.
pub(crate) fn cwd(_: u32) -> Option<PathBuf> {
    None
}

/// Unknown.
pub(crate) fn user_name(_: u32) -> Option<Foreign> {
    None
}

/// Unknown.
pub(crate) fn has_main_thread(_: u32) -> Result<bool, Diagnostic> {
    Ok(false)
}

/// No process is started.
pub(crate) fn kill_half_started() {}

/// Unknown.
pub(crate) fn ignores_hangup() -> bool {
    false
}

/// Checks once, without waiting.
pub(crate) fn ends_within(child: &mut Child, _: Duration) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

/// Not supported yet.
pub(crate) struct Poller;

impl Poller {
    /// # Errors
    /// Always.
    pub(crate) fn new() -> io::Result<Poller> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// # Errors
    /// Always.
    pub(crate) fn add(&self, _: &File, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never called.
    pub(crate) fn remove(&self, _: &File) {}

    /// Never called.
    pub(crate) fn wait(&self, _: &mut Vec<u64>, _: Option<Duration>) {}
}

/// Not supported yet.
#[derive(Debug)]
pub(crate) enum Handle {}

impl Handle {
    /// # Errors
    /// Always.
    pub(crate) fn open(_: &Identity) -> Look<Handle> {
        Err(not_yet("stopping a process"))
    }

    pub(crate) fn signal(&self, _: Signal) -> Result<(), SignalError> {
        match *self {}
    }

    pub(crate) fn is_denied(&self) -> bool {
        match *self {}
    }

    pub(crate) fn is_gone(&self) -> bool {
        match *self {}
    }
}

pub(crate) fn wait_all(handles: &[&Handle], _: Duration) -> Vec<usize> {
    (0..handles.len()).collect()
}

/// # Errors
/// Always.
pub(crate) fn append_private(_: &Path, _: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn not_yet(what: &str) -> Diagnostic {
    Diagnostic::new(format!("{what} is not supported yet on {SYSTEM}")).hint("use it on Linux, or in a Linux container")
}

/// Not supported: the command ends on its own.
pub(crate) fn end_with_us(_: &mut Command) {}

//! What macOS and Windows still lack: holding a process fast while it is stopped.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Signal, Undelivered};
use crate::error::Problem;
use crate::preflight::Identity;

/// Cannot be had yet.
#[derive(Debug)]
pub(crate) enum Handle {}

impl Handle {
    /// # Errors
    /// Always.
    pub(crate) fn open(_: &Identity) -> Result<Option<Handle>, Problem> {
        Err(Problem::new("stopping a process is not supported on this system yet"))
    }

    pub(crate) fn signal(&self, _: Signal) -> Result<(), Undelivered> {
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

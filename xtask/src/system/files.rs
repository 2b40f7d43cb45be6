//! Files that others wrote: read only where they are ordinary files, and only so much of them.

#[cfg(test)]
mod tests;

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use super::os;

/// The whole of a regular file of at most `limit` bytes. A link is followed. It never waits for a writer: a pipe, a
/// socket or a device is not opened.
///
/// # Errors
/// It cannot be read, it is no regular file, or it is larger.
pub(crate) fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Asked before, because to open a device may do something to it; and after, because it may be another file by then.
    regular(&std::fs::metadata(path)?)?;
    let file = os::open_without_waiting(path)?;
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// Can it be read but once, and only while somebody writes?
pub(crate) fn is_pipe(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| os::is_pipe(file.file_type()))
}

fn regular(file: &Metadata) -> io::Result<()> {
    if file.is_file() {
        return Ok(());
    }
    if file.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let kind = os::kind(file.file_type());
    Err(io::Error::other(format!("it is a {kind}, not a regular file")))
}

//! Reads files from outside: only regular files, and only up to a size limit.

#[cfg(test)]
mod tests;

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use super::os;

/// Reads a regular file of at most `limit` bytes. Links are followed. Never blocks on a writer: pipes, sockets and
/// devices are not opened.
///
/// # Errors
/// It cannot be read, it is not a regular file, or it is larger.
pub(crate) fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Checked before opening, because opening a device may have effects; and after, because the file may have changed.
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

/// Whether it is a named pipe, which can be read only once and only while a process writes to it.
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

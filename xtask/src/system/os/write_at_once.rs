//! A line in a single write.

use std::fs::File;
use std::io::{self, Write};

/// Writes the line at once or fails: after a short write, `write_all` would append the rest behind another process's line.
///
/// # Errors
/// Errors of the system, or only a part was written.
pub(super) fn write_at_once(file: &mut File, line: &[u8]) -> io::Result<()> {
    let written = file.write(line)?;
    if written == line.len() {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::WriteZero,
            "only a part of the line was written",
        ))
    }
}

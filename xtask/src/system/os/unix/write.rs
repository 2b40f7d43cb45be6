//! A new file with the right access from its first byte on.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file that does not exist yet, down to the disk. If it `is_private`, only the user can read it; otherwise the
/// umask decides.
pub(crate) fn write_new(path: &Path, text: &[u8], is_private: bool) -> io::Result<()> {
    let mode = if is_private { 0o600 } else { 0o666 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

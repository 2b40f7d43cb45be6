//! Writes a file, or replaces it, whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

use super::os;

/// Replaces `path`, which keeps what it has until the new text is complete. If it `is_private`, only the user can read it.
///
/// # Errors
/// It cannot be written.
pub(crate) fn replace(path: &Path, text: &[u8], is_private: bool) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = os::write_new(&beside, text, is_private).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

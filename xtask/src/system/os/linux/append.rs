//! Files that only their user may read, and that several processes may write at once.

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Adds `line` to the file at `path` in one write, so that lines of several processes never mix. The file is made with
/// mode 0600, its directory with 0700; a link in its place is not followed.
///
/// # Errors
/// Those of the system; the caller names the path.
///
/// Source: man 2 open, `O_APPEND`, `O_NOFOLLOW`.
pub(crate) fn append_private(path: &Path, line: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    // `write_all` would write the rest of a short write behind another process's line.
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

//! Private files to which several processes may append at the same time.

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::system::os::write_at_once::write_at_once;

/// Appends `line` to the file at `path` in a single write, so that lines of several processes do not mix. The file is
/// created with mode 0600, its directory with 0700; a symbolic link is not followed.
///
/// # Errors
/// Errors of the system; the caller adds the path.
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
    write_at_once(&mut file, line)
}

//! A new file with the right access from its first byte on.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::system::new_file::Readers;

/// Makes a file that does not exist yet.
pub(crate) fn create_new(path: &Path, readers: Readers) -> io::Result<File> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Umask | Readers::All => 0o666,
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    if readers == Readers::All {
        file.set_permissions(Permissions::from_mode(0o644))?;
    }
    Ok(file)
}

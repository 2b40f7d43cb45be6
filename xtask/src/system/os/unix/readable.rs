//! Who may read a file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Every user may read it: its mode says so, and that of every directory above lets them pass.
pub(crate) fn is_readable_by_all(path: &Path) -> bool {
    let allows = |path: &Path, bit: u32| path.metadata().is_ok_and(|it| it.permissions().mode() & bit != 0);
    allows(path, 0o004) && path.ancestors().skip(1).all(|directory| allows(directory, 0o001))
}

/// Its mode lets others than its owner in, whatever the directories above say.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};

    use super::*;

    #[test]
    fn directories_above_count_too() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join(".env");
        write(&file, "A=1").unwrap();
        for (of_directory, of_file, expected) in [
            (0o755, 0o644, true),
            (0o711, 0o644, true),
            (0o755, 0o640, false),
            (0o700, 0o644, false),
        ] {
            set_permissions(directory.path(), Permissions::from_mode(of_directory)).unwrap();
            set_permissions(&file, Permissions::from_mode(of_file)).unwrap();
            assert_eq!(is_readable_by_all(&file), expected, "{of_directory:o} {of_file:o}");
        }
    }
}

//! Paths as they are shown.

use std::path::Path;

/// As seen from `directory`: `.` for itself, and the whole path of what is outside.
pub(crate) fn seen_from(directory: &Path, path: &Path) -> String {
    match path.strip_prefix(directory) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        inside => inside.unwrap_or(path).display().to_string(),
    }
}

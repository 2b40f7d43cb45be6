//! Who called us, as far as the environment tells.

use std::path::PathBuf;

/// The user's home folder, which is shown as `~`.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// Did `cargo run` start us?
pub(crate) fn is_cargo() -> bool {
    std::env::var_os("CARGO").is_some()
}

//! Who called us, as far as the environment tells.

use std::path::PathBuf;

use super::os;

/// The user's home directory, which is shown as `~`.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// Did `cargo run` start us?
pub(crate) fn is_cargo() -> bool {
    std::env::var_os("CARGO").is_some()
}

/// The users whose files we act on without being told to: the one we act as, who called us by `sudo`, and root, who can
/// do anything anyway.
///
/// Source: sudo(8), `SUDO_UID`. For another user than root it is an ordinary variable, and proves nothing.
pub(crate) fn trusted() -> Vec<u32> {
    const ROOT: u32 = 0;
    let us = os::effective_user_id();
    let behind_sudo = std::env::var("SUDO_UID").ok().filter(|_| us == ROOT);
    let behind_sudo = behind_sudo.and_then(|uid| uid.parse().ok());
    [us, ROOT].into_iter().chain(behind_sudo).collect()
}

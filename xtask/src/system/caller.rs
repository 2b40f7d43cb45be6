//! The user and program that called us, from the environment.

use std::path::PathBuf;

use super::os;
use crate::process::Tag;

/// The user's home directory, displayed as `~`.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// The service whose process called us, directly or not.
pub(crate) fn tag() -> Option<Tag> {
    // A tag that cannot be read counts as none.
    os::tag(std::process::id()).ok().flatten()
}

/// Whether `cargo run` started us.
pub(crate) fn is_cargo() -> bool {
    std::env::var_os("CARGO").is_some()
}

/// How this program is called from anywhere: by its name alone if the `PATH` leads to it, else by its path.
pub(crate) fn own_name() -> String {
    let Ok(program) = std::env::current_exe() else {
        return "devtasks".to_owned();
    };
    let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let in_path = which::which(&name)
        .ok()
        .and_then(|found| dunce::canonicalize(found).ok());
    match (in_path, dunce::canonicalize(&program)) {
        (Some(found), Ok(program)) if found == program => name,
        (_, _) => program.to_string_lossy().into_owned(),
    }
}

/// Users whose files need no extra permission: our effective user, the user behind `sudo`, and root, who may do
/// anything.
///
/// Source: sudo(8), `SUDO_UID`. Unless we are root, it is an ordinary variable and proves nothing.
pub(crate) fn trusted() -> Vec<u32> {
    const ROOT: u32 = 0;
    let us = os::effective_user_id();
    let behind_sudo = std::env::var("SUDO_UID").ok().filter(|_| us == ROOT);
    let behind_sudo = behind_sudo.and_then(|uid| uid.parse().ok());
    [us, ROOT].into_iter().chain(behind_sudo).collect()
}

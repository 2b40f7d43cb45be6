//! Paths of the state of a checkout: private directories, and the control socket.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::diagnostic::Diagnostic;
use crate::foreign::command_line;
use crate::hash::fnv;
use crate::system::{os, problem};

/// `$XDG_STATE_HOME/devtasks` or the equivalent of the system.
pub(crate) fn state() -> Result<PathBuf, Diagnostic> {
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        Diagnostic::new("there is no place for state: neither `HOME` nor `XDG_STATE_HOME` is set").hint("set `HOME`")
    })?;
    Ok(strategy
        .state_dir()
        // Windows has none; this one stays on the machine, unlike the data of a user who roams.
        .unwrap_or_else(|| strategy.cache_dir())
        .join("devtasks"))
}

/// `shop-1f0c…`: the directory's name for readability, and a hash of its path. At most 60 bytes; never begins like an
/// option or a hidden file.
pub(crate) fn slug(checkout: &Path) -> String {
    const LETTERS: usize = 20;
    const BYTES: usize = 60 - "-".len() - 16;
    let name = checkout
        .file_name()
        .map_or("root".into(), |name| name.to_string_lossy());
    let letters = name
        .chars()
        .filter(|it| it.is_alphanumeric() || "-_.".contains(*it))
        .skip_while(|it| "-.".contains(*it));
    let mut name = String::new();
    for letter in letters.take(LETTERS) {
        if name.len() + letter.len_utf8() > BYTES {
            break;
        }
        name.push(letter);
    }
    let name = if name.is_empty() { "project" } else { &name };
    format!(
        "{name}-{:016x}",
        fnv(checkout.as_os_str().as_encoded_bytes().iter().copied())
    )
}

/// Creates a private directory if it is missing. Refuses to create it in a directory of another user: it would be
/// unusable later without `sudo`.
///
/// # Errors
/// It cannot be created, or it belongs to another user.
pub(crate) fn make(directory: &Path) -> Result<(), Diagnostic> {
    match os::anothers(directory) {
        Some((there, owner)) => Err(not_ours(&there, owner)),
        None => os::make_private_directory(directory).map_err(|error| problem("make", directory, &error)),
    }
}

fn not_ours(there: &Path, owner: u32) -> Diagnostic {
    const ROOT: u32 = 0;
    let us = os::effective_user_id();
    let name = os::user_name(owner);
    let whose = name
        .as_ref()
        .map_or_else(|| owner.to_string(), |name| format!("`{name}`"));
    let problem = Diagnostic::new(format!(
        "state cannot be kept below `{}`: it belongs to user {whose}",
        there.display()
    ));
    let typed = command_line(&[there.to_string_lossy().into_owned()]);
    match (us, owner) {
        (ROOT, _) => problem
            .hint(format!("run it without `sudo`, as user {whose}"))
            .hint("or set `HOME` or `XDG_STATE_HOME` to a directory of root's"),
        (_, ROOT) => problem.hint(format!("take it back with `sudo chown -R {us} {typed}`")),
        (_, _) => problem.hint("set `XDG_STATE_HOME` to a directory of yours"),
    }
}

/// The socket of the checkout with this state directory: inside it or, if its path is too long, in a private directory
/// below the configured or the default directory for temporary files.
///
/// # Errors
/// All paths are too long, the private directory cannot be created, or it belongs to another user.
pub(crate) fn socket(directory: &Path) -> Result<PathBuf, Diagnostic> {
    let fits = |socket: &PathBuf| socket.as_os_str().len() <= os::MAX_SOCKET_PATH_BYTES;
    let near = os::control_endpoint(directory);
    if fits(&near) {
        return Ok(near);
    }
    let own = format!("devtasks-{}", os::effective_user_id());
    let name = format!("{:016x}", fnv(directory.as_os_str().as_encoded_bytes().iter().copied()));
    let mut places = [std::env::temp_dir(), os::short_directory()]
        .into_iter()
        .map(|place| place.join(&own));
    let place = places.find(|place| fits(&place.join(&name)));
    let problem = || {
        Diagnostic::new(format!(
            "the path of a socket in `{}` would be too long",
            directory.display()
        ))
    };
    let place = place.ok_or_else(|| problem().hint("set `XDG_STATE_HOME` to a directory with a shorter path"))?;
    make(&place).map_err(|problem| problem.hint("or set `XDG_STATE_HOME` to a directory with a shorter path"))?;
    Ok(place.join(name))
}

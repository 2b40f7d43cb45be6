//! Children that have just been started.

use std::process::Child;
use std::time::Duration;

use crate::system::os::{Handle, Signal, children, command, identity, signal_child, wait_all};

/// Kills children of ours that were forked but have not reached their exec, which may be blocked.
pub(crate) fn kill_half_started() {
    let ours = command(std::process::id());
    let children = children(std::process::id()).unwrap_or_default();
    for child in children.into_iter().filter(|child| command(*child) == ours) {
        signal_child(child, Signal::Kill);
    }
}

/// Waits for a child; `false` if it is still running after `patience`. Does not reap it.
pub(crate) fn ends_within(child: &mut Child, patience: Duration) -> bool {
    let handle = identity(child.id()).ok().flatten();
    match handle.map(|identity| Handle::open(&identity)) {
        Some(Ok(Some(handle))) => wait_all(&[&handle], patience).is_empty(),
        Some(Ok(None) | Err(_)) | None => child.try_wait().is_ok_and(|status| status.is_some()),
    }
}

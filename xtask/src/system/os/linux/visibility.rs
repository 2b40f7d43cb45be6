//! Whether this system is only a part of another one, whose processes cannot be seen from here.

use std::fs;
use std::path::Path;

use super::cgroup;
use crate::ports::VisibilityLimit;

/// Source: WSL's kernel calls itself `…-microsoft-standard-WSL2`; Docker puts `/.dockerenv` into a container, Podman
/// `/run/.containerenv`.
pub(crate) fn visibility_limit() -> Option<VisibilityLimit> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    if kernel.to_lowercase().contains("microsoft") {
        return Some(VisibilityLimit::Wsl);
    }
    let marks = ["/.dockerenv", "/run/.containerenv"];
    let is_contained = marks.iter().any(|mark| Path::new(mark).exists())
        || cgroup(std::process::id())
            .ok()
            .flatten()
            .is_some_and(|group| group.container.is_some());
    is_contained.then_some(VisibilityLimit::Container)
}

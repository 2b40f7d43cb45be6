//! Whether this system is part of another one whose processes are invisible from here.

use std::fs;
use std::path::Path;

use super::cgroup;
use crate::ports::VisibilityLimit;

/// Source: the kernel of WSL is named `…-microsoft-standard-WSL2`; Docker creates `/.dockerenv` in a container, Podman
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

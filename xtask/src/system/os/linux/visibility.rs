//! Whether this system is part of another one whose processes are invisible from here.

use std::env::var_os;
use std::fs;
use std::path::Path;

use super::cgroup;
use crate::ports::VisibilityLimit;
use crate::process::container::Runtime;
use crate::system::os::parse::surroundings::{Marks, limit};

/// Source: Docker creates `/.dockerenv` in a container; Podman and CRI-O create `/run/.containerenv`; VS Code and DevPod
/// set `REMOTE_CONTAINERS`, GitHub `CODESPACES`; the template of a development container works in `/workspaces`;
/// Kubernetes sets `KUBERNETES_SERVICE_HOST` in each container of a pod.
pub(crate) fn visibility_limit() -> Option<VisibilityLimit> {
    let group = cgroup(std::process::id()).ok().flatten();
    let exists = |path: &str| Path::new(path).exists();
    limit(&Marks {
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default(),
        // Docker's engine tests the same. Source: moby pull request 48075.
        has_loopback0: exists("/sys/class/net/loopback0"),
        engine: match () {
            () if exists("/.dockerenv") => Some(Runtime::Docker),
            () if exists("/run/.containerenv") => Some(Runtime::Podman),
            () => None,
        },
        is_contained: group.is_some_and(|group| group.container.is_some()),
        is_pod: var_os("KUBERNETES_SERVICE_HOST").is_some(),
        is_codespace: var_os("CODESPACES").is_some(),
        is_devcontainer: var_os("REMOTE_CONTAINERS").is_some() || exists("/workspaces"),
    })
}

//! How many files this user may watch, compared with what the stack watches.

use super::warning;
use crate::diagnostic::Code;
use crate::plan::Plan;
use crate::ports::{Finding, Subject};
use crate::preflight::reloader::reloader;

/// The limits of inotify, what this user has of them, and what the stack needs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inotify {
    pub(crate) watches: Share,
    pub(crate) instances: Share,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// Of all processes of this user together.
    pub(crate) limit: u64,
    /// By processes that we can see.
    pub(crate) used: u64,
    /// At least; what a program watches by itself is not known, and counts as one.
    pub(crate) needed: u64,
}

impl Share {
    fn left(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    pub(crate) fn suffices(self) -> bool {
        self.needed <= self.left()
    }
}

/// The programs of the stack that watch files: devtasks itself, once for all services with `watch`, and reloaders.
pub(crate) fn watchers(plan: &Plan) -> u64 {
    let has_watch = plan.services.iter().any(|service| service.watch.is_some());
    u64::from(has_watch) + reloaders(plan)
}

/// The services whose command watches its files itself.
pub(crate) fn reloaders(plan: &Plan) -> u64 {
    let reloaders = plan.services.iter().filter(|service| reloader(service).is_some());
    reloaders.count() as u64
}

/// A warning for each limit that will not do.
pub(super) fn limits(fact: &Inotify) -> Vec<Finding> {
    let Inotify { watches, instances } = fact;
    let raise = |name: &str, number: u32| format!("raise the limit with `sudo sysctl fs.inotify.{name}={number}`");
    let scarce = |share: &Share, what: &str| {
        let (needed, left, limit) = (share.needed, share.left(), share.limit);
        warning(
            Code::LimitInotify,
            format!("this stack needs {needed} {what}, and {left} of the {limit} that this user may have are left"),
        )
    };
    let mut findings = Vec::new();
    if !watches.suffices() {
        let told = scarce(watches, "watches for changes of files");
        findings.push(told.hint(raise("max_user_watches", 524_288)));
    }
    if !instances.suffices() {
        let told = scarce(instances, "programs that watch files");
        findings.push(told.hint(raise("max_user_instances", 1024)));
    }
    findings.into_iter().map(|it| it.about(Subject::default())).collect()
}

#[cfg(test)]
mod tests;

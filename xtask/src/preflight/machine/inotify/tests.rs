//! How much is left of the limits of inotify, and what needs some.

use std::path::Path;

use super::*;
use crate::plan::planned::planned;

#[track_caller]
fn check(watches: (u64, u64, u64), instances: (u64, u64, u64), expected: &[&str]) {
    let share = |(limit, used, needed)| Share { limit, used, needed };
    let fact = Inotify {
        watches: share(watches),
        instances: share(instances),
    };
    let findings = limits(&fact);
    assert!(findings.iter().all(|it| it.code == Code::LimitInotify));
    let told: Vec<String> = findings.into_iter().map(|it| it.message).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_limit_that_leaves_too_little_is_told_of() {
    check((8192, 192, 8000), (128, 126, 2), &[]);
    check(
        (8192, 192, 8001),
        (128, 127, 2),
        &[
            "this stack needs 8001 watches for changes of files, and 8000 of the 8192 that this user may have are left",
            "this stack needs 2 programs that watch files, and 1 of the 128 that this user may have are left",
        ],
    );
    // Lowered by root meanwhile.
    check((10, 20, 0), (128, 0, 1), &[]);
}

#[test]
fn devtasks_watches_for_all_services_and_reloaders_each_for_itself() {
    let plan = planned(
        Path::new("/shop"),
        "[services.api]\ncommand = 'uvicorn app:app --reload'\n\
         [services.web]\ncommand = 'npx vite'\n\
         [services.db]\ncommand = 'redis-server'\n\
         [services.one]\ncommand = 'serve'\nwatch = ['src/**']\n\
         [services.two]\ncommand = 'serve'\nwatch = ['src/**']\n",
    );
    assert_eq!((watchers(&plan), reloaders(&plan)), (3, 2));
}

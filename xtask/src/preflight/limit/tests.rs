//! Services → number of descriptors → finding.

use std::path::Path;

use super::{OWN_DESCRIPTORS, descriptors, open_files};
use crate::diagnostic::Platform;
use crate::plan::planned::planned;
use crate::preflight::Facts;

/// The number of descriptors for one service with these settings.
#[track_caller]
fn check(settings: &str, expected: u64) {
    let plan = planned(
        Path::new("/shop"),
        &format!("[services.api]\ncommand = 'serve'\n{settings}"),
    );
    assert_eq!(descriptors(&plan.services) - OWN_DESCRIPTORS, expected, "{settings}");
}

#[test]
fn a_service_takes_its_log_and_what_it_is_heard_and_held_by() {
    check("", 3);
    check("tty = true", 2);
    check("stdin = 'open'", 4);
    check("port = 8000", 3);
    check("ports = { http = 8000, admin = 8001 }", 5);
    check("port = 8000\nhealthcheck = { tcp = true }", 4);
    check("port = 8000\nlisten = true", 4);
    check("ports = { http = 8000, admin = 8001 }\nlisten = true", 5);
}

#[test]
fn only_a_limit_that_is_too_low_is_told_of() {
    let plan = planned(
        Path::new("/shop"),
        "[services.api]\ncommand = 'serve'\n[services.web]\ncommand = 'serve'",
    );
    let told = |limit| {
        let facts = Facts {
            open_files: limit,
            ..Facts::default()
        };
        open_files(&plan, &facts)
    };
    assert_eq!(told(None), None);
    assert_eq!(told(Some(38)), None);
    let finding = told(Some(37)).unwrap();
    assert_eq!(
        finding.message,
        "this stack of 2 may need 38 descriptors at the same time, and no more than 37 can be had"
    );
    assert_eq!(finding.exit.code(), 5);
    let raise = |platform| finding.hints[0].render_on(platform, "");
    assert_eq!(
        raise(Platform::Linux),
        "raise the hard limit with `ulimit -n 38` as root, or with `--ulimit nofile=38` of a container"
    );
    assert_eq!(
        raise(Platform::MacOs),
        "raise the limit with `sudo sysctl kern.maxfilesperproc=38` and `sudo launchctl limit maxfiles 38 unlimited`, \
         then open a new terminal"
    );
}

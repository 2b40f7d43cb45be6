//! A plan → what is looked at for it on this machine.

use std::path::Path;

use super::machine;
use crate::plan::planned::planned;
use crate::system::interrupt::Interrupt;
use crate::system::os;

#[test]
fn only_what_the_stack_needs_is_looked_at() {
    let facts = |file| machine(&planned(Path::new("/"), file), &Interrupt::default());
    let nothing = facts("[services.api]\ncommand = 'serve'");
    assert_eq!(nothing, crate::preflight::machine::MachineFacts::default());
    let all = facts("[services.api]\ncommand = 'nodemon app.js --host ::1'\nport = 8000");
    assert_eq!(all.inotify.is_some(), os::inotify_limits().is_some());
    assert_eq!(all.localhost.is_some(), os::HOSTS_FILE.is_some());
    assert!(all.has_ipv6.is_some());
}

#[test]
#[cfg(target_os = "linux")] // inotify is Linux's.
fn what_this_process_watches_is_counted() {
    use notify::{RecursiveMode, Watcher};

    let mut watcher = notify::recommended_watcher(|_| {}).unwrap();
    watcher.watch(Path::new("/etc"), RecursiveMode::NonRecursive).unwrap();
    let used = os::inotify_used();
    assert!(used.instances > 0 && used.watches > 0, "{used:?}");
}

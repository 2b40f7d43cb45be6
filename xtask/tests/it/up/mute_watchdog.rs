//! A watchdog that takes no word or cannot be replaced holds up nothing.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use super::crash::{stubborn, suspend};
use crate::sandbox::{Running, Sandbox, eventually, eventually_gone, signal};

/// Nothing more goes into the pipe that this process reads as its stdin.
fn fill_stdin(pid: u32) {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = OpenOptions::new();
    let path = format!("/proc/{pid}/fd/0");
    let mut pipe: File = options.write(true).custom_flags(nonblocking).open(path).unwrap();
    while pipe.write(b"\n").is_ok() {}
}

#[test]
fn a_suspended_watchdog_that_takes_no_word_holds_up_nothing() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "SERVICE"
        stop_grace_period = "0s"
        [services.api]
        command = "SERVICE"
        stop_grace_period = "20s"
        "#,
    );
    let up = sandbox.up(&["db"]);
    let watchdog = up.watchdog().unwrap();
    suspend(watchdog);
    fill_stdin(watchdog);
    sandbox.run(&["up", "api"]).with(0);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

fn limit_files(up: &Running, soft: u64) {
    let limit = Rlimit {
        current: Some(soft),
        maximum: Some(1024),
    };
    prlimit(Pid::from_raw(up.pid().cast_signed()), Resource::Nofile, limit).unwrap();
}

#[test]
fn a_watchdog_that_cannot_be_replaced_is_missed_aloud_and_tried_again() {
    let (sandbox, _) = stubborn();
    let up = sandbox.up(&[]);
    let first = up.watchdog().unwrap();
    limit_files(&up, 3);
    signal(first, Signal::KILL);
    up.wait_for(
        "cannot start the watchdog of this run: too many open files: if this supervisor is killed now, its services are \
         left running; another watchdog is tried every second",
    );
    assert_eq!(up.watchdog(), None);
    limit_files(&up, 1024);
    eventually(|| up.stderr(), || up.watchdog().is_some());
    let second = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(second);
    sandbox.nothing_is_left();
}

//! The one integration-test binary. On Windows it is empty: its tests send signals, run `sh` and open terminals. There
//! `tests/main_paths` runs the program.

#![cfg(unix)]
#![cfg_attr(
    not(target_os = "linux"),
    expect(unused_imports, reason = "some are for tests that only Linux can run")
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod attach;
mod bad_days;
mod compose;
mod config;
mod docs;
mod doctor;
mod down;
mod exec;
mod explain;
mod export;
mod flags;
mod init;
mod log_export;
mod logs;
mod long_wait;
mod metrics;
mod pictures;
mod port;
mod resolved;
mod restart;
mod run;
mod sandbox;
mod status;
mod tidy;
#[cfg(target_os = "linux")] // Whether a program hears a signal, from `/proc`.
mod unanswered;
mod up;
mod venv;
mod versions;
mod why;
mod worktree;
mod zoo;

//! The one integration-test binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bad_days;
mod compose;
mod config;
mod docs;
mod doctor;
mod down;
mod exec;
mod export;
mod flags;
mod init;
mod log_export;
mod logs;
mod metrics;
mod port;
mod restart;
mod run;
mod sandbox;
mod status;
mod tidy;
mod unanswered;
mod up;
mod venv;
mod versions;
mod why;
mod zoo;

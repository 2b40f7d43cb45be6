//! What `export` writes, run by the real programs it is written for, each in a network and process table of its own.
//!
//! `cargo test --features stacks --test exports`; `.ci/run` calls it. What a test needs from a package registry it installs
//! below the target directory; what Debian has must be there, and its absence fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod compose;
mod kubernetes;
mod logs;
mod monitoring;
mod pm2;
mod procfile;
mod shop;
mod supervisor;
mod systemd;
mod tools;

#[path = "../stacks/podman.rs"]
mod podman;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

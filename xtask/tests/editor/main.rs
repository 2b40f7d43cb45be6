//! What editors and shells are given, in the real programs: the schema in two validators, completions in the shells.
//!
//! `cargo test --features stacks --test editor`; `.ci/run` calls it. What a test needs from a package registry it installs
//! below the target directory; what Debian has must be there, and its absence fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bad;
mod schema;
mod shells;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

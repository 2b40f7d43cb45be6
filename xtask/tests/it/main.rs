//! The one integration-test binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod docs;
mod sandbox;
mod tidy;
mod up;
mod zoo;

//! Real stacks, really installed and run: slow, needs Python, Node.js and their package registries. A missing need fails.
//!
//! `cargo test --features stacks --test stacks`; `.ci/run` calls it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod compose;
mod embedding;
mod fastapi_vite;
mod handed_over;
mod init;
mod keepers;
mod packages;
mod podman;
mod poetry;
mod shop;
mod uv;
mod worktrees;

/// The sandbox of the fast tests.
#[path = "../it"]
mod it {
    #[expect(dead_code, reason = "the fast tests use the rest of it")]
    pub(crate) mod sandbox;
}

//! Real stacks, really installed and run: slow, needs Python, Node.js and their package registries. A missing need fails.
//!
//! `cargo test --features stacks --test stacks`; `.ci/run` calls it.

mod fastapi_vite;

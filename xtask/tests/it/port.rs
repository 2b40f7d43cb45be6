//! `port`: looking into ports and clearing them, in any folder.

mod free;
mod kill;
mod wait;
mod who;

use crate::sandbox::Sandbox;

/// No project anywhere near.
fn no_project() -> Sandbox {
    let sandbox = Sandbox::new("");
    std::fs::remove_file(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox
}

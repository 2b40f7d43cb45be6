//! `cargo xtask codegen` is a task of this xtask. Every other word, such as `up`, is a command of devtasks.
//!
//! It works beside any parser, and beside none as here.

#![expect(clippy::print_stdout, reason = "a task prints what it does")]

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // First, before anything is parsed: devtasks starts this program once more, as its watchdog.
    devtasks::helpers();
    match env::args().nth(1).as_deref() {
        Some("codegen") => codegen(),
        _ => devtasks::run_from(env::args_os(), "cargo xtask"),
    }
}

fn codegen() -> ExitCode {
    println!("generated 3 files");
    ExitCode::SUCCESS
}

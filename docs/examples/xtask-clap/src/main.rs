//! `cargo xtask codegen` is a task of this xtask, `cargo xtask up` a command of devtasks. `--help` lists both.
//!
//! If names meet, as `run` may, the commands of devtasks go below a word: `Stack(devtasks::Args)`, run by
//! `it.run("cargo xtask stack")`, is `cargo xtask stack up`.

#![expect(clippy::print_stdout, reason = "a task prints what it does")]

use std::process::ExitCode;

use devtasks::clap::{self, Parser};

/// The tasks of this repository
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Xtask {
    #[command(flatten)]
    Stack(devtasks::Command),
    /// Write the client for the API
    Codegen,
}

fn main() -> ExitCode {
    // First, before anything is parsed: devtasks starts this program once more, as its watchdog.
    devtasks::helpers();
    match Xtask::parse() {
        Xtask::Stack(it) => it.run("cargo xtask"),
        Xtask::Codegen => codegen(),
    }
}

fn codegen() -> ExitCode {
    println!("generated 3 files");
    ExitCode::SUCCESS
}

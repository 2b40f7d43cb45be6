//! The top-level parser and the way from what was typed to a command.

use std::process::ExitCode;

/// Runs what the arguments of this process ask for.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}

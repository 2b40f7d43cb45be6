//! `cargo xtask up`, `cargo xtask down`: devtasks is all that this xtask does.

use std::process::ExitCode;

fn main() -> ExitCode {
    devtasks::main()
}

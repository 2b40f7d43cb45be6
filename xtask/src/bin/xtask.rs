//! The program by the name under which `cargo xtask` builds it.

fn main() -> std::process::ExitCode {
    devtasks::main()
}

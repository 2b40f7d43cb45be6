//! `port`: looking into ports and clearing them, in any directory.

mod find;
mod kill;
mod ls;
mod wait;
mod who;

use std::path::Path;

use crate::sandbox::{Ended, Running, Sandbox, copy_program, output};

/// No project anywhere near.
fn no_project() -> Sandbox {
    let sandbox = Sandbox::new("");
    std::fs::remove_file(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox
}

/// Runs the program as a user without rights, to whom the sandbox then belongs; `None` when the tests do not run as
/// root.
#[track_caller]
fn as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> Option<Ended> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let root = sandbox.home().parent().expect("it lies in the sandbox").to_owned();
    let given = output(sandbox.other("chown").args(["-R", "65534"]).arg(&root));
    assert!(given.status.success());
    let program = sandbox.home().join("xtask");
    copy_program(Path::new(env!("CARGO_BIN_EXE_xtask")), &program);
    let mut command = sandbox.other("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(&program).args(arguments);
    Some(Running::start(command).wait())
}

//! The directory of a process that holds a port is anybody's, and so are the files in it.

use std::process::Command;

use crate::sandbox::{Running, Sandbox, service};

#[test]
fn a_pipe_in_place_of_git_in_the_directory_of_an_owner_holds_nobody_up() {
    for pipe in [".git", ".git/HEAD"] {
        let (sandbox, port) = Sandbox::with_api();
        let directory = sandbox.checkout("odd");
        std::fs::create_dir_all(directory.join(pipe).parent().unwrap()).unwrap();
        let made = Command::new("mkfifo").arg(directory.join(pipe)).status().unwrap();
        assert!(made.success());
        let mut stranger = sandbox.other(service());
        stranger
            .current_dir(&directory)
            .args(["--listen", &format!("127.0.0.1:{port}"), "--announce", "here"]);
        let stranger = Running::start(stranger);
        stranger.wait_for("here");
        let port = port.to_string();
        sandbox.run(&["port", "who", &port]).with(0);
        sandbox.run(&["port", "ls", &port]).with(0);
        sandbox.run(&["doctor"]).with(1);
        sandbox.run(&["up"]).with(3);
        sandbox.run(&["port", "kill", &port, "--yes"]).with(0);
        sandbox.nothing_is_left();
    }
}

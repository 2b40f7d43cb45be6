//! `pidfile`: a server that refuses to start while its pid file is there, as Rails and PostgreSQL do.

use crate::sandbox::{Sandbox, eventually, port, signal};

fn server() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "sh -c 'test -e server.pid && echo already running && exit 1; echo $$$$ > server.pid; exec SERVICE --listen 127.0.0.1:{port}'"
        working_dir = "app"
        port = {port}
        pidfile = "server.pid"
        restart = "on-failure"
        "#
    ));
    sandbox.write("app/here", "");
    (sandbox, port)
}

#[test]
fn a_stale_one_is_removed_before_each_start() {
    let (sandbox, _) = server();
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    let pid = gone.id();
    gone.wait().unwrap();
    sandbox.write("app/server.pid", &format!("{pid}\n"));
    let doctor = sandbox.run(&["doctor"]).with(0);
    let warning = format!(
        "warning: pid file `app/server.pid` is stale: there is no process {pid}; it is removed before the start\n  --> \
         devtasks.toml:2:19  [services.api]\n"
    );
    assert_eq!(doctor.stdout, format!("{warning}\n1 warning.\n"));
    let up = sandbox.up(&[]);
    assert!(up.stderr().contains(&warning), "{}", up.stderr());
    // Its own, left when it is killed, is stale at the restart.
    let first = sandbox.pid("api");
    let written = || std::fs::read_to_string(sandbox.project().join("app/server.pid")).unwrap_or_default();
    assert_eq!(written().trim(), first.to_string());
    signal(first, rustix::process::Signal::KILL);
    up.wait_for("again");
    eventually(written, || written().trim() != first.to_string());
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn one_of_a_process_that_may_have_written_it_is_left() {
    let (sandbox, _) = server();
    let other = sandbox.stranger(&[]);
    sandbox.write("app/server.pid", &format!("{}\n", other.pid()));
    let ended = sandbox.run(&["up"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("already running"), "{ended:?}");
    let left = std::fs::read_to_string(sandbox.project().join("app/server.pid")).unwrap();
    assert_eq!(left.trim(), other.pid().to_string());
}

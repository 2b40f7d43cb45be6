//! Lines of an access log about our own health checks are not shown, and stay in the files.

use crate::sandbox::{Running, Sandbox, eventually, output, port};

/// A service that logs each request, and is asked for `/health` all the time.
fn stack() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --http --log-requests --sick-while sick --listen 127.0.0.1:{port}\"\n\
         port = {port}\nhealthcheck = {{ http = \"/health\", interval = \"10ms\", retries = 1 }}\n"
    ));
    (sandbox, port)
}

/// Asks for a path of the service, as a browser might.
fn get(sandbox: &Sandbox, port: u16, path: &str) {
    let mut client = sandbox.other("bash");
    let ask = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET {path} HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3");
    client.args(["-c", &ask]);
    assert!(output(&mut client).status.success());
}

/// Waits until the files have so many lines with this.
#[track_caller]
fn logged(sandbox: &Sandbox, text: &str, n_lines: usize) {
    let lines = || sandbox.run(&["logs", "--grep", text]).stdout;
    eventually(lines, || lines().lines().count() >= n_lines);
}

const PASSED: &str = "\"GET /health HTTP/1.1\" 200";

fn end(up: Running) -> String {
    up.interrupt();
    up.wait().with(130).stdout
}

#[test]
fn checks_that_pass_are_left_out_and_all_else_is_shown() {
    let (sandbox, port) = stack();
    let up = sandbox.up(&[]);
    logged(&sandbox, PASSED, 5);
    get(&sandbox, port, "/health");
    up.wait_for(PASSED);
    sandbox.write("sick", "");
    up.wait_for("\"GET /health HTTP/1.1\" 503");
    let shown = end(up);
    // That of the client, which no check has sent.
    assert_eq!(shown.matches(PASSED).count(), 1, "{shown}");
}

#[test]
fn json_has_every_line() {
    let (sandbox, _) = stack();
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("\\\"GET /health HTTP/1.1\\\" 200");
    end(up);
}

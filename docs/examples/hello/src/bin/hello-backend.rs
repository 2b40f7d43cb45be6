//! The backend: says hello in JSON.

use std::process::{self, ExitCode};
use std::time::Instant;

use hello::{Answer, serve, text};

fn main() -> ExitCode {
    let begin = Instant::now();
    serve("hello-backend", |path| match path {
        "/healthz" => text("200 OK", "ok"),
        "/api/hello" => {
            let (pid, uptime) = (process::id(), begin.elapsed().as_secs());
            let body = format!(
                r#"{{"greeting": "Hello from the backend!", "pid": {pid}, "uptime_seconds": {uptime}}}"#
            );
            Answer("200 OK", "application/json", body + "\n")
        }
        _ => text("404 Not Found", "try /api/hello"),
    })
}

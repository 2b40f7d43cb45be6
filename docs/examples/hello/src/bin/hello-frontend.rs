//! The frontend: a page that shows what the backend at `$API_URL` said.

use std::env;
use std::process::{self, ExitCode};

use hello::{Answer, get, serve, text};

fn main() -> ExitCode {
    let api_url = env::var("API_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".to_owned());
    serve("hello-frontend", |path| match path {
        "/healthz" => text("200 OK", "ok"),
        "/" => page(&format!("{api_url}/api/hello")),
        _ => text("404 Not Found", "try /"),
    })
}

fn page(url: &str) -> Answer {
    let (status, verdict, reply) = match get(url) {
        Ok(reply) => ("200 OK", "The stack is up.", reply),
        Err(error) => ("502 Bad Gateway", "The backend does not answer.", error),
    };
    let body = include_str!("page.html")
        .replace("{verdict}", verdict)
        .replace("{url}", &escaped(url))
        .replace("{pid}", &process::id().to_string())
        .replace("{reply}", &escaped(&reply));
    Answer(status, "text/html; charset=utf-8", body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

//! A real socket that answers as engines do.

#![cfg(unix)] // It is a file.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::get;

/// Answers one request with these bytes, and keeps the connection open until the client closes it.
fn serve(socket: &Path, answer: &'static [u8]) -> thread::JoinHandle<String> {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(answer).unwrap();
        let _ = stream.read(&mut [0]);
        String::from_utf8_lossy(&request[..length]).into_owned()
    })
}

#[track_caller]
fn check_http(answer: &'static [u8], expected: Option<(&str, &str)>) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("engine.sock");
    let server = serve(&socket, answer);
    let found = get(&socket, "/containers/json", Duration::from_secs(5));
    let found = found.map(|answer| (answer.server, answer.body));
    let found = found.as_ref().map(|(server, body)| (server.as_str(), body.as_str()));
    assert_eq!(found, expected);
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /containers/json HTTP/1.1\r\n"), "{request}");
}

#[test]
fn it_is_asked_by_http_in_whatever_form_it_answers() {
    check_http(
        b"HTTP/1.1 200 OK\r\nServer: Docker/28.2.2 (linux)\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        Some(("Docker/28.2.2 (linux)", "[]")),
    );
    check_http(
        b"HTTP/1.1 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\nContent-Length: 2\r\n\r\n[]",
        Some(("Libpod/4.3.1 (linux)", "[]")),
    );
    check_http(
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}",
        None,
    );
}

#[test]
fn one_that_hangs_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    assert!(get(&socket, "/", Duration::from_millis(20)).is_none());
    drop(listener);
    assert!(get(&socket, "/", Duration::from_secs(60)).is_none());
}

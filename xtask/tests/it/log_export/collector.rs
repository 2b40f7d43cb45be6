//! A collector for tests: takes OTLP/HTTP, answers as told, and keeps every request.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// It listens until the test ends.
pub(super) struct Collector {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// What it answers next; 200 once these are used up.
    answers: VecDeque<&'static str>,
    /// Path and body of the requests that were answered with 200.
    taken: Vec<(String, Value)>,
    n_requests: usize,
}

impl Collector {
    /// `answers` are status lines and headers, such as `503 Busy\r\nRetry-After: 0`.
    pub(super) fn listen(port: u16, answers: &[&'static str]) -> Collector {
        let seen = Arc::new(Mutex::new(Seen {
            answers: answers.iter().copied().collect(),
            ..Seen::default()
        }));
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let keep = Arc::clone(&seen);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let keep = Arc::clone(&keep);
                std::thread::spawn(move || while serve(&connection, &keep).is_some() {});
            }
        });
        Collector { seen }
    }

    pub(super) fn n_requests(&self) -> usize {
        self.seen.lock().unwrap().n_requests
    }

    /// The paths of the requests that were taken.
    pub(super) fn paths(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap()
            .taken
            .iter()
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Every line that was taken, as `SERVICE STREAM TEXT`, in the order of its arrival.
    pub(super) fn lines(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let mut lines = Vec::new();
        for (_, body) in &seen.taken {
            for of_resource in body["resourceLogs"].as_array().unwrap() {
                let service = attribute(&of_resource["resource"], "service.name");
                for record in of_resource["scopeLogs"][0]["logRecords"].as_array().unwrap() {
                    let (stream, text) = (attribute(record, "log.iostream"), &record["body"]["stringValue"]);
                    lines.push(format!("{service} {stream} {}", text.as_str().unwrap()));
                }
            }
        }
        lines
    }

    /// An attribute of the first resource.
    pub(super) fn resource(&self, key: &str) -> String {
        let seen = self.seen.lock().unwrap();
        attribute(&seen.taken[0].1["resourceLogs"][0]["resource"], key)
    }
}

fn attribute(of: &Value, key: &str) -> String {
    let attributes = of["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|it| it["key"] == key).unwrap();
    found["value"]["stringValue"].as_str().unwrap().to_owned()
}

/// One request; `None` at the end of the connection.
fn serve(mut connection: &TcpStream, seen: &Mutex<Seen>) -> Option<()> {
    let mut from = BufReader::new(connection);
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).expect("the body is JSON");
    let mut seen = seen.lock().unwrap();
    seen.n_requests += 1;
    let answer = seen.answers.pop_front().unwrap_or("200 OK");
    if answer.starts_with("200") {
        seen.taken.push((path, body));
    }
    drop(seen);
    write!(connection, "HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\n{{}}").ok()
}

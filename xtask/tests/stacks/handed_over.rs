//! `listen = true` with real servers: while they are restarted again and again, nobody is refused.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use xshell::{Shell, cmd};

use crate::it::sandbox::{PATIENCE, Sandbox, eventually, is_free, port};

const N_RESTARTS: usize = 20;
const N_CLIENTS: usize = 4;
/// Answers before the next restart, so that there are 1,000 in all.
const N_BETWEEN: usize = 50;

/// What became of the requests.
#[derive(Default)]
struct Count {
    answered: AtomicUsize,
    refused: AtomicUsize,
    /// Taken on, and closed or reset without an answer.
    dropped: AtomicUsize,
}

impl Count {
    fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// One request, on a connection of its own.
    fn ask(&self, port: u16) {
        let counted = match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) if is_answered(&stream) => &self.answered,
            Ok(_) => &self.dropped,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
                &self.refused
            }
        };
        counted.fetch_add(1, Ordering::Relaxed);
    }
}

fn is_answered(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let heard = asked.and_then(|()| stream.read_to_string(&mut answer));
    match heard {
        Ok(_) => answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here I am"),
        Err(error) => {
            assert_ne!(
                error.kind(),
                ErrorKind::WouldBlock,
                "no answer in {} s",
                PATIENCE.as_secs()
            );
            false
        }
    }
}

/// Restarts `api` while clients ask all the time; how many were taken on and dropped.
#[track_caller]
fn restarted(sandbox: &Sandbox, port: u16) -> usize {
    sandbox.run(&["up", "-d"]).with(0);
    let (count, is_over) = (Count::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..N_CLIENTS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    count.ask(port);
                }
            });
        }
        let restarts = scope.spawn(|| {
            for n_before in 1..=N_RESTARTS {
                let enough = n_before * N_BETWEEN;
                eventually(
                    || format!("{enough} answers; there are {}", count.answered()),
                    || count.answered() >= enough,
                );
                sandbox.run(&["restart", "api"]).with(0);
            }
        });
        let ended = restarts.join();
        is_over.store(true, Ordering::Relaxed);
        ended.expect("each restart succeeds");
    });
    sandbox.run(&["down"]).with(0);
    assert!(is_free(port));
    let dropped = count.dropped.into_inner();
    let refused = count.refused.into_inner();
    assert_eq!(refused, 0, "{dropped} dropped");
    assert!(count.answered.into_inner() >= N_RESTARTS * N_BETWEEN);
    dropped
}

/// `api` in a venv with this package, or without one.
fn api(command: &str, package: Option<&str>) -> (Sandbox, u16) {
    let port = port();
    let venv = package.map_or("", |_| "venv = \"api\"\n[venvs.api]\npath = \".venv\"\n");
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"{command}\"\nport = {port}\nlisten = true\nhealthcheck = {{ http = \"/\" }}\n{venv}"
    ));
    if let Some(package) = package {
        let shell = Shell::new().expect("a working directory");
        shell.change_dir(sandbox.project());
        cmd!(shell, "python3 -m venv .venv").run().expect("a venv can be made");
        cmd!(shell, ".venv/bin/pip install --quiet {package}")
            .run()
            .expect("the package can be had");
    }
    (sandbox, port)
}

/// What uvicorn has accepted and not read when it is told to end it closes without an answer, though it ends
/// gracefully: each client can meet that once a restart. The others answer all that they have accepted.
const AT_WORST: usize = N_CLIENTS * N_RESTARTS;

#[test]
fn uvicorn_refuses_nobody_while_it_restarts() {
    let command = "uvicorn app:app --fd 3 --log-level warning";
    let (sandbox, port) = api(command, Some("uvicorn==0.54.0"));
    sandbox.write(
        "app.py",
        "
async def app(scope, receive, send):
    if scope['type'] == 'http':
        await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'9')]})
        await send({'type': 'http.response.body', 'body': b'here I am'})
",
    );
    let dropped = restarted(&sandbox, port);
    assert!(dropped <= AT_WORST, "{dropped} dropped");
}

#[test]
fn gunicorn_refuses_nobody_while_it_restarts() {
    let (sandbox, port) = api("gunicorn app:app --workers 2", Some("gunicorn==27.0.1"));
    sandbox.write(
        "app.py",
        "
def app(environ, start_response):
    start_response('200 OK', [('Content-Length', '9')])
    return [b'here I am']
",
    );
    assert_eq!(restarted(&sandbox, port), 0);
}

#[test]
fn node_refuses_nobody_while_it_restarts() {
    let (sandbox, port) = api("node server.js", None);
    sandbox.write(
        "server.js",
        "
const server = require('node:http').createServer((request, response) => response.end('here I am'));
server.listen({ fd: 3 });
process.on('SIGTERM', () => server.close(() => process.exit()));
",
    );
    assert_eq!(restarted(&sandbox, port), 0);
}

//! The responder with real sockets on loopback, and a page of one line.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;

use socket2::{Domain, Socket, Type};

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// Time limits that no test reaches.
const GENEROUS: Limits = Limits {
    request: Duration::from_secs(600),
    write: Duration::from_secs(600),
};

fn started(limits: Limits, page: impl Fn(Format) -> Option<String> + Send + Sync + 'static) -> Responder {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    Responder::with(listener, limits, page).unwrap()
}

fn one_line(_: Format) -> Option<String> {
    Some("up 1\n".to_owned())
}

impl Responder {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A request to `/metrics` in these words, and the whole answer.
    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        let host = self.address;
        let request = format!("{request} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        all(stream)
    }
}

/// Everything up to the end of the connection, `|` for the end of a line.
fn all(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.replace("\r\n", "|")
}

#[test]
fn the_page_is_answered_and_the_connection_closed() {
    let responder = started(GENEROUS, one_line);
    let head =
        "HTTP/1.1 200 OK|Content-Type: text/plain; version=0.0.4; charset=utf-8|Content-Length: 5|Connection: close||";
    assert_eq!(responder.ask("GET /metrics"), format!("{head}up 1\n"));
    assert_eq!(responder.ask("HEAD /metrics"), head);
}

#[test]
fn a_refusal_says_what_to_do() {
    let responder = started(GENEROUS, one_line);
    assert_eq!(
        responder.ask("POST /metrics"),
        "HTTP/1.1 405 Method Not Allowed|Content-Type: text/plain; charset=utf-8|Content-Length: 31|Allow: GET, HEAD|\
         Connection: close||only GET and HEAD are answered\n"
    );
    assert_eq!(
        responder.ask("HEAD /"),
        "HTTP/1.1 404 Not Found|Content-Type: text/plain; charset=utf-8|Content-Length: 24|Connection: close||"
    );
}

#[test]
fn a_run_that_ends_has_no_page() {
    let responder = started(GENEROUS, |_| None);
    let answer = responder.ask("GET /metrics");
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable|"), "{answer}");
}

#[test]
fn what_follows_a_request_does_not_cost_its_answer() {
    const LARGE: usize = 1 << 20;
    let responder = started(GENEROUS, |_| Some("x".repeat(LARGE)));
    // It has room for little, so the end of the answer is still on our side when all is written. A socket that is closed
    // with something unread in it throws that away.
    let stream = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    stream.set_recv_buffer_size(4096).unwrap();
    stream.connect(&responder.address.into()).unwrap();
    let mut stream = TcpStream::from(stream);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", responder.address);
    let rest = "x".repeat(MAX_HEAD_BYTES);
    stream.write_all(format!("{request}{rest}").as_bytes()).unwrap();
    let answer = all(stream);
    let (_, page) = answer.split_once("||").expect("there is a head");
    assert_eq!(page.len(), LARGE);
}

#[test]
fn a_client_that_says_nothing_is_told_and_let_go() {
    let limits = Limits {
        request: Duration::from_millis(20),
        ..GENEROUS
    };
    let responder = started(limits, one_line);
    let mut slow = responder.connect();
    slow.write_all(b"GET /metr").unwrap();
    let answer = all(slow);
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout|"), "{answer}");
}

#[test]
fn a_client_that_does_not_read_is_let_go() {
    let limits = Limits {
        write: Duration::from_millis(20),
        ..GENEROUS
    };
    // More than the buffers of both sides hold.
    const LARGE: usize = 64 << 20;
    let responder = started(limits, |_| Some("x".repeat(LARGE)));
    let mut deaf = responder.connect();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", responder.address);
    deaf.write_all(request.as_bytes()).unwrap();
    // The head shows that it is being answered; what follows is not read.
    let mut reader = BufReader::new(&deaf);
    reader.read_line(&mut String::new()).unwrap();
    assert!(responder.ask("HEAD /metrics").starts_with("HTTP/1.1 200 OK|"));
    let deadline = Instant::now() + PATIENCE;
    while !is_closed(&deaf) {
        assert!(Instant::now() < deadline, "it is still served");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// The other side has closed the connection: what is sent there is answered with a reset.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.write_all(b"x").is_err()
}

#[test]
fn a_hundred_idle_connections_keep_no_scrape_waiting() {
    let responder = started(GENEROUS, one_line);
    let idle: Vec<TcpStream> = (0..100).map(|_| responder.connect()).collect();
    for _ in 0..10 {
        assert!(responder.ask("GET /metrics").ends_with("||up 1\n"));
    }
    // The oldest made room for them.
    let (ended, left) = idle.split_at(100 - MAX_CONNECTIONS);
    for stream in ended {
        let mut stream = stream;
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    // And those that are left are still heard.
    let mut last = left.last().unwrap();
    last.write_all(format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", responder.address).as_bytes())
        .unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("up 1\n"), "{answer}");
}

#[test]
fn its_port_is_free_once_it_is_dropped() {
    let responder = started(GENEROUS, one_line);
    let (address, _idle) = (responder.address, responder.connect());
    drop(responder);
    assert!(TcpStream::connect(address).is_err());
    TcpListener::bind(address).unwrap();
}

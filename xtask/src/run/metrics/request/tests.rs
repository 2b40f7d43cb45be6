//! The bytes of a request → what is answered.

use super::*;

/// `request` is written with `|` for the end of a line; the client is connected to `local`.
#[track_caller]
fn check_at(local: &str, request: &str, expected: &str) {
    let bytes = request.replace('|', "\r\n");
    let seen = match hear(bytes.as_bytes(), local.parse().expect("it is an address")) {
        Heard::More => "more".to_owned(),
        Heard::Answer(Answer { content, is_head }) => {
            let content = content.map_or_else(|refusal| refusal.words().0.to_owned(), |format| format!("{format:?}"));
            if is_head { format!("head of {content}") } else { content }
        }
    };
    assert_eq!(seen, expected, "{request}");
}

#[track_caller]
fn check(request: &str, expected: &str) {
    check_at("127.0.0.1:9464", request, expected);
}

#[track_caller]
fn check_host(local: &str, host: &str, expected: &str) {
    check_at(local, &format!("GET /metrics HTTP/1.1|Host: {host}||"), expected);
}

#[track_caller]
fn check_accept(accept: &str, expected: &str) {
    check(
        &format!("GET /metrics HTTP/1.1|Host: localhost:9464|Accept: {accept}||"),
        expected,
    );
}

#[test]
fn only_metrics_are_there_to_get() {
    check("GET /metrics HTTP/1.1|Host: localhost:9464||", "Prometheus");
    check("GET /metrics?name=up HTTP/1.1|Host: localhost:9464||", "Prometheus");
    check("HEAD /metrics HTTP/1.1|Host: localhost:9464||", "head of Prometheus");
    check("GET / HTTP/1.1|Host: localhost:9464||", "404 Not Found");
    check("HEAD / HTTP/1.1|Host: localhost:9464||", "head of 404 Not Found");
    check("GET /metrics/ HTTP/1.1|Host: localhost:9464||", "404 Not Found");
    check(
        "GET http://localhost:9464/metrics HTTP/1.1|Host: localhost:9464||",
        "404 Not Found",
    );
    check(
        "POST /metrics HTTP/1.1|Host: localhost:9464|Content-Length: 3||abc",
        "405 Method Not Allowed",
    );
    check("DELETE / HTTP/1.1|Host: localhost:9464||", "404 Not Found");
}

#[test]
fn a_request_may_come_in_pieces() {
    let whole = "GET /metrics HTTP/1.1|Host: localhost:9464||";
    for end in 0..whole.len() - 1 {
        check(&whole[..end], "more");
    }
}

#[test]
fn what_is_no_request_or_too_long_is_refused() {
    check("\u{16}\u{3}\u{1}", "400 Bad Request");
    check("GET /metrics|Host: localhost:9464||", "400 Bad Request");
    check("GET /metrics HTTP/1.1||", "400 Bad Request");
    check(
        "GET /metrics HTTP/1.1|Host: localhost:9464|host: localhost:9464||",
        "400 Bad Request",
    );
    let long = format!("GET /metrics HTTP/1.1|X: {}", "x".repeat(MAX_HEAD_BYTES));
    check(&long, "431 Request Header Fields Too Large");
    let many = format!("GET /metrics HTTP/1.1|{}|", "X: y|".repeat(MAX_HEADERS + 1));
    check(&many, "431 Request Header Fields Too Large");
}

#[test]
fn the_host_is_our_address_or_of_this_machine() {
    for host in [
        "127.0.0.1:9464",
        "localhost:9464",
        "LOCALHOST:9464",
        "127.0.0.2:9464",
        "[::1]:9464",
    ] {
        check_host("127.0.0.1:9464", host, "Prometheus");
    }
    for host in [
        "evil.example:9464",
        "localhost.evil.example:9464",
        "127.0.0.1.evil.example:9464",
        "192.168.1.5:9464",
        "localhost:9465",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::2]:9464",
        "::1",
        "user@localhost:9464",
        "localhost:",
        "",
    ] {
        check_host("127.0.0.1:9464", host, "421 Misdirected Request");
    }
    check_host("192.168.1.5:9464", "192.168.1.5:9464", "Prometheus");
    check_host("192.168.1.5:9464", "192.168.1.6:9464", "421 Misdirected Request");
    check_host("192.168.1.5:9464", "shop.example:9464", "421 Misdirected Request");
    // A socket for both families names an IPv4 address like that.
    check_host("[::ffff:192.168.1.5]:9464", "192.168.1.5:9464", "Prometheus");
    check_host("[fd00::5]:9464", "[fd00::5]:9464", "Prometheus");
    // The port of http is not written.
    check_host("127.0.0.1:80", "localhost", "Prometheus");
    check_host("[::1]:80", "[::1]", "Prometheus");
}

#[test]
fn the_client_chooses_the_format() {
    check_accept("*/*", "Prometheus");
    check_accept("text/plain", "Prometheus");
    check_accept("application/json", "Prometheus");
    check_accept("application/openmetrics-text", "OpenMetrics");
    check_accept(
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        "OpenMetrics",
    );
    check_accept("application/openmetrics-text; version=\"0.0.1\"", "OpenMetrics");
    check_accept("application/openmetrics-text; version=2.0.0", "Prometheus");
    check_accept("application/openmetrics-text;q=0.1,text/plain;q=0.2", "Prometheus");
    check_accept("application/openmetrics-text;q=0,*/*;q=0.1", "Prometheus");
    check_accept("application/openmetrics-text;q=7", "Prometheus");
    // Prometheus 2.42 and 3.
    check_accept(
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "OpenMetrics",
    );
    check_accept(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,\
         text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "OpenMetrics",
    );
}

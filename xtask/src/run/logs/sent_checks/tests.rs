//! Lines of an access log → what is left of them.

use std::borrow::Cow;
use std::time::Duration;

use super::super::strip_escapes::plain;
use super::{LOG_DELAY, SentChecks};

/// A check of `/health` was sent from this address; of the lines, those after `-` are left out.
#[track_caller]
fn check(from: &str, lines: &[&str]) {
    let mut checks = SentChecks::default();
    checks.sent(from.parse().unwrap(), "/health", Duration::ZERO);
    check_left(&mut checks, Duration::from_secs(1), lines);
}

#[track_caller]
fn check_left(checks: &mut SentChecks, now: Duration, lines: &[&str]) {
    let text = |it: &str| it[1..].replace("AGENT", super::USER_AGENT) + "\n";
    let written: String = lines.iter().map(|it| text(it)).collect();
    let expected: String = lines
        .iter()
        .filter(|it| !it.starts_with('-'))
        .map(|it| text(it))
        .collect();
    let left = checks.without(Cow::Borrowed(written.as_bytes()), &plain(written.as_bytes()), now);
    assert_eq!(String::from_utf8_lossy(&left), expected);
}

#[test]
fn a_line_with_our_end_of_the_connection_is_left_out() {
    check(
        "127.0.0.1:54321",
        &[
            " INFO:     127.0.0.1:54322 - \"GET /health HTTP/1.1\" 200 OK",
            "-INFO:     127.0.0.1:54321 - \"GET /health HTTP/1.1\" 200 OK",
            " INFO:     127.0.0.1:54321 - \"GET /health HTTP/1.1\" 200 OK",
        ],
    );
    check(
        "[::1]:54321",
        &["-INFO:     ::1:54321 - \"GET /health HTTP/1.1\" 204 No Content"],
    );
    check(
        "[::1]:54321",
        &["-[::1]:54321 - - [now] \"GET /health HTTP/1.1\" 302 0"],
    );
    check(
        "127.0.0.1:54321",
        &["-\x1b[32mINFO\x1b[0m:     127.0.0.1:54321 - \"\x1b[1mGET /health HTTP/1.1\x1b[0m\" \x1b[32m200 OK\x1b[0m"],
    );
}

#[test]
fn so_is_a_line_with_our_user_agent() {
    check(
        "127.0.0.1:54321",
        &[
            " 127.0.0.1 - - [now] \"GET /health HTTP/1.1\" 200 2 \"-\" \"curl/8.0\"",
            "-172.17.0.1 - - [now] \"GET /health HTTP/1.1\" 200 2 \"-\" \"AGENT\"",
        ],
    );
}

#[test]
fn what_may_be_of_another_or_worth_seeing_stays() {
    check(
        "127.0.0.1:54321",
        &[
            " 127.0.0.1 - - [now] \"GET /health HTTP/1.1\" 200 -",
            " INFO:     127.0.0.1:5432 - \"GET /health HTTP/1.1\" 200 OK",
            " INFO:     127.0.0.1:543210 - \"GET /health HTTP/1.1\" 200 OK",
            " INFO:     1127.0.0.1:54321 - \"GET /health HTTP/1.1\" 200 OK",
            " INFO:     127.0.0.1:54321 - \"GET /healthy HTTP/1.1\" 200 OK",
            " INFO:     127.0.0.1:54321 - \"POST /health HTTP/1.1\" 200 OK",
            " INFO:     127.0.0.1:54321 - \"GET /health HTTP/1.1\" 503 Service Unavailable",
            " INFO:     127.0.0.1:54321 - \"GET /health HTTP/1.1\" 2000 OK",
            " INFO:     127.0.0.1:54321 - \"GET /health HTTP/1.1\" ",
            " KeyError in a request of AGENT",
            " {\"path\": \"/health\", \"status\": 200, \"agent\": \"AGENT\"}",
        ],
    );
}

#[test]
fn a_check_that_failed_or_is_long_ago_has_no_line() {
    let line = "INFO:     127.0.0.1:1 - \"GET /health HTTP/1.1\" 200 OK";
    let (mut checks, from) = (SentChecks::default(), "127.0.0.1:1".parse().unwrap());
    checks.sent(from, "/health", Duration::ZERO);
    checks.failed();
    check_left(&mut checks, Duration::ZERO, &[&format!(" {line}")]);
    checks.sent(from, "/health", Duration::ZERO);
    check_left(&mut checks, LOG_DELAY, &[&format!(" {line}")]);
    // Of many, the oldest are forgotten.
    for _ in 0..100 {
        checks.sent("127.0.0.1:2".parse().unwrap(), "/health", Duration::ZERO);
    }
    checks.sent(from, "/health", Duration::ZERO);
    check_left(&mut checks, Duration::ZERO, &[&format!("-{line}")]);
    assert!(checks.0.len() < 20);
}

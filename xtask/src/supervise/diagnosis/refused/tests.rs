//! Which port was refused.

use super::port;

#[test]
fn the_port_is_read_from_every_dialect() {
    for (evidence, expected) in [
        ("Error: connect ECONNREFUSED 127.0.0.1:6379", Some(6379)),
        ("Error: connect ECONNREFUSED ::1:3000", Some(3000)),
        ("dial tcp [::1]:5432: connect: connection refused", Some(5432)),
        (
            "2026/11/23 08:00:05 main.go:12: dial tcp 127.0.0.1:5432: connect: connection refused",
            Some(5432),
        ),
        ("2026-11-23T08:00:05Z ERROR connection refused", None),
        (
            "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused",
            Some(5432),
        ),
        (
            "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused",
            Some(5432),
        ),
        (
            "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
            Some(5432),
        ),
        (
            "Error 111 connecting to localhost:6379. Connection refused.",
            Some(6379),
        ),
        (
            "Cannot connect to redis://:secret@localhost:6379/0: Connection refused",
            Some(6379),
        ),
        (
            "HTTPConnectionPool(host='localhost', port=8000): Max retries exceeded",
            Some(8000),
        ),
        ("Connection refused: localhost/127.0.0.1:6379", Some(6379)),
        ("Connection refused [::ffff:127.0.0.1]:5432", Some(5432)),
        ("Can't reach database server at `localhost:5432`", Some(5432)),
        (
            "Failed to connect to 127.0.0.1 port 8000 after 3 ms: Couldn't connect to server",
            Some(8000),
        ),
        (
            "connection to server at \"db.example.com\" (10.0.0.7), port 5432 failed: Connection refused",
            None,
        ),
        ("Error: connect ECONNREFUSED 10.0.0.7:6379", None),
        ("java.net.ConnectException: Connection refused", None),
        ("localhost is down, 70000 times", None),
    ] {
        assert_eq!(port(evidence), expected, "{evidence}");
    }
}

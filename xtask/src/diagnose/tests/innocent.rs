//! Lines that resemble a cause but are not one.

use super::check;

#[test]
fn what_its_author_calls_no_error_is_none() {
    for line in [
        "INFO connected to port 8000 is already in use by us",
        "INFO:     address already in use, trying the next one",
        "2026-11-23 08:00:00,000 [INFO] shop: connection refused, trying again",
        "2026-11-23 08:00:00.000  WARN 4242 --- [main] shop.Db : Connection refused",
        "WARNING: python: No module named uvloop",
        "time=2026-11-23T08:00:00Z level=info msg=\"connect: connection refused\"",
        "{\"level\":\"debug\",\"msg\":\"dial tcp 127.0.0.1:5432: connect: connection refused\"}",
        "warn: Error: connect ECONNREFUSED 127.0.0.1:6379",
    ] {
        check(line, "nothing");
    }
}

#[test]
fn words_alone_are_no_message() {
    for line in [
        // Vite and Next continue with another port.
        "Port 5173 is in use, trying another one...",
        " ⚠ Port 3000 is in use, trying 3001 instead.",
        "Port 3000 is already in use, using 3001",
        "transport udp is already in use",
        "All required environment variables are set",
        "refresh: token: not found",
        "GET /missing: not found",
        "10:30: 404: /missing: not found",
        "Command x was not found in the menu",
        "cat: .env: No such file or directory",
        "Permission denied (publickey).",
        "user kim: permission denied for table orders",
        "KeyError: 'name'",
        "KeyError: 'EUR'",
        "  Field required",
        "foo: parameter not set",
        "run.sh: line 3: 12: unbound variable",
        "connection to the printer was refused",
        "out of memory cards",
        "the error code is 98",
        "open http://localhost:8000",
    ] {
        check(line, "nothing");
    }
}

#[test]
fn a_key_of_any_dictionary_is_no_variable() {
    check(
        "Traceback (most recent call last):\n  File \"/srv/rates.py\", line 3, in <module>\n    rate = RATES[\"EUR_USD\"]\n           ~~~~~^^^^^^^^^^^\nKeyError: 'EUR_USD'",
        "nothing",
    );
}

#[test]
fn a_request_without_a_field_is_no_setting() {
    check(
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Order\ncustomer\n  Field required [type=missing, input_value={}, input_type=dict]",
        "nothing",
    );
}

#[test]
fn what_a_server_survived_long_ago_does_not_count() {
    let refused = "ERROR redis: connection refused";
    let served = |n| "GET / 200\n".repeat(n);
    check(&format!("{refused}\n{}", served(11)), &format!("Refused 1: {refused}"));
    check(&format!("{refused}\n{}", served(12)), "nothing");
    // Causes that end a server still count.
    let missing = "ModuleNotFoundError: No module named 'x'";
    check(
        &format!("{missing}\n{}", served(50)),
        &format!("PythonModuleMissing 1: {missing}"),
    );
}

#[test]
fn an_unknown_exception_hides_what_was_said_before() {
    for end in [
        "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in <module>\n    1 / 0\nZeroDivisionError: division by zero",
        "sqlalchemy.exc.ArgumentError: nope",
        "TypeError: x is not a function\n    at main (/srv/a.js:1:1)\n\nNode.js v20.20.2",
        "Exception in thread \"main\" java.lang.IllegalStateException: nope\n\tat Main.main(Main.java:3)",
        "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:5\nexit status 2",
        "thread 'main' (4242) panicked at src/main.rs:3:5:\nnope\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
    ] {
        check(&format!("ERROR redis: connection refused\n{end}"), "nothing");
        check(&format!("OSError: [Errno 98] Address already in use\n{end}"), "nothing");
    }
}

#[test]
fn an_unknown_end_is_left_unexplained() {
    check(
        "Traceback (most recent call last):\nZeroDivisionError: division by zero",
        "nothing",
    );
    check("", "nothing");
}

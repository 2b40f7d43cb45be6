//! Real last lines of real runtimes, and the cause that each shows.

use super::{Status, diagnosis};

/// The log of a service that ended with code 1 → the cause and the line that shows it.
#[track_caller]
fn check(log: &str, expected: &str) {
    let tail: Vec<String> = log.lines().map(str::to_owned).collect();
    let found = diagnosis(
        Status {
            code: Some(1),
            signal: None,
        },
        &tail,
    );
    let found = found.map_or("nothing".to_owned(), |it| {
        format!("{:?} {}: {}", it.kind, it.exit.code(), it.evidence)
    });
    assert_eq!(found, expected);
}

#[test]
fn a_busy_port_is_seen_in_every_dialect() {
    for line in [
        "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
        "ERROR:    [Errno 48] Address already in use",
        "OSError: [Errno 98] Address already in use",
        "[ERROR] Connection in use: ('127.0.0.1', 8000) [Errno 98] Address already in use",
        "Error: listen EADDRINUSE: address already in use :::3000",
        "listen tcp :8080: bind: address already in use",
        "java.net.BindException: Address already in use",
        "Error: Os { code: 98, kind: AddrInUse, message: \"Address already in use\" }",
        "# Could not create server TCP listening socket *:6379: bind: Address already in use",
        "LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        "Error: Port 8080 is already in use",
        "Port 5000 is in use by another program. Either identify and stop that program, or start the server with a",
    ] {
        check(line, &format!("PortBusy 3: {line}"));
    }
}

#[test]
fn a_missing_module_is_seen_in_python_and_node() {
    for line in [
        "ModuleNotFoundError: No module named 'sqlalchemy'",
        "/srv/.venv/bin/python: No module named uvicorn",
    ] {
        check(line, &format!("PythonModuleMissing 1: {line}"));
    }
    for line in [
        "Error: Cannot find module 'express'",
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'vite' imported from /srv/vite.config.js",
    ] {
        check(line, &format!("NodeModuleMissing 1: {line}"));
    }
}

#[test]
fn colours_hide_nothing() {
    check(
        "\x1b[1;35mModuleNotFoundError\x1b[0m: \x1b[35mNo module named 'x'\x1b[0m",
        "PythonModuleMissing 1: ModuleNotFoundError: No module named 'x'",
    );
}

#[test]
fn a_shell_that_finds_no_command_is_understood() {
    check(
        "sh: 1: uvicorn: not found",
        "CommandNotFound 5: sh: 1: uvicorn: not found",
    );
    check(
        "bash: line 1: vite: command not found",
        "CommandNotFound 5: bash: line 1: vite: command not found",
    );
}

#[test]
fn what_is_said_last_decides() {
    check(
        "OSError: [Errno 98] Address already in use\nretrying\nModuleNotFoundError: No module named 'x'\nbye",
        "PythonModuleMissing 1: ModuleNotFoundError: No module named 'x'",
    );
}

#[test]
fn an_unknown_end_is_left_unexplained() {
    check(
        "Traceback (most recent call last):\nZeroDivisionError: division by zero",
        "nothing",
    );
    check("", "nothing");
}

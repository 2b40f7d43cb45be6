//! `port wait`: until a port is free, or until somebody listens on it.

use serde_json::json;

use super::no_project;
use crate::sandbox::{Running, port};

#[test]
fn busy_is_when_somebody_listens() {
    let sandbox = no_project();
    let port = port();
    let wait = sandbox.start(&["port", "wait", &port.to_string(), "--busy", "--timeout", "30s"]);
    // Bound is not listening yet.
    let bound = sandbox.stranger(&["--listen", &format!("127.0.0.2:{port}"), "--bind-only"]);
    assert!(!wait.has_ended());
    sandbox.stranger(&["--listen", &format!("[::1]:{port}")]);
    let ended = wait.wait().with(0);
    assert_eq!(ended.stdout, "");
    assert_eq!(
        sandbox.plain(&ended.stderr),
        format!("Port {port} is busy, after [time].\n")
    );
    assert!(!bound.has_ended());
}

#[test]
fn free_is_when_it_can_be_bound() {
    let sandbox = no_project();
    let port = port();
    let holder = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let wait = sandbox.start(&["port", "wait", &port.to_string(), "--free"]);
    assert!(!wait.has_ended());
    holder.kill();
    wait.wait().with(0);
    sandbox.run(&["port", "wait", &port.to_string(), "--free"]).with(0);
}

#[test]
fn what_does_not_come_in_time_is_4() {
    let sandbox = no_project();
    let port = port();
    let number = port.to_string();
    let wait = |arguments: &[&str]| {
        let words = [&["port", "wait", &number, "--timeout", "50ms"], arguments].concat();
        sandbox.run(&words).with(4)
    };
    let ended = wait(&["--busy"]);
    assert_eq!(ended.stderr, format!("error: port {port} is still free after 50 ms\n"));
    let _holder = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = wait(&["--free"]);
    assert_eq!(
        ended.stderr,
        format!(
            "error: port {port} is still busy after 50 ms\n\nhint: look who holds it with `xtask port who {port}`\n"
        )
    );
    let mut document = wait(&["--free", "--format", "json"]).json();
    assert!(document["waited"].take().as_u64().unwrap() >= 50);
    assert_eq!(
        document,
        json!({
            "schema_version": 1, "ok": false, "waited": null,
            "ports": [{"number": port, "protocol": "tcp", "busy": true}],
        })
    );
}

#[test]
fn all_of_several_ports_have_to_be_so() {
    let sandbox = no_project();
    let (one, two) = (port(), port());
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{one}")]);
    let ports = [one.to_string(), format!("{two}/udp")];
    let wait = |timeout: &str| sandbox.run(&["port", "wait", &ports[0], &ports[1], "--busy", "--timeout", timeout]);
    let ended = wait("50ms").with(4);
    assert_eq!(
        ended.stderr,
        format!("error: UDP port {two} is still free after 50 ms\n")
    );
    let _udp = sandbox.stranger(&["--udp", &format!("127.0.0.1:{two}")]);
    wait("30s").with(0);
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn ctrl_c_is_130() {
    let sandbox = no_project();
    let port = port();
    // It says nothing while it waits: once it catches the signal, it has begun.
    let wait = sandbox.start(&["port", "wait", &port.to_string(), "--busy"]);
    let catches = |wait: &Running| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", wait.pid())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & 2 != 0)
    };
    crate::sandbox::eventually(|| "a handler of SIGINT".to_owned(), || catches(&wait));
    wait.interrupt();
    wait.wait().with(130);
}

#[test]
fn one_has_to_say_what_to_wait_for() {
    let sandbox = no_project();
    sandbox.run(&["port", "wait", "8000"]).with(2);
    sandbox.run(&["port", "wait", "8000", "--free", "--busy"]).with(2);
    sandbox.run(&["port", "wait", "8000-8010", "--free"]).with(2);
    sandbox.run(&["port", "wait", "--free"]).with(2);
}

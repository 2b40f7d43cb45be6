//! The main paths on every system: `up`, `status`, `logs`, `down`, `port who`, `port kill`, a conflict, a killed supervisor.
//!
//! `it` says far more, but only of Unix. CI runs this natively, under wine, and on macOS and Windows. What wine cannot show
//! is named at the test.

mod place;

use std::io::{Read, Write};
use std::net::TcpStream;

use place::{Place, eventually, free_port, server};

#[test]
fn a_stack_comes_up_in_the_background_and_goes_down() {
    let port = free_port();
    let place = Place::new(&format!(
        "[services.api]\ncommand = [SERVER, \"{port}\"]\nport = {port}\nhealthcheck = {{ http = \"/\" }}\n"
    ));
    let up = place.run(&["up", "--detach"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(fetched(port), "ok");
    let status = place.json(&["status"]);
    let service = &status["services"][0];
    assert_eq!(
        (&service["name"], &service["state"]),
        (&"api".into(), &"ready".into()),
        "{status}"
    );
    let logs = place.run(&["logs", "api"]);
    assert!(
        logs.stdout.contains(&format!("listening on 127.0.0.1:{port}")),
        "{logs:?}"
    );
    let again = place.run(&["up", "--detach"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let down = place.run(&["down"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let status = place.json(&["status"]);
    assert_eq!(status["services"][0]["state"], "stopped", "{status}");
    // A third run takes the port at once.
    assert_eq!(place.run(&["up", "--detach"]).code, Some(0));
    assert_eq!(place.run(&["down"]).code, Some(0));
}

#[test]
fn a_stack_in_the_foreground_is_ended_by_down_from_elsewhere() {
    let port = free_port();
    let place = Place::new(&format!(
        "[services.api]\ncommand = [SERVER, \"{port}\"]\nport = {port}\n"
    ));
    let mut up = place.start(&["up"]);
    up.wait_for("Ready in");
    assert_eq!(fetched(port), "ok");
    let down = place.run(&["down"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    let ended = up.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn whatever_a_service_has_started_ends_with_it() {
    let port = free_port();
    let place = Place::new(&format!(
        "[services.api]\ncommand = [SERVER, \"parent\", \"{port}\"]\nport = {port}\nstop_grace_period = \"1s\"\n"
    ));
    assert_eq!(place.run(&["up", "--detach"]).code, Some(0));
    let owner = &place.json(&["port", "who", &port.to_string()])["ports"][0]["owners"][0];
    assert_eq!(owner["service"], "api", "{owner}");
    let down = place.run(&["down"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_busy_port_is_a_conflict_with_a_card() {
    let port = free_port();
    let place = Place::new(&format!(
        "[services.api]\ncommand = [SERVER, \"{port}\"]\nport = {port}\n"
    ));
    let other = server(port);
    let up = place.run(&["up", "--detach", "--on-conflict", "fail"]);
    assert_eq!(up.code, Some(3), "{up:?}");
    assert!(up.stderr.contains(&format!("pid {}", other.pid())), "{up:?}");
    assert!(up.stderr.contains("server"), "{up:?}");
    assert_eq!(fetched(port), "ok", "it was left alone");
    let up = place.run(&["up", "--detach", "--on-conflict", "kill", "--yes"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(other.has_ended());
    assert_eq!(place.run(&["down"]).code, Some(0));
}

#[test]
fn port_who_names_the_owner_and_port_kill_ends_it() {
    let port = free_port();
    let place = Place::new("");
    let number = port.to_string();
    let nobody = place.run(&["port", "who", &number]);
    assert_eq!(nobody.code, Some(0), "{nobody:?}");
    let other = server(port);
    let who = place.json(&["port", "who", &number]);
    let owner = &who["ports"][0]["owners"][0];
    assert_eq!(owner["pid"], other.pid(), "{who}");
    assert!(
        owner["name"].as_str().is_some_and(|name| name.starts_with("server")),
        "{who}"
    );
    let dry = place.run(&["port", "kill", &number, "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(!other.has_ended());
    let kill = place.run(&["port", "kill", &number, "--yes"]);
    assert_eq!(kill.code, Some(0), "{kill:?}");
    assert!(other.has_ended());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_killed_supervisor_leaves_no_service_behind() {
    let port = free_port();
    let place = Place::new(&format!(
        "[services.api]\ncommand = [SERVER, \"parent\", \"{port}\"]\nport = {port}\nstop_grace_period = \"1s\"\n"
    ));
    let mut up = place.start(&["up"]);
    up.wait_for("Ready in");
    up.kill();
    eventually("the end of the service", || {
        TcpStream::connect(("127.0.0.1", port)).is_err()
    });
    let up = place.run(&["up", "--detach"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(place.run(&["down"]).code, Some(0));
}

#[test]
fn a_service_that_ends_is_told_with_its_code() {
    let place = Place::new("[services.job]\ncommand = [SERVER, \"exit\", \"3\"]\n");
    let up = place.run(&["up"]);
    assert_eq!(up.code, Some(1), "{up:?}");
    let text = format!("{}{}", up.stdout, up.stderr);
    assert!(text.contains("exit code 3") || text.contains("code 3"), "{up:?}");
}

#[test]
fn a_line_for_the_shell_and_variables_arrive() {
    let port = free_port();
    let variable = if std::env::consts::FAMILY == "windows" {
        "%GREETING%"
    } else {
        "$$GREETING"
    };
    let place = Place::new(&format!(
        "[tasks.hello]\ncommand = \"echo {variable} && echo \\\"two words\\\"\"\nshell = true\nenvironment = {{ GREETING = \"good day\" }}\n\n\
         [services.api]\ncommand = [SERVER]\nport = {port}\ndepends_on = {{ hello = \"completed\" }}\n"
    ));
    let up = place.run(&["up", "--detach"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert_eq!(fetched(port), "ok", "it was told its port by a variable");
    let logs = place.run(&["logs", "hello"]);
    assert!(
        logs.stdout.contains("good day") && logs.stdout.contains("two words"),
        "{logs:?}"
    );
    assert_eq!(place.run(&["down"]).code, Some(0));
}

#[test]
fn what_is_missing_is_said_before_anything_starts() {
    let place = Place::new("[services.api]\ncommand = \"no-such-program-here\"\n");
    let up = place.run(&["up"]);
    assert_eq!(up.code, Some(5), "{up:?}");
    assert!(up.stderr.contains("no-such-program-here"), "{up:?}");
}

#[test]
fn commands_beside_the_stack_end_with_their_own_code() {
    let place = Place::new("[services.api]\ncommand = [SERVER, \"1\"]\nenvironment = { A = \"b\" }\n");
    let program = place::program("server");
    let program = program.to_str().expect("it is text");
    let said = place.run(&["exec", "api", "--", program, "say", "hello", "a b"]);
    assert_eq!((said.code, said.stdout.trim()), (Some(0), "hello a b"), "{said:?}");
    let ended = place.run(&["exec", "api", "--", program, "exit", "9"]);
    assert_eq!(ended.code, Some(9), "{ended:?}");
}

fn fetched(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("it is read");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.rsplit("\r\n").next().unwrap_or_default().to_owned()
}

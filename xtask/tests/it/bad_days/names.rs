//! Programs whose names and arguments would steer the terminal that shows them.

use rustix::process::Signal;

use crate::sandbox::{Running, Sandbox, eventually_gone, port, signal};

/// Sets a window's title and a colour; see man 4 console_codes. As it is, and as it is shown.
const WILD: &str = "\x1b]0;P\x07\x1b[41m";
const SHOWN: &str = r"\x1b]0;P\x07\x1b[41m";

/// Takes that name, listens, and does not end by SIGTERM.
const PROGRAM: &str = r#"
import ctypes, signal, socket, sys, time
signal.signal(15, signal.SIG_IGN)
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
ctypes.CDLL(None).prctl(15, b"\x1b]0;P\x07\x1b[41m", 0, 0, 0)
listener.listen()
print("here I am", flush=True)
time.sleep(1000)
"#;

fn wild(sandbox: &Sandbox, arguments: &[&str]) -> Running {
    let mut command = sandbox.other("python3");
    command.args(["-c", PROGRAM]).args(arguments);
    let running = Running::start(command);
    running.wait_for("here I am");
    running
}

/// It is shown escaped, and nothing that was said steers a terminal.
#[track_caller]
fn is_harmless(said: &str) {
    assert!(said.contains(SHOWN), "{said:?}");
    assert!(!said.contains(|it: char| it.is_control() && it != '\n'), "{said:?}");
}

#[test]
fn who_is_still_there_is_named_without_steering_the_terminal() {
    let sandbox = Sandbox::new("");
    let port = port().to_string();
    let _wild = wild(&sandbox, &[&port]);
    let ended = sandbox
        .run(&["port", "kill", &port, "--grace", "1200ms", "--yes"])
        .with(0);
    is_harmless(&ended.stderr);
    assert!(ended.stderr.contains(&format!("`{SHOWN}` (pid ")), "{ended:?}");
    assert!(ended.stderr.contains("still there, "), "{ended:?}");
}

#[test]
fn the_question_whether_to_kill_shows_a_name_and_is_not_written_by_it() {
    let sandbox = Sandbox::new("");
    let port = port().to_string();
    let _wild = wild(&sandbox, &[&port]);
    let terminal = sandbox.terminal(&["port", "kill", &port, "--grace", "200ms"]);
    terminal.answer("[y/N]", "y\n");
    terminal.answer("Kill?", "y\n");
    let ended = terminal.wait().with(0);
    assert!(ended.stdout.contains(&format!("`{SHOWN}` (pid ")), "{ended:?}");
    assert!(!ended.stdout.contains(WILD), "{ended:?}");
}

#[test]
fn leftovers_are_named_without_steering_the_terminal() {
    let sandbox = Sandbox::new("");
    let port = port();
    sandbox.write("wild.py", PROGRAM);
    sandbox.write(
        "devtasks.toml",
        &format!("[services.a]\ncommand = \"python3 wild.py {port}\"\nport = {port}\n"),
    );
    let up = sandbox.up(&[]);
    let pid = sandbox.pid("a");
    up.kill();
    eventually_gone(up.pid());
    is_harmless(&sandbox.run(&["status"]).with(1).stdout);
    let ended = sandbox.run(&["up", "--on-conflict", "fail"]).with(3);
    is_harmless(&ended.stderr);
    // As `up` does before it ends them.
    let down = sandbox.start(&["down"]);
    down.wait_for("still there");
    is_harmless(&down.stderr());
    signal(pid, Signal::KILL);
    down.wait().with(0);
}

#[test]
fn json_escapes_what_a_terminal_obeys_and_keeps_what_it_is() {
    let sandbox = Sandbox::new("");
    let port = port().to_string();
    let argument = "\u{9b}31m\u{202e}";
    let _wild = wild(&sandbox, &[&port, argument]);
    let ended = sandbox.run(&["port", "who", &port, "--format", "json"]).with(0);
    assert!(ended.stdout.contains(r#","\u009b31m\u202e"]"#), "{ended:?}");
    assert!(!ended.stdout.contains(['\u{9b}', '\u{202e}']), "{ended:?}");
    let command = &ended.json()["ports"][0]["owners"][0]["command"];
    assert_eq!(command.as_array().unwrap().last().unwrap(), argument);
}

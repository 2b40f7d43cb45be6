//! Owners of every kind: those that are more than one process, those that do not listen to SIGTERM, those that come back.

use rustix::process::Signal;

use super::Scene;
use crate::sandbox::{eventually_suspended, signal};

#[test]
fn a_wrapper_ends_with_what_it_runs() {
    let mut scene = Scene::empty();
    scene.shell(
        "npm",
        "sh -c 'SERVICE --listen 127.0.0.1:PORT --announce open; true'; true",
    );
    scene.name_the_others(&["sh", "node"]);
    scene.is_ended_with(&["PORT", "--yes"], &["SIGTERM npm", "SIGTERM sh", "SIGTERM node"]);
}

#[test]
fn a_suspended_owner_goes_on_to_hear_the_request() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    signal(scene.pid("holder"), Signal::STOP);
    eventually_suspended(scene.pid("holder"));
    scene.is_ended(&["SIGTERM holder", "SIGCONT holder"]);
}

#[test]
fn one_that_ignores_sigterm_is_killed_after_the_grace() {
    let scene = Scene::with("--listen 127.0.0.1:PORT --ignore-term");
    scene.is_ended_with(
        &["PORT", "--yes", "--grace", "100ms"],
        &["SIGTERM holder", "SIGKILL holder"],
    );
}

#[test]
fn an_inherited_socket_is_found_with_whoever_has_it() {
    let mut scene = Scene::empty();
    // The server has ended, and `sleep` still has its socket.
    scene.sandbox.write(
        "server.py",
        "
import os, socket, sys
listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
os.set_inheritable(listener.fileno(), True)
if os.fork() == 0:
    print('open', flush=True)
    os.execlp('sleep', 'sleep', '1000')
",
    );
    let mut server = scene.sandbox.other("python3");
    server.args(["server.py", &scene.port.to_string()]);
    scene.follow("server", server);
    let server = scene.running.remove("server").unwrap();
    scene.names.remove(&server.pid());
    server.wait();
    scene.name_the_others(&["sleep"]);
    let who = scene.sandbox.run(&["port", "who", &scene.port.to_string()]).with(0);
    assert!(who.stdout.contains("  sleep   pid "), "{who:?}");
    scene.is_ended(&["SIGTERM sleep"]);
}

#[test]
fn all_who_share_the_port_are_ended() {
    let mut scene = Scene::with("--listen 127.0.0.1:PORT --reuseport");
    scene.start("second", "--listen 127.0.0.1:PORT --reuseport");
    let ended = scene.kill(&["PORT", "--yes"]).with(0);
    let mut signals = scene.signals();
    signals.sort();
    assert_eq!(signals, ["SIGTERM holder", "SIGTERM second"], "{ended:?}");
}

#[test]
fn a_server_at_ipv6_alone_is_ended_too() {
    Scene::with("--listen [::1]:PORT").is_ended(&["SIGTERM holder"]);
    Scene::with("--listen 127.0.0.2:PORT").is_ended(&["SIGTERM holder"]);
}

#[test]
fn one_that_is_bound_and_does_not_listen_is_ended() {
    Scene::with("--listen 127.0.0.1:PORT --bind-only").is_ended(&["SIGTERM holder"]);
}

#[test]
fn udp_is_cleared_where_it_is_asked_for() {
    let scene = Scene::with("--udp 127.0.0.1:PORT");
    let ended = scene.kill(&["PORT", "--yes"]).with(0);
    let said = scene.named(&ended.stderr);
    assert!(
        said.starts_with("Port [port] is free.\n")
            && said.contains("UDP port [port] is taken by `service` (pid of holder)")
            && said.contains("hint: stop it with `xtask port kill [port]/udp`"),
        "{said}"
    );
    scene.all_live();
    let ended = scene.kill(&["PORT/udp", "--yes"]).with(0);
    let said = scene.named(&ended.stderr);
    assert!(said.ends_with(", UDP port [port] is free\n"), "{said}");
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
}

#[test]
fn whoever_starts_it_again_is_named_and_the_code_is_7() {
    let mut scene = Scene::empty();
    scene.shell(
        "loop",
        "while :; do SERVICE --listen 127.0.0.1:PORT --announce open; done",
    );
    scene.name_the_others(&["holder"]);
    let ended = scene.kill(&["PORT", "--yes"]).with(7);
    let said = scene.named(&ended.stderr);
    let started = "which `bash` (pid of loop) started";
    assert!(
        said.contains("error: port [port] was taken again at once, by `service` (pid ") && said.contains(started),
        "{said}"
    );
    assert!(!said.contains("is free"), "{said}");
    let pid = scene.pid("loop");
    let hint = format!("hint: if it starts servers again and again, end it first: `kill {pid}`");
    assert!(said.contains(&hint), "{said}");
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
    let ended = scene.kill(&["PORT", "--yes", "--format", "json"]).with(7);
    assert_eq!(scene.document(&ended)["result"], "respawned");
}

#[test]
fn a_leftover_of_this_checkout_is_ended() {
    let (sandbox, port) = crate::sandbox::Sandbox::with_api();
    let up = sandbox.up(&[]);
    up.kill();
    crate::sandbox::eventually_gone(up.pid());
    let ended = sandbox.run(&["port", "kill", &port.to_string(), "--yes"]).with(0);
    assert!(ended.stderr.contains(&format!("port {port} is free")), "{ended:?}");
    sandbox.nothing_is_left();
}

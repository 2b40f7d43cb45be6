//! Who has to end so that the port stays free: rows 12 to 18.

use super::{Zoo, suspend};
use crate::sandbox::{eventually, machine, service};

/// The shape of `uvicorn --reload`: the parent opens the port and hands it to a child that Python spawns; SIGTERM
/// ends both.
const RELOADER: &str = "
import multiprocessing, signal, socket, threading

def serve(listener):
    print('open', flush=True)
    while True:
        listener.accept()[0].close()

if __name__ == '__main__':
    end = threading.Event()
    listener = socket.create_server(('127.0.0.1', PORT))
    child = multiprocessing.get_context('spawn').Process(target=serve, args=(listener,))
    child.start()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    end.wait()
    child.terminate()
    child.join()
";

/// The shape of `gunicorn -w 2`: a master opens the port, forks workers that accept, and replaces those that die.
const MASTER: &str = "
import os, signal, socket, sys

listener = socket.create_server(('127.0.0.1', PORT))
workers = set()

def end(*_):
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    sys.exit()

def spawn():
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            listener.accept()[0].close()
    workers.add(pid)

signal.signal(signal.SIGTERM, end)
spawn()
spawn()
print('open', flush=True)
while True:
    pid, _ = os.wait()
    workers.discard(pid)
    spawn()
";

#[test]
fn row_12_a_child_that_outlived_its_parent_is_an_orphan_and_ended() {
    let mut zoo = Zoo::new();
    zoo.start("parent", "--listen 127.0.0.1:PORT --fork");
    zoo.name_the_others(&["orphan"]);
    zoo.kill("parent");
    zoo.says(
        "
        who port.busy.foreign
        [orphan] service running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [orphan])
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    let card = zoo.named(&zoo.command(&["port", "who", "PORT"]).stdout);
    assert!(card.contains("orphan"), "{card}");
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [orphan]"]);
}

#[test]
fn row_13_a_reloader_is_ended_before_its_worker() {
    let mut zoo = Zoo::new();
    zoo.python("reloader", RELOADER);
    zoo.name_the_others(&["tracker", "worker"]);
    zoo.says(
        "
        who port.busy.foreign
        [reloader] python3 running listening 127.0.0.1:[port]
        [worker] python3 running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `python3` (pid [reloader]) and 1 more process
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [reloader]"]);
}

#[test]
fn a_worker_whose_reloader_was_killed_is_found_by_its_socket_and_ended() {
    let mut zoo = Zoo::new();
    zoo.python("reloader", RELOADER);
    zoo.name_the_others(&["tracker", "worker"]);
    zoo.kill("reloader");
    zoo.says(
        "
        who port.busy.foreign
        [worker] python3 running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `python3` (pid [worker])
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [worker]"]);
}

#[test]
fn row_14_a_master_is_ended_and_not_its_workers_one_by_one() {
    let mut zoo = Zoo::new();
    zoo.python("master", MASTER);
    zoo.name_the_others(&["one", "two"]);
    zoo.says(
        "
        who port.busy.foreign
        [master] python3 running listening 127.0.0.1:[port]
        [one] python3 running listening 127.0.0.1:[port]
        [two] python3 running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `python3` (pid [master]) and 2 more processes
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    zoo.is_ended(&["SIGTERM [master]"]);
}

#[test]
fn row_15_who_ignores_sigterm_is_killed_after_its_grace_if_told_so() {
    let mut zoo = Zoo::new();
    zoo.write_config("300ms");
    zoo.start("holder", "--ignore-term --listen 127.0.0.1:PORT");
    zoo.says(
        "
        who port.busy.foreign
        [holder] service running listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [holder])
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();

    let unconfirmed = zoo.command(&["up", "--on-conflict", "kill"]);
    assert_eq!(unconfirmed.code, Some(3), "{unconfirmed:?}");
    assert!(unconfirmed.stderr.contains("still there"), "{unconfirmed:?}");
    zoo.all_live();

    zoo.is_ended(&["SIGTERM [holder]", "SIGTERM [holder]", "SIGKILL [holder]"]);
}

#[cfg(target_os = "linux")] // macOS has no setsid(1).
#[test]
fn row_16_a_suspended_server_is_called_so_and_goes_on_to_end() {
    let mut zoo = Zoo::new();
    // Without a terminal: whoever runs this test may have one.
    let mut alone = zoo.sandbox.other("setsid");
    alone.arg(service());
    zoo.start_by("holder", alone, "--listen 127.0.0.1:PORT");
    suspend(zoo.pid("holder"));
    zoo.says(
        "
        who port.busy.foreign
        [holder] service suspended listening 127.0.0.1:[port]
        hint stop it with `xtask port kill [port]`
        doctor fail port.busy.foreign: port [port] is taken by `service` (pid [holder]); it is suspended
        hint stop it with `xtask port kill [port]`
        hint or give `api` another `port` in devtasks.toml",
    );
    zoo.is_left_alone();
    assert_eq!(machine::state(zoo.pid("holder")), Some('T'), "it was resumed");
    zoo.is_ended(&["SIGTERM [holder]", "SIGCONT [holder]"]);
}

#[test]
fn row_17_a_zombie_owns_nothing() {
    let mut zoo = Zoo::new();
    zoo.start("holder", "--listen 127.0.0.1:PORT");
    let pid = zoo.pid("holder");
    zoo.running["holder"].kill();
    eventually(|| format!("{pid} to be a zombie"), || machine::state(pid) == Some('Z'));
    zoo.says(
        "
        who port.free
        doctor ok port.free: port [port] is free",
    );
    zoo.starts(&[]);
    assert_eq!(machine::state(pid), Some('Z'), "somebody waited for it");
}

#[cfg(target_os = "linux")] // macOS has no setsid(1).
#[test]
fn row_18_who_starts_it_again_is_named_and_left_alone() {
    let mut zoo = Zoo::new();
    let script = format!("echo open; while :; do \"$0\" --listen 127.0.0.1:{}; done", zoo.port);
    let mut command = zoo.sandbox.other("setsid");
    command.args(["bash", "-c", &script]).arg(service());
    zoo.follow("loop", command);
    zoo.is_seen();
    zoo.is_left_alone();

    let up = zoo.command(&["up", "--on-conflict", "kill", "--yes"]);
    assert_eq!(up.code, Some(3), "{up:?}");
    zoo.is_seen();
    zoo.name_the_others(&["next"]);
    let said = zoo.named(&up.stderr);
    let taken =
        "error: port [port] was taken again at once, by `service` (pid [next]), which `bash` (pid [loop]) started";
    assert!(said.contains(taken), "{said}");
    assert!(
        said.contains("hint: if it starts servers again and again, end it first: `kill [loop]`"),
        "{said}"
    );
    zoo.all_live();
}

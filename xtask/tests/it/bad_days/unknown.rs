//! What could not be looked at is not gone: too few descriptors, and processes whose main thread has ended.

use crate::sandbox::{Running, Sandbox, eventually_gone, is_free, port};

/// The program with at most so many open files.
fn limited(sandbox: &Sandbox, n_files: u32, arguments: &str) -> Running {
    let mut shell = sandbox.other("sh");
    let xtask = env!("CARGO_BIN_EXE_xtask");
    shell.args(["-c", &format!("ulimit -n {n_files}; exec {xtask} {arguments}")]);
    Running::start(shell)
}

#[test]
fn more_leftovers_than_descriptors_are_all_ended() {
    let sandbox = Sandbox::new(
        "[services.a]\ncommand = [\"sh\", \"-c\", \"for i in $(seq 100); do sleep 6543 & done; echo all; exec sleep 6543\"]\n",
    );
    let up = sandbox.start(&["up"]);
    up.wait_for("all");
    up.kill();
    eventually_gone(up.pid());
    assert_eq!(sandbox.processes().len(), 101);
    let down = limited(&sandbox, 40, "down").wait().with(0);
    assert!(down.stderr.contains("nothing of it is left"), "{down:?}");
    sandbox.nothing_is_left();
}

#[test]
fn leftovers_that_cannot_be_looked_at_are_not_verified() {
    let sandbox = Sandbox::new("[services.a]\ncommand = \"sleep 6543\"\n");
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    // Enough to start, and to read no file of /proc beside.
    let mut verified = 0;
    for n_files in 4..16 {
        let down = limited(&sandbox, n_files, "down").wait();
        match down.code {
            Some(0) => {
                verified += 1;
                sandbox.nothing_is_left();
            }
            _ => assert!(!down.stderr.contains("Nothing to stop"), "{n_files}: {down:?}"),
        }
        if verified > 0 {
            return;
        }
        assert_eq!(sandbox.processes().len(), 1, "{n_files}: {down:?}");
    }
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_supervisor_without_descriptors_kills_what_is_deaf_and_says_what_it_could_not_verify() {
    let sandbox = Sandbox::new("[services.a]\ncommand = \"SERVICE --ignore-term\"\nstop_grace_period = \"100ms\"\n");
    let up = sandbox.up(&[]);
    let pid = up.pid().to_string();
    let mut limit = sandbox.other("prlimit");
    limit.args(["--pid", &pid, "--nofile=3:40"]);
    assert_eq!(Running::start(limit).wait().code, Some(0));
    up.interrupt();
    let ended = up.wait().with(7);
    assert!(
        ended
            .stderr
            .contains("error: whether all processes have ended could not be verified: cannot read `/proc"),
        "{ended:?}"
    );
    // The record is still there for whoever looks again.
    sandbox.run(&["down"]).with(0);
    sandbox.nothing_is_left_soon();
}

/// A server whose main thread ends once another one listens, and that SIGTERM does not end.
fn headless(port: u16) -> String {
    format!(
        "exec python3 -c \"
import ctypes, os, signal, socket, threading, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(('127.0.0.1', {port}))
def serve():
    stat = lambda: open(f'/proc/{{os.getpid()}}/stat').read()
    while ') Z ' not in stat(): time.sleep(0.002)
    print('headless', flush=True)
    while True: server.accept()
threading.Thread(target=serve).start()
ctypes.CDLL(None).pthread_exit(None)\""
    )
}

#[test]
fn a_server_whose_main_thread_has_ended_is_ready_and_is_stopped() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"./server\"\nport = {port}\nstop_grace_period = \"200ms\"\n"
    ));
    sandbox.write_script("server", &headless(port));
    let up = sandbox.up(&[]);
    up.wait_for("headless");
    let who = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0)
        .json();
    assert_eq!(who["ports"][0]["owners"][0]["service"], "api");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    assert!(is_free(port));
    sandbox.nothing_is_left();
}

#[test]
fn a_child_whose_main_thread_has_ended_is_not_left() {
    let port = port();
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"sh -c './server & exec sleep 1000'\"\nstop_grace_period = \"200ms\"\n",
    );
    sandbox.write_script("server", &headless(port));
    let up = sandbox.up(&[]);
    up.wait_for("headless");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    assert!(is_free(port));
}

#[test]
fn a_headless_leftover_is_found_by_its_tag_and_ended() {
    let port = port();
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"./server\"\nport = {port}\n"));
    sandbox.write_script("server", &headless(port));
    let up = sandbox.up(&[]);
    up.wait_for("headless");
    up.kill();
    eventually_gone(up.pid());
    let down = sandbox.start(&["down", "--leftovers"]);
    let down = down.wait().with(0);
    assert!(down.stderr.contains("killed in"), "{down:?}");
    assert!(is_free(port));
}

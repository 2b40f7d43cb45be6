//! How services are stopped, and that nothing of them escapes.

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, is_free, port, signal};

#[test]
fn the_stop_signal_is_the_services_own() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "sh -c 'trap \"echo caught INT; exit\" INT; trap \"echo caught TERM; exit\" TERM; echo here; while :; do sleep 0.02; done'"
        stop_signal = "SIGINT"
        "#,
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    up.interrupt();
    let ended = up.wait().with(130);
    assert_eq!(ended.stdout, "api | here\napi | caught INT\n");
}

#[test]
fn after_its_grace_period_a_service_is_killed() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --ignore-term --announce here\"\nstop_grace_period = \"200ms\"\n",
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn a_slow_end_within_the_grace_period_is_waited_for() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --slow-term 300 --announce here\"\n");
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("here");
    up.interrupt();
    let ended = up.wait().with(130);
    let summary = ended.events().pop().unwrap();
    assert_eq!(summary["services"][0]["exit"]["code"], 0, "{summary}");
}

#[test]
fn a_suspended_service_is_stopped_gently() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --slow-term 0 --announce here\"\n");
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("here");
    let service = sandbox.run(&["status", "--format", "json"]).json()["services"][0]["pid"]
        .as_u64()
        .unwrap();
    signal(u32::try_from(service).unwrap(), Signal::STOP);
    up.interrupt();
    let summary = up.wait().with(130).events().pop().unwrap();
    assert_eq!(summary["services"][0]["exit"]["code"], 0, "{summary}");
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn every_service_leads_a_process_group_of_its_own() {
    let (sandbox, _) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    let ours = [Some(up.pid()), up.watchdog()];
    let service = sandbox
        .processes()
        .into_iter()
        .find(|pid| !ours.contains(&Some(*pid)))
        .unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{service}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let group: u32 = rest.split(' ').nth(2).unwrap().parse().unwrap();
    assert_eq!(group, service);
}

#[cfg(target_os = "linux")] // macOS has no setsid(1).
#[test]
fn nothing_of_a_service_escapes() {
    let escapes = [
        // A daemon: another session, and its parent is gone.
        "sh -c 'SERVICE --setsid --listen 127.0.0.1:PORT & sleep 1000'",
        // Forked twice.
        "sh -c '(SERVICE --listen 127.0.0.1:PORT --orphan &); sleep 1000'",
        // A shell that only waits.
        "sh -c 'SERVICE --listen 127.0.0.1:PORT & wait'",
        // In a session of its own, and it ignores SIGTERM.
        "sh -c 'setsid SERVICE --listen 127.0.0.1:PORT --ignore-term & wait'",
        // The shell ends at once on TERM; its child takes its time.
        "sh -c 'SERVICE --listen 127.0.0.1:PORT --slow-term 200 & trap exit TERM; wait'",
    ];
    for escape in escapes {
        let port = port();
        let command = escape.replace("PORT", &port.to_string());
        let sandbox = Sandbox::new(&format!(
            "[services.api]\ncommand = \"{command}\"\nport = {port}\nstop_grace_period = \"500ms\"\n"
        ));
        let up = sandbox.up(&[]);
        sandbox.run(&["down"]).with(0);
        up.wait().with(0);
        sandbox.nothing_is_left();
    }
}

#[test]
fn a_server_that_overwrites_its_environment_is_known_by_its_group() {
    let port = port();
    let keep = "DEVTASKS_TEST_SANDBOX=$DEVTASKS_TEST_SANDBOX";
    let sandbox = Sandbox::new(
        &format!(
            r#"
        [services.api]
        command = "sh -c 'env -i {keep} SERVICE --listen 127.0.0.1:{port} & sleep 1000'"
        port = {port}
        [services.other]
        command = "sleep 1000"
        "#
        )
        .replace("$DEV", "$$DEV"),
    );
    let up = sandbox.up(&[]);
    let status = sandbox.run(&["status", "api", "--format", "json"]).with(0).json();
    signal(
        u32::try_from(status["services"][0]["pid"].as_u64().unwrap()).unwrap(),
        Signal::KILL,
    );
    up.wait_for("killed by SIGKILL");
    assert!(is_free(port));
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[cfg(target_os = "linux")] // The first thread of a process may end there.
#[test]
fn a_server_whose_first_thread_has_ended_is_not_taken_for_dead() {
    let port = port();
    let sandbox =
        Sandbox::new("[services.api]\ncommand = \"sh -c './server & sleep 1000'\"\nstop_grace_period = \"200ms\"\n");
    // Nobody can find it by its environment, which went with its first thread: it ends by itself if need be.
    let server = format!(
        "exec python3 -c \"
import ctypes, os, signal, socket, threading, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(('127.0.0.1', {port}))
def serve():
    stat = lambda: open(f'/proc/{{os.getpid()}}/stat').read()
    while ') Z ' not in stat(): time.sleep(0.002)
    print('here', flush=True)
    time.sleep(60)
    os._exit(1)
threading.Thread(target=serve).start()
ctypes.CDLL(None).pthread_exit(None)\"",
    );
    sandbox.write_script("server", &server);
    let up = sandbox.up(&[]);
    up.wait_for("here");
    sandbox.run(&["down"]).with(0);
    assert!(is_free(port));
    up.wait().with(0);
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn no_zombie_piles_up_under_the_supervisor() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"sh -c '(sleep 0.01 &); (sleep 0.02 &); sleep 1000'\"\n");
    let up = sandbox.up(&[]);
    let children = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", up.pid())).unwrap();
        let lists = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
        lists.map(|list| list.split_ascii_whitespace().count()).sum::<usize>()
    };
    // The service and the watchdog.
    eventually(|| format!("two children, not {}", children()), || children() == 2);
}

#[cfg(target_os = "linux")] // Only there, orphans are adopted.
#[test]
fn a_daemon_that_left_its_group_and_its_environment_ends_with_the_last_service() {
    let daemon = "env -i DEVTASKS_TEST_SANDBOX=${DEVTASKS_TEST_SANDBOX} SERVICE --setsid --announce here";
    let others = [
        "",
        "[services.other]\ncommand = \"sleep 1000\"\n",
        "[services.web]\ncommand = \"sleep 1000\"\n[services.other]\ncommand = \"sleep 1000\"\ndepends_on = [\"web\"]\n",
    ];
    for other in others {
        let sandbox = Sandbox::new(&format!(
            "[services.api]\ncommand = \"sh -c '{daemon} & sleep 1000'\"\n{other}"
        ));
        let up = sandbox.up(&[]);
        up.wait_for("here");
        let began = std::time::Instant::now();
        sandbox.run(&["down"]).with(0);
        up.wait().with(0);
        sandbox.nothing_is_left();
        assert!(
            began.elapsed().as_secs() < 5,
            "it was asked to end, not killed after 10 s"
        );
    }
}

#[test]
fn a_suspended_child_of_a_wrapper_is_stopped_gently() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"./child & wait\"\nshell = true\n");
    sandbox.write_script(
        "child",
        "trap 'echo bye; exit' TERM; echo $$ > pid; echo here; while :; do sleep 0.02; done",
    );
    let up = sandbox.up(&[]);
    up.wait_for("here");
    let pid = std::fs::read_to_string(sandbox.project().join("pid")).unwrap();
    signal(pid.trim().parse().unwrap(), Signal::STOP);
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(ended.stdout.contains("api | bye\n"), "{ended:?}");
}

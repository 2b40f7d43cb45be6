//! `on_exit = "keep"`: services that outlive a supervisor which was killed or lost its terminal.

use std::fs;

use rustix::process::Signal;

use crate::sandbox::{Sandbox, eventually, eventually_gone, is_free, port, signal};

/// `api` on the port that is returned, and `talker`, which writes to its stdout once there is a file `go`, then to `story`.
fn kept() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        on_exit = "keep"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port}"
        port = {port}
        [services.talker]
        command = "until [ -e go ]; do sleep 0.01; done; echo hello; echo lives >> story; exec sleep 1000"
        shell = true
        "#
    ));
    (sandbox, port)
}

fn talks(sandbox: &Sandbox) {
    sandbox.write("go", "");
    let story = || fs::read_to_string(sandbox.project().join("story")).unwrap_or_default();
    eventually(story, || story() == "lives\n");
}

/// The pipes that a service writes to. What the test itself was called with stands behind them.
fn outputs(pid: u32) -> Vec<String> {
    let files = [1, 2].map(|file| fs::read_link(format!("/proc/{pid}/fd/{file}")));
    let links = files.into_iter().flatten().map(|link| link.display().to_string());
    links.filter(|link| link.starts_with("pipe:")).collect()
}

/// The pipes that a process holds.
fn pipes(pid: u32) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = files.filter_map(|file| Some(fs::read_link(file.path()).ok()?.display().to_string()));
    links.filter(|link| link.starts_with("pipe:")).collect()
}

#[test]
fn after_kill_9_they_live_and_may_write_until_down_ends_them() {
    let (sandbox, port) = kept();
    let up = sandbox.up(&[]);
    let watchdog = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(up.pid());
    let services = sandbox.processes().into_iter().filter(|pid| *pid != watchdog);
    let written: Vec<String> = services.flat_map(outputs).collect();
    eventually(
        || format!("{written:?} in {:?}", pipes(watchdog)),
        || written.iter().all(|pipe| pipes(watchdog).contains(pipe)),
    );
    talks(&sandbox);
    assert!(!is_free(port));
    assert!(sandbox.run(&["status"]).with(1).stdout.contains("not running"));
    let ended = sandbox.run(&["down", "--leftovers"]).with(0);
    assert!(ended.stderr.contains("nothing of it is left"), "{ended:?}");
    assert!(is_free(port));
    eventually_gone(watchdog);
    sandbox.nothing_is_left();
}

#[test]
fn a_watchdog_that_replaces_another_reads_on_for_them_too() {
    let (sandbox, _) = kept();
    let up = sandbox.up(&[]);
    let first = up.watchdog().unwrap();
    signal(first, Signal::KILL);
    eventually(
        || "another watchdog".to_owned(),
        || up.watchdog().is_some_and(|watchdog| watchdog != first),
    );
    let second = up.watchdog().unwrap();
    let outputs = outputs(sandbox.pid("talker"));
    up.kill_alone();
    eventually(
        || format!("{outputs:?} in {:?}", pipes(second)),
        || outputs.iter().all(|pipe| pipes(second).contains(pipe)),
    );
    talks(&sandbox);
    sandbox.run(&["down", "--leftovers"]).with(0);
    eventually_gone(second);
    sandbox.nothing_is_left();
}

#[test]
fn what_they_write_to_each_other_is_theirs() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        on_exit = "keep"
        [services.dump]
        command = """
            (until [ -e go ]; do sleep 0.01; done; n=0; while [ $n -lt 3000 ]; do echo $n; n=$((n + 1)); done) | cat > written
            : > done
            exec sleep 1000
        """
        shell = true
        "#,
    );
    let up = sandbox.up(&[]);
    let watchdog = up.watchdog().unwrap();
    let outputs = outputs(sandbox.pid("dump"));
    up.kill_alone();
    eventually(
        || format!("{outputs:?} in {:?}", pipes(watchdog)),
        || outputs.iter().all(|pipe| pipes(watchdog).contains(pipe)),
    );
    sandbox.write("go", "");
    let file = |name: &str| sandbox.project().join(name);
    eventually(|| "the last line".to_owned(), || file("done").exists());
    let written = fs::read_to_string(file("written")).unwrap();
    let all: String = (0..3000).map(|n| format!("{n}\n")).collect();
    assert_eq!(written.lines().count(), 3000);
    assert!(written == all);
}

#[test]
fn the_next_up_ends_them_and_starts_again() {
    let (sandbox, _) = kept();
    let up = sandbox.up(&[]);
    let watchdog = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(up.pid());
    let up = sandbox.up(&[]);
    assert!(up.stderr().contains("An earlier run left "), "{}", up.stderr());
    eventually_gone(watchdog);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn when_the_terminal_is_closed_the_supervisor_goes_on_without_it() {
    let (sandbox, _) = kept();
    let mut up = sandbox.terminal(&["up", "--color", "never"]);
    up.wait_for("All 2 ready in ");
    up.close();
    talks(&sandbox);
    sandbox.run(&["restart", "api"]).with(0);
    sandbox.run(&["status"]).with(0);
    let log = || sandbox.run(&["logs", "talker"]).with(0).stdout;
    eventually(log, || log().contains("hello\n"));
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn in_the_background_too() {
    let (sandbox, port) = kept();
    sandbox.run(&["up", "--detach"]).with(0);
    let status = sandbox.run(&["status", "--format", "json"]).with(0).json();
    let supervisor = u32::try_from(status["supervisor"]["pid"].as_u64().unwrap()).unwrap();
    signal(supervisor, Signal::HUP);
    sandbox.run(&["restart", "api"]).with(0);
    signal(supervisor, Signal::KILL);
    eventually_gone(supervisor);
    assert!(!is_free(port));
    sandbox.run(&["down", "--leftovers"]).with(0);
    assert!(is_free(port));
}

#[test]
fn what_is_asked_to_end_ends() {
    let (sandbox, _) = kept();
    let up = sandbox.up(&[]);
    up.interrupt();
    up.wait().with(130);
    sandbox.nothing_is_left();
    let up = sandbox.up(&[]);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn one_with_a_terminal_or_an_open_input_loses_that_with_its_supervisor() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        on_exit = "keep"
        [services.screen]
        command = "SERVICE --say here"
        tty = true
        [services.watcher]
        command = "cat"
        stdin = "open"
        [services.api]
        command = "SERVICE"
        "#,
    );
    let up = sandbox.up(&[]);
    let watchdog = up.watchdog().unwrap();
    let status = sandbox.run(&["status", "--format", "json"]).with(0).json();
    let pid = |at: usize| u32::try_from(status["services"][at]["pid"].as_u64().unwrap()).unwrap();
    up.kill_alone();
    eventually_gone(pid(0));
    eventually_gone(pid(1));
    eventually_gone(up.pid());
    let mut left = sandbox.processes();
    left.retain(|it| *it != watchdog);
    assert_eq!(left, [pid(2)]);
}

#[test]
fn without_its_terminal_a_supervisor_does_not_spin() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        on_exit = "keep"
        [services.talker]
        command = "sh -c 'while :; do echo line; sleep 0.02; done'"
        "#,
    );
    let mut up = sandbox.terminal(&["up", "--color", "never"]);
    up.wait_for("Ready in ");
    let status = sandbox.run(&["status", "--format", "json"]).with(0).json();
    let pid = status["supervisor"]["pid"].as_u64().unwrap();
    up.close();
    let logs = |arguments: &[&str]| sandbox.start(&[&["logs", "-f"], arguments].concat());
    let (follower, before) = (logs(&["-n", "0"]), processor_time(pid));
    eventually(
        || follower.stdout(),
        || follower.stdout().matches("| line").count() > 30,
    );
    // 30 pauses of 20 ms; one that spins has at least half of them, however busy the machine.
    let used = processor_time(pid) - before;
    assert!(used < 20, "{used} of 60 hundredths of a second");
}

/// Of a process, in hundredths of a second.
fn processor_time(pid: u64) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<u64> = rest
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse().unwrap())
        .collect();
    fields.iter().sum()
}

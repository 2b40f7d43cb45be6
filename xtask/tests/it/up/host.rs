//! Inside a program with words of its own, which starts itself once more as watchdog and as supervisor.

use crate::sandbox::{Running, Sandbox, eventually, eventually_gone, host, machine};

const CONFIG: &str =
    "[services.api]\ncommand = \"touch started\"\nrestart = \"no\"\n[services.db]\ncommand = \"SERVICE\"\n";

fn start(sandbox: &Sandbox, forgets: Option<&str>, arguments: &[&str]) -> Running {
    let mut command = sandbox.other(host());
    command.args(arguments);
    command.envs(forgets.map(|how| ("HOST_FORGETS", how)));
    Running::start(command)
}

#[test]
fn that_calls_the_hook_all_is_as_in_our_own() {
    let sandbox = Sandbox::new("[services.db]\ncommand = \"SERVICE\"\n");
    let up = start(&sandbox, None, &["up"]);
    up.wait_for("eady in ");
    let watchdog = up.watchdog().unwrap();
    up.kill_alone();
    eventually_gone(watchdog);
    sandbox.nothing_is_left();
    start(&sandbox, None, &["up", "-d"]).wait().with(0);
    start(&sandbox, None, &["status"]).wait().with(0);
    start(&sandbox, None, &["down"]).wait().with(0);
    sandbox.nothing_is_left_soon();
}

#[test]
fn that_has_our_commands_below_a_word_they_name_it_and_find_each_other() {
    let sandbox = Sandbox::new("[services.db]\ncommand = \"SERVICE\"\n");
    // It runs `up` once more, past the parser of the host.
    let compose = start(&sandbox, None, &["stack", "compose", "up", "db"]).wait().with(0);
    assert!(
        compose.stdout.contains("ready") || compose.stdout.contains("running"),
        "{compose:?}"
    );
    let pid = sandbox.pid("db");
    // Which is told by a variable that services do not get.
    assert!(!machine::with_variable("DEVTASKS_HELPER=1").contains(&pid));
    let up = start(&sandbox, None, &["stack", "up", "-d"]).wait().with(0);
    assert!(up.stderr.contains("`host stack logs -f`"), "{up:?}");
    assert_eq!(sandbox.pid("db"), pid);
    let status = start(&sandbox, None, &["stack", "--format", "json", "status"])
        .wait()
        .with(0);
    assert!(status.stdout.contains(&format!("\"pid\":{pid}")), "{status:?}");
    start(&sandbox, None, &["stack", "down"]).wait().with(0);
    sandbox.nothing_is_left_soon();
}

/// It starts nothing; what does it say?
#[track_caller]
fn refuses(forgets: &str, arguments: &[&str], who: &str) -> String {
    let sandbox = Sandbox::new(CONFIG);
    let up = start(&sandbox, Some(forgets), arguments).wait().with(1);
    assert!(!sandbox.project().join("started").exists(), "{up:?}");
    sandbox.nothing_is_left();
    let (_, error) = up.stderr.split_once("error: ").expect("it says why");
    let down = start(&sandbox, Some(forgets), &["down"]).wait().with(0);
    assert!(down.stderr.contains("Nothing to stop"), "{down:?}");
    error.replace(who, "[who]")
}

const WATCHDOG: &str = "the watchdog of this run";
const SUPERVISOR: &str = "the supervisor in the background";

#[test]
fn that_forgot_the_hook_nothing_is_started_and_the_line_is_named() {
    let message = "[who] did not start: this program took it for a command of its own\n\n\
        hint: add `devtasks::helpers();` as the first line of its `main`, before it reads its arguments\n";
    for forgets in ["prints", "complains", "silent"] {
        assert_eq!(refuses(forgets, &["up"], WATCHDOG), message);
        assert_eq!(refuses(forgets, &["up", "-d"], SUPERVISOR), message);
    }
}

#[test]
fn that_dies_of_something_else_is_not_blamed_for_the_hook() {
    for (arguments, who) in [(&["up"][..], WATCHDOG), (&["up", "-d"], SUPERVISOR)] {
        let error = refuses("dies", arguments, who);
        let message = "[who] has died before it was there: signal: 6 (SIGABRT)";
        assert_eq!(error.replace(" (core dumped)", ""), format!("{message}\n"));
    }
}

#[test]
fn that_never_answers_it_is_not_waited_for_long() {
    let message = "[who] did not report within 5 s\n\n\
        hint: add `devtasks::helpers();` as the first line of its `main`, if this is a program of yours that holds devtasks\n";
    let background = std::thread::spawn(|| refuses("hangs", &["up", "-d"], SUPERVISOR));
    assert_eq!(refuses("hangs", &["up"], WATCHDOG), message);
    assert_eq!(background.join().unwrap(), message);
}

#[test]
fn that_never_answers_ctrl_c_ends_the_wait() {
    let sandbox = Sandbox::new(CONFIG);
    let up = start(&sandbox, Some("hangs"), &["up"]);
    eventually(|| up.stderr(), || up.watchdog().is_some());
    up.interrupt();
    up.wait().with(130);
    assert!(!sandbox.project().join("started").exists());
    sandbox.nothing_is_left();
}

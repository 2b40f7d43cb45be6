//! A service on a terminal of its own: what it finds there, what is shown of it, and its end.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::sandbox::machine::descriptors;
use crate::sandbox::{Sandbox, Terminal, eventually};

/// One service `api`, a shell on a terminal of its own.
fn shell(text: &str) -> Sandbox {
    Sandbox::new(&format!(
        "[services.api]\ncommand = '''{text}'''\nshell = true\ntty = true\n"
    ))
}

/// Bytes that it writes, as `printf` takes them; then it waits for its end.
fn writer(bytes: &str) -> Sandbox {
    shell(&format!("printf '{bytes}'; echo; echo end; exec sleep 1000"))
}

/// The lines of the service among all that was shown, without what was drawn and erased.
fn lines(shown: &str) -> Vec<String> {
    let shown = shown.replace('\r', "").replace("|\x1b[0m ", "| ");
    let lines = shown.lines().map(|line| line.rsplit("\x1b[2K").next().unwrap_or(line));
    let lines = lines.filter_map(|line| line.split_once("| ").map(|(_, text)| text.to_owned()));
    lines.filter(|line| !line.starts_with("-- ")).collect()
}

/// The lines in the log of a service that wrote these bytes, up to its `end`.
#[track_caller]
fn check_logged(bytes: &str, expected: &[&str]) {
    let sandbox = writer(bytes);
    let up = sandbox.start(&["up"]);
    up.wait_for("| end\n");
    let logged = sandbox.run(&["logs"]).stdout;
    let logged = lines(&logged);
    assert_eq!(
        logged.split_last().unwrap(),
        (
            &"end".to_owned(),
            &expected.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()[..]
        )
    );
}

/// Until it is ready.
#[track_caller]
fn on_terminal(sandbox: &Sandbox) -> Terminal {
    let up = sandbox.terminal(&["up"]);
    up.wait_for("Ctrl-C stops everything");
    up
}

/// Terminals that a process holds: theirs, and the masters of others'.
fn terminals(pid: u32) -> Vec<PathBuf> {
    let mut all = descriptors(pid);
    all.retain(|path| path.starts_with("/dev/pts") || path.ends_with("ptmx"));
    all
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn its_standard_streams_are_a_terminal_and_that_is_its_controlling_one() {
    let sandbox = shell("test -t 0 && test -t 1 && test -t 2 && : < /dev/tty && echo all; exec sleep 1000");
    let up = sandbox.start(&["up"]);
    up.wait_for("api | all");
    let pid = sandbox.pid("api").to_string();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // After the name: state, parent, group, session, terminal, the terminal's foreground group.
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!([fields[2], fields[3], fields[5]], [&pid; 3], "{stat}");
}

#[test]
fn without_tty_there_is_no_terminal_even_if_we_have_one() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = '''sh -c 'test -t 0 || test -t 1 || test -t 2 || echo none; exec sleep 1000' '''\n",
    );
    let up = sandbox.terminal(&["up"]);
    up.wait_for("none");
}

#[test]
fn its_term_is_the_callers_or_a_usual_one() {
    let config =
        |more: &str| format!("[services.api]\ncommand = \"SERVICE --print-env TERM --exit 0 --after 50\"\n{more}\n");
    let term = |config: &str, caller: Option<&str>| {
        let mut sandbox = Sandbox::new(config);
        if let Some(caller) = caller {
            sandbox.set("TERM", caller);
        }
        lines(&sandbox.run(&["up"]).stdout).concat()
    };
    assert_eq!(term(&config("tty = true"), None), "TERM=xterm-256color");
    assert_eq!(term(&config("tty = true"), Some("screen")), "TERM=screen");
    let own = config("tty = true\nenvironment = { TERM = \"vt100\" }");
    assert_eq!(term(&own, Some("screen")), "TERM=vt100");
    assert_eq!(term(&config(""), None), "TERM is not set");
    assert_eq!(term(&config(""), Some("screen")), "TERM=screen");
}

#[test]
fn its_size_is_what_is_left_of_ours_beside_the_name_and_follows() {
    let sandbox = shell("trap 'stty size' WINCH; stty size; echo begun; while :; do sleep 0.02; done");
    let up = on_terminal(&sandbox);
    up.wait_for("begun");
    up.resize(50, 120);
    up.wait_for("50 114");
    up.resize(10, 12);
    up.wait_for("10 20");
    assert_eq!(lines(&up.shown())[..3], ["40 94", "begun", "50 114"]);
    up.press("\x03");
    up.wait().with(130);
}

#[test]
fn without_a_terminal_of_ours_it_has_the_usual_size() {
    let sandbox = shell("stty size; exec sleep 1000");
    let up = sandbox.start(&["up"]);
    up.wait_for("24 80");
}

#[test]
fn colours_are_shown_on_a_terminal_and_nowhere_else() {
    let sandbox = writer("\\033[31mred\\033[0m");
    let up = on_terminal(&sandbox);
    up.wait_for("end");
    assert_eq!(lines(&up.shown())[0], "\x1b[31mred\x1b[0m");
    assert_eq!(lines(&sandbox.run(&["logs"]).stdout), ["red", "end"]);
    up.press("\x03");
    up.wait().with(130);

    for arguments in [&["up"][..], &["up", "--color", "never"]] {
        let up = sandbox.start(arguments);
        up.wait_for("end\n");
        assert_eq!(lines(&up.stdout()), ["red", "end"]);
        up.interrupt();
        up.wait().with(130);
    }
    let up = sandbox.start(&["up", "--color", "always"]);
    up.wait_for("end\n");
    assert_eq!(lines(&up.stdout())[0], "\x1b[31mred\x1b[0m");
    up.interrupt();
    up.wait().with(130);
    let up = sandbox.start(&["up", "--format", "json"]);
    up.wait_for("\"end\"");
    up.interrupt();
    let events = up.wait().with(130).events();
    let first = events.iter().find(|event| event["event"] == "log").unwrap();
    assert_eq!((&first["stream"], &first["line"]), (&"stdout".into(), &"red".into()));
}

#[test]
fn what_moves_about_in_its_terminal_does_not_reach_ours() {
    let sandbox = writer("\\033c\\033[2J\\033[1;1H\\033[?25lone\\033[6n\\033[1A\\033]0;title\\007");
    let up = on_terminal(&sandbox);
    up.wait_for("end");
    assert_eq!(lines(&up.shown())[0], "one");
}

#[test]
fn of_a_progress_bar_its_last_state_is_a_line() {
    check_logged("10%%\\r50%%\\r100%%", &["100%"]);
    check_logged("one\\n\\n100%%\\r\\033[Ktwo\\r", &["one", "", "two"]);
}

#[test]
fn both_outputs_come_in_their_order_with_their_last_lines() {
    let sandbox = shell("for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; seq 20000; printf half; exit 3");
    let ended = sandbox.run(&["up"]).with(1);
    let logged = lines(&ended.stdout);
    let pairs = (1..=5).flat_map(|number| [format!("out {number}"), format!("err {number}")]);
    let expected = pairs.chain((1..=20_000).map(|number| number.to_string()));
    assert_eq!(logged, expected.chain(["half".to_owned()]).collect::<Vec<_>>());
}

#[test]
fn ctrl_c_and_down_end_it_with_its_children() {
    let sandbox = shell("sleep 1000 & (trap : TERM HUP; while :; do sleep 0.05; done) & echo begun; wait; sleep 1000");
    sandbox.write(
        "devtasks.toml",
        &(fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap() + "stop_grace_period = \"300ms\"\n"),
    );
    let up = on_terminal(&sandbox);
    up.wait_for("begun");
    up.press("\x03");
    let ended = up.wait().with(130);
    assert!(ended.stdout.contains("nothing is left"), "{ended:?}");
    sandbox.nothing_is_left();

    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_supervisor_that_is_killed_leaves_no_terminal_behind() {
    let sandbox = shell("exec sleep 1000");
    let up = sandbox.up(&[]);
    up.kill();
    eventually(
        || format!("{:?}", sandbox.processes()),
        || sandbox.processes().is_empty(),
    );
}

#[test]
fn each_start_has_a_terminal_and_the_supervisor_keeps_none_of_those_before() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "SERVICE --slow-term 0"
        tty = true
        [services.web]
        command = "SERVICE --slow-term 0"
        stdin = "open"
        [services.other]
        command = "SERVICE"
        depends_on = ["api", "web"]
        [services.second]
        command = "SERVICE"
        tty = true
        stdin = "open"
        depends_on = ["other"]
        "#,
    );
    let up = sandbox.up(&[]);
    let held = || {
        let mut held = descriptors(up.pid());
        held.retain(|path| !path.starts_with("socket:"));
        held.len()
    };
    let before = held();
    assert_eq!(terminals(up.pid()).len(), 2);
    let mut pids = BTreeSet::from([sandbox.pid("api")]);
    for _ in 0..20 {
        sandbox.run(&["restart", "api", "web"]).with(0);
        pids.insert(sandbox.pid("api"));
    }
    assert_eq!(pids.len(), 21);
    eventually(
        || format!("{before} descriptors, {:?}", descriptors(up.pid())),
        || held() == before,
    );
    let (api, second) = (sandbox.pid("api"), sandbox.pid("second"));
    assert_eq!((terminals(api).len(), terminals(second).len()), (3, 3));
    assert_ne!(terminals(api)[0], terminals(second)[0]);
    for pid in [sandbox.pid("other"), sandbox.pid("web"), up.watchdog().unwrap()] {
        assert_eq!(terminals(pid), [] as [PathBuf; 0]);
    }
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn one_that_closes_its_terminal_lives_on_and_nobody_reads_there_any_more() {
    let sandbox = shell(
        "trap 'touch hung-up' HUP; echo begun; exec </dev/null >/dev/null 2>&1; touch closed; while :; do sleep 0.02; done",
    );
    let up = sandbox.up(&[]);
    up.wait_for("begun");
    let threads = || -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", up.pid())).unwrap().flatten();
        tasks
            .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok())
            .collect()
    };
    let closed = sandbox.project().join("closed");
    eventually(
        || format!("{:?}", threads()),
        || closed.exists() && !threads().contains(&"log api\n".to_owned()),
    );
    assert_eq!(terminals(up.pid()).len(), 1);
    sandbox.run(&["status"]).with(0);
    assert!(!sandbox.project().join("hung-up").exists());
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

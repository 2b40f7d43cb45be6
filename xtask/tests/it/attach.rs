//! `attach`: what is typed reaches one service, and what it writes is seen.

mod debugger;

use std::fs::{self, File};
use std::process::Stdio;

use expect_test::expect;

use crate::sandbox::{Ended, Running, Sandbox, Terminal, eventually};

/// One service `api`, a shell with this input.
fn shell(text: &str, input: &str) -> Sandbox {
    Sandbox::new(&format!(
        "[services.api]\ncommand = '''{text}'''\nshell = true\n{input}\n"
    ))
}

const TTY: &str = "tty = true";
const OPEN: &str = "stdin = \"open\"";

/// `attach api` on a terminal, once it is attached.
#[track_caller]
fn attached(sandbox: &Sandbox) -> Terminal {
    let attach = sandbox.terminal_of(20, 80, &["attach", "api"]);
    attach.wait_for("Attached to api: ");
    attach
}

/// `attach` off a terminal, with this as its input.
fn with_input(sandbox: &Sandbox, input: &[u8], arguments: &[&str]) -> Ended {
    sandbox.write_bytes("typed", input);
    let mut command = sandbox.command(&[&["attach"], arguments].concat());
    command.stdin(Stdio::from(File::open(sandbox.project().join("typed")).unwrap()));
    Running::start(command).wait()
}

#[test]
fn every_key_goes_to_a_terminal_and_ctrl_c_too() {
    let sandbox = shell(
        "trap 'echo interrupted' INT; while :; do read -r line && echo \"got $line\"; done",
        TTY,
    );
    let _up = sandbox.up(&[]);
    let attach = attached(&sandbox);
    attach.wait_for_modes(&[]);
    attach.press("one\r");
    attach.wait_for("got one");
    attach.press("\x03");
    attach.wait_for("interrupted");
    attach.press("\x1d");
    attach.wait_for_screen("Left api; it runs on.");
    attach.wait_for_modes(&["icanon", "echo", "isig"]);
    let screen = attach.screen();
    attach.wait().with(0);
    expect![[r"
        Attached to api: keys go to it, also Ctrl-C; Ctrl-] leaves it running.
        one
        got one
        ^Cinterrupted
        Left api; it runs on."]]
    .assert_eq(&screen);
    sandbox.run(&["status"]).with(0);
}

#[test]
fn lines_are_edited_before_they_go_to_an_open_input() {
    let sandbox = shell("while read -r line; do echo \"got $line\"; done", OPEN);
    let _up = sandbox.up(&[]);
    let attach = attached(&sandbox);
    attach.wait_for_modes(&["icanon", "echo", "isig"]);
    attach.press("onx\x7fe\n");
    attach.wait_for("got one");
    attach.press("left out\x1d");
    attach.wait_for("Left api");
    let attach = {
        attach.wait().with(0);
        attached(&sandbox)
    };
    attach.wait_for("got one");
    attach.press("\x03");
    let ended = attach.wait().with(130);
    assert!(ended.stdout.contains("Interrupted; api runs on."), "{}", ended.stdout);
    let logged = sandbox.run(&["logs"]).stdout;
    assert!(!logged.contains("left out"), "{logged}");
}

#[test]
fn the_size_of_its_terminal_is_ours_while_we_are_attached() {
    let sandbox = shell(
        "trap 'stty size' WINCH; stty size; echo begun; while :; do sleep 0.02; done",
        TTY,
    );
    let up = sandbox.up(&[]);
    up.wait_for("24 80");
    let attach = attached(&sandbox);
    up.wait_for("20 80");
    attach.resize(30, 90);
    attach.wait_for("30 90");
    attach.press("\x1d");
    attach.wait().with(0);
    eventually(|| up.stdout(), || up.stdout().matches("24 80").count() == 2);
}

#[test]
fn several_look_and_one_types() {
    let sandbox = shell("while read -r line; do echo \"got $line\"; done", OPEN);
    let _up = sandbox.up(&[]);
    let (first, second) = (attached(&sandbox), attached(&sandbox));
    first.press("one\n");
    first.wait_for("got one");
    second.wait_for("got one");
    second.press("two\n");
    second.wait_for("another one types into `api`, until that one leaves; you only see it");
    first.press("\x1d");
    first.wait().with(0);
    // The supervisor hears of it a moment later.
    eventually(
        || second.shown(),
        || {
            second.press("three\n");
            second.shown().contains("got three")
        },
    );
    let logged = sandbox.run(&["logs"]).stdout;
    assert!(!logged.contains("got two"), "{logged}");
}

#[test]
fn bytes_arrive_unchanged_in_both_directions() {
    let sandbox = shell(
        "stty raw -echo; echo begun; head -c 100000 > got; cat got; echo end; exec sleep 1000",
        TTY,
    );
    let up = sandbox.up(&[]);
    up.wait_for("begun");
    // In raw mode, no byte has a meaning.
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    sandbox.write_bytes("typed", &all);
    let mut command = sandbox.command(&["attach", "api"]);
    command.stdin(Stdio::from(File::open(sandbox.project().join("typed")).unwrap()));
    let seen = crate::sandbox::output(&mut command);
    assert_eq!(fs::read(sandbox.project().join("got")).unwrap(), all);
    assert!(seen.status.success());
    assert!(
        seen.stdout == [&all[..], b"end\n"].concat(),
        "{} bytes",
        seen.stdout.len()
    );
}

#[test]
fn the_state_of_a_service_that_ends_is_said() {
    for (code, exit, said) in [
        (0, 0, "-- api exited: exit code 0"),
        (3, 1, "-- api failed: exit code 3"),
    ] {
        let sandbox = shell(&format!("read -r line; echo bye; exit {code}"), OPEN);
        let _up = sandbox.up(&[]);
        let ended = with_input(&sandbox, b"go\n", &["api"]).with(exit);
        assert_eq!(ended.stdout, "bye\n");
        assert_eq!(ended.stderr.trim_end(), said);
    }
}

#[test]
fn who_is_attached_stays_so_over_a_restart() {
    let sandbox = shell("while read -r line; do echo \"got $line from $$$$\"; done", OPEN);
    let _up = sandbox.up(&[]);
    let attach = attached(&sandbox);
    let before = sandbox.pid("api");
    attach.press("one\n");
    attach.wait_for(&format!("got one from {before}"));
    sandbox.run(&["restart"]).with(0);
    attach.wait_for("-- api running");
    let after = sandbox.pid("api");
    attach.press("two\n");
    attach.wait_for(&format!("got two from {after}"));
    sandbox.run(&["down"]).with(0);
    attach.wait_for("-- api stopped");
    attach.wait().with(0);
}

#[test]
fn a_service_that_does_not_read_delays_nobody() {
    let sandbox = shell("exec sleep 1000", OPEN);
    let up = sandbox.up(&[]);
    let much = vec![b'x'; 2 * 1024 * 1024];
    sandbox.write_bytes("typed", &much);
    let mut command = sandbox.command(&["attach", "api"]);
    command.stdin(Stdio::from(File::open(sandbox.project().join("typed")).unwrap()));
    let attach = Running::start(command);
    attach.wait_for("`api` does not read what is typed; it waits");
    sandbox.run(&["status"]).with(0);
    attach.interrupt();
    attach.wait().with(130);
    // Who has left types no more.
    eventually(
        || "that nobody else types".to_owned(),
        || {
            !with_input(&sandbox, b"y\n", &["api"])
                .with(0)
                .stderr
                .contains("another one")
        },
    );
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
}

#[test]
fn who_cannot_be_attached_is_told_why() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE\"\n\n[services.web]\ncommand = \"SERVICE\"\nstdin = \"open\"\n",
    );
    let told = |service: &str, code: i32| sandbox.plain(&sandbox.run(&["attach", service]).with(code).stderr);
    expect![[r"
        error: nothing of this checkout is running, so there is nothing to attach to

        hint: start it with `xtask up`
    "]]
    .assert_eq(&told("api", 1));
    let _up = sandbox.up(&["api"]);
    expect![[r#"
        error: `api` has neither a terminal nor an open input

        hint: set `tty = true` in [services.api], for debuggers and prompts, or `stdin = "open"`
        hint: look at its output with `xtask logs -f api`
    "#]]
    .assert_eq(&told("api", 1));
    expect![[r"
        error: `web` is not part of the running stack
    "]]
    .assert_eq(&told("web", 1));
    expect![[r"
        error: unknown service `other`

        hint: choose `api` or `web`
    "]]
    .assert_eq(&told("other", 2));
    sandbox.run(&["up", "web"]).with(0);
    sandbox.run(&["down", "web"]).with(0);
    expect![[r"
        error: `web` does not run: it is stopped

        hint: start it with `xtask up web`
    "]]
    .assert_eq(&told("web", 1));
}

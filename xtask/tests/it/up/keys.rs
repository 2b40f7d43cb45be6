//! Keys of a foreground `up`: whole screens at several widths, and the terminal as it was afterwards.

use expect_test::{Expect, expect};
use rustix::process::Signal;

use crate::sandbox::{Sandbox, Terminal, eventually, eventually_suspended, machine, port, signal};

/// What the terminal of `up` is like while keys are read, and before and after.
const KEYS: [&str; 1] = ["isig"];
const BEFORE: [&str; 3] = ["icanon", "echo", "isig"];

/// `api`, which listens, and `worker`; each says what it reads, or that it began.
fn stack() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --say begun --listen 127.0.0.1:{port}\"\nport = {port}\n\
         [services.worker]\ncommand = '''echo ready; while read -r line; do echo \"got $line\"; done'''\n\
         shell = true\nstdin = \"open\"\n"
    ));
    (sandbox, port)
}

/// `up` at this size, once all is ready and said.
#[track_caller]
fn up(sandbox: &Sandbox, rows: u16, columns: u16, arguments: &[&str]) -> Terminal {
    let up = sandbox.terminal_of(rows, columns, &[&["up"], arguments].concat());
    up.wait_for_screen("Ctrl-C stops everything");
    up.wait_for_screen("api    | begun");
    up.wait_for_screen("worker | ready");
    up
}

#[track_caller]
fn up_with_keys(sandbox: &Sandbox, columns: u16) -> Terminal {
    let up = up(sandbox, 24, columns, &[]);
    up.wait_for_modes(&KEYS);
    up.wait_for_screen("? help");
    up
}

/// The screen, without port, durations and pids. What services say first, and when they are ready, has no order among each
/// other: the lines are left out, and the states sorted.
#[track_caller]
fn check_screen(sandbox: &Sandbox, port: u16, terminal: &Terminal, expected: &Expect) {
    let screen = terminal.screen().replace(&port.to_string(), "[port]");
    let screen = sandbox.plain(&screen);
    let is_first = |line: &&str| ["api    | begun", "worker | ready"].contains(line);
    let mut lines: Vec<&str> = screen.lines().filter(|line| !is_first(line)).collect();
    lines[2..4].sort_unstable();
    expected.assert_eq(&(lines.join("\n").trim_end().to_owned() + "\n"));
}

#[track_caller]
fn end(terminal: Terminal) {
    terminal.press("q");
    terminal.wait_for_modes(&BEFORE);
    terminal.wait().with(130);
}

#[test]
fn the_bottom_line_says_as_much_as_fits() {
    for (columns, expected) in [
        (
            60,
            expect![[r#"
                project  2 services  port [port] free

                  · worker  running
                  ✓ api     ready      [time]  http://127.0.0.1:[port]

                All 2 ready in [time].  http://127.0.0.1:[port]
                Ctrl-C stops everything; `xtask status` shows it from
                another terminal.

                1 ready, 1 running  http://127.0.0.1:[port]           ? help
            "#]],
        ),
        (
            100,
            expect![[r#"
                project  2 services  port [port] free

                  · worker  running
                  ✓ api     ready      [time]  http://127.0.0.1:[port]

                All 2 ready in [time].  http://127.0.0.1:[port]
                Ctrl-C stops everything; `xtask status` shows it from another terminal.

                1 ready, 1 running  http://127.0.0.1:[port]                                r restart  ? help  q stop
            "#]],
        ),
        (
            160,
            expect![[r#"
                project  2 services  port [port] free

                  · worker  running
                  ✓ api     ready      [time]  http://127.0.0.1:[port]

                All 2 ready in [time].  http://127.0.0.1:[port]
                Ctrl-C stops everything; `xtask status` shows it from another terminal.

                1 ready, 1 running  http://127.0.0.1:[port]                                                          r restart  l log  i input  s status  o open  ? help  q stop
            "#]],
        ),
    ] {
        let (sandbox, port) = stack();
        let terminal = up_with_keys(&sandbox, columns);
        check_screen(&sandbox, port, &terminal, &expected);
        end(terminal);
    }
}

#[test]
fn r_restarts_the_service_of_the_next_key() {
    let (sandbox, port) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    let before = sandbox.pid("worker");
    terminal.press("r");
    terminal.wait_for_screen("restart which?");
    check_screen(
        &sandbox,
        port,
        &terminal,
        &expect![[r#"
            project  2 services  port [port] free

              · worker  running
              ✓ api     ready      [time]  http://127.0.0.1:[port]

            All 2 ready in [time].  http://127.0.0.1:[port]
            Ctrl-C stops everything; `xtask status` shows it from another terminal.

            restart which?  1 api  2 worker  a all  Esc none
        "#]],
    );
    terminal.press("2");
    terminal.wait_for_screen("worker  running    again");
    terminal.wait_for_screen("? help");
    assert_ne!(sandbox.pid("worker"), before);
    end(terminal);
}

#[test]
fn l_shows_the_lines_of_one_service() {
    let (sandbox, port) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    terminal.press("l1");
    terminal.wait_for_screen("only the lines of api are shown");
    let typed = |line: &str| {
        sandbox.write("typed", line);
        let mut attach = sandbox.command(&["attach", "worker"]);
        let input = std::fs::File::open(sandbox.project().join("typed")).unwrap();
        crate::sandbox::Running::start({
            attach.stdin(input);
            attach
        })
        .wait()
        .with(0);
    };
    typed("hidden\n");
    terminal.press("l");
    terminal.wait_for_screen("? help");
    typed("shown\n");
    terminal.wait_for_screen("got shown");
    check_screen(
        &sandbox,
        port,
        &terminal,
        &expect![[r#"
            project  2 services  port [port] free

              · worker  running
              ✓ api     ready      [time]  http://127.0.0.1:[port]

            All 2 ready in [time].  http://127.0.0.1:[port]
            Ctrl-C stops everything; `xtask status` shows it from another terminal.

            worker | got shown
            1 ready, 1 running  http://127.0.0.1:[port]                                r restart  ? help  q stop
        "#]],
    );
    end(terminal);
}

#[test]
fn a_question_mark_shows_the_keys() {
    let (sandbox, port) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    terminal.press("?");
    terminal.wait_for_screen("stop everything, as Ctrl-C");
    check_screen(
        &sandbox,
        port,
        &terminal,
        &expect![[r#"
            project  2 services  port [port] free

              · worker  running
              ✓ api     ready      [time]  http://127.0.0.1:[port]

            All 2 ready in [time].  http://127.0.0.1:[port]
            Ctrl-C stops everything; `xtask status` shows it from another terminal.


              r  restart a service, or all
              l  show the lines of one service, or of all again
              i  type into a service, as its number alone does; Ctrl-] returns
              s  show the status
              o  open the URL in a browser
              c  clear the screen
              ?  show this
              q  stop everything, as Ctrl-C

            1 ready, 1 running  http://127.0.0.1:[port]                                r restart  ? help  q stop
        "#]],
    );
    end(terminal);
}

#[test]
fn without_a_browser_o_shows_the_url_each_time() {
    let (mut sandbox, port) = stack();
    let programs = sandbox.home().join("bin");
    std::fs::create_dir(&programs).unwrap();
    for name in ["perl", "sh"] {
        std::os::unix::fs::symlink(which::which(name).unwrap(), programs.join(name)).unwrap();
    }
    sandbox.set("PATH", &programs.display().to_string());
    let terminal = up_with_keys(&sandbox, 100);
    // Reaping a program that did not start, in another thread, is a matter of luck.
    for n in 1..=30 {
        terminal.press("o");
        let said = format!("No browser was found; the URL is http://127.0.0.1:{port}");
        eventually(|| terminal.shown(), || terminal.shown().matches(&said).count() == n);
    }
    end(terminal);
}

#[test]
fn i_connects_the_keyboard_to_a_service() {
    let (sandbox, port) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    terminal.press("i");
    terminal.wait_for_screen("type into which?");
    terminal.press("2");
    terminal.wait_for_screen("lines go to worker   Ctrl-] returns");
    terminal.wait_for_modes(&BEFORE);
    terminal.wait_for_screen("\nready\n");
    terminal.press("one\n");
    terminal.wait_for_screen("got one");
    check_screen(
        &sandbox,
        port,
        &terminal,
        &expect![[r#"
            project  2 services  port [port] free

              · worker  running
              ✓ api     ready      [time]  http://127.0.0.1:[port]

            All 2 ready in [time].  http://127.0.0.1:[port]
            Ctrl-C stops everything; `xtask status` shows it from another terminal.

            ready
            one
            got one










            lines go to worker   Ctrl-] returns, Ctrl-C stops everything
        "#]],
    );
    terminal.press("\x1d");
    terminal.wait_for_modes(&KEYS);
    terminal.wait_for_screen("? help");
    check_screen(
        &sandbox,
        port,
        &terminal,
        &expect![[r#"
            project  2 services  port [port] free

              · worker  running
              ✓ api     ready      [time]  http://127.0.0.1:[port]

            All 2 ready in [time].  http://127.0.0.1:[port]
            Ctrl-C stops everything; `xtask status` shows it from another terminal.

            ready
            one
            got one
            ^]
            1 ready, 1 running  http://127.0.0.1:[port]                                r restart  ? help  q stop
        "#]],
    );
    // Its number alone does the same; the end of the service returns, too.
    terminal.press("2");
    terminal.wait_for_screen("Ctrl-] returns");
    sandbox.run(&["down", "worker"]).with(0);
    terminal.wait_for_modes(&KEYS);
    terminal.wait_for_screen("? help");
    // What takes no input says so.
    terminal.press("1");
    terminal.wait_for_screen("error: `api` has neither a terminal nor an open input");
    end(terminal);
}

#[test]
fn a_window_that_shrinks_or_grows_keeps_one_bottom_line() {
    let (sandbox, _) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    terminal.resize(20, 60);
    let at_bottom = |count: usize, text: &str| {
        eventually(
            || format!("{count} of `{text}` in\n{}", terminal.screen()),
            || terminal.screen().matches(text).count() == count,
        );
    };
    at_bottom(0, "q stop");
    at_bottom(1, "? help");
    terminal.press("2");
    at_bottom(1, "Ctrl-] returns");
    terminal.resize(16, 50);
    eventually(
        || terminal.screen(),
        || {
            terminal
                .screen()
                .lines()
                .nth(15)
                .is_some_and(|line| line.contains("Ctrl-] returns"))
        },
    );
    terminal.press("\x1d");
    at_bottom(0, "Ctrl-] returns");
    end(terminal);
}

#[test]
fn ctrl_z_restores_the_terminal_and_fg_takes_the_keys_again() {
    let (sandbox, _) = stack();
    let mut shell = sandbox.other("bash");
    shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "prompt> ");
    let terminal = Terminal::of_size(&shell, 24, 100);
    terminal.wait_for_screen("prompt>");
    terminal.press(&format!("{} up\r", env!("CARGO_BIN_EXE_xtask")));
    terminal.wait_for_screen("Ctrl-C stops everything");
    terminal.wait_for_modes(&KEYS);
    let record = sandbox.run(&["status", "--format", "json"]).json();
    let pid = u32::try_from(record["supervisor"]["pid"].as_u64().unwrap()).unwrap();
    terminal.press("\x1a");
    eventually_suspended(pid);
    terminal.wait_for("Stopped");
    // bash has modes of its own while it edits a line.
    terminal.press("stty -a | tr ' ' '\\n' | grep -x -e '-*icanon' -e '-*echo'\r");
    terminal.wait_for("icanon\r\necho\r\n");
    terminal.press("fg\r");
    terminal.wait_for_modes(&KEYS);
    eventually(|| format!("{pid} to run"), || machine::state(pid) != Some('T'));
    terminal.wait_for_screen("? help");
    terminal.press("q");
    terminal.wait_for_screen("nothing is left");
    eventually(|| terminal.screen(), || terminal.screen().ends_with("prompt>"));
    terminal.press("stty -a | tr ' ' '\\n' | grep -x -e '-*icanon' -e '-*echo'; exit\r");
    let ended = terminal.wait();
    assert_eq!(ended.stdout.matches("icanon\necho\n").count(), 2, "{}", ended.stdout);
}

#[test]
fn every_end_restores_the_terminal() {
    for end in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (sandbox, _) = stack();
        let terminal = up_with_keys(&sandbox, 100);
        signal(terminal.pid(), end);
        terminal.wait_for_modes(&BEFORE);
        let ended = terminal.wait().with(130);
        assert!(ended.stdout.contains("nothing is left"), "{}", ended.stdout);
        sandbox.nothing_is_left_soon();
    }
    let (sandbox, _) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    terminal.press("\x03");
    terminal.wait_for_modes(&BEFORE);
    terminal.wait().with(130);
    // While the keyboard is connected.
    let (sandbox, _) = stack();
    let terminal = up_with_keys(&sandbox, 100);
    terminal.press("2");
    terminal.wait_for_screen("Ctrl-] returns");
    signal(terminal.pid(), Signal::TERM);
    let ended = terminal.wait().with(130);
    assert!(ended.stdout.contains("nothing is left"), "{}", ended.stdout);
}

#[test]
fn without_keys_the_terminal_is_left_alone() {
    let (sandbox, port) = stack();
    let terminal = up(&sandbox, 24, 100, &["--no-keys"]);
    assert_eq!(terminal.modes(), BEFORE);
    check_screen(
        &sandbox,
        port,
        &terminal,
        &expect![[r#"
            project  2 services  port [port] free

              · worker  running
              ✓ api     ready      [time]  http://127.0.0.1:[port]

            All 2 ready in [time].  http://127.0.0.1:[port]
            Ctrl-C stops everything; `xtask status` shows it from another terminal.
        "#]],
    );
    terminal.press("\x03");
    terminal.wait().with(130);
}

#[test]
fn a_pipe_gets_no_bottom_line() {
    let (sandbox, _) = stack();
    let up = sandbox.up(&[]);
    up.wait_for("| begun");
    up.wait_for("| ready");
    up.interrupt();
    let ended = up.wait().with(130);
    let all = ended.stdout + &ended.stderr;
    assert!(!all.contains("? help") && !all.contains('\x1b'), "{all}");
}

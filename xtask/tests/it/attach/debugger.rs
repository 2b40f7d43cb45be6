//! Python's debugger, under `attach`, with keys of `up`, and without an input.

use crate::sandbox::{Sandbox, Terminal};

use super::{OPEN, TTY, with_input};

/// A service `api` in Python that stops at a breakpoint.
fn stopped(input: &str) -> Sandbox {
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"python3 -u app.py\"\n{input}\n[services.web]\ncommand = \"SERVICE\"\n"
    ));
    sandbox.write(
        "app.py",
        "import time\nanswer = 41\nbreakpoint()\nprint('went on with', answer)\ntime.sleep(1000)\n",
    );
    sandbox
}

#[track_caller]
fn correct_the_answer(terminal: &Terminal) {
    terminal.wait_for_screen("(Pdb)");
    terminal.press("p answer\r");
    terminal.wait_for_screen("\n41\n");
    terminal.press("answer += 1\r");
    terminal.press("c\r");
    terminal.wait_for_screen("went on with 42");
}

#[test]
fn a_breakpoint_is_answered_in_its_terminal() {
    let sandbox = stopped(TTY);
    let up = sandbox.up(&[]);
    up.wait_for("-> print('went on with', answer)");
    let attach = sandbox.terminal_of(20, 80, &["attach", "api"]);
    // The prompt was written before.
    correct_the_answer(&attach);
    attach.press("\x1d");
    attach.wait().with(0);
    up.wait_for("api | went on with 42");
}

#[test]
fn a_breakpoint_is_answered_line_by_line() {
    let sandbox = stopped(OPEN);
    let up = sandbox.up(&[]);
    up.wait_for("-> print('went on with', answer)");
    let ended = with_input(&sandbox, b"p answer\nanswer += 1\nc\n", &["api"]).with(0);
    assert_eq!(ended.stdout, "41\n(Pdb) (Pdb) went on with 42\n");
}

#[test]
fn a_breakpoint_is_answered_with_the_keys_of_up() {
    for input in [TTY, OPEN] {
        let sandbox = stopped(input);
        let up = sandbox.terminal_of(20, 80, &["up"]);
        up.wait_for_screen("-> print('went on with', answer)");
        up.wait_for_screen("i input");
        up.press("i1");
        up.wait_for_screen("Ctrl-] returns");
        correct_the_answer(&up);
        up.press("\x1d");
        up.wait_for_screen("? help");
        up.press("q");
        up.wait().with(130);
    }
}

#[test]
fn a_breakpoint_without_an_input_is_told_what_it_lacks() {
    let sandbox = stopped("");
    let up = sandbox.start(&["up"]);
    up.wait_for("it wanted an answer, and its input was at its end");
    up.wait_for("or for plain lines `stdin = \"open\"`, in [services.api], then answer it with `xtask attach api`");
}

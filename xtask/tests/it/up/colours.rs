//! Services in pipes are told to colour where colours are shown, and only there.

use crate::sandbox::{Sandbox, Terminal};

/// What a service finds of the variables that make programs colour.
fn asks(more: &str) -> Sandbox {
    let names = ["FORCE_COLOR", "CLICOLOR_FORCE", "UVICORN_USE_COLORS"];
    let print: String = names.map(|name| format!("--print-env {name} ")).concat();
    Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE {print}--say end\"\n{more}"
    ))
}

const TOLD: &str = "FORCE_COLOR=1 CLICOLOR_FORCE=1 UVICORN_USE_COLORS=1";
const NOT_TOLD: &str = "FORCE_COLOR is not set CLICOLOR_FORCE is not set UVICORN_USE_COLORS is not set";

/// What the service of the last run found.
#[track_caller]
fn check_told(sandbox: &Sandbox, expected: &str) {
    let logs = sandbox.run(&["logs"]).with(0).stdout;
    let lines = logs.lines().filter_map(|line| line.split_once("| "));
    let lines = lines.map(|(_, text)| text).filter(|text| text.contains("COLOR"));
    assert_eq!(lines.collect::<Vec<_>>().join(" "), expected);
}

#[track_caller]
fn on_terminal(sandbox: &Sandbox, arguments: &[&str], expected: &str) {
    let up = sandbox.terminal(&[&["up"], arguments].concat());
    up.wait_for_screen("| end");
    check_told(sandbox, expected);
    end(up);
}

fn end(up: Terminal) {
    up.press("\x03");
    up.wait().with(130);
}

#[test]
fn on_a_terminal_they_are_told() {
    on_terminal(&asks(""), &[], TOLD);
    on_terminal(&asks("tty = true\n"), &[], NOT_TOLD);
    on_terminal(&asks(""), &["--color", "never"], NOT_TOLD);
}

#[test]
fn what_the_user_has_set_stays() {
    let sandbox = asks("environment = { FORCE_COLOR = \"0\" }\n");
    on_terminal(
        &sandbox,
        &[],
        "FORCE_COLOR=0 CLICOLOR_FORCE is not set UVICORN_USE_COLORS is not set",
    );
    let sandbox = asks("");
    sandbox.write(".env", "NO_COLOR=1\n");
    on_terminal(&sandbox, &[], NOT_TOLD);
}

#[test]
fn in_a_pipe_and_in_the_background_they_are_not() {
    let sandbox = asks("");
    let up = sandbox.up(&[]);
    up.wait_for("| end");
    check_told(&sandbox, NOT_TOLD);
    up.interrupt();
    up.wait().with(130);
    sandbox.run(&["up", "-d"]).with(0);
    sandbox.run(&["down"]).with(0);
    check_told(&sandbox, NOT_TOLD);
    let up = sandbox.start(&["up", "--color", "always"]);
    up.wait_for("[0m end");
    check_told(&sandbox, TOLD);
    up.interrupt();
    up.wait().with(130);
}

/// What `up` passes on of these bytes of a service.
#[track_caller]
fn check_passed_on(hex: &str, arguments: &[&str], expected: &str) {
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --say-bytes {hex} --say end --exit 0 --after 20\"\n"
    ));
    let up = sandbox.run(&[&["up"], arguments].concat());
    let (first, _) = up.stdout.split_once("end\n").expect("it says so");
    assert_eq!(first, expected, "{up:?}");
    // Files and JSON have the text alone, which is what `--grep` looks at.
    let found = sandbox.run(&["logs", "--grep", "red text", "--color", "always"]).stdout;
    assert_eq!(found.lines().count(), 1, "{found}");
    let lines = sandbox.run(&["logs", "--format", "json"]).events();
    assert!(lines.iter().any(|line| line["line"] == "red text"), "{lines:?}");
}

#[test]
fn colours_end_with_their_line_and_the_cursor_stays() {
    // ESC [31m red ESC [2A text LF
    let hex = "1b5b33316d726564201b5b3241746578740a";
    check_passed_on(hex, &[], "api | red text\napi | ");
    check_passed_on(
        hex,
        &["--color", "always"],
        "\u{1b}[36mapi |\u{1b}[0m \u{1b}[31mred text\u{1b}[0m\n\u{1b}[36mapi |\u{1b}[0m ",
    );
}

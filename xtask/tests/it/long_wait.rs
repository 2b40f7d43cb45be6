//! What takes longer than a second says what is going on: a drawn line on a terminal, few lines in a pipe. The slow tools
//! wait for a pipe that the test opens.

use std::fs;
use std::process::Command;

use crate::sandbox::{Sandbox, output, port};

/// A tool or service that does `cat gate` waits until [`open`].
fn with_gate(config: &str) -> Sandbox {
    let sandbox = Sandbox::new(config);
    let gate = sandbox.project().join("gate");
    assert!(output(Command::new("mkfifo").arg(gate)).status.success());
    sandbox
}

/// Lets the one that waits go on.
fn open(sandbox: &Sandbox) {
    fs::write(sandbox.project().join("gate"), "").unwrap();
}

/// The tool is found first.
fn on_path(sandbox: &mut Sandbox, tool: &str, script: &str) {
    sandbox.write_script(&format!("bin/{tool}"), script);
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = sandbox.project().join("bin");
    sandbox.set("PATH", &format!("{}:{path}", bin.display()));
}

const SYNC: &str = "[venvs.api]\npath = \".venv\"\nrequirements = \"requirements.txt\"\n\
                    [services.api]\ncommand = \"python\"\nvenv = \"api\"\n";

fn slow_uv() -> Sandbox {
    let mut sandbox = with_gate(SYNC);
    sandbox.write("requirements.txt", "lamp\n");
    let slow = "printf 'Resolved\\n\\033[1mDownloading lamp\\033[0m (12 MB)\\n'; cat gate; exit 1";
    on_path(&mut sandbox, "uv", slow);
    sandbox
}

#[test]
fn a_sync_shows_the_last_line_of_its_tool() {
    let sandbox = slow_uv();
    let sync = sandbox.start(&["venv", "sync"]);
    sync.wait_for("  api  uv venv");
    sync.wait_for("  Downloading lamp (12 MB)\n");
    open(&sandbox);
    let ended = sync.wait().with(1);
    let said = sandbox.plain(&ended.waits.concat());
    assert_eq!(said, "  api  … [time]  Downloading lamp (12 MB)\n");
}

#[test]
fn a_sync_on_a_terminal_draws_one_line() {
    let sandbox = slow_uv();
    let sync = sandbox.terminal_of(24, 60, &["venv", "sync"]);
    sync.wait_for_screen("api  1 s  uv venv");
    let drawn: Vec<String> = sync.screen().lines().map(str::to_owned).collect();
    let [line] = drawn.as_slice() else { panic!("{drawn:?}") };
    assert!(line.contains(" s  uv venv") && line.chars().count() <= 60, "{line}");
    open(&sandbox);
    let ended = sync.wait().with(1);
    assert!(ended.stdout.contains("Downloading lamp"), "{ended:?}");
}

#[test]
fn a_look_at_containers_that_takes_long_is_named() {
    let mut sandbox = with_gate("[services.db]\ncompose = \"db\"\n");
    on_path(
        &mut sandbox,
        "docker",
        "case \" $* \" in *' ps '*) cat gate;; esac; exit 1",
    );
    sandbox.write_script("bin/docker-compose", "exit 127");
    sandbox.write_script("bin/podman", "exit 127");
    let doctor = sandbox.start(&["doctor"]);
    doctor.wait_for("  … looking at ports, commands and containers  ");
    open(&sandbox);
    doctor.wait().with(1);
    let on_terminal = sandbox.terminal_of(24, 100, &["doctor"]);
    on_terminal.wait_for_screen("looking at ports, commands and containers  1.");
    open(&sandbox);
    let ended = on_terminal.wait().with(1);
    let (_, report) = ended.stdout.rsplit_once("containers  ").unwrap_or_default();
    // The line was removed before the report.
    assert!(report.contains("\x1b[2K"), "{ended:?}");
}

/// A task that installs something, before a service.
fn slow_task() -> Sandbox {
    with_gate(
        "[tasks.install]\ncommand = \"echo added 12 of 300 packages; cat gate\"\nshell = true\n\
         [services.web]\ncommand = \"sleep 1000\"\ndepends_on = [\"install\"]\n",
    )
}

#[test]
fn a_start_in_the_background_shows_what_a_task_writes() {
    let sandbox = slow_task();
    let up = sandbox.start(&["up", "--detach"]);
    up.wait_for(": added 12 of 300 packages\n");
    open(&sandbox);
    let said = sandbox.plain(&up.wait().with(0).waits.concat());
    assert_eq!(said, "  … install running [time]: added 12 of 300 packages\n");
    sandbox.run(&["down"]).with(0);
    let up = sandbox.terminal_of(24, 100, &["up", "--detach"]);
    up.wait_for_screen(": added 12 of 300 packages");
    open(&sandbox);
    up.wait().with(0);
    sandbox.run(&["down"]).with(0);
}

#[test]
fn a_start_in_a_pipe_says_what_it_waits_for() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --wait-for go\"\nport = {port}\n"
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for(&format!(" (nothing listens on {port} yet)\n"));
    assert!(up.stderr().contains("  … api starting 1"), "{}", up.stderr());
    sandbox.write("go", "");
    up.wait_for("Ready in");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_second_up_and_a_slow_stop_say_what_goes_on() {
    let port = port();
    let sandbox = with_gate(&format!(
        "[services.db]\ncommand = \"trap 'cat gate; exit 0' TERM; echo here; sleep 1000 & wait\"\nshell = true\n\
         [services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --wait-for go\"\nport = {port}\n"
    ));
    sandbox.run(&["up", "-d", "db"]).with(0);
    let up = sandbox.start(&["up"]);
    up.wait_for("  … api starting 1");
    let on_terminal = sandbox.terminal_of(24, 100, &["up"]);
    on_terminal.wait_for_screen(" api starting ");
    sandbox.write("go", "");
    up.wait().with(0);
    on_terminal.wait().with(0);
    let down = sandbox.start(&["down", "db"]);
    down.wait_for("  … db stopping 1");
    let on_terminal = sandbox.terminal_of(24, 100, &["down"]);
    on_terminal.wait_for_screen(" db stopping ");
    open(&sandbox);
    down.wait().with(0);
    on_terminal.wait().with(0);
}

#[test]
fn port_wait_says_what_it_waits_for_and_json_and_quiet_say_nothing() {
    let port = port();
    let (sandbox, number) = (Sandbox::new(""), port.to_string());
    let wait = ["port", "wait", &number, "--busy"];
    let told = sandbox.start(&wait);
    let json = sandbox.start(&[wait.as_slice(), &["--format", "json"]].concat());
    let quiet = sandbox.start(&[wait.as_slice(), &["--quiet"]].concat());
    let on_terminal = sandbox.terminal_of(24, 100, &wait);
    told.wait_for(&format!("  … waiting until port {port} is busy  1"));
    on_terminal.wait_for_screen(&format!(" waiting until port {port} is busy  2"));
    let _stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    told.wait().with(0);
    assert_eq!(json.wait().with(0).stderr, "");
    assert_eq!(quiet.wait().with(0).stderr, "");
    on_terminal.wait_for_screen("Port ");
    assert!(!on_terminal.screen().contains("waiting"), "{}", on_terminal.screen());
    on_terminal.wait().with(0);
}

//! `doctor --fix`: lists, asks, repairs, looks again.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{Sandbox, eventually_gone};

/// A stale pid file, a missing `.env` with its example, and what a killed run left.
fn with_trouble() -> Sandbox {
    let (sandbox, port) = Sandbox::with_api();
    sandbox.write(
        "devtasks.toml",
        &format!(
            "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port}\"\nport = {port}\npidfile = \"tmp/api.pid\"\n"
        ),
    );
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    let mut gone = sandbox.other("true").spawn().unwrap();
    gone.wait().unwrap();
    sandbox.write("tmp/api.pid", &gone.id().to_string());
    sandbox.write(".env.example", "TOKEN=\n");
    sandbox
}

const LIST: &str = "  end what earlier runs of this checkout left
  remove the stale pid file `tmp/api.pid`
  copy `.env.example` to `.env`, which is to be filled in
";

/// Whether each of them is there: the process, the pid file, `.env`.
fn is_there(sandbox: &Sandbox) -> [bool; 3] {
    let file = |path: &str| sandbox.project().join(path).exists();
    [!sandbox.processes().is_empty(), file("tmp/api.pid"), file(".env")]
}

#[test]
fn nothing_is_done_where_nobody_can_be_asked() {
    let sandbox = with_trouble();
    let ended = sandbox.run(&["doctor", "--fix"]).with(0);
    assert_eq!(
        ended.stderr,
        format!(
            "3 repairs could be made:\n{LIST}None was made, because nobody can be asked here: `--fix --yes` makes \
             them.\n\n"
        )
    );
    assert!(ended.stdout.ends_with("\n4 warnings.\n"), "{ended:?}");
    assert_eq!(is_there(&sandbox), [true, true, false]);
    sandbox.run(&["doctor", "--yes"]).with(2);
}

#[test]
fn with_yes_all_is_repaired_and_looked_at_again() {
    let sandbox = with_trouble();
    let ended = sandbox.run(&["doctor", "--fix", "--yes", "--strict"]).with(0);
    assert!(
        ended.stderr.starts_with(&format!("3 repairs can be made:\n{LIST}")),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("Removed `tmp/api.pid`.\n"), "{ended:?}");
    assert!(
        ended.stderr.contains("Copied `.env.example` to `.env`; fill it in.\n"),
        "{ended:?}"
    );
    assert!(ended.stdout.starts_with("All checks passed: "), "{ended:?}");
    assert_eq!(is_there(&sandbox), [false, false, true]);
    let mode = fs::metadata(sandbox.project().join(".env"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nothing is left to repair, and all is well.
    let ended = sandbox.run(&["doctor", "--fix"]).with(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn json_stays_one_document() {
    let sandbox = with_trouble();
    let ended = sandbox.run(&["doctor", "--fix", "--yes", "--format", "json"]).with(0);
    assert_eq!(ended.json()["ok"], true, "{ended:?}");
    assert_eq!(is_there(&sandbox), [false, false, true]);
}

#[test]
fn a_no_leaves_everything_and_a_yes_repairs_it() {
    let sandbox = with_trouble();
    let asked = |answer: &str| {
        let terminal = sandbox.terminal(&["doctor", "--fix"]);
        terminal.answer("Make them?", answer);
        terminal.wait()
    };
    asked("n\n");
    assert_eq!(is_there(&sandbox), [true, true, false]);
    asked("y\n");
    assert_eq!(is_there(&sandbox), [false, false, true]);
}

#[test]
fn a_running_stack_is_left_alone() {
    let (sandbox, _) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    sandbox.write(".env.example", "TOKEN=\n");
    let before = sandbox.processes();
    let ended = sandbox.run(&["doctor", "--fix", "--yes"]).with(0);
    assert!(
        ended.stderr.starts_with("1 repair can be made:\n  copy `.env.example`"),
        "{ended:?}"
    );
    assert_eq!(sandbox.processes(), before);
}

#[test]
fn a_venv_with_a_recipe_is_made() {
    let sandbox = Sandbox::new(
        r#"
        [venvs.api]
        path = ".venv"
        requirements = ["requirements.txt"]
        [services.api]
        command = "python app.py"
        venv = "api"
        "#,
    );
    sandbox.write("requirements.txt", "");
    sandbox.run(&["doctor"]).with(1);
    let ended = sandbox.run(&["doctor", "--fix", "--yes"]).with(0);
    assert!(
        ended
            .stderr
            .starts_with("1 repair can be made:\n  make venv `.venv`, and install what is asked for\n"),
        "{ended:?}"
    );
    assert!(
        ended
            .stdout
            .starts_with("All checks passed: 0 ports free, 1 venv (Python 3."),
        "{ended:?}"
    );
}

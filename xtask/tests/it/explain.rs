//! `explain`: what a code means.

use serde_json::Value;

use crate::sandbox::Sandbox;

#[test]
fn a_code_is_explained_without_a_project() {
    let sandbox = Sandbox::new("");
    let explain = |arguments: &[&str]| sandbox.start_in(&sandbox.home(), arguments).wait();
    let ended = explain(&["explain", "port.busy.foreign"]).with(0);
    let mut lines = ended.stdout.lines();
    assert_eq!(
        (lines.next(), lines.next()),
        (
            Some("port.busy.foreign"),
            Some("A process that devtasks did not start has the port.")
        )
    );
    assert!(
        ended.stdout.contains("\nSee it. `xtask port who 8000` shows")
            && ended
                .stdout
                .contains("\n    hint: stop it with `xtask port kill 8000`\n")
            && ended.stdout.contains("\nSolve it.\n"),
        "{ended:?}"
    );
    let json = explain(&["explain", "cause.killed", "--format", "json"]).with(0).json();
    assert_eq!(json["code"], "cause.killed");
    assert!(json["text"].as_str().unwrap().contains("Solve it. "), "{json}");
}

#[test]
fn without_a_code_all_are_listed() {
    let sandbox = Sandbox::new("");
    let listed = sandbox.run(&["explain"]).with(0).stdout;
    assert!(listed.contains("port.free "), "{listed}");
    let json = sandbox.run(&["explain", "--format", "json"]).with(0).json();
    let codes: Vec<&Value> = json["codes"].as_array().unwrap().iter().collect();
    assert!(codes.iter().any(|it| it["code"] == "venv.moved"), "{json}");
}

#[test]
fn an_unknown_code_is_2_with_the_nearest() {
    let sandbox = Sandbox::new("");
    let ended = sandbox.run(&["explain", "port.busy.foregn"]).with(2);
    assert_eq!(
        ended.stderr,
        "error: there is no code `port.busy.foregn`\n\nhint: type `xtask explain port.busy.foreign`\n\
         hint: or see all codes with `xtask explain`\n"
    );
    let ended = sandbox.run(&["explain", "frontend"]).with(2);
    assert_eq!(
        ended.stderr,
        "error: there is no code `frontend`\n\nhint: if it is a service, see why it is in its state with `xtask why frontend`\n\
         hint: or see all codes with `xtask explain`\n"
    );
}

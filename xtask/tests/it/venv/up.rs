//! `sync = true`: `up` makes a venv and fills it before it starts anything.

use std::net::TcpListener;

use expect_test::expect;
use serde_json::json;

use super::{WITH_REQUIREMENTS, project};
use crate::sandbox::Sandbox;

fn syncing() -> Sandbox {
    let sandbox = project(&WITH_REQUIREMENTS.replace("requirements =", "sync = true\nrequirements ="));
    sandbox.write("back end/requirements.txt", "lamp>=2\n");
    sandbox
}

#[test]
fn a_task_that_is_run_gets_its_venv_as_well() {
    let config = WITH_REQUIREMENTS.replace("requirements =", "sync = true\nrequirements =");
    let sandbox = project(&format!(
        "{config}\n[tasks.show]\ncommand = \"python -c 'import lamp; print(lamp.version)'\"\nvenv = \"api\"\n"
    ));
    sandbox.write("back end/requirements.txt", "lamp>=2\n");
    let ended = sandbox.run(&["run", "show"]).with(0);
    assert_eq!(ended.stdout, "2.0\n");
    assert!(
        ended.stderr.starts_with("  api  python3 -m venv 'back end/.venv'\n"),
        "{ended:?}"
    );
    let again = sandbox.run(&["run", "show"]).with(0);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("2.0\n", ""));
    sandbox.write("back end/requirements.txt", "lamp>=3\n");
    let failed = sandbox.run(&["run", "show"]).with(5);
    assert_eq!(failed.stdout, "");
}

#[test]
fn up_makes_what_it_needs_and_says_so_before() {
    let sandbox = syncing();
    let plan = sandbox.run(&["up", "--plan"]).with(0);
    expect![[r#"
        project  not running

          api  start

        warning: venv `back end/.venv` does not exist; `up` makes it
          --> devtasks.toml:3:8  [venvs.api]

        `xtask up` would start 1. Nothing was done.
    "#]]
    .assert_eq(&sandbox.plain(&plan.stdout));
    let doctor = sandbox.run(&["doctor"]).with(0);
    expect![[r#"
        warning: venv `back end/.venv` does not exist; `up` makes it
          --> devtasks.toml:3:8  [venvs.api]

        1 warning.
    "#]]
    .assert_eq(&sandbox.plain(&doctor.stdout));
    let up = sandbox.start(&["up"]);
    up.wait_for("2.0");
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(
        ended.stderr.starts_with("  api  python3 -m venv 'back end/.venv'\n"),
        "{ended:?}"
    );
    let again = sandbox.start(&["up"]);
    again.wait_for("2.0");
    again.interrupt();
    let ended = again.wait().with(130);
    assert!(ended.stderr.starts_with("project  1 service"), "{ended:?}");
}

#[test]
fn where_that_fails_nothing_is_started() {
    let sandbox = syncing();
    sandbox.write("back end/requirements.txt", "nowhere\n");
    let ended = sandbox.run(&["up", "--format", "json"]).with(5);
    let [finding, summary] = ended.events().try_into().unwrap();
    assert_eq!(finding["finding"]["code"], json!("venv.requirements"));
    assert_eq!(summary["exit"], json!(5));
    let ended = sandbox.run(&["up"]).with(5);
    assert!(
        ended.stderr.contains("No matching distribution found for nowhere"),
        "{ended:?}"
    );
    sandbox.nothing_is_left();
}

#[test]
fn ctrl_c_during_the_installation_starts_nothing() {
    let mut sandbox = syncing();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox.set("PIP_FIND_LINKS", &format!("http://{}/", silent.local_addr().unwrap()));
    let up = sandbox.start(&["up"]);
    up.wait_for("pip install");
    let _asked = silent.accept().unwrap();
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(ended.stderr.ends_with("and nothing was started.\n"), "{ended:?}");
    sandbox.nothing_is_left_soon();
}

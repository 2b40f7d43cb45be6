//! `sync = true`: `up` makes a venv and fills it before it starts anything.

use std::collections::BTreeMap;
use std::net::TcpListener;

use expect_test::expect;
use serde_json::{Value, json};

use super::{WITH_REQUIREMENTS, notes_of_doctor, project};
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

        note: venv `back end/.venv` does not exist; `up` makes it
          --> devtasks.toml:3:8  [venvs.api]

        `xtask up` would start 1. Nothing was done.
    "#]]
    .assert_eq(&sandbox.plain(&plan.stdout));
    let doctor = sandbox.run(&["doctor", "--strict"]).with(0);
    expect![[r#"
        All checks passed: 0 ports free, 1 command, 0 env files, 0 leftovers, 1 note (see `-v`).
    "#]]
    .assert_eq(&sandbox.plain(&doctor.stdout));
    expect![[r#"
        note: venv `back end/.venv` does not exist; `up` makes it
          --> devtasks.toml:3:8  [venvs.api]
    "#]]
    .assert_eq(&notes_of_doctor(&sandbox));
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

#[test]
fn on_a_running_stack_what_runs_in_a_changed_venv_is_restarted() {
    let config = WITH_REQUIREMENTS.replace("requirements =", "sync = true\nrequirements =");
    let sandbox = project(&format!(
        "{config}\n[services.other]\ncommand = \"SERVICE\"\n\
         [services.web]\ncommand = \"SERVICE\"\ndepends_on = {{ api = {{ restart = true }} }}\n\
         [tasks.show]\ncommand = \"python3 -c pass\"\ndepends_on = [\"api\"]\n"
    ));
    sandbox.write("back end/requirements.txt", "lamp==1.0\n");
    sandbox.run(&["up", "-d"]).with(0);
    let before = pids(&sandbox);
    sandbox.run(&["up", "-d"]).with(0);
    assert_eq!(pids(&sandbox), before);

    sandbox.write("back end/requirements.txt", "lamp>=2\n");
    // A task takes what runs as it is.
    sandbox.run(&["run", "show"]).with(0);
    assert_eq!(pids(&sandbox), before);
    let plan = sandbox.run(&["up", "--plan"]).with(0);
    expect![[r#"
        project  running  (background, pid [pid])

          api    restart  venv
          other  keep
          web    keep

        note: venv `back end/.venv` has version 1.0 where `lamp>=2` is asked for; `up` installs that
          --> devtasks.toml:3:8  [venvs.api]

        `xtask up` would restart 1. Nothing was done.
    "#]]
    .assert_eq(&sandbox.plain(&plan.stdout));
    let up = sandbox.run(&["up", "-d"]).with(0);
    assert!(up.stderr.contains("restarting `api` (venv) there."), "{up:?}");
    let after = pids(&sandbox);
    assert_ne!(after["api"], before["api"]);
    assert_ne!(after["web"], before["web"]);
    assert_eq!(after["other"], before["other"]);
    sandbox.start(&["logs", "--follow", "api"]).wait_for("2.0");
    sandbox.run(&["up", "-d"]).with(0);
    assert_eq!(pids(&sandbox), after);
}

fn pids(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let services = status["services"].as_array().unwrap();
    let pid = |it: &Value| (it["name"].as_str().unwrap().to_owned(), it["pid"].clone());
    services.iter().map(pid).collect()
}

#[test]
fn what_prevents_the_start_anyway_is_told_before_anything_is_installed() {
    let config = WITH_REQUIREMENTS.replace("requirements =", "sync = true\nrequirements =");
    let sandbox = project(&format!(
        "{config}\n[services.bad]\ncommand = \"gunicron x\"\n[services.worse]\ncommand = \"SERVICE\"\nworking_dir = \"nowhere\"\n"
    ));
    sandbox.write("back end/requirements.txt", "lamp>=2\n");
    let ended = sandbox.run(&["up"]).with(5);
    expect![[r#"
        error: command `gunicron` was not found
          --> devtasks.toml:11:11  [services.bad]

        hint: install `gunicron`, correct `command` of `bad`, or set `venv` if it lives in one

        error: working directory `nowhere` does not exist
          --> devtasks.toml:14:15  [services.worse]

        hint: create it with `mkdir -p nowhere`, or change `working_dir` of `worse`

    "#]]
    .assert_eq(&sandbox.plain(&ended.stderr));
    assert!(!sandbox.project().join("back end/.venv").exists());
    // A program that the venv will have is nothing that prevents it.
    let within = format!("{config}\n[services.within]\ncommand = \"'back end/.venv/bin/python' -c pass\"\n");
    sandbox.write("devtasks.toml", &within);
    sandbox.run(&["up", "-d"]).with(0);
}

//! Tasks: run to their end, once, before what depends on them.

use crate::sandbox::{Sandbox, eventually, port};

/// `db`, the task `migrate` that needs it and writes to `story`, and `api` that needs the task.
fn shop(migrate: &str) -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        name = "shop"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{port}"
        port = {port}
        healthcheck = {{ tcp = true }}
        [tasks.migrate]
        command = "{migrate}"
        shell = true
        depends_on = ["db"]
        [services.api]
        command = "SERVICE --say api-here"
        depends_on = ["migrate"]
        "#
    ));
    (sandbox, port)
}

const MIGRATE: &str = "echo migrating; echo once >> story";

fn story(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.project().join("story")).unwrap_or_default()
}

/// `NAME STATE` of each.
fn states(sandbox: &Sandbox) -> Vec<String> {
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let services = status["services"].as_array().unwrap().iter();
    services
        .map(|it| format!("{} {}", it["name"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_task_runs_once_before_what_depends_on_it() {
    let (sandbox, port) = shop(MIGRATE);
    let up = sandbox.up(&[]);
    assert_eq!(states(&sandbox), ["db ready", "migrate completed", "api running"]);
    let status = sandbox.run(&["status", "--format", "json"]).with(0).json();
    assert_eq!(status["services"][1]["task"], true);
    assert_eq!(status["services"][1]["exit"]["code"], 0);
    assert!(sandbox.run(&["up"]).with(0).stderr.contains("shop is already running"));
    sandbox.run(&["restart"]).with(0);
    sandbox.run(&["restart", "db", "api"]).with(0);
    assert_eq!(story(&sandbox), "once\n");
    let log = sandbox.run(&["logs", "migrate"]).with(0).stdout;
    assert!(
        log.contains("migrating\n") && log.contains("-- completed: exit code 0\n"),
        "{log}"
    );
    up.interrupt();
    let ended = up.wait().with(130);
    let told = sandbox.plain(&ended.stderr);
    let head = format!(
        "shop  2 services and 1 task  port {port} free

  ✓ db       ready      [time]  127.0.0.1:{port}
  ✓ migrate  completed  [time]
  · api      running

All 2 ready in [time].
"
    );
    assert!(told.starts_with(&head), "{told}");
    assert!(
        told.ends_with(&format!("Stopped 2 services; nothing is left, port {port} is free.\n")),
        "{told}"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_task_that_fails_ends_the_start_with_its_last_lines() {
    let (sandbox, _) = shop("echo no such table; exit 3");
    let ended = sandbox.run(&["up"]).with(1);
    let told = sandbox.plain(&ended.stderr);
    let end = "
migrate failed after [time] (exit code 3)

  no such table
The other service was stopped.
";
    assert!(told.ends_with(end), "{told}");
    assert!(!ended.stdout.contains("api-here"), "{ended:?}");
    sandbox.nothing_is_left();
    // What is known of the cause gives its code.
    let (sandbox, _) = shop("echo address already in use; exit 1");
    sandbox.run(&["up"]).with(3);
}

#[test]
fn a_task_that_failed_runs_again_when_it_is_asked_for() {
    let (sandbox, _) = shop("echo try >> story; test -e ready");
    let up = sandbox.up(&["db"]);
    let ended = sandbox.run(&["up"]).with(1);
    assert!(ended.stderr.contains("! migrate  failed     exit code 1"), "{ended:?}");
    assert_eq!(states(&sandbox), ["db ready", "migrate failed", "api stopped"]);
    sandbox.write("ready", "");
    let ended = sandbox.run(&["up"]).with(0);
    assert!(ended.stderr.contains("starting `migrate`, `api` there"), "{ended:?}");
    assert!(ended.stderr.contains("migrate  completed  exit code 0"), "{ended:?}");
    assert_eq!(story(&sandbox), "try\ntry\n");
    sandbox.run(&["restart", "migrate"]).with(0);
    assert_eq!(story(&sandbox), "try\ntry\ntry\n");
    std::fs::remove_file(sandbox.project().join("ready")).unwrap();
    sandbox.run(&["restart", "migrate"]).with(1);
    sandbox.run(&["status"]).with(1);
    assert!(!up.has_ended());
}

#[test]
fn in_the_background_a_task_is_told_and_waited_for_as_well() {
    let (sandbox, _) = shop("sleep 0.1");
    let ended = sandbox.run(&["up", "--detach"]).with(0);
    let told = sandbox.plain(&ended.stderr);
    assert!(told.contains("  ✓ migrate  completed  [time]\n"), "{told}");
    assert_eq!(states(&sandbox), ["db ready", "migrate completed", "api running"]);
    sandbox.run(&["down"]).with(0);
    let (sandbox, _) = shop("exit 3");
    sandbox.run(&["up", "--detach"]).with(1);
    let sandbox = Sandbox::new("[tasks.lint]\ncommand = \"true\"\n");
    let ended = sandbox.run(&["up", "--detach", "lint"]).with(0);
    assert!(sandbox.plain(&ended.stderr).contains("Done in [time].\n"), "{ended:?}");
}

#[test]
fn a_task_that_was_edited_runs_again_with_the_next_up() {
    let (sandbox, _) = shop(MIGRATE);
    let up = sandbox.up(&[]);
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write("devtasks.toml", &config.replace("echo once", "echo twice"));
    let ended = sandbox.run(&["up"]).with(0);
    assert!(ended.stderr.contains("starting `migrate` there"), "{ended:?}");
    assert_eq!(story(&sandbox), "once\ntwice\n");
    sandbox.run(&["up"]).with(0);
    assert_eq!(story(&sandbox), "once\ntwice\n");
    assert!(!up.has_ended());
}

#[test]
fn a_task_at_work_holds_up_its_dependents_and_is_ended_by_ctrl_c() {
    let (sandbox, _) = shop("touch begun; exec sleep 1000");
    let up = sandbox.start(&["up"]);
    eventually(|| up.stderr(), || sandbox.project().join("begun").exists());
    assert_eq!(states(&sandbox), ["db ready", "migrate starting", "api waiting"]);
    let why = sandbox.run(&["why", "api"]).with(0).stdout;
    assert!(why.contains("waits for   migrate\n"), "{why}");
    up.interrupt();
    let ended = up.wait().with(130);
    assert!(
        ended.stderr.contains("Stopped 1 service and 1 task; nothing is left"),
        "{ended:?}"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_task_has_the_time_of_the_whole_start() {
    let (sandbox, _) = shop("exec sleep 1000");
    let ended = sandbox.run(&["up", "--timeout", "300ms"]).with(4);
    let told = sandbox.plain(&ended.stderr);
    assert!(
        told.contains("migrate is not ready after [time]: it has not ended yet\n"),
        "{told}"
    );
    sandbox.nothing_is_left();
}

#[cfg(target_os = "linux")] // macOS has no setsid(1).
#[test]
fn what_a_task_leaves_behind_ends_with_it() {
    let (sandbox, _) = shop("setsid sleep 1000 & echo done");
    let up = sandbox.up(&[]);
    // The supervisor, its watchdog, two services.
    assert_eq!(sandbox.processes().len(), 4);
    drop(up);
}

#[test]
fn a_task_that_is_named_brings_what_it_needs_and_alone_it_is_all_there_is_to_do() {
    let sandbox =
        Sandbox::new("[tasks.build]\ncommand = \"true\"\n[tasks.lint]\ncommand = \"true\"\ndepends_on = [\"build\"]\n");
    let ended = sandbox.run(&["up", "lint"]).with(0);
    assert_eq!(
        sandbox.plain(&ended.stderr),
        "project  2 tasks\n\n  ✓ build  completed  [time]\n  ✓ lint   completed  [time]\n\nDone in [time].\n\n"
    );
    let ended = sandbox.run(&["up"]).with(2);
    assert!(
        ended.stderr.starts_with("error: there is no service to start\n"),
        "{ended:?}"
    );
    let (sandbox, _) = shop(MIGRATE);
    let _up = sandbox.up(&["migrate"]);
    assert_eq!(states(&sandbox), ["db ready", "migrate completed"]);
}

#[test]
fn everything_that_a_task_needs_is_checked_before_anything_starts() {
    let (sandbox, _) = shop(MIGRATE);
    sandbox.write("devtasks.toml", "[tasks.migrate]\ncommand = \"migrait\"\nworking_dir = \"here\"\n[services.api]\ncommand = \"true\"\ndepends_on = [\"migrate\"]\n");
    let ended = sandbox.run(&["up"]).with(5);
    assert!(
        ended.stderr.contains("working directory `here` does not exist"),
        "{ended:?}"
    );
    std::fs::create_dir(sandbox.project().join("here")).unwrap();
    let ended = sandbox.run(&["up"]).with(5);
    assert!(ended.stderr.contains("command `migrait` was not found"), "{ended:?}");
    sandbox.run(&["doctor"]).with(1);
}

#[test]
fn what_is_restarted_with_a_task_stops_before_it_runs_again() {
    let sandbox = Sandbox::new(
        r#"
        [tasks.migrate]
        command = "echo migrate >> story"
        shell = true
        [services.api]
        command = "sh -c 'trap \"sleep 0.1; echo api ends >> story; exit\" TERM; echo api starts >> story; sleep 1000 & wait'"
        depends_on = { migrate = { restart = true } }
        "#,
    );
    let up = sandbox.up(&[]);
    eventually(|| story(&sandbox), || story(&sandbox).ends_with("api starts\n"));
    sandbox.run(&["restart", "migrate"]).with(0);
    eventually(
        || story(&sandbox),
        || story(&sandbox).matches("api starts").count() == 2,
    );
    assert_eq!(story(&sandbox), "migrate\napi starts\napi ends\nmigrate\napi starts\n");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn verbose_names_each_command_and_its_directory() {
    let sandbox = Sandbox::new("[tasks.hello]\ncommand = \"true\"\nworking_dir = \"a\\u001b[31m\"");
    sandbox.write("a\x1b[31m/file", "");
    let up = sandbox.run(&["up", "hello", "--verbose"]).with(0);
    let seen = sandbox.plain(&up.stderr);
    assert!(seen.contains("  1 task\n  hello: "), "{seen}");
    assert!(seen.contains("/true  in a\\x1b[31m\n"), "{seen}");
}

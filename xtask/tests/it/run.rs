//! `run`: a task on this terminal, after what it needs, with its own exit code.

use serde_json::json;

use crate::sandbox::{Running, Sandbox, eventually, port, signal};

/// `migrate` needs `db` and two tasks, and runs what `command` says.
fn shop(command: &str) -> (Sandbox, u16) {
    let db = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:env"
        port = "${{DB_PORT:-{db}}}"
        [services.web]
        command = "sleep 1000"
        [tasks.build]
        command = "sh -c 'echo build >> story'"
        [tasks.seed]
        command = "sh -c 'echo seed >> story'"
        depends_on = ["build"]
        [tasks.migrate]
        command = {command:?}
        depends_on = ["db", "seed"]
        "#
    ));
    (sandbox, db)
}

#[test]
fn what_a_task_needs_is_started_before_and_stopped_after_it() {
    let (sandbox, db) = shop("sh -c 'echo port $DB_PORT, $0, $1; exit 9'");
    let ended = sandbox.run(&["run", "migrate", "--", "a", "b c"]).with(9);
    assert_eq!(ended.stdout, format!("port {db}, a, b c\n"));
    // What starts together may be ready in any order.
    let mut lines: Vec<String> = sandbox.plain(&ended.stderr).lines().map(str::to_owned).collect();
    lines[2..5].sort();
    assert_eq!(
        lines.join("\n") + "\n",
        format!(
            "project  1 service and 2 tasks  port {db} free

  ✓ build  completed  [time]
  ✓ db     ready      [time]  http://127.0.0.1:{db}
  ✓ seed   completed  [time]

Ready in [time].  http://127.0.0.1:{db}

  · db  stopped
Stopped 1 service in [time]; nothing is left, port {db} is free.
"
        )
    );
    let story = std::fs::read_to_string(sandbox.project().join("story")).unwrap();
    assert_eq!(story, "build\nseed\n");
    sandbox.nothing_is_left_soon();
}

#[test]
fn on_a_running_stack_nothing_is_started_twice_or_stopped() {
    let (sandbox, _) = shop("sh -c 'echo $DB_PORT'");
    let moved = port();
    let mut command = sandbox.command(&["up"]);
    command.env("DB_PORT", moved.to_string());
    let up = Running::start(command);
    up.wait_for("All 2 ready in ");
    for expected in ["seed", "build"] {
        let ended = sandbox.run(&["run", "migrate"]).with(0);
        assert_eq!(ended.stdout, format!("{moved}\n"), "{expected} {ended:?}");
    }
    let story = std::fs::read_to_string(sandbox.project().join("story")).unwrap();
    assert_eq!(story, "build\nseed\n");
    sandbox.pid("db");
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn what_a_task_needs_and_does_not_come_up_has_the_code_of_up() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "sh -c 'exit 7'"
        port = 1
        [tasks.migrate]
        command = "echo never"
        depends_on = ["db"]
        [tasks.lost]
        command = "no-such-command"
        [tasks.shelly]
        command = "test a"
        shell = true
        "#,
    );
    let ended = sandbox.run(&["run", "migrate"]);
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.stdout, "");
    sandbox.run(&["run", "lost"]).with(5);
    sandbox.run(&["run", "migrat"]).with(2);
    sandbox.run(&["run", "db"]).with(2);
    sandbox.run(&["run", "shelly", "--", "=", "a"]).with(0);
    sandbox.run(&["run", "shelly", "--", "=", "a b"]).with(1);
    sandbox.nothing_is_left_soon();
}

#[test]
fn ctrl_c_reaches_the_task_once_and_what_was_started_is_stopped() {
    let (sandbox, db) = shop("sh -c 'trap \"echo heard; exit 4\" INT; echo begun; while :; do sleep 0.01; done'");
    let terminal = sandbox.terminal(&["run", "migrate"]);
    terminal.wait_for("begun");
    terminal.press("\x03");
    let ended = terminal.wait();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert_eq!(ended.stdout.matches("heard").count(), 1, "{ended:?}");
    assert!(
        ended.stdout.contains(&format!("nothing is left, port {db} is free")),
        "{ended:?}"
    );
    sandbox.nothing_is_left_soon();
}

#[test]
fn ctrl_c_while_what_the_task_needs_starts_leaves_nothing() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.db]\ncommand = \"SERVICE --say begun --wait-for never --listen 127.0.0.1:{port}\"\nport = {port}\n\
         [tasks.t]\ncommand = \"echo never\"\ndepends_on = [\"db\"]\n"
    ));
    let run = sandbox.start(&["run", "t"]);
    eventually(
        || sandbox.run(&["logs", "db"]).stdout,
        || sandbox.run(&["logs", "db"]).stdout.contains("begun"),
    );
    run.interrupt();
    let ended = run.wait().with(130);
    assert_eq!(ended.stdout, "");
    let told = sandbox.plain(&ended.stderr);
    let expected = format!(
        "Interrupted; what was started is stopped again.\n  · db  stopped\nStopped 1 service in [time]; nothing is left, port {port} is \
         free.\n"
    );
    assert!(told.ends_with(&expected), "{told}");
    sandbox.nothing_is_left_soon();
}

#[test]
fn signals_are_passed_on_to_the_task() {
    let trap = "trap \"echo heard; exit 4\" TERM INT; echo begun; while :; do sleep 0.01; done";
    let sandbox = Sandbox::new(&format!("[tasks.wait]\ncommand = ['sh', '-c', '{trap}']\n"));
    for sent in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let run = sandbox.start(&["run", "wait"]);
        run.wait_for("begun");
        signal(run.pid(), sent);
        let ended = run.wait().with(4);
        assert_eq!(ended.stdout, "begun\nheard\n");
    }
    let sandbox = Sandbox::new("[tasks.die]\ncommand = ['sh', '-c', 'kill -KILL $$$$']\n");
    sandbox.run(&["run", "die"]).with(137);
}

#[test]
fn without_a_name_the_tasks_are_listed() {
    let (sandbox, _) = shop("alembic upgrade head");
    let ended = sandbox.run(&["run"]).with(0);
    assert_eq!(
        ended.stdout,
        "  TASK     NEEDS    COMMAND
  build    -        sh -c 'echo build >> story'
  seed     build    sh -c 'echo seed >> story'
  migrate  db seed  alembic upgrade head
"
    );
    let document = sandbox.run(&["run", "--format", "json"]).with(0).json();
    assert_eq!(
        document["tasks"][2],
        json!({"name": "migrate", "command": ["alembic", "upgrade", "head"], "depends_on": ["db", "seed"]})
    );
    let sandbox = Sandbox::new("[services.a]\ncommand = 'x'\n");
    let ended = sandbox.run(&["run"]).with(0);
    assert_eq!(
        ended.stdout,
        "devtasks.toml has no tasks. A [tasks.NAME] with a `command` is one.\n"
    );
}

//! `status`: what runs, whether it is well, and whether it is ours.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually, eventually_gone, port, signal};

fn shop() -> (Sandbox, u16, u16) {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        name = "shop"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db} --hang"
        port = {db}
        [services.backend]
        command = "SERVICE --listen 127.0.0.1:{api} --http"
        port = {api}
        healthcheck = {{ http = "/healthz" }}
        depends_on = ["db"]
        "#
    ));
    (sandbox, db, api)
}

#[test]
fn a_running_stack_is_shown_as_a_table() {
    let (sandbox, db, api) = shop();
    let _up = sandbox.up(&[]);
    let ended = sandbox.run(&["status"]).with(0);
    assert_eq!(ended.stderr, "");
    let table = sandbox.plain(&ended.stdout);
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("shop  up [time]  (foreground, pid [pid])"));
    let words: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let (db, api) = (db.to_string(), api.to_string());
    assert_eq!(
        words,
        [
            vec![],
            vec![
                "SERVICE", "STATE", "PID", "AGE", "PORT", "HEALTH", "RESTARTS", "CLIENTS"
            ],
            vec!["db", "ready", "[pid]", "[time]", &db, "-", "0", "0"],
            vec![
                "backend", "ready", "[pid]", "[time]", &api, "ok", "200", "in", "[time]", "0", "0"
            ],
        ]
    );
}

#[test]
fn its_other_names_show_the_same() {
    let (sandbox, _, _) = shop();
    for name in ["status", "ps", "check"] {
        let ended = sandbox.run(&[name]).with(1);
        assert!(ended.stdout.starts_with("shop  not running"), "{ended:?}");
    }
}

#[test]
fn a_stack_that_does_not_run_is_shown_as_stopped() {
    let (sandbox, db, api) = shop();
    let ended = sandbox.run(&["status"]).with(1);
    assert_eq!(
        sandbox.plain(&ended.stdout),
        format!(
            "shop  not running  ([project])

  SERVICE  STATE    PID  AGE  PORT            HEALTH  RESTARTS  CLIENTS
  db       stopped  -    -    {db} (closed)  -       0         0
  backend  stopped  -    -    {api} (closed)  -       0         0

hint: start it with `xtask up`
"
        )
    );
}

#[test]
fn the_json_has_the_shape_of_the_contract() {
    let (sandbox, db, api) = shop();
    let up = sandbox.up(&[]);
    sandbox.client(db);
    let mut status = sandbox.run(&["status", "--format", "json"]).with(0).json();
    let take = |value: &mut Value, kind: fn(&Value) -> bool| {
        let taken = value.take();
        assert!(kind(&taken), "{taken}");
    };
    take(&mut status["run"], Value::is_string);
    take(&mut status["supervisor"]["started_at"], Value::is_string);
    for service in status["services"].as_array_mut().unwrap() {
        take(&mut service["pid"], Value::is_u64);
        take(&mut service["since"], Value::is_string);
    }
    take(&mut status["services"][1]["health"]["detail"], Value::is_string);
    assert_eq!(
        status,
        json!({
            "schema_version": 1,
            "project": "shop",
            "checkout": sandbox.project(),
            "run": null,
            "supervisor": {"pid": up.pid(), "mode": "foreground", "started_at": null},
            "services": [
                {
                    "name": "db", "state": "ready", "pid": null, "since": null, "restarts": 0, "exit": null,
                    "ports": [{"name": "main", "number": db, "listening": true, "ours": true, "clients": 1, "elsewhere": [], "declared": db}],
                    "health": {"status": "none", "detail": null},
                    "waiting_for": [], "task": false,
                },
                {
                    "name": "backend", "state": "ready", "pid": null, "since": null, "restarts": 0, "exit": null,
                    "ports": [{"name": "main", "number": api, "listening": true, "ours": true, "clients": 0, "elsewhere": [], "declared": api}],
                    "health": {"status": "ok", "detail": null},
                    "waiting_for": [], "task": false,
                },
            ],
            "log_export": [],
        })
    );
}

#[test]
fn the_json_of_a_stack_that_does_not_run_is_whole_too() {
    let (sandbox, db, _) = shop();
    let status = sandbox.run(&["status", "db", "--format", "json"]).with(1).json();
    assert_eq!(
        status,
        json!({
            "schema_version": 1,
            "project": "shop",
            "checkout": sandbox.project(),
            "run": null,
            "supervisor": null,
            "services": [{
                "name": "db", "state": "stopped", "pid": null, "since": null, "restarts": 0, "exit": null,
                "ports": [{"name": "main", "number": db, "listening": false, "ours": false, "clients": 0, "elsewhere": [], "declared": db}],
                "health": {"status": "none", "detail": null},
                "waiting_for": [], "task": false,
            }],
            "log_export": [],
        })
    );
}

#[test]
fn a_stranger_on_a_declared_port_is_not_ours() {
    let (sandbox, db, _) = shop();
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{db}")]);
    let status = sandbox.run(&["status", "db", "--format", "json"]).with(1).json();
    assert_eq!(
        status["services"][0]["ports"][0],
        json!({"name": "main", "number": db, "listening": true, "ours": false, "clients": 0, "elsewhere": [], "declared": db})
    );
    let table = sandbox.run(&["status", "db"]).with(1).stdout;
    assert!(table.contains(&format!("{db} (not ours)")), "{table}");
}

#[test]
fn a_port_that_the_service_gave_up_is_shown_as_closed() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"sh -c 'SERVICE --listen 127.0.0.1:{port} & echo $$! > listener; wait; sleep 1000'\"\nport = {port}\n"
    ));
    let _up = sandbox.up(&[]);
    let listener = std::fs::read_to_string(sandbox.project().join("listener")).unwrap();
    let listener = listener.trim().parse().unwrap();
    signal(listener, Signal::KILL);
    eventually_gone(listener);
    let status = sandbox.run(&["status", "--format", "json"]).json();
    assert_eq!(
        status["services"][0]["ports"][0],
        json!({"name": "main", "number": port, "listening": false, "ours": false, "clients": 0, "elsewhere": [], "declared": port})
    );
}

#[test]
fn a_service_that_waits_says_for_what() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --say begun"
        port = {db}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api}"
        port = {api}
        depends_on = ["db"]
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    let status = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let services = &status["services"];
    assert_eq!(
        (&services[0]["state"], &services[1]["state"]),
        (&json!("starting"), &json!("waiting"))
    );
    assert_eq!(
        services[0]["waiting_for"],
        json!([format!("nothing listens on {db} yet")])
    );
    assert_eq!(services[1]["waiting_for"], json!(["db"]));
}

#[test]
fn a_service_that_ended_says_how() {
    let sandbox = Sandbox::new(
        r#"
        [services.steady]
        command = "sleep 1000"
        [services.crashed]
        command = "sh -c 'sleep 0.05; exit 7'"
        [services.killed]
        command = "sh -c 'sleep 0.05; kill -KILL $$$$'"
        [services.done]
        command = "sleep 0.05"
        "#,
    );
    let _up = sandbox.up(&[]);
    let statuses = || sandbox.run(&["status", "--format", "json"]).json();
    let running = |status: &Value| {
        status["services"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["state"] == "running")
            .count()
    };
    eventually(|| statuses().to_string(), || running(&statuses()) == 1);
    let status = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let ends: Vec<_> = status["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["state"].as_str().unwrap(),
                it["exit"]["code"].as_i64(),
                it["exit"]["signal"].as_i64(),
                it["exit"]["cause"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        ends,
        [
            ("running", None, None, None),
            ("failed", Some(7), None, Some("exit code 7")),
            (
                "failed",
                None,
                Some(9),
                Some("killed by SIGKILL: sent by another process or the kernel")
            ),
            ("exited", Some(0), None, Some("exit code 0")),
        ]
    );
    assert!(status["services"][1]["exit"]["at"].is_string() && status["services"][1]["pid"].is_null());
}

#[test]
fn only_the_named_services_count() {
    let (sandbox, _, _) = shop();
    let _up = sandbox.up(&["db"]);
    sandbox.run(&["status", "db"]).with(0);
    let ended = sandbox.run(&["status", "dbx"]).with(2);
    assert!(ended.stderr.contains("`dbx`"), "{ended:?}");
    // It was not asked for yet, and so is not ready.
    let ended = sandbox.run(&["status", "backend"]).with(1);
    assert!(ended.stdout.contains("backend  stopped"), "{ended:?}");
}

#[test]
fn a_wrong_file_is_2() {
    let (sandbox, _, _) = shop();
    sandbox.write("devtasks.toml", "[services.api]\ncomand = \"x\"\n");
    let ended = sandbox.run(&["status"]).with(2);
    assert!(ended.stderr.contains("`command`"), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

#[test]
fn after_a_crash_of_the_supervisor_the_stack_counts_as_not_running() {
    let (sandbox, _, _) = shop();
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    let ended = sandbox.run(&["status"]).with(1);
    assert!(ended.stdout.starts_with("shop  not running"), "{ended:?}");
}

#[test]
fn it_is_never_in_the_way_of_a_service_that_opens_its_port() {
    let port = port();
    let sandbox = Sandbox::new(&format!("[services.api]\ncommand = \"SERVICE\"\nport = {port}\n"));
    // In a process of its own: what a test holds, the children of other tests hold for a moment longer.
    let open = format!(
        "import os, socket\nprint('begun', flush=True)\nn = 0\nwhile not os.path.exists('enough'):\n\
         \x20   with socket.socket() as it:\n        it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
         \x20       it.bind(('127.0.0.1', {port}))\n        it.listen()\n        n += 1\nprint('opened' if n else 'never')"
    );
    let mut opening = sandbox.other("python3");
    opening.args(["-c", &open]);
    let opening = crate::sandbox::Running::start(opening);
    opening.wait_for("begun");
    for _ in 0..20 {
        sandbox.run(&["status"]).with(1);
    }
    sandbox.write("enough", "");
    let ended = opening.wait().with(0);
    assert!(ended.stdout.contains("opened"), "{ended:?}");
}

#[cfg(target_os = "linux")] // `/proc` says that it has looked again.
#[test]
fn watched_without_a_terminal_the_table_is_printed_when_it_changes() {
    let (sandbox, _, _) = shop();
    let watch = sandbox.start(&["status", "--watch"]);
    watch.wait_for("not running");
    let up = sandbox.up(&[]);
    watch.wait_for("backend  ready");
    let before = watch.stdout();
    watch.wait_for_waits(12);
    assert_eq!(watch.stdout(), before);
    up.interrupt();
    up.wait().with(130);
    eventually(|| watch.stdout(), || watch.stdout().matches("not running").count() == 2);
    watch.interrupt();
    let ended = watch.wait().with(130);
    assert_eq!(ended.stderr, "");
    assert!(!ended.stdout.contains('\x1b'), "{ended:?}");
}

#[test]
fn watched_on_a_terminal_it_is_drawn_in_place_and_the_last_table_stays() {
    let (sandbox, _, _) = shop();
    let watch = sandbox.terminal(&["status", "-w", "--color", "never"]);
    watch.wait_for("shop  not running");
    let _up = sandbox.up(&[]);
    watch.wait_for("\x1b[7Fshop  up ");
    let is_whole = |shown: &str| shown.contains("  backend  ready") && shown.ends_with("\x1b[J");
    eventually(|| watch.shown(), || is_whole(&watch.shown()));
    watch.press("\x03");
    let ended = watch.wait().with(130);
    // The cursor is below the table, in a line of its own.
    let last = ended.stdout.rsplit("F").next().unwrap().to_owned();
    assert!(
        ended.stdout.ends_with("\x1b[J^C\n") && last.contains("backend  ready"),
        "{ended:?}"
    );
}

#[test]
fn watched_it_does_not_ask_the_services_for_their_health() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port} --http --unhealthy-after 1\"\nport = {port}\n\
         healthcheck = {{ http = \"/\", interval = \"1h\" }}\n"
    ));
    let _up = sandbox.up(&[]);
    // The supervisor has asked once; whoever asks next gets 503.
    let watch = sandbox.start(&["status", "--watch", "--format", "json"]);
    watch.wait_for("\"status\":\"ok\"");
    watch.interrupt();
    watch.wait().with(130);
    let asked = sandbox.run(&["status", "--format", "json"]).with(0).json();
    assert_eq!(asked["services"][0]["health"]["status"], "failing", "{asked}");
}

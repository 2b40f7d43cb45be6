//! Who starts when, and what is not started at all.

use crate::sandbox::{Sandbox, eventually, port};

#[test]
fn a_stack_comes_up_and_ctrl_c_leaves_nothing() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        name = "shop"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        healthcheck = {{ tcp = true }}
        [services.backend]
        command = "SERVICE --listen 127.0.0.1:{api} --http"
        port = {api}
        healthcheck = {{ http = "/" }}
        depends_on = ["db"]
        "#
    ));
    let up = sandbox.up(&[]);
    up.interrupt();
    let ended = up.wait().with(130);
    assert_eq!(ended.stdout, "");
    assert_eq!(
        sandbox.plain(&ended.stderr),
        format!(
            "shop  2 services  ports {db} {api} free

  ✓ db       ready      [time]  127.0.0.1:{db}
  ✓ backend  ready      [time]  http://127.0.0.1:{api}

All 2 ready in [time].  http://127.0.0.1:{api}
Ctrl-C stops everything; `xtask status` shows it from another terminal.

Stopped 2 services; nothing is left, ports {db} {api} are free.
"
        )
    );
    sandbox.nothing_is_left();
}

#[test]
fn services_that_do_not_depend_on_each_other_start_together() {
    // Each waits for the other's file: one after the other would never be ready.
    let meet = |mine: &str, others: &str| {
        let wait = format!("until [ -e {others} ]; do sleep 0.01; done");
        format!("touch {mine}; {wait}; touch {mine}.ready; exec sleep 1000")
    };
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.left]
        command = "{}"
        shell = true
        healthcheck = {{ command = ["test", "-e", "l.ready"] }}
        [services.right]
        command = "{}"
        shell = true
        healthcheck = {{ command = ["test", "-e", "r.ready"] }}
        "#,
        meet("l", "r"),
        meet("r", "l")
    ));
    let up = sandbox.up(&[]);
    assert!(up.stderr().contains("All 2 ready"), "{}", up.stderr());
}

#[test]
fn a_service_starts_after_those_that_it_depends_on_are_ready_and_stops_before_them() {
    let db = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "sh -c 'trap \"echo api ends >> story; exit\" TERM; echo api starts >> story; sleep 1000 & wait'"
        depends_on = ["db"]
        [services.db]
        command = "sh -c 'SERVICE --listen 127.0.0.1:{db} --ready-after 100 --announce open >> story & trap \"echo db ends >> story; exit\" TERM; wait'"
        port = {db}
        "#
    ));
    let up = sandbox.up(&[]);
    let told = || std::fs::read_to_string(sandbox.project().join("story")).unwrap_or_default();
    eventually(told, || told().contains("api starts"));
    up.interrupt();
    up.wait().with(130);
    let story = told();
    assert_eq!(story, "open\napi starts\napi ends\ndb ends\n");
}

#[test]
fn a_dependency_that_only_has_to_be_started_is_not_waited_for() {
    let db = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "sh -c 'until [ -e go ]; do sleep 0.01; done; exec SERVICE --listen 127.0.0.1:{db}'"
        port = {db}
        [services.api]
        command = "sh -c 'touch go; exec sleep 1000'"
        depends_on = {{ db = "started" }}
        "#
    ));
    sandbox.up(&[]);
}

#[test]
fn one_service_starts_with_what_it_depends_on_and_nothing_else() {
    let sandbox = Sandbox::new(
        r#"
        [services.db]
        command = "sleep 1000"
        [services.api]
        command = "sleep 1000"
        depends_on = ["db"]
        [services.other]
        command = "sleep 1000"
        "#,
    );
    let up = sandbox.up(&["api"]);
    let names = |status: serde_json::Value| {
        let services = status["services"].as_array().unwrap().clone();
        services
            .iter()
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(sandbox.run(&["status", "--format", "json"]).with(0).json()),
        ["db", "api"]
    );
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_service_of_a_profile_starts_only_with_that_profile_or_when_named() {
    let sandbox = Sandbox::new(
        r#"
        [services.api]
        command = "SERVICE --say api-here"
        [services.web]
        command = "SERVICE --say web-here"
        profiles = ["web"]
        "#,
    );
    for (arguments, starts) in [
        (vec![], false),
        (vec!["--profile", "web"], true),
        (vec!["web", "api"], true),
    ] {
        let up = sandbox.up(&arguments);
        up.wait_for("api-here");
        if starts {
            up.wait_for("web-here");
        }
        up.interrupt();
        let ended = up.wait().with(130);
        assert_eq!(ended.stdout.contains("web-here"), starts, "{arguments:?} {ended:?}");
    }
}

#[test]
fn where_every_service_belongs_to_a_profile_up_says_so() {
    let sandbox = Sandbox::new("[services.web]\ncommand = \"sleep 1000\"\nprofiles = [\"web\"]\n");
    let ended = sandbox.run(&["up"]).with(2);
    assert_eq!(
        ended.stderr,
        "error: there is no service to start\n\nhint: every service belongs to a profile: choose one with `--profile NAME`\n"
    );
}

#[test]
fn an_unknown_service_is_refused_with_a_suggestion() {
    let (sandbox, _) = Sandbox::with_api();
    let ended = sandbox.run(&["up", "apy"]).with(2);
    assert!(
        ended.stderr.contains("`apy`") && ended.stderr.contains("`api`"),
        "{ended:?}"
    );
}

#[test]
fn a_server_that_only_a_worker_needs_is_still_where_a_person_goes() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port}"
        port = {port}
        [services.worker]
        command = "SERVICE"
        depends_on = ["api"]
        "#
    ));
    let up = sandbox.up(&[]);
    let stderr = sandbox.plain(&up.stderr());
    let expected = format!("All 2 ready in [time].  http://127.0.0.1:{port}\n");
    assert!(stderr.contains(&expected), "{stderr}");
}

//! `up` on a stack that runs, or is just starting.

use crate::sandbox::{Ended, Sandbox, eventually, is_free, port};

#[test]
fn a_second_up_says_that_it_runs_already() {
    let (sandbox, port) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    let ended = sandbox.run(&["up"]).with(0);
    assert_eq!(ended.stdout, "");
    let said = sandbox.plain(&ended.stderr);
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    let url = format!("http://127.0.0.1:{port}");
    assert_eq!(
        lines,
        [
            vec![
                "project", "is", "already", "running", "(pid", "[pid],", "up", "[time])."
            ],
            vec![],
            vec!["project", "up", "[time]", "(foreground,", "pid", "[pid])"],
            vec![],
            vec![
                "SERVICE", "STATE", "PID", "AGE", "PORT", "HEALTH", "RESTARTS", "CLIENTS"
            ],
            vec!["api", "ready", "[pid]", "[time]", &port.to_string(), "-", "0", "0"],
            vec![],
            vec!["Ready.", &url],
            vec![
                "It", "runs", "in", "another", "terminal", "(pid", "[pid]):", "`xtask", "logs", "-f`", "shows", "its",
                "log,", "`xtask", "down`", "stops", "it."
            ],
        ]
    );
    assert!(!up.has_ended());
}

#[test]
fn a_second_up_ends_with_how_many_are_ready() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE\"\n[services.web]\ncommand = \"SERVICE\"\n");
    sandbox.run(&["up", "-d"]).with(0);
    let end = "It runs in the background: `xtask logs -f` shows its log, `xtask down` stops it.\n";
    let said = |arguments: &[&str]| sandbox.run(arguments).with(0).stderr;
    assert!(
        said(&["up"]).ends_with(&format!("\n\nAll 2 ready.\n{end}")),
        "{}",
        said(&["up"])
    );
    sandbox.run(&["down", "web"]).with(0);
    assert!(
        said(&["up", "api"]).ends_with(&format!("\n\n1 of 2 ready.\n{end}")),
        "{}",
        said(&["up", "api"])
    );
    assert!(!said(&["restart"]).contains("logs -f"));
    sandbox.run(&["down"]).with(0);
}

#[test]
fn a_second_up_starts_what_is_missing() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api} --say api-here"
        port = {api}
        depends_on = ["db"]
        "#
    ));
    let first = sandbox.up(&["db"]);
    let second = sandbox.run(&["up"]).with(0);
    assert!(second.stderr.contains("starting `api` there"), "{second:?}");
    first.wait_for("api-here");
    sandbox.run(&["status"]).with(0);
    first.interrupt();
    first.wait().with(130);
    sandbox.nothing_is_left();
}

#[test]
fn a_service_that_failed_is_started_again() {
    let sandbox = Sandbox::new(
        r#"
        [services.steady]
        command = "sleep 1000"
        [services.fragile]
        command = "sh -c 'until [ -e fall ]; do sleep 0.01; done; exit 7'"
        "#,
    );
    let up = sandbox.up(&[]);
    sandbox.write("fall", "");
    up.wait_for("exit code 7");
    std::fs::remove_file(sandbox.project().join("fall")).unwrap();
    sandbox.run(&["up"]).with(0);
    sandbox.run(&["status"]).with(0);
}

#[test]
fn what_cannot_start_beside_a_running_stack_fails_alone() {
    let sandbox = Sandbox::new(
        r#"
        [services.steady]
        command = "sleep 1000"
        [services.broken]
        command = "SERVICE --say-err oops --exit 9"
        healthcheck = { command = "false" }
        "#,
    );
    let up = sandbox.up(&["steady"]);
    let ended = sandbox.run(&["up"]).with(1);
    assert!(
        ended.stderr.contains("broken") && ended.stderr.contains("exit code 9"),
        "{ended:?}"
    );
    assert!(!up.has_ended());
    sandbox.run(&["status", "steady"]).with(0);
}

#[test]
fn a_second_up_meets_a_busy_port_as_the_first_would() {
    let (sandbox, port) = Sandbox::with_api();
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write(
        "devtasks.toml",
        &format!("{config}[services.other]\ncommand = \"sleep 1000\"\n"),
    );
    let up = sandbox.up(&["other"]);
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = sandbox.run(&["up"]).with(3);
    assert!(
        ended
            .stderr
            .contains(&format!("port {port} is taken by `service` (pid {})", stranger.pid())),
        "{ended:?}"
    );
    sandbox.run(&["up", "--on-conflict", "kill"]).with(0);
    assert!(stranger.has_ended());
    assert!(!up.has_ended());
}

#[test]
fn ctrl_c_in_a_second_up_ends_that_alone() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        [services.api]
        command = "SERVICE --say begun"
        port = {api}
        depends_on = ["db"]
        "#
    ));
    let first = sandbox.up(&["db"]);
    let second = sandbox.start(&["up"]);
    first.wait_for("begun");
    second.interrupt();
    second.wait().with(130);
    assert!(!first.has_ended());
}

#[test]
fn of_two_ups_at_once_one_becomes_the_supervisor_and_both_are_right() {
    for _ in 0..5 {
        let (sandbox, _) = Sandbox::with_api();
        let mut ups: Vec<_> = (0..3).map(|_| sandbox.start(&["up"])).collect();
        // All but one return, with 0.
        let mut returned: Vec<Ended> = Vec::new();
        eventually(
            || {
                let said: Vec<_> = ups.iter().map(|up| up.stderr()).collect();
                format!("two of three to return: {said:#?}")
            },
            || ups.iter().filter(|up| up.has_ended()).count() == 2,
        );
        while let Some(at) = ups.iter().position(|up| up.has_ended()) {
            returned.push(ups.remove(at).wait().with(0));
        }
        sandbox.run(&["status"]).with(0);
        // The supervisor, its watchdog, the service.
        assert_eq!(sandbox.processes().len(), 3);
        ups[0].interrupt();
        ups.remove(0).wait().with(130);
        sandbox.nothing_is_left();
    }
}

#[test]
fn an_up_while_the_stack_is_just_stopping_waits_and_starts_again() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"SERVICE --slow-term 300 --announce here\"\n");
    let first = sandbox.up(&[]);
    first.wait_for("here");
    first.interrupt();
    let second = sandbox.up(&[]);
    first.wait().with(130);
    second.interrupt();
    second.wait().with(130);
}

#[test]
fn stacks_of_several_projects_run_side_by_side() {
    let (ours, theirs) = (port(), port());
    let mut sandbox =
        Sandbox::new("[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = \"${API_PORT:?}\"\n");
    let there = sandbox.checkout("there");
    sandbox.set("API_PORT", &ours.to_string());
    sandbox.run(&["up", "-d"]).with(0);
    sandbox.set("API_PORT", &theirs.to_string());
    sandbox.start_in(&there, &["up", "-d"]).wait().with(0);
    sandbox.run(&["down"]).with(0);
    assert!(is_free(ours) && !is_free(theirs));
    sandbox.start_in(&there, &["status"]).wait().with(0);
    sandbox.start_in(&there, &["down"]).wait().with(0);
    assert!(is_free(theirs));
}

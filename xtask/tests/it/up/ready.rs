//! Ready is what was verified: our own process listens, and the health check passes.

use crate::sandbox::{Sandbox, eventually, port};

#[test]
fn a_stranger_that_answers_on_the_same_port_of_another_address_makes_nothing_ready() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --say begun"
        port = {port}
        healthcheck = {{ http = "http://127.0.0.2:{port}/" }}
        "#
    ));
    sandbox.stranger(&["--listen", &format!("127.0.0.2:{port}"), "--http"]);
    let up = sandbox.start(&["up", "--timeout", "500ms"]);
    let ended = up.wait().with(4);
    assert!(
        ended
            .stderr
            .contains(&format!("port {port} is held by another process")),
        "{ended:?}"
    );
}

#[test]
fn a_stranger_that_comes_first_during_the_start_is_named() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --say begun"
        port = {port}
        "#
    ));
    let up = sandbox.start(&["up", "--timeout", "2s"]);
    up.wait_for("begun");
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = up.wait().with(3);
    assert!(ended.stderr.contains(&format!("pid {}", stranger.pid())), "{ended:?}");
}

#[test]
fn with_a_host_only_that_address_counts() {
    let port = port();
    let config = |listens: &str| {
        format!(
            r#"
            [services.api]
            command = "SERVICE --listen {listens}:{port}"
            port = {{ number = {port}, host = "127.0.0.3" }}
            "#
        )
    };
    let sandbox = Sandbox::new(&config("127.0.0.1"));
    sandbox.run(&["up", "--timeout", "300ms"]).with(4);
    sandbox.write("devtasks.toml", &config("127.0.0.3"));
    sandbox.up(&[]);
}

#[test]
fn without_a_host_any_local_address_will_do() {
    for address in ["0.0.0.0", "[::1]", "[::]", "127.0.0.1"] {
        let port = port();
        let sandbox = Sandbox::new(&format!(
            r#"
            [services.api]
            command = "SERVICE --listen {address}:{port} --http"
            port = {port}
            healthcheck = {{ http = "/" }}
            "#
        ));
        sandbox.up(&[]);
    }
}

#[test]
fn a_server_at_ipv6_alone_stays_ready_and_is_shown_where_it_answers() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.web]
        command = "SERVICE --listen [::1]:{port} --http"
        port = {port}
        healthcheck = {{ http = "/", interval = "10ms", retries = 1 }}
        "#
    ));
    let up = sandbox.up(&[]);
    let url = format!("http://[::1]:{port}");
    assert_eq!(up.stderr().matches(&url).count(), 2, "{}", up.stderr());
    let again = sandbox.run(&["up"]).with(0);
    assert!(again.stderr.contains(&format!("\nReady.  {url}\n")), "{again:?}");
    let answers = || sandbox.run(&["why", "web", "--format", "json"]).json()["answers"].clone();
    // The first answer made it ready, those that follow are the checks of a ready service.
    eventually(
        || answers().to_string(),
        || {
            answers()
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|it| it["times"].as_u64())
                .sum::<u64>()
                > 2
        },
    );
    assert!(!up.stderr().contains("unhealthy"), "{}", up.stderr());
}

#[test]
fn all_ports_of_a_service_have_to_be_open() {
    let (http, hmr) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.web]
        command = "SERVICE --listen 127.0.0.1:{http}"
        ports = {{ http = {http}, hmr = {hmr} }}
        "#
    ));
    let ended = sandbox.run(&["up", "--timeout", "300ms"]).with(4);
    assert!(
        ended.stderr.contains(&format!("nothing listens on {hmr} yet")),
        "{ended:?}"
    );
}

#[test]
fn a_udp_port_is_ready_once_it_is_bound() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.dns]
        command = "SERVICE --udp 127.0.0.1:{port} --ready-after 50"
        port = {{ number = {port}, protocol = "udp" }}
        "#
    ));
    let up = sandbox.up(&[]);
    up.interrupt();
    up.wait().with(130);
}

#[test]
fn a_listener_in_a_grandchild_counts_as_ours() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "sh -c 'SERVICE --listen 127.0.0.1:{port} --orphan & wait; sleep 1000'"
        port = {port}
        "#
    ));
    sandbox.up(&[]);
}

#[test]
fn what_answers_with_an_error_is_not_ready_in_time() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --status 500"
        port = {port}
        healthcheck = {{ http = "/healthz" }}
        "#
    ));
    let ended = sandbox.run(&["up", "--timeout", "300ms"]).with(4);
    assert!(ended.stderr.contains("GET /healthz 500"), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn one_that_asks_who_is_there_is_not_ready_by_http_but_by_tcp() {
    let port = port();
    let config = |check: &str| {
        format!(
            r#"
            [services.api]
            command = "SERVICE --listen 127.0.0.1:{port} --status 401"
            port = {port}
            healthcheck = {{ {check} }}
            "#
        )
    };
    let sandbox = Sandbox::new(&config("http = \"/\""));
    let ended = sandbox.run(&["up", "--timeout", "300ms"]).with(4);
    assert!(ended.stderr.contains("GET / 401"), "{ended:?}");
    sandbox.write("devtasks.toml", &config("tcp = true"));
    sandbox.up(&[]);
}

#[test]
fn what_never_answers_is_not_ready_in_time() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --hang"
        port = {port}
        healthcheck = {{ http = "/", timeout = "100ms", start_period = "400ms" }}
        "#
    ));
    let ended = sandbox.run(&["up"]).with(4);
    assert!(ended.stderr.contains("GET /: no answer in 100 ms"), "{ended:?}");
}

#[test]
fn a_redirect_is_well_enough() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --status 302"
        port = {port}
        healthcheck = {{ http = "/" }}
        "#
    ));
    sandbox.up(&[]);
}

#[test]
fn a_health_check_command_decides() {
    let sandbox = Sandbox::new(
        r#"
        [services.worker]
        command = "sh -c 'sleep 0.1; touch well; exec sleep 1000'"
        healthcheck = { command = "test -e well" }
        [services.slow]
        command = "sleep 1000"
        healthcheck = { command = "sleep 1000", timeout = "100ms", start_period = "400ms" }
        profiles = ["slow"]
        "#,
    );
    let up = sandbox.up(&[]);
    up.interrupt();
    up.wait().with(130);
    let ended = sandbox.run(&["up", "slow"]).with(4);
    assert!(ended.stderr.contains("the check did not end in 0.1 s"), "{ended:?}");
    sandbox.nothing_is_left();
}

#[test]
fn a_health_check_that_leaves_something_behind_is_not_waited_for() {
    let sandbox = Sandbox::new(
        r#"
        [services.worker]
        command = "SERVICE"
        healthcheck = { command = "sh -c 'sleep 1000 & exit 0'", timeout = "10m" }
        "#,
    );
    let up = sandbox.up(&["--timeout", "20s"]);
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    sandbox.nothing_is_left();
}

#[test]
fn a_service_that_falls_ill_is_shown_as_unhealthy_and_left_running() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --http --unhealthy-after 1"
        port = {port}
        healthcheck = {{ http = "/", interval = "20ms", retries = 2 }}
        "#
    ));
    let up = sandbox.up(&[]);
    up.wait_for("unhealthy");
    let status = sandbox.run(&["status", "--format", "json"]).with(1).json();
    let service = &status["services"][0];
    assert_eq!(service["state"], "unhealthy");
    assert_eq!(
        service["health"],
        serde_json::json!({"status": "failing", "detail": "GET / 503"})
    );
    assert!(!up.has_ended());
}

#[test]
fn a_service_that_recovers_is_ready_again() {
    let sandbox = Sandbox::new(
        r#"
        [services.worker]
        command = "sleep 1000"
        healthcheck = { command = "test ! -e ill", interval = "20ms", retries = 1 }
        "#,
    );
    let up = sandbox.up(&[]);
    sandbox.write("ill", "");
    up.wait_for("unhealthy");
    std::fs::remove_file(sandbox.project().join("ill")).unwrap();
    up.wait_for("again");
    eventually(|| "state ready".to_owned(), || sandbox.run(&["status"]).code == Some(0));
}

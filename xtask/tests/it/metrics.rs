//! Metrics: served over HTTP, printed, and written to a file.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::sandbox::{PATIENCE, Running, Sandbox, eventually, port, signal};

/// `api`, which is restarted, and the address of metrics.
fn shop() -> (Sandbox, u16, u16) {
    let (api, metrics) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        name = "shop"
        metrics = "127.0.0.1:{metrics}"
        log_export = [{{ file = "lines" }}]
        [services.api]
        command = "SERVICE --say one --say two --say-err three --listen 127.0.0.1:{api} --http"
        port = {api}
        healthcheck = {{ http = "/healthz", interval = "100ms" }}
        restart = "always"
        "#
    ));
    (sandbox, api, metrics)
}

/// The answer to `GET /metrics`.
#[track_caller]
fn get(port: u16, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("metrics are served");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: localhost:{port}\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of one series.
#[track_caller]
fn value(page: &str, series: &str) -> f64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("no {series} in\n{page}"));
    value.parse().expect("it is a number")
}

const API: &str = r#"{project="shop",service="api"}"#;

/// `name{project="shop",service="api",label="value"}`.
fn of_api(name: &str, label: &str, value: &str) -> String {
    format!(r#"{name}{{project="shop",service="api",{label}="{value}"}}"#)
}

#[test]
fn a_scrape_shows_the_stack_and_its_counters_move() {
    let (sandbox, api, metrics) = shop();
    let up = sandbox.up(&[]);
    assert!(
        up.stderr()
            .contains(&format!("metrics http://127.0.0.1:{metrics}/metrics"))
    );
    let scrape = || get(metrics, "");
    let page = scrape();
    assert!(
        page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"),
        "{page}"
    );
    assert_eq!(value(&page, &of_api("devtasks_service_state", "state", "ready")), 1.0);
    assert_eq!(value(&page, &of_api("devtasks_service_state", "state", "failed")), 0.0);
    assert_eq!(value(&page, &format!("devtasks_service_up{API}")), 1.0);
    assert_eq!(value(&page, &format!("devtasks_service_processes{API}")), 1.0);
    assert!(value(&page, &format!("devtasks_service_resident_memory_bytes{API}")) > 100_000.0);
    assert!(value(&page, &format!("devtasks_service_open_fds{API}")) >= 4.0);
    assert!(value(&page, r#"process_open_fds{project="shop"}"#) >= 4.0);
    let by_signal = of_api("devtasks_service_restarts_total", "cause", "signal");
    assert_eq!(value(&page, &by_signal), 0.0);
    let lines = of_api("devtasks_log_lines_total", "stream", "stdout");
    let bytes = of_api("devtasks_log_bytes_total", "stream", "stderr");
    assert_eq!(value(&page, &lines), 2.0);
    assert_eq!(value(&page, &bytes), 6.0);
    let started = |page: &str| value(page, &format!("devtasks_service_start_time_seconds{API}"));

    signal(sandbox.pid("api"), Signal::KILL);
    eventually(scrape, || value(&scrape(), &by_signal) == 1.0);
    eventually(scrape, || value(&scrape(), &lines) == 4.0);
    eventually(scrape, || value(&scrape(), &format!("devtasks_service_up{API}")) == 1.0);
    assert!(started(&scrape()) > started(&page));
    let passed = of_api("devtasks_healthcheck_total", "result", "passed");
    let before = value(&scrape(), &passed);
    eventually(scrape, || value(&scrape(), &passed) > before + 1.0);
    let counted = format!("devtasks_healthcheck_duration_seconds_count{API}");
    assert!(value(&scrape(), &counted) >= before);
    let clients = of_api("devtasks_port_clients", "port", &api.to_string());
    let client = sandbox.client(api);
    eventually(scrape, || value(&scrape(), &clients) >= 1.0);
    drop(client);
    let open = get(metrics, "Accept: application/openmetrics-text\r\n");
    assert!(open.contains("Content-Type: application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n"));
}

#[test]
fn processor_time_does_not_fall_when_a_process_ends_that_nobody_waits_for() {
    let sandbox = Sandbox::new(
        r#"
        [project]
        name = "shop"
        [services.api]
        command = "sh work"
        "#,
    );
    // The shell in between exits, so the one that counts becomes a child of the supervisor, which waits for it.
    sandbox.write("work", "sh -c 'sh count & exit'\nexec sleep 1000\n");
    sandbox.write(
        "count",
        "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; : > counted; exec SERVICE --exit-with end\n",
    );
    let _up = sandbox.up(&[]);
    let page = || sandbox.run(&["metrics"]).with(0).stdout;
    let cpu = |page: &str| value(page, &format!("devtasks_service_cpu_seconds_total{API}"));
    let processes = |page: &str| value(page, &format!("devtasks_service_processes{API}"));
    eventually(page, || sandbox.project().join("counted").exists());
    let before = page();
    assert!(cpu(&before) > 0.0 && processes(&before) == 2.0, "{before}");
    sandbox.write("end", "0");
    eventually(page, || processes(&page()) == 1.0);
    assert!(cpu(&page()) >= cpu(&before), "{before}\n{}", page());
}

#[test]
fn a_stack_without_an_address_can_be_asked_too() {
    let sandbox = Sandbox::new("[project]\nname = \"shop\"\n[services.api]\ncommand = \"SERVICE\"\n");
    let none = sandbox.run(&["metrics"]).with(1);
    assert_eq!(none.stdout, "");
    assert_eq!(
        none.stderr,
        "error: no stack of this checkout runs, so there are no metrics\n\nhint: start it with `xtask up`\n"
    );
    let _up = sandbox.up(&[]);
    let page = sandbox.run(&["metrics"]).with(0).stdout;
    assert_eq!(value(&page, &format!("devtasks_service_up{API}")), 1.0);
    assert!(page.contains("\nprocess_cpu_seconds_total{"), "{page}");
}

#[test]
fn a_textfile_is_for_node_exporter() {
    let sandbox = Sandbox::new("[project]\nname = \"shop\"\n[services.api]\ncommand = \"SERVICE\"\n");
    let file = sandbox.project().join("out/shop.prom");
    fs::create_dir(sandbox.project().join("out")).unwrap();
    sandbox.run(&["metrics", "--textfile", "out/shop.prom"]).with(1);
    sandbox.run(&["metrics", "--format", "json"]).with(2);
    assert!(!file.exists());
    let _up = sandbox.up(&[]);
    for _ in 0..2 {
        let mut careful = sandbox.other("sh");
        careful.args([
            "-c",
            "umask 077; exec \"$0\" metrics --textfile out/shop.prom",
            env!("CARGO_BIN_EXE_xtask"),
        ]);
        let written = Running::start(careful).wait().with(0);
        assert_eq!((written.stdout.as_str(), written.stderr.as_str()), ("", ""));
        let page = fs::read_to_string(&file).unwrap();
        assert_eq!(value(&page, &format!("devtasks_service_up{API}")), 1.0);
        // node_exporter has these of itself, and refuses them twice.
        assert!(!page.contains("\nprocess_"), "{page}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }
    let unread = sandbox.run(&["metrics", "--textfile", "out/shop.txt"]).with(2);
    assert_eq!(
        unread.stderr,
        "error: `out/shop.txt` does not end with `.prom`\n\nhint: write `out/shop.prom`; node_exporter reads no other files\n"
    );
    let nowhere = sandbox.run(&["metrics", "--textfile", "none/shop.prom"]).with(1);
    assert_eq!(
        nowhere.stderr,
        "error: cannot write `none/shop.prom`: no such file or directory\n"
    );
}

#[test]
fn a_taken_address_of_the_file_is_a_warning() {
    let (sandbox, _, metrics) = shop();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{metrics}")]);
    let up = sandbox.run(&["up", "--detach"]).with(0);
    let said =
        format!("warning: metrics cannot be served at 127.0.0.1:{metrics}: port {metrics} is taken by `service`");
    assert!(up.stderr.starts_with(&said), "{up:?}");
    assert!(
        up.stderr.contains("hint: give each checkout a port of its own"),
        "{up:?}"
    );
    let page = sandbox.run(&["metrics"]).with(0).stdout;
    assert_eq!(value(&page, &format!("devtasks_service_up{API}")), 1.0);
    drop(stranger);
    sandbox.run(&["down"]).with(0);
}

#[test]
fn a_taken_address_that_was_asked_for_starts_nothing() {
    let (sandbox, api, _) = shop();
    let taken = port();
    let _stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{taken}")]);
    let address = format!("127.0.0.1:{taken}");
    let up = sandbox.run(&["up", "--detach", "--metrics", &address]).with(3);
    let said = format!("error: metrics cannot be served at {address}: port {taken} is taken by `service`");
    assert!(up.stderr.starts_with(&said), "{up:?}");
    sandbox.run(&["status"]).with(1);
    let same = sandbox.run(&["up", "--metrics", &format!("127.0.0.1:{api}")]).with(2);
    assert_eq!(
        same.stderr,
        format!("error: metrics and `api` both want port {api}\n\nhint: choose another port for metrics\n")
    );
}

#[test]
fn the_address_of_the_command_line_comes_first_and_its_port_is_free_afterwards() {
    let (sandbox, _, of_file) = shop();
    let metrics = port();
    let address = format!("localhost:{metrics}");
    for _ in 0..2 {
        let up = sandbox.run(&["up", "--detach", "--metrics", &address]).with(0);
        assert!(!up.stderr.contains("warning"), "{up:?}");
        assert!(get(metrics, "").contains("\ndevtasks_build_info{"));
        assert!(TcpStream::connect(("127.0.0.1", of_file)).is_err());
        sandbox.run(&["down"]).with(0);
    }
    sandbox.run(&["up", "--detach"]).with(0);
    let joined = sandbox.run(&["up", "--metrics", &address]).with(0);
    let said = "The stack runs already; `--metrics` is for its start and was left aside.";
    assert!(joined.stderr.contains(said), "{joined:?}");
    sandbox.run(&["down"]).with(0);
}

#[test]
fn taken_ports_are_counted_by_code() {
    let taken = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [project]
        name = "shop"
        [services.api]
        command = "SERVICE"
        [services.web]
        command = "SERVICE --listen 127.0.0.1:env"
        port = {{ number = "${{WEB:-{taken}}}", on_conflict = "next" }}
        "#
    ));
    let _stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{taken}")]);
    let conflicts = || {
        let page = sandbox.run(&["metrics"]).with(0).stdout;
        let lines = page
            .lines()
            .filter(|line| line.starts_with("devtasks_port_conflicts_total"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let of_web = |count| {
        format!(r#"devtasks_port_conflicts_total{{project="shop",service="web",code="port.busy.foreign"}} {count}"#)
    };
    sandbox.run(&["up", "--detach"]).with(0);
    assert_eq!(conflicts(), [of_web(1)]);
    // Once more for a service that joins.
    sandbox.run(&["down", "web"]).with(0);
    sandbox.run(&["up", "--reset-ports", "web"]).with(0);
    assert_eq!(conflicts(), [of_web(2)]);
    sandbox.run(&["down"]).with(0);
}

/// The names that the program shows, in `# TYPE` lines.
fn names(page: &str) -> Vec<&str> {
    let names = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    names.filter_map(|rest| rest.split(' ').next()).collect()
}

#[test]
fn every_metric_is_documented() {
    let (sandbox, _, _) = shop();
    let _up = sandbox.up(&[]);
    let page = sandbox.run(&["metrics"]).with(0).stdout;
    let design = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/design/metrics.md");
    let design = fs::read_to_string(design).unwrap();
    let shown = names(&page);
    assert!(shown.len() > 20, "{shown:?}");
    for name in &shown {
        assert!(
            design.contains(&format!("\n| `{name}` |")),
            "docs/design/metrics.md has no row for {name}"
        );
    }
    let rows = design
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: Vec<&str> = rows
        .filter(|name| name.starts_with("devtasks_") || name.starts_with("process_"))
        .collect();
    // No port was taken.
    let absent = ["devtasks_port_conflicts_total"];
    let unknown: Vec<_> = rows
        .iter()
        .filter(|row| !shown.contains(row) && !absent.contains(row))
        .collect();
    assert!(unknown.is_empty(), "the program does not show {unknown:?}");
}

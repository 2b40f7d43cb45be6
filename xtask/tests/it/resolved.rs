//! `config`: the resolved configuration, which is a `devtasks.toml` itself.

use expect_test::expect;

use crate::sandbox::{Running, Sandbox, port};

/// Every key once, and values that need care.
const WHOLE: &str = r#"
[project]
name = "shop"
requires = ">=0.1"
on_exit = "keep"
metrics = "127.0.0.1:${METRICS_PORT}"
log_export = [{ otlp = "http://127.0.0.1:4318" }, { syslog = "udp://127.0.0.1:514" }, { journald = true }, { file = "tmp/lines" }]

[venvs.api]
path = "back end/.venv"
python = ">=3.11"
requirements = ["back end/requirements.txt"]
[venvs.jobs]
path = "jobs/.venv"
project = "jobs"
sync = true

[services.db]
compose = "postgres"
compose_file = "deploy/compose.yaml"
port = "${DB_PORT:-15432}"
stop_grace_period = "2m"

[services.mail]
external = true
port = 1025

[services.backend]
command = "python -m app --port ${PORT} --token ${TOKEN} '$HOME' '${EMPTY:-}' '$${LITERAL}'"
working_dir = "back end"
venv = "api"
ports = { http = { number = "${BACKEND_PORT:-18000}", host = "::1" }, "debug-1" = { number = 15678, on_conflict = "next" }, events = { number = 15679, protocol = "udp" } }
scheme = "https"
environment = { DB_URL = "postgres://kim:${TOKEN}@${services.db.address}/shop", API_TOKEN = "${TOKEN}", "odd.name" = "line\nbreak \"quoted\"", N = 3, YES = true }
env_file = ["back end/api.env"]
depends_on = { db = { restart = true }, mail = "started", migrate = "completed" }
healthcheck = { http = "/healthz?token=${TOKEN}", interval = "1500ms", timeout = "5s", retries = 5, start_period = "2h" }
restart = "on-failure"
stop_signal = "int"
stop_grace_period = "90s"
on_conflict = "kill"
pidfile = "tmp/server.pid"
watch = ["src/**/*.py"]

[services.worker]
command = "echo ${TOKEN} | cat"
shell = true
venv = "auto"
stdin = "open"
profiles = ["jobs", "all"]
healthcheck = { command = ["test", "-e", "${READY:-ready}"] }

[services.web]
command = ["sleep", "1000"]
tty = true
port = 18080
healthcheck = { start_period = "5m" }
[services.web.environment]
BACKEND = "${services.backend.url}"

[services.socket]
command = "sleep 1000"
port = 18081
listen = true
healthcheck = { tcp = true }

[tasks.migrate]
command = "alembic upgrade head"
working_dir = "back end"
stop_signal = "SIGQUIT"

[export]
root = "/srv/shop"
[export.compose]
image = "shop:1"
[export.compose.web]
build = "web"
[export.kubernetes.web]
replicas = 2
memory = "256Mi"
"#;

fn shop() -> Sandbox {
    let sandbox = Sandbox::new(WHOLE);
    sandbox.write(".env", "TOKEN=t0p-secret\nMETRICS_PORT=9464\n");
    sandbox.write("back end/api.env", "FROM_FILE=1\n");
    sandbox
}

#[test]
fn every_value_is_filled_in_and_secrets_are_masked() {
    let sandbox = shop();
    let ended = sandbox.run(&["config"]).with(0);
    assert_eq!(ended.stderr, "");
    expect![[r##"
        # Resolved from devtasks.toml, .env.

        [project]
        name = "shop"
        requires = ">=0.1"
        env_file = [".env"]
        on_exit = "keep"
        metrics = "127.0.0.1:9464"
        log_export = [{ otlp = "http://127.0.0.1:4318" }, { syslog = "udp://127.0.0.1:514" }, { journald = true }, { file = "tmp/lines" }]

        [venvs.api]
        path = "back end/.venv"
        python = ">=3.11"
        requirements = ["back end/requirements.txt"]

        [venvs.jobs]
        path = "jobs/.venv"
        project = "jobs"
        sync = true

        [services.db]
        compose = "postgres"
        compose_file = "deploy/compose.yaml"
        port = 15432
        stop_grace_period = "2m"
        environment = { BACKEND_PORT = "18000", DB_PORT = "15432" }

        [services.mail]
        external = true
        port = 1025
        environment = { BACKEND_PORT = "18000", DB_PORT = "15432" }

        [services.backend]
        command = ["python", "-m", "app", "--port", "18000", "--token", "***", "$HOME", "", "$${LITERAL}"]
        working_dir = "back end"
        venv = "api"
        ports = { http = { number = 18000, host = "::1" }, debug-1 = { number = 15678, on_conflict = "next" }, events = { number = 15679, protocol = "udp" } }
        scheme = "https"
        env_file = ["back end/api.env"]
        depends_on = { db = { condition = "healthy", restart = true }, mail = "started", migrate = "completed" }
        healthcheck = { http = "/healthz?token=***", interval = "1500ms", timeout = "5s", start_period = "2h", retries = 5 }
        restart = "on-failure"
        stop_signal = "SIGINT"
        stop_grace_period = "90s"
        on_conflict = "kill"
        watch = ["src/**/*.py"]
        pidfile = "tmp/server.pid"

        [services.backend.environment]
        API_TOKEN = "***"
        BACKEND_PORT = "18000"
        DB_PORT = "15432"
        DB_URL = "postgres://kim:***@127.0.0.1:15432/shop"
        N = "3"
        YES = "true"
        "odd.name" = "line\u000Abreak \"quoted\""

        [services.worker]
        command = "echo *** | cat"
        shell = true
        venv = "auto" # .venv
        healthcheck = { command = ["test", "-e", "ready"] }
        stdin = "open"
        profiles = ["jobs", "all"]
        environment = { BACKEND_PORT = "18000", DB_PORT = "15432" }

        [services.web]
        command = ["sleep", "1000"]
        port = 18080
        healthcheck = { start_period = "5m" }
        tty = true
        environment = { BACKEND = "https://[::1]:18000", BACKEND_PORT = "18000", DB_PORT = "15432" }

        [services.socket]
        command = ["sleep", "1000"]
        port = 18081
        healthcheck = { tcp = true }
        listen = true
        environment = { BACKEND_PORT = "18000", DB_PORT = "15432" }

        [tasks.migrate]
        command = ["alembic", "upgrade", "head"]
        working_dir = "back end"
        stop_signal = "SIGQUIT"
        environment = { BACKEND_PORT = "18000", DB_PORT = "15432" }

        [export]
        root = "/srv/shop"

        [export.compose]
        image = "shop:1"

        [export.compose.web]
        build = "web"

        [export.kubernetes.web]
        memory = "256Mi"
        replicas = 2
    "##]].assert_eq(&sandbox.plain(&ended.stdout));
}

#[test]
fn it_reads_back_as_the_same() {
    let sandbox = shop();
    let first = sandbox.run(&["config", "--reveal"]).with(0).stdout;
    sandbox.write("again.toml", &first);
    let again = sandbox.run(&["config", "--reveal", "--file", "again.toml"]).with(0);
    assert_eq!(again.stdout.replace("from again.toml", "from devtasks.toml"), first);
    for service in ["db", "mail", "backend", "worker", "web", "socket", "migrate"] {
        let of = |file| {
            sandbox
                .run(&["env", service, "--reveal", "--file", file])
                .with(0)
                .stdout
        };
        assert_eq!(of("again.toml"), of("devtasks.toml"), "{service}");
    }
    // Masked, it is a file as well.
    let masked = sandbox.run(&["config"]).with(0).stdout;
    assert!(!masked.contains("t0p-secret"), "{masked}");
    sandbox.write("masked.toml", &masked);
    sandbox.run(&["config", "--file", "masked.toml"]).with(0);
}

#[test]
fn as_json_nothing_is_left_out_and_times_are_milliseconds() {
    let document = shop().run(&["config", "--format", "json"]).with(0).json();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["metrics"], "127.0.0.1:9464");
    let services = document["services"].as_array().unwrap();
    let names: Vec<_> = services.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["db", "mail", "backend", "worker", "web", "socket", "migrate"]);
    let backend = &services[2];
    assert_eq!(backend["healthcheck"]["interval"], 1500);
    assert_eq!(backend["stop_grace_period"], 90_000);
    assert_eq!(backend["environment"]["API_TOKEN"], "***");
    assert_eq!(backend["ports"][0]["variable"], "BACKEND_PORT");
    assert_eq!(backend["env_files"].as_array().map(Vec::len), Some(1));
    assert_eq!(services[0]["command"], serde_json::Value::Null);
    let keys = |service: &serde_json::Value| service.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(services.iter().all(|it| keys(it) == keys(backend)));
    assert!(!document.to_string().contains("t0p-secret"));
}

#[test]
fn a_running_stack_shows_the_ports_that_it_has() {
    let (declared, moved) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = \"${{API_PORT:-{declared}}}\"\n"
    ));
    let shown = |port| format!("\nport = {port}\n");
    let config = || sandbox.run(&["config"]).with(0).stdout;
    assert!(config().contains(&shown(declared)), "{}", config());
    let mut command = sandbox.command(&["up"]);
    command.env("API_PORT", moved.to_string());
    let up = Running::start(command);
    up.wait_for("Ready in ");
    assert!(config().contains(&shown(moved)), "{}", config());
}

#[test]
fn what_is_missing_is_an_error() {
    let sandbox = Sandbox::new("[services.api]\ncommand = \"x ${NOWHERE}\"\n");
    let ended = sandbox.run(&["config"]).with(2);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("`NOWHERE` is not set"), "{ended:?}");
}

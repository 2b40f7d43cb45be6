//! `on_conflict = "next"`: a service whose port is taken gets the next one, and all that refers to it follows.

use serde_json::json;

use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox, eventually, is_free};

/// `api` with a health check and `web`, which is told where `api` is; the first of ten ports is that of `api`.
fn stack(key: &str) -> (Sandbox, u16) {
    let first = row(10);
    let sandbox = Sandbox::new(&config(first, key));
    (sandbox, first)
}

fn config(first: u16, key: &str) -> String {
    format!(
        r#"
[project]
name = "shop"

[services.api]
command = "SERVICE --listen 127.0.0.1:${{API_PORT}} --http"
port = "${{API_PORT:-{first}}}"
healthcheck = {{ http = "http://127.0.0.1:${{API_PORT}}/" }}
{key}

[services.web]
command = ["SERVICE", "--say", "api at ${{services.api.url}}", "--print-env", "API_PORT", "--listen", "127.0.0.1:env"]
port = {}
depends_on = ["api"]
"#,
        first + 2
    )
}

const NEXT: &str = "on_conflict = \"next\"";

fn stranger(sandbox: &Sandbox, port: u16) -> Running {
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")])
}

/// The number of a service's port, and the declared one, as `status` has them.
#[track_caller]
fn ports(sandbox: &Sandbox, service: &str) -> [u64; 2] {
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let services = status["services"].as_array().unwrap();
    let port = &services.iter().find(|it| it["name"] == service).unwrap()["ports"][0];
    ["number", "declared"].map(|key| port[key].as_u64().unwrap())
}

#[track_caller]
fn stop(sandbox: &Sandbox, up: Running) {
    sandbox.run(&["down"]).with(0);
    up.wait().with(0);
}

#[test]
fn the_service_moves_and_everything_that_refers_to_it() {
    let (sandbox, first) = stack(NEXT);
    let stranger = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    let moved = first + 1;
    let said = sandbox.plain(&up.stderr());
    let expected = format!(
        "warning: port {first} is taken by `service` (pid [pid]); `api` moves from port {first} to {moved}, and everything \
         that refers to it\n"
    );
    assert!(said.starts_with(&expected), "{said}");
    up.wait_for(&format!("api at http://127.0.0.1:{moved}"));
    up.wait_for(&format!("API_PORT={moved}"));
    assert_eq!(ports(&sandbox, "api"), [moved, first].map(u64::from));
    let status = sandbox.run(&["status"]).with(0);
    assert!(
        status.stdout.contains(&format!("{moved} (declared {first})")),
        "{status:?}"
    );
    assert!(!stranger.has_ended());
    stop(&sandbox, up);
}

#[test]
fn a_flag_moves_whatever_the_file_says() {
    let (sandbox, first) = stack("on_conflict = \"kill\"");
    let stranger = stranger(&sandbox, first);
    let up = sandbox.up(&["--on-conflict", "next", "--yes"]);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    assert!(!stranger.has_ended());
    stop(&sandbox, up);
}

#[test]
fn on_a_terminal_the_owner_is_shown_and_nothing_is_asked() {
    let (sandbox, first) = stack(NEXT);
    let stranger = stranger(&sandbox, first);
    let up = sandbox.terminal(&["up"]);
    up.wait_for(&format!("Port {first} (api) is busy."));
    up.wait_for(&format!("`api` moves from port {first} to {}", first + 1));
    up.wait_for("All 2 ready");
    assert!(!up.shown().contains("[y/N]"), "{}", up.shown());
    assert!(!stranger.has_ended());
}

#[test]
fn numbers_of_the_file_and_of_others_are_passed_over() {
    let (sandbox, first) = stack(NEXT);
    // The second is taken too, and the third is that of `web`.
    let (_one, _two) = (stranger(&sandbox, first), stranger(&sandbox, first + 1));
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "api"), [first + 3, first].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn a_number_of_a_service_that_does_not_start_is_passed_over_too() {
    let (sandbox, first) = stack(NEXT);
    let _stranger = (stranger(&sandbox, first), stranger(&sandbox, first + 1));
    let up = sandbox.up(&["api"]);
    assert_eq!(ports(&sandbox, "api"), [first + 3, first].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn several_that_move_do_not_take_each_others() {
    let first = row(10);
    let service = |name: &str, port: u16| {
        format!("[services.{name}]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {port}\n{NEXT}\n")
    };
    let sandbox = Sandbox::new(&[service("a", first), service("b", first + 1)].concat());
    let _strangers = (stranger(&sandbox, first), stranger(&sandbox, first + 1));
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "a"), [first + 2, first].map(u64::from));
    assert_eq!(ports(&sandbox, "b"), [first + 3, first + 1].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn ports_of_one_variable_move_together() {
    let first = row(10);
    let sandbox = Sandbox::new(&format!(
        r#"
[services.dns]
command = "SERVICE --listen 127.0.0.1:env --udp 127.0.0.1:env"
{NEXT}
[services.dns.ports]
tcp = "${{DNS_PORT:-{first}}}"
udp = {{ number = "${{DNS_PORT:-{first}}}", protocol = "udp" }}
"#
    ));
    let _tcp = stranger(&sandbox, first);
    let _udp = sandbox.stranger(&["--udp", &format!("127.0.0.1:{}", first + 1)]);
    let up = sandbox.up(&[]);
    let moves = format!("; `dns`'s `tcp` moves from port {first} to {}, and", first + 2);
    assert!(up.stderr().contains(&moves), "{}", up.stderr());
    let status = sandbox.run(&["status", "--format", "json"]).json();
    for at in [0, 1] {
        assert_eq!(status["services"][0]["ports"][at]["number"], first + 2, "{status:#}");
    }
    stop(&sandbox, up);
}

#[test]
fn ports_of_one_variable_lose_their_move_together() {
    let first = row(10);
    let config = format!(
        r#"
[services.a]
command = "SERVICE --listen 127.0.0.1:env"
port = "${{SHARED:-{first}}}"
{NEXT}

[services.b]
command = "SERVICE --udp 127.0.0.1:env"
port = {{ number = "${{SHARED:-{first}}}", protocol = "udp" }}
{NEXT}
"#
    );
    let sandbox = Sandbox::new(&config);
    let taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "b"), [first + 1, first].map(u64::from));
    stop(&sandbox, up);
    taken.kill();
    taken.wait();
    let more = format!(
        "\n[services.c]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {}\n",
        first + 1
    );
    sandbox.write("devtasks.toml", &(config + &more));
    let up = sandbox.up(&[]);
    for service in ["a", "b"] {
        assert_eq!(ports(&sandbox, service), [first, first].map(u64::from));
    }
    stop(&sandbox, up);
}

#[test]
fn the_move_stays_until_it_is_reset() {
    let (sandbox, first) = stack(NEXT);
    let moved = first + 1;
    let taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    stop(&sandbox, up);

    // Every command knows it, while nothing runs too.
    assert_eq!(ports(&sandbox, "api"), [moved, first].map(u64::from));
    let doctor = sandbox.run(&["doctor", "--verbose"]);
    assert!(doctor.stdout.contains(&format!("port {moved} is free")), "{doctor:?}");

    let up = sandbox.up(&[]);
    let said = sandbox.plain(&up.stderr());
    let who = format!("`api` is on port {moved} instead of {first}: port {first} is taken by `service` (pid [pid]).\n");
    assert!(said.contains(&who), "{said}");
    let again = sandbox.run(&["up"]).with(0);
    assert!(sandbox.plain(&again.stderr).contains(&who), "{again:?}");
    stop(&sandbox, up);

    taken.kill();
    taken.wait();
    let up = sandbox.up(&[]);
    let free = format!(
        "`api` is on port {moved} instead of {first}, which is free again: `xtask up --reset-ports` returns to it.\n"
    );
    assert!(up.stderr().contains(&free), "{}", up.stderr());
    stop(&sandbox, up);

    let plan = sandbox.run(&["up", "--reset-ports", "--plan"]).with(0);
    assert!(plan.stdout.contains(&format!(":{first}\n")), "{plan:?}");
    assert_eq!(ports(&sandbox, "api"), [moved, first].map(u64::from));
    let up = sandbox.up(&["--reset-ports"]);
    let returns = format!("`api` returns from port {moved} to {first}.\n");
    assert!(up.stderr().contains(&returns), "{}", up.stderr());
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
    stop(&sandbox, up);
    let up = sandbox.up(&[]);
    assert!(!up.stderr().contains("instead of"), "{}", up.stderr());
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
}

#[test]
fn a_reset_of_a_running_stack_restarts_what_returns_and_what_refers_to_it() {
    let (sandbox, first) = stack(NEXT);
    let taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    // It is still taken: it moves to where it is, and nothing is restarted.
    let pid = sandbox.pid("api");
    let reset = sandbox.run(&["up", "--reset-ports"]).with(0);
    assert!(reset.stderr.contains("shop is already running"), "{reset:?}");
    assert_eq!(sandbox.pid("api"), pid);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));

    taken.kill();
    taken.wait();
    let reset = sandbox.run(&["up", "--reset-ports"]).with(0);
    assert!(
        reset.stderr.contains(&format!(
            "restarting `api` (command, port {} → {first}, healthcheck), restarting `web` (",
            first + 1
        )),
        "{reset:?}"
    );
    up.wait_for(&format!("api at http://127.0.0.1:{first}"));
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
    assert!(is_free(first + 1));
    stop(&sandbox, up);
}

#[test]
fn a_reset_concerns_what_it_starts() {
    let (sandbox, first) = stack(NEXT);
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write(
        "devtasks.toml",
        &config.replace("depends_on", &format!("{NEXT}\ndepends_on")),
    );
    let taken = [stranger(&sandbox, first), stranger(&sandbox, first + 2)];
    let up = sandbox.up(&[]);
    for stranger in taken {
        stranger.kill();
        stranger.wait();
    }
    sandbox.run(&["up", "api", "--reset-ports"]).with(0);
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
    stop(&sandbox, up);
    assert_eq!(ports(&sandbox, "web"), [first + 3, first + 2].map(u64::from));
}

#[test]
fn a_declared_port_that_is_edited_ends_the_move() {
    let (sandbox, first) = stack(NEXT);
    let _taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    stop(&sandbox, up);
    sandbox.write("devtasks.toml", &config(first + 5, NEXT));
    assert_eq!(ports(&sandbox, "api"), [first + 5, first + 5].map(u64::from));
    // So does another service that declares the number where it was.
    sandbox.write(
        "devtasks.toml",
        &config(first, NEXT).replace(&(first + 2).to_string(), &(first + 1).to_string()),
    );
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
}

#[test]
fn where_the_port_it_moved_to_is_taken_it_moves_on() {
    let (sandbox, first) = stack(NEXT);
    let _taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    stop(&sandbox, up);
    let _next = stranger(&sandbox, first + 1);
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "api"), [first + 3, first].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn what_joins_a_running_stack_moves_too() {
    let (sandbox, first) = stack(NEXT);
    let up = sandbox.up(&["web"]);
    stop(&sandbox, up);
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    let up = sandbox.up(&[]);
    let port = first + 5;
    let more = format!("\n[services.more]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {port}\n{NEXT}\n");
    sandbox.write("devtasks.toml", &(config + &more));
    let _taken = stranger(&sandbox, port);
    let joined = sandbox.run(&["up"]).with(0);
    assert!(
        joined
            .stderr
            .contains(&format!("`more` moves from port {port} to {}", port + 1)),
        "{joined:?}"
    );
    assert_eq!(ports(&sandbox, "more"), [port + 1, port].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn doctor_only_warns_of_what_up_gets_out_of_the_way_by_itself() {
    let (sandbox, first) = stack(NEXT);
    let stranger = stranger(&sandbox, first);
    let doctor = sandbox.run(&["doctor", "--format", "json"]).with(0).json();
    let findings = doctor["findings"].as_array().unwrap();
    let taken = findings.iter().find(|it| it["code"] == "port.busy.foreign").unwrap();
    let said = format!(
        "port {first} is taken by `service` (pid {}); `up` would move `api` on",
        stranger.pid()
    );
    assert_eq!(
        (&taken["level"], &taken["message"], &taken["hints"]),
        (&json!("warn"), &json!(said), &json!([]))
    );
    sandbox.run(&["doctor", "--strict"]).with(1);
    // Nothing was noted.
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
    let up = sandbox.up(&[]);
    sandbox.run(&["doctor"]).with(0);
    stop(&sandbox, up);
}

#[test]
fn a_number_that_stands_in_the_command_itself_cannot_move() {
    let first = row(10);
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{first}\"\nport = {first}\n{NEXT}\n"
    ));
    let taken = stranger(&sandbox, first);
    for (arguments, code) in [(&["up"][..], 3), (&["up", "--plan"], 3), (&["doctor"], 1)] {
        let ended = sandbox.run(arguments).with(code);
        let said = sandbox.plain(&format!("{}{}", ended.stderr, ended.stdout));
        assert!(
            said.contains(&format!(
                "error: port {first} is taken by `service` (pid [pid]), and `api` cannot move: its command says {first}\n"
            )),
            "{said}"
        );
        assert!(
            said.contains(&format!(
                "hint: write `${{PORT}}` instead of {first} in its command, and it moves\n"
            )),
            "{said}"
        );
    }
    assert_eq!(sandbox.processes(), [taken.pid()]);
    // Nothing was noted.
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
}

#[test]
fn whoever_could_move_is_told_how() {
    let (sandbox, first) = stack("");
    let _taken = stranger(&sandbox, first);
    let hint = "hint: or let `api` take the next free port: `xtask up --on-conflict next`\n";
    for arguments in [&["up"][..], &["up", "--plan"], &["up", "--on-conflict", "fail"]] {
        let ended = sandbox.run(arguments).with(3);
        let said = format!("{}{}", ended.stderr, ended.stdout);
        assert_eq!(said.matches(hint).count(), 1, "{ended:?}");
    }
    let terminal = sandbox.terminal(&["up"]);
    terminal.answer("use the next free port", "n\n");
    terminal.wait_for("up --on-conflict next`");
    terminal.wait().with(3);
    // Only who starts it can say so.
    for arguments in [&["doctor"][..], &["port", "who", &first.to_string()]] {
        let ended = sandbox.run(arguments);
        assert!(!format!("{ended:?}").contains("on-conflict"), "{ended:?}");
    }
    // What says its number itself would not move.
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write(
        "devtasks.toml",
        &config.replace("http://127.0.0.1:${API_PORT}/", &format!("http://127.0.0.1:{first}/")),
    );
    let ended = sandbox.run(&["up"]).with(3);
    assert!(!ended.stderr.contains("on-conflict"), "{ended:?}");
}

#[test]
fn who_says_the_old_number_is_named() {
    let (sandbox, first) = stack(NEXT);
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    let more = format!(
        r#"
environment = {{ API_URL = "http://127.0.0.1:{first}/secret", OTHER = "http://example.com:{first}", LIMIT = "{first}" }}
healthcheck = {{ command = "true http://localhost:{first}" }}
"#
    );
    sandbox.write("devtasks.toml", &(config + &more));
    let _taken = stranger(&sandbox, first);
    let warning = format!(
        "warning: `web` still says {first} in its `API_URL` and health check: write `${{services.api.url}}` there\n"
    );
    let plan = sandbox.run(&["up", "--plan"]).with(0);
    assert_eq!(plan.stdout.matches("still says").count(), 1, "{plan:?}");
    assert!(plan.stdout.contains(&warning), "{plan:?}");
    let up = sandbox.up(&[]);
    let said = up.stderr();
    assert!(said.contains(&warning) && !said.contains("secret"), "{said}");
    stop(&sandbox, up);
    let up = sandbox.up(&[]);
    assert!(!up.stderr().contains("still says"), "{}", up.stderr());
    stop(&sandbox, up);
}

#[test]
fn a_number_that_is_no_port_by_where_it_stands_does_not_hinder() {
    let first = row(10);
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --say --max-old-space-size={first} --listen 127.0.0.1:env\"\nport = {first}\n{NEXT}\n"
    ));
    let _taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn a_port_that_is_not_busy_but_cannot_be_had_does_not_move() {
    let first = row(10);
    // An address that is no machine's (RFC 5737).
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE\"\nport = {{ number = {first}, host = \"192.0.2.1\" }}\n{NEXT}\n"
    ));
    let ended = sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains("this machine has no address"), "{ended:?}");
    assert!(!ended.stderr.contains("moves from"), "{ended:?}");
}

#[test]
fn the_search_goes_upwards_only() {
    // The last one of an address that no other test has.
    let [_, _, a, b] = std::process::id().to_be_bytes();
    let address = format!("127.77.{a}.{b}");
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen {address}:env\"\nport = {{ number = 65535, host = \"{address}\" }}\n{NEXT}\n"
    ));
    let _taken = sandbox.stranger(&["--listen", &format!("{address}:65535")]);
    let ended = sandbox.run(&["up"]).with(3);
    let said = ", and `api` cannot move: no port above it is free\n";
    assert!(ended.stderr.contains(said), "{ended:?}");
}

#[test]
fn nothing_moves_where_something_else_stands_in_the_way() {
    let (sandbox, first) = stack(NEXT);
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write(
        "devtasks.toml",
        &format!("{config}\n[services.x]\ncommand = \"no-such\"\n"),
    );
    let _taken = stranger(&sandbox, first);
    let ended = sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains("`no-such` was not found"), "{ended:?}");
    assert!(!ended.stderr.contains("moves from"), "{ended:?}");
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
}

#[test]
fn a_number_that_is_set_for_one_call_does_not_make_it_forget_the_other() {
    let (sandbox, first) = stack(NEXT);
    let _taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    stop(&sandbox, up);
    for _ in 0..2 {
        let mut command = sandbox.command(&["up"]);
        command.env("API_PORT", (first + 5).to_string());
        let up = Running::start(command);
        up.wait_for("eady in");
        up.wait_for(&format!("api at http://127.0.0.1:{}", first + 5));
        stop(&sandbox, up);
    }
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    stop(&sandbox, up);
}

/// Leaves a closed connection at this port: who sends its end first keeps it for a minute.
fn linger(port: u16) {
    let server = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (connection, _) = server.accept().unwrap();
    connection.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut client, &mut rest).unwrap();
}

#[test]
fn a_closed_connection_that_lingers_makes_no_number_unfit() {
    let (sandbox, first) = stack(NEXT);
    let _taken = stranger(&sandbox, first);
    linger(first + 1);
    eventually(|| "the listener's end".to_owned(), || is_free(first + 1));
    let up = sandbox.up(&[]);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    stop(&sandbox, up);
    linger(first + 1);
    eventually(|| "the listener's end".to_owned(), || is_free(first + 1));
    let up = sandbox.up(&["--reset-ports"]);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    stop(&sandbox, up);
}

/// What is noted of all checkouts.
fn noted(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.home().join(".local/state/devtasks/ports.json")).unwrap()
}

#[test]
fn where_nothing_was_started_nothing_is_noted() {
    let (sandbox, first) = stack(NEXT);
    let taken = stranger(&sandbox, first);
    let up = sandbox.up(&[]);
    stop(&sandbox, up);
    let before = noted(&sandbox);
    // `web` has no way out, so nothing starts and nothing moves.
    let also_taken = stranger(&sandbox, first + 2);
    let there = sandbox.checkout("shop-2");
    for arguments in [&["up"][..], &["up", "--reset-ports"]] {
        sandbox.run(arguments).with(3);
        sandbox.start_in(&there, arguments).wait().with(3);
        assert_eq!(noted(&sandbox), before, "{arguments:?}");
    }
    // Nor on a stack that runs.
    let up = sandbox.up(&["api"]);
    let before = noted(&sandbox);
    taken.kill();
    taken.wait();
    sandbox.run(&["up", "--reset-ports"]).with(3);
    assert_eq!(noted(&sandbox), before);
    assert_eq!(ports(&sandbox, "api"), [first + 1, first].map(u64::from));
    stop(&sandbox, up);
    also_taken.kill();
    also_taken.wait();
}

#[test]
fn the_plan_shows_the_move_and_changes_nothing() {
    let (sandbox, first) = stack(NEXT);
    let _taken = stranger(&sandbox, first);
    let plan = sandbox.run(&["up", "--plan"]).with(0);
    let said = sandbox.plain(&plan.stdout);
    let moved = first + 1;
    assert!(
        said.contains(&format!("api  start    http://127.0.0.1:{moved}\n")),
        "{said}"
    );
    assert!(
        said.contains(&format!(
            "`api` would move from port {first} to {moved}, and everything"
        )),
        "{said}"
    );
    assert_eq!(ports(&sandbox, "api"), [first, first].map(u64::from));
    let plan = sandbox.run(&["up", "--plan", "--format", "json"]).with(0).json();
    let moving = plan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["level"] == "warn");
    assert_eq!(moving.unwrap()["code"], "port.busy.foreign", "{plan:#}");
}

#[test]
fn a_move_that_makes_another_one_necessary_is_foreseen_with_it() {
    let first = row(10);
    let second = first + 5;
    let sandbox = Sandbox::new(&format!(
        r#"
[services.a]
command = "SERVICE --listen 127.0.0.1:${{PORT}}"
port = {first}
{NEXT}

[services.d]
command = "python3 d.py"
port = {second}
healthcheck = {{ command = "true" }}
environment.API = "${{services.a.url}}"
{NEXT}
"#
    ));
    sandbox.write(
        "d.py",
        r#"
import os, socket, time
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(os.environ["PORT"])))
server.listen()
while not os.path.exists("close"):
    time.sleep(0.002)
server.close()
time.sleep(1000)
"#,
    );
    let up = sandbox.up(&["d"]);
    // It lives on without listening, so somebody else can have its port.
    sandbox.write("close", "");
    eventually(|| "the port of `d`".to_owned(), || is_free(second));
    std::fs::remove_file(sandbox.project().join("close")).unwrap();
    let _strangers = (stranger(&sandbox, first), stranger(&sandbox, second));
    let plan = sandbox.run(&["up", "--plan"]).with(0);
    for (name, port) in [("a", first), ("d", second)] {
        let moves = format!("`{name}` would move from port {port} to {}, and everything", port + 1);
        assert_eq!(plan.stdout.matches(&moves).count(), 1, "{plan:?}");
    }
    assert!(
        plan.stdout.contains("would start 1 and restart 1. Nothing was done.\n"),
        "{plan:?}"
    );
    sandbox.run(&["up"]).with(0);
    assert_eq!(ports(&sandbox, "a"), [first + 1, first].map(u64::from));
    assert_eq!(ports(&sandbox, "d"), [second + 1, second].map(u64::from));
    stop(&sandbox, up);
}

#[test]
fn in_json_the_move_is_a_warning() {
    let (sandbox, first) = stack(NEXT);
    let _taken = stranger(&sandbox, first);
    let up = sandbox.start(&["up", "--detach", "--format", "json"]).wait().with(0);
    let events = up.events();
    let findings: Vec<_> = events.iter().filter(|it| it["event"] == "finding").collect();
    let [moved] = findings.as_slice() else {
        panic!("{events:#?}")
    };
    let moved = &moved["finding"];
    assert_eq!(
        [&moved["code"], &moved["level"]],
        [&json!("port.busy.foreign"), &json!("warn")]
    );
    let message = moved["message"].as_str().unwrap();
    let expected = format!(
        "`api` moves from port {first} to {}, and everything that refers to it",
        first + 1
    );
    assert!(message.ends_with(&expected), "{message}");
    sandbox.run(&["down"]).with(0);
}

#[test]
fn another_checkout_that_runs_moves_this_one() {
    let (sandbox, first) = stack(&format!("{NEXT}\n#"));
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write(
        "devtasks.toml",
        &config.replace("depends_on", &format!("{NEXT}\ndepends_on")),
    );
    let there = sandbox.checkout("shop-2");
    let up = sandbox.up(&[]);
    let second = sandbox.start_in(&there, &["up"]);
    second.wait_for("eady in");
    // What the first has reserved, it has: `web` of it is on the third.
    second.wait_for(&format!("api at http://127.0.0.1:{}", first + 1));
    eventually(
        || "both".to_owned(),
        || !is_free(first) && !is_free(first + 1) && !is_free(first + 2) && !is_free(first + 3),
    );
    sandbox.start_in(&there, &["down"]).wait().with(0);
    second.wait().with(0);
    stop(&sandbox, up);
}

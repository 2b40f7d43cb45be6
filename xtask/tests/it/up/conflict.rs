//! A busy port without a terminal: what the flags say, and nothing that they do not.

use rustix::process::Signal;

use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox, eventually_gone, port, signal};

/// A stranger on the port of `api`, and what `up` with these arguments and this line for the service makes of it.
struct Conflict {
    sandbox: Sandbox,
    stranger: Running,
}

impl Conflict {
    fn new(key: &str, stranger: &[&str]) -> Self {
        let (sandbox, port) = Sandbox::with_api();
        let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
        sandbox.write("devtasks.toml", &format!("{config}{key}\n"));
        let listen = format!("127.0.0.1:{port}");
        let stranger = sandbox.stranger(&[&["--listen", &listen], stranger].concat());
        Conflict { sandbox, stranger }
    }

    #[track_caller]
    fn is_left_alone(&self, arguments: &[&str]) {
        let ended = self.sandbox.run(&[&["up"], arguments].concat()).with(3);
        assert!(
            ended.stderr.contains(&format!("(pid {})", self.stranger.pid())),
            "{ended:?}"
        );
        assert!(!self.stranger.has_ended(), "{ended:?}");
        assert_eq!(self.sandbox.processes(), [self.stranger.pid()]);
    }

    #[track_caller]
    fn is_solved(&self, arguments: &[&str]) {
        let up = self.sandbox.up(arguments);
        eventually_gone(self.stranger.pid());
        up.interrupt();
        up.wait().with(130);
    }
}

#[test]
fn without_a_terminal_a_stranger_is_shown_and_left_alone() {
    let (sandbox, port) = Sandbox::with_api();
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = sandbox.run(&["up"]).with(3);
    assert_eq!(ended.stdout, "");
    assert_eq!(
        sandbox.plain(&ended.stderr),
        format!(
            "error: port {port} is taken by `service` (pid [pid])
  --> devtasks.toml:3:8  [services.api]
      [service] --listen 127.0.0.1:{port} --announce 'here I am',
      in [project], user root, started [time] ago

hint: stop it with `xtask port kill {port}`
hint: or give `api` another `port` in devtasks.toml

"
        )
    );
}

#[test]
fn nothing_is_signalled_unless_a_flag_says_so() {
    Conflict::new("", &[]).is_left_alone(&[]);
    Conflict::new("", &[]).is_left_alone(&["--on-conflict", "ask"]);
    Conflict::new("", &[]).is_left_alone(&["--on-conflict", "fail", "--yes"]);
    Conflict::new("on_conflict = \"fail\"", &[]).is_left_alone(&["--yes"]);
    // Without a terminal the file alone is not enough.
    Conflict::new("on_conflict = \"kill\"", &[]).is_left_alone(&[]);
    Conflict::new("on_conflict = \"kill\"", &[]).is_left_alone(&["--on-conflict", "fail"]);
}

#[test]
fn a_flag_is_enough() {
    // Each watches for a while whether the owner comes back.
    std::thread::scope(|scope| {
        scope.spawn(|| Conflict::new("", &[]).is_solved(&["--on-conflict", "kill"]));
        scope.spawn(|| Conflict::new("on_conflict = \"fail\"", &[]).is_solved(&["--on-conflict", "kill"]));
        scope.spawn(|| Conflict::new("", &[]).is_solved(&["--yes"]));
        scope.spawn(|| Conflict::new("on_conflict = \"kill\"", &[]).is_solved(&["--yes"]));
    });
}

#[test]
fn an_owner_that_somebody_starts_again_is_named_with_whoever_does() {
    let (sandbox, port) = Sandbox::with_api();
    let mut loops = sandbox.other("bash");
    let service = crate::sandbox::service().display().to_string();
    loops.args([
        "-c",
        &format!("while :; do {service} --listen 127.0.0.1:{port} --announce 'here I am'; done"),
    ]);
    let loops = Running::start(loops);
    loops.wait_for("here I am");
    let ended = sandbox.run(&["up", "--on-conflict", "kill"]).with(3);
    assert!(
        ended.stderr.contains(&format!("port {port} was taken again at once"))
            && ended
                .stderr
                .contains(&format!("which `bash` (pid {}) started", loops.pid())),
        "{ended:?}"
    );
    assert!(!loops.has_ended());
}

#[test]
fn an_ancestor_of_the_command_is_never_stopped() {
    let (sandbox, port) = Sandbox::with_api();
    // That is the test itself.
    let _ours = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let ended = sandbox.run(&["up", "--on-conflict", "kill", "--yes"]).with(3);
    assert!(
        ended
            .stderr
            .contains("which is never stopped: it is an ancestor of this command"),
        "{ended:?}"
    );
}

#[test]
fn a_port_with_old_connections_that_linger_is_free() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{port} --http"
        port = {port}
        healthcheck = {{ http = "/" }}
        "#
    ));
    for _ in 0..3 {
        // The health check's connection is closed by the service, whose end then waits out its time.
        let up = sandbox.up(&[]);
        up.interrupt();
        up.wait().with(130);
    }
}

#[test]
fn a_port_that_is_bound_and_not_listened_on_is_busy_too() {
    let conflict = Conflict::new("", &["--bind-only", "--no-reuseaddr"]);
    conflict.is_left_alone(&[]);
    conflict.is_solved(&["--on-conflict", "kill"]);
}

#[test]
fn a_stubborn_owner_survives_without_a_second_yes() {
    let conflict = Conflict::new("stop_grace_period = \"200ms\"", &["--ignore-term"]);
    let ended = conflict.sandbox.run(&["up", "--on-conflict", "kill"]).with(3);
    assert!(ended.stderr.contains("still there"), "{ended:?}");
    assert!(!conflict.stranger.has_ended());
}

#[test]
fn a_stubborn_owner_is_killed_with_yes() {
    let conflict = Conflict::new("stop_grace_period = \"200ms\"", &["--ignore-term"]);
    let up = conflict.sandbox.up(&["--on-conflict", "kill", "--yes"]);
    assert!(up.stderr().contains("killed in"), "{}", up.stderr());
}

#[test]
fn a_suspended_owner_is_named_as_such_and_can_be_stopped() {
    let conflict = Conflict::new("", &[]);
    signal(conflict.stranger.pid(), Signal::STOP);
    let ended = conflict.sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains("it is suspended"), "{ended:?}");
    conflict.is_solved(&["--on-conflict", "kill"]);
}

#[test]
fn an_owner_ends_with_its_children_and_a_client_lives() {
    let (sandbox, port) = Sandbox::with_api();
    let listen = format!("127.0.0.1:{port}");
    let stranger = sandbox.stranger(&["--listen", &listen, "--hang", "--fork"]);
    let client = sandbox.client(port);
    let up = sandbox.up(&["--on-conflict", "kill"]);
    assert!(stranger.has_ended());
    assert!(!client.has_ended());
    up.interrupt();
    up.wait().with(130);
    assert_eq!(sandbox.processes(), [client.pid()]);
}

#[test]
fn every_signal_to_a_stranger_is_a_line_in_the_audit_log() {
    let conflict = Conflict::new("", &[]);
    conflict.is_solved(&["--on-conflict", "kill"]);
    let log = std::fs::read_to_string(conflict.sandbox.home().join(".local/state/devtasks/audit.log")).unwrap();
    let line: serde_json::Value = serde_json::from_str(log.trim()).unwrap();
    assert_eq!(line["pid"], conflict.stranger.pid());
    assert_eq!((&line["signal"], &line["outcome"]), (&"SIGTERM".into(), &"sent".into()));
}

#[test]
fn two_busy_ports_are_told_together() {
    let (left, right) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        "[services.l]\ncommand = \"SERVICE\"\nport = {left}\n[services.r]\ncommand = \"SERVICE\"\nport = {right}\n"
    ));
    sandbox.stranger(&[
        "--listen",
        &format!("127.0.0.1:{left}"),
        "--listen",
        &format!("0.0.0.0:{right}"),
    ]);
    let ended = sandbox.run(&["up"]).with(3);
    for port in [left, right] {
        assert!(ended.stderr.contains(&format!("port {port} is taken by")), "{ended:?}");
    }
}

#[test]
fn a_missing_command_and_a_busy_port_are_told_together_and_the_port_decides() {
    let (sandbox, port) = Sandbox::with_api();
    sandbox.write(
        "devtasks.toml",
        &format!("[services.a]\ncommand = \"no-such\"\nport = {port}\n"),
    );
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = sandbox.run(&["up"]).with(3);
    assert!(
        ended.stderr.contains("`no-such` was not found") && ended.stderr.contains("is taken by"),
        "{ended:?}"
    );
}

#[test]
fn another_checkout_of_the_project_is_named_and_left_alone() {
    let (sandbox, port) = Sandbox::with_api();
    let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write("devtasks.toml", &format!("[project]\nname = \"shop\"\n{config}"));
    let there = sandbox.checkout("shop-old");
    let up = sandbox.start_in(&there, &["up"]);
    up.wait_for("eady in");
    for arguments in [
        &["up"][..],
        &["up", "--on-conflict", "kill"],
        &["up", "--on-conflict", "kill", "--yes"],
    ] {
        let ended = sandbox.run(arguments).with(3);
        assert_eq!(
            sandbox.plain(&ended.stderr),
            format!(
                "error: port {port} is taken by `service` (pid [pid]): service `api` of `shop` in [sandbox]/shop-old
  --> devtasks.toml:5:8  [services.api]
      [service] --listen 127.0.0.1:{port},
      in [sandbox]/shop-old, user root, started [time] ago

hint: stop it there with `cd [sandbox]/shop-old && xtask down`
hint: or stop it anyway with `xtask port kill {port} --foreign`
hint: or give `api` another `port` in devtasks.toml

"
            )
        );
    }
    assert!(!up.has_ended());
    sandbox.start_in(&there, &["down"]).wait().with(0);
    up.wait().with(0);
    sandbox.up(&[]);
}

#[test]
fn a_port_moves_with_its_variable() {
    let (taken, free) = (port(), port());
    let mut sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:env:API_PORT\"\nport = \"${{API_PORT:-{taken}}}\"\n"
    ));
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{taken}")]);
    let ended = sandbox.run(&["up"]).with(3);
    assert!(
        ended.stderr.contains(&format!("`API_PORT={} xtask up`", taken + 1)),
        "{ended:?}"
    );
    sandbox.set("API_PORT", &free.to_string());
    let up = sandbox.up(&[]);
    assert_eq!(
        up.stderr().matches(&format!("http://127.0.0.1:{free}\n")).count(),
        2,
        "{}",
        up.stderr()
    );
}

#[test]
fn what_is_wrong_with_a_service_that_is_not_meant_is_no_hindrance() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE"
        [services.api]
        command = "no-such-command"
        working_dir = "nowhere"
        port = {port}
        "#
    ));
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let up = sandbox.up(&["db", "--on-conflict", "kill"]);
    // Nor for one who joins.
    sandbox.run(&["up", "db"]).with(0);
    sandbox.run(&["up"]).with(3);
    assert!(!stranger.has_ended());
    assert!(!up.has_ended());
}

#[test]
fn the_port_that_is_proposed_is_no_other_service_s() {
    let first = row(4);
    let (api, web, hmr, free) = (first, first + 1, first + 2, first + 3);
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE"
        port = "${{API_PORT:-{api}}}"
        [services.web]
        command = "SERVICE"
        ports = {{ http = {web}, hmr = {hmr} }}
        profiles = ["web"]
        "#
    ));
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{api}")]);
    let hint = format!("hint: or give `api` another port: `API_PORT={free} xtask ");
    for command in ["up", "doctor"] {
        let ended = sandbox.run(&[command]);
        assert!((ended.stdout.clone() + &ended.stderr).contains(&hint), "{ended:?}");
    }
}

#[test]
fn a_stack_that_has_several_ports_is_one_conflict() {
    let ports = [port(), port()];
    let sandbox = Sandbox::new(&format!(
        "[project]\nname = \"shop\"\n[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {}\n\
         [services.frontend]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {}\n",
        ports[0], ports[1]
    ));
    let there = sandbox.checkout("shop-old");
    sandbox.start_in(&there, &["up", "--detach"]).wait().with(0);
    let status = sandbox.start_in(&there, &["status", "--format", "json"]).wait().json();
    let pid = |at: usize| status["services"][at]["pid"].as_u64().unwrap();
    let place = std::fs::canonicalize(&there).unwrap();
    let ended = sandbox.run(&["up"]).with(3);
    assert_eq!(
        ended.stderr,
        format!(
            "error: this stack already runs in another checkout\n\n  {place}\n    {}  api       pid {}\n    {}  frontend  pid {}\n\n\
             hint: stop it there with `cd {place} && xtask down`\n\
             hint: or run beside it with `xtask up --on-conflict next`\n",
            ports[0],
            pid(0),
            ports[1],
            pid(1),
            place = place.display()
        )
    );
    sandbox.start_in(&there, &["down"]).wait().with(0);
}

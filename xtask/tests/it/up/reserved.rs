//! Without `listen`: a service's ports are kept for it while it has no process, and by nobody but the supervisor.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::sandbox::machine::descriptors;
use crate::sandbox::port::row;
use crate::sandbox::{PATIENCE, Running, Sandbox, eventually, is_free, port, signal};

/// `api`, at a TCP port and a UDP port, waits for `db`, which is ready once there is a file `go`.
struct Stack {
    sandbox: Sandbox,
    tcp: u16,
    udp: u16,
}

impl Stack {
    fn new() -> Stack {
        let (tcp, udp) = (port(), port());
        let sandbox = Sandbox::new(&format!(
            r#"
            [services.db]
            command = "sh -c 'echo begun; exec sleep 1000'"
            healthcheck = {{ command = "test -e go" }}
            [services.api]
            command = "SERVICE --listen 127.0.0.1:{tcp} --http --udp 127.0.0.1:{udp}"
            ports = {{ web = {tcp}, dns = {{ number = {udp}, protocol = "udp" }} }}
            depends_on = ["db"]
            "#
        ));
        Stack { sandbox, tcp, udp }
    }

    /// Until `api` waits.
    fn up(&self) -> Running {
        let up = self.sandbox.start(&["up"]);
        up.wait_for("begun");
        up
    }

    /// Nobody can have its ports, and whoever connects is refused.
    #[track_caller]
    fn are_reserved(&self) {
        let address = |port: u16| ("127.0.0.1", port);
        let kind = |error: std::io::Error| error.kind();
        assert_eq!(
            [
                TcpListener::bind(address(self.tcp)).map(drop).map_err(kind),
                UdpSocket::bind(address(self.udp)).map(drop).map_err(kind),
                TcpStream::connect(address(self.tcp)).map(drop).map_err(kind),
            ],
            [ErrorKind::AddrInUse, ErrorKind::AddrInUse, ErrorKind::ConnectionRefused].map(Err)
        );
        let asks = UdpSocket::bind(address(0)).unwrap();
        asks.connect(address(self.udp)).unwrap();
        asks.set_read_timeout(Some(PATIENCE)).unwrap();
        asks.send(b"anybody?").unwrap();
        assert_eq!(asks.recv(&mut [0; 8]).map_err(kind), Err(ErrorKind::ConnectionRefused));
    }

    fn let_db_be_ready(&self) {
        self.sandbox.write("go", "");
    }
}

fn services(sandbox: &Sandbox) -> Value {
    sandbox.run(&["status", "--format", "json"]).json()["services"].clone()
}

#[test]
fn nobody_can_take_the_ports_of_one_that_waits_for_its_dependency() {
    let stack = Stack::new();
    let up = stack.up();
    stack.are_reserved();
    // At the other address of `localhost` too.
    let six = TcpListener::bind(("::1", stack.tcp)).map(drop);
    assert_eq!(six.map_err(|error| error.kind()), Err(ErrorKind::AddrInUse));
    // None but the supervisor has a socket.
    let sockets = |pid: u32| {
        let open = descriptors(pid).into_iter();
        open.filter(|link| link.display().to_string().starts_with("socket:"))
            .count()
    };
    let (db, watchdog) = (stack.sandbox.pid("db"), up.watchdog().unwrap());
    assert_eq!((sockets(db), sockets(watchdog)), (0, 0));

    // It lets go of them when it is not to start any more.
    stack.sandbox.run(&["down", "api"]).with(0);
    assert!(is_free(stack.tcp) && !up.has_ended());
    let down = stack.sandbox.run(&["down"]).with(0);
    assert!(
        down.stderr.contains("are free") || down.stderr.contains(&stack.tcp.to_string()),
        "{down:?}"
    );
    up.wait().with(0);
    assert!(is_free(stack.tcp) && UdpSocket::bind(("127.0.0.1", stack.udp)).is_ok());
}

#[test]
fn at_all_addresses_udp_is_kept_at_every_one() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "sh -c 'echo begun; exec sleep 1000'"
        healthcheck = {{ command = "test -e go" }}
        [services.dns]
        command = "SERVICE --udp 0.0.0.0:{port}"
        port = {{ number = {port}, host = "0.0.0.0", protocol = "udp" }}
        depends_on = ["db"]
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("begun");
    for address in ["0.0.0.0", "127.0.0.1", "127.0.0.2"] {
        let bound = UdpSocket::bind((address, port)).map(drop).map_err(|error| error.kind());
        assert_eq!(bound, Err(ErrorKind::AddrInUse), "{address}");
    }
    assert_eq!(services(&sandbox)[1]["ports"][0]["listening"], false);
    sandbox.write("go", "");
    up.wait_for("All 2 ready in ");
    assert_eq!(services(&sandbox)[1]["ports"][0]["listening"], true);
}

#[test]
fn everybody_who_looks_is_told_whose_they_are() {
    let stack = Stack::new();
    let up = stack.up();
    let sandbox = &stack.sandbox;
    let (tcp, udp) = (stack.tcp.to_string(), format!("{}/udp", stack.udp));
    for (typed, name) in [(&tcp, format!("port {tcp}")), (&udp, format!("UDP port {}", stack.udp))] {
        let who = sandbox.run(&["port", "who", typed]).with(0).stdout;
        let said = format!("{name} is reserved for `api` of this checkout, which has not started yet");
        assert!(who.to_lowercase().contains(&said.to_lowercase()), "{who}");
        assert!(who.contains("(supervisor of `project`"), "{who}");
        sandbox.run(&["port", "kill", typed, "--yes"]).with(6);
        let wait = ["port", "wait", typed, "--busy", "--timeout", "50ms"];
        let wait = sandbox.run(&wait).with(4).stderr;
        let said = format!("error: {name} is taken, but no process listens on it after 50 ms\n");
        assert!(wait.starts_with(&said), "{wait}");
        sandbox
            .run(&["port", "wait", typed, "--free", "--timeout", "50ms"])
            .with(4);
    }
    let listed = sandbox
        .run(&["port", "ls", &tcp, &stack.udp.to_string()])
        .with(0)
        .stdout;
    assert_eq!(listed, "No listening sockets found.\n");
    let ports = services(sandbox)[1]["ports"].clone();
    let listening = [&ports[0]["listening"], &ports[1]["listening"]];
    assert_eq!(listening, [&json!(false), &json!(false)], "{ports}");
    assert_eq!(
        [&ports[0]["ours"], &ports[1]["ours"]],
        [&json!(true), &json!(true)],
        "{ports}"
    );
    let shown = sandbox.run(&["status"]).with(1).stdout;
    assert!(
        shown.contains(&format!("{tcp} (reserved) {} (reserved)", stack.udp)),
        "{shown}"
    );
    sandbox.run(&["doctor"]).with(0);
    sandbox.run(&["up", "--plan"]).with(0);

    // In another checkout it is taken, and it is said by whom.
    let mut elsewhere = sandbox.command(&["up", "api"]);
    elsewhere.current_dir(sandbox.checkout("other"));
    let elsewhere = Running::start(elsewhere).wait().with(3);
    let by_whom = format!(
        "port {tcp} is reserved by `xtask` (pid {}) for a service of `project` in {}, which has not started yet",
        up.pid(),
        sandbox.project().display()
    );
    assert!(elsewhere.stderr.contains(&by_whom), "{elsewhere:?}");
    // It is no conflict to those who come second here.
    let second = sandbox.start(&["up"]);
    second.wait_for("project is already running");
    assert!(!up.has_ended());
    stack.let_db_be_ready();
    second.wait().with(0);
    up.wait_for("All 2 ready in ");
    sandbox.run(&["status"]).with(0);
}

#[test]
fn they_are_kept_while_it_waits_to_be_restarted_beside_connections_that_linger() {
    let stack = Stack::new();
    stack.let_db_be_ready();
    let up = stack.sandbox.up(&[]);
    // The server closes first.
    let answer = ureq::get(format!("http://127.0.0.1:{}/", stack.tcp)).call();
    assert_eq!(answer.unwrap().status(), 200);
    std::fs::remove_file(stack.sandbox.project().join("go")).unwrap();
    let restart = stack.sandbox.start(&["restart"]);
    eventually(
        || services(&stack.sandbox).to_string(),
        || services(&stack.sandbox)[1]["state"] == "waiting",
    );
    stack.are_reserved();
    stack.let_db_be_ready();
    restart.wait().with(0);
    stack.sandbox.run(&["down"]).with(0);
    up.wait().with(0);
    assert!(is_free(stack.tcp));
}

#[test]
fn they_are_kept_during_the_pause_before_another_start() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --exit 3\"\nport = {port}\nrestart = \"on-failure\"\n"
    ));
    let up = sandbox.start(&["up"]);
    let pausing = || {
        let services = services(&sandbox);
        (services[0]["state"] == "backoff").then(|| services[0]["restarts"].clone())
    };
    eventually(
        || services(&sandbox).to_string(),
        || {
            let before = pausing();
            let is_free = is_free(port);
            // It was the same pause all the time.
            let is_one = before.is_some() && before == pausing();
            assert!(!is_one || !is_free);
            is_one
        },
    );
    up.wait().with(1);
    assert!(is_free(port));
}

#[test]
fn the_port_of_an_edit_is_kept_while_the_old_process_ends() {
    let (first, second) = (port(), port());
    let config = |port: u16| {
        format!(
            "[services.api]\ncommand = \"SERVICE --ignore-term --listen 127.0.0.1:{port}\"\nport = {port}\n\
             [services.other]\ncommand = \"SERVICE\"\n"
        )
    };
    let sandbox = Sandbox::new(&config(first));
    let up = sandbox.up(&[]);
    let pid = sandbox.pid("api");
    sandbox.write("devtasks.toml", &config(second));
    let edited = sandbox.start(&["up"]);
    eventually(
        || services(&sandbox).to_string(),
        || services(&sandbox)[0]["state"] == "stopping",
    );
    assert!(!is_free(second));
    signal(pid, Signal::KILL);
    edited.wait().with(0);
    assert!(is_free(first));
    // The other way round, and it changes its mind.
    sandbox.write("devtasks.toml", &config(first));
    let edited = sandbox.start(&["up"]);
    eventually(
        || services(&sandbox).to_string(),
        || services(&sandbox)[0]["state"] == "stopping",
    );
    assert!(!is_free(first));
    drop(edited);
    sandbox.write("devtasks.toml", &config(second));
    let edited = sandbox.start(&["up"]);
    eventually(|| "the first port".to_owned(), || is_free(first));
    signal(sandbox.pid("api"), Signal::KILL);
    edited.wait().with(0);
    assert!(!up.has_ended());
    sandbox.run(&["status"]).with(0);
}

#[test]
fn what_its_process_has_bound_and_not_opened_yet_is_left_to_that() {
    let port = port();
    let config = |level: &str| {
        format!(
            "[services.api]\ncommand = \"python3 late.py\"\nport = {port}\nenvironment = {{ LEVEL = \"{level}\" }}\n\
             [services.other]\ncommand = \"SERVICE\"\n"
        )
    };
    let sandbox = Sandbox::new(&config("debug"));
    sandbox.write(
        "late.py",
        &format!(
            r#"
import os, signal, socket, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", {port}))
print("bound", flush=True)
while not os.path.exists("open"):
    time.sleep(0.002)
server.listen()
print("listens", flush=True)
time.sleep(1000)
"#
        ),
    );
    let up = sandbox.start(&["up"]);
    up.wait_for("bound");
    sandbox.write("devtasks.toml", &config("info"));
    let _edited = sandbox.start(&["up"]);
    eventually(
        || services(&sandbox).to_string(),
        || services(&sandbox)[0]["state"] == "stopping",
    );
    sandbox.write("open", "");
    up.wait_for("listens");
    assert!(!up.stdout().contains("Traceback"), "{}", up.stdout());
}

/// `db` is not ready, and so `web` waits for it; `api` is new.
fn edited(web: u16, api: u16) -> String {
    format!(
        r#"
        [services.db]
        command = "sh -c 'echo begun; exec sleep 1000'"
        healthcheck = {{ command = "test -e go" }}
        [services.web]
        command = "SERVICE --listen 127.0.0.1:env"
        port = {web}
        depends_on = ["db"]
        [services.api]
        command = "SERVICE --listen 127.0.0.1:env"
        port = {api}
        "#
    )
}

#[test]
fn what_is_reserved_for_one_service_is_no_port_for_another() {
    let first = row(10);
    let sandbox = Sandbox::new(&edited(first, first + 1));
    let up = sandbox.start(&["up", "web"]);
    up.wait_for("begun");
    sandbox.write("devtasks.toml", &edited(first + 2, first));
    let said = format!("port {first} is reserved for `web` of this checkout, which has not started yet");
    for arguments in [&["up", "api"][..], &["up", "api", "--plan"]] {
        let ended = sandbox.run(arguments).with(3);
        assert!(format!("{}{}", ended.stderr, ended.stdout).contains(&said), "{ended:?}");
    }
    assert_eq!(services(&sandbox).as_array().unwrap().len(), 2);
    // Where it gets its new one at the same time, the port changes hands.
    let both = sandbox.start(&["up"]);
    eventually(
        || "a service on the port".to_owned(),
        || TcpStream::connect(("127.0.0.1", first)).is_ok(),
    );
    sandbox.write("go", "");
    both.wait().with(0);
    assert!(!up.has_ended());
}

#[test]
fn nor_does_another_service_move_there() {
    let first = row(10);
    let next = "on_conflict = \"next\"";
    let sandbox = Sandbox::new(&edited(first + 1, first));
    let up = sandbox.start(&["up", "web"]);
    up.wait_for("begun");
    sandbox.write("devtasks.toml", &format!("{}{next}", edited(first + 5, first)));
    let _stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{first}")]);
    let joined = sandbox.run(&["up", "api"]).with(0);
    let moves = format!("`api` moves from port {first} to {}", first + 2);
    assert!(joined.stderr.contains(&moves), "{joined:?}");
    assert!(!up.has_ended());
}

#[test]
fn whoever_listens_at_another_address_meanwhile_is_not_ours() {
    let stack = Stack::new();
    let up = stack.up();
    let stranger = stack
        .sandbox
        .stranger(&["--listen", &format!("127.0.0.2:{}", stack.tcp)]);
    let port = services(&stack.sandbox)[1]["ports"][0].clone();
    assert_eq!(
        (&port["listening"], &port["ours"]),
        (&json!(true), &json!(false)),
        "{port}"
    );
    let shown = stack.sandbox.run(&["status"]).with(1).stdout;
    assert!(shown.contains(&format!("{} (not ours)", stack.tcp)), "{shown}");
    // Once the service listens itself, its port is ours whoever listens beside it.
    stack.let_db_be_ready();
    up.wait_for("eady in ");
    let port = services(&stack.sandbox)[1]["ports"][0].clone();
    assert_eq!(
        (&port["listening"], &port["ours"]),
        (&json!(true), &json!(true)),
        "{port}"
    );
    assert!(!stranger.has_ended());
    up.interrupt();
    up.wait().with(130);
}

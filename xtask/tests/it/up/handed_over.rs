//! `listen = true`: the sockets are opened before anything starts, and stay open while the service restarts.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use crate::sandbox::{Sandbox, copy_program, eventually, is_free, port, signal};

fn api(port: u16, more: &str) -> Sandbox {
    Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --inherit --http {more}"
        port = {port}
        listen = true
        restart = "always"
        healthcheck = {{ http = "/" }}
        "#
    ))
}

fn pid(sandbox: &Sandbox) -> u64 {
    let status = sandbox.run(&["status", "--format", "json"]).json();
    status["services"][0]["pid"].as_u64().unwrap_or_default()
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn they_come_by_the_protocol_of_systemd() {
    let (web, admin) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --pid --print-env LISTEN_PID --print-env LISTEN_FDS --print-env LISTEN_FDNAMES --inherit --http"
        ports = {{ web = {web}, admin = {admin} }}
        listen = true
        [services.other]
        command = "SERVICE"
        "#
    ));
    sandbox.run(&["up", "-d"]).with(0);
    let status = sandbox.run(&["status", "--format", "json"]).json();
    let pid = &status["services"][0]["pid"];
    let log = sandbox.run(&["logs", "api"]).with(0).stdout;
    for line in [
        &format!("pid {pid}"),
        &format!("LISTEN_PID={pid}"),
        "LISTEN_FDS=2",
        "LISTEN_FDNAMES=web:admin",
    ] {
        assert!(log.contains(line), "{log}");
    }
    for port in [web, admin] {
        assert_eq!(ask(port).unwrap(), 200);
    }
    // Nobody else has them.
    let other = &status["services"][1]["pid"];
    let sockets = |pid: &serde_json::Value| {
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let links = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        links
            .filter(|link| link.display().to_string().starts_with("socket:"))
            .count()
    };
    assert_eq!((sockets(pid), sockets(other)), (2, 0));
    sandbox.run(&["down"]).with(0);
    assert!(is_free(web) && is_free(admin));
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn every_variable_arrives_whatever_its_name() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --print-env spring.profiles.active --print-env with-dash --print-env LISTEN_FDS --inherit"
        port = {port}
        listen = true
        env_file = "api.env"
        "#
    ));
    sandbox.write("api.env", "spring.profiles.active=dev\nwith-dash=1\nLISTEN_PID=1\n");
    sandbox.run(&["up", "-d"]).with(0);
    assert_eq!(said(&sandbox), "spring.profiles.active=dev\nwith-dash=1\nLISTEN_FDS=1");
    let environ = fs::read(format!("/proc/{}/environ", pid(&sandbox))).unwrap();
    let is_pid = |variable: &&[u8]| variable.starts_with(b"LISTEN_PID=");
    let pids: Vec<_> = environ.split(|byte| *byte == 0).filter(is_pid).collect();
    assert_eq!(pids, [format!("LISTEN_PID={}", pid(&sandbox)).as_bytes()]);
}

#[test]
fn a_command_that_cannot_be_run_is_missing() {
    let sandbox = Sandbox::new(&format!(
        r#"
        [tasks.remove]
        command = "rm interpreter"
        [services.api]
        command = "./api"
        port = {}
        listen = true
        depends_on = ["remove"]
        "#,
        port()
    ));
    sandbox.write_script("interpreter", "");
    let interpreter = sandbox.project().join("interpreter");
    sandbox.write("text", &format!("#!{}\n", interpreter.display()));
    let text = sandbox.project().join("text");
    fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
    copy_program(&text, &sandbox.project().join("api"));
    let up = sandbox.run(&["up"]).with(5);
    let why = "api could not be started: cannot run `./api`: no such file or directory\n";
    assert!(up.stderr.ends_with(why), "{up:?}");
    sandbox.nothing_is_left();
}

#[cfg(target_os = "linux")] // `/proc` says it.
#[test]
fn it_begins_as_any_other_process_of_a_service() {
    let begun = |listen: bool| {
        let sandbox = Sandbox::new(&format!(
            r#"
            [services.api]
            command = ["grep", "^Sig[BI]", "/proc/self/status"]
            port = {}
            listen = {listen}
            environment = {{ A = "1" }}
            "#,
            port()
        ));
        sandbox.run(&["up"]);
        let masks = said(&sandbox)
            .replace(':', "")
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        // Without those above 31, which belong to the C library.
        let standard = |mask: &str| u64::from_str_radix(mask, 16).unwrap() & 0x7fff_ffff;
        (standard(&masks[1]), standard(&masks[3]))
    };
    let blocked_and_ignored = begun(true);
    assert_eq!((blocked_and_ignored, blocked_and_ignored.0), (begun(false), 0));
}

#[test]
fn with_a_terminal_it_gets_them_too() {
    let sandbox = api(port(), "--print-env LISTEN_PID");
    let config = fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write("devtasks.toml", &format!("{config}        tty = true\n"));
    sandbox.run(&["up", "-d"]).with(0);
    assert_eq!(said(&sandbox), format!("LISTEN_PID={}", pid(&sandbox)));
}

/// What the service has written, without what is said of it.
fn said(sandbox: &Sandbox) -> String {
    let log = sandbox.run(&["logs", "api"]).with(0).stdout;
    let lines = log.lines().filter_map(|line| line.strip_prefix("api | "));
    let own: Vec<&str> = lines.filter(|line| !line.starts_with("-- ")).collect();
    own.join("\n")
}

/// The status of an answer.
fn ask(port: u16) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

#[test]
fn no_client_is_refused_while_it_restarts_or_was_killed() {
    let port = port();
    let sandbox = api(port, "--ready-after 20");
    sandbox.run(&["up", "-d"]).with(0);
    let done = AtomicBool::new(false);
    let (answered, refused) = std::thread::scope(|scope| {
        let clients = scope.spawn(|| {
            let (mut answered, mut refused) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                match ask(port) {
                    Ok(_) => answered += 1,
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => refused += 1,
                    // It was killed while it answered.
                    Err(_) => {}
                }
            }
            (answered, refused)
        });
        for _ in 0..5 {
            sandbox.run(&["restart", "api"]).with(0);
        }
        for _ in 0..3 {
            let before = pid(&sandbox);
            signal(u32::try_from(before).unwrap(), Signal::KILL);
            eventually(
                || "another process".to_owned(),
                || ![0, before].contains(&pid(&sandbox)),
            );
        }
        done.store(true, Ordering::Relaxed);
        clients.join().unwrap()
    });
    assert!(answered > 20 && refused == 0, "{answered} answered, {refused} refused");
}

#[test]
fn nobody_can_take_the_port_while_it_waits_to_be_started() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --say db-here"
        port = {db}
        [services.api]
        command = "SERVICE --inherit"
        port = {api}
        listen = true
        depends_on = ["db"]
        "#
    ));
    let up = sandbox.start(&["up"]);
    up.wait_for("db-here");
    let refused = std::net::TcpListener::bind(("127.0.0.1", api)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AddrInUse);
    // Whose it is can be seen all the same.
    let who = sandbox
        .run(&["port", "who", &api.to_string(), "--format", "json"])
        .with(0)
        .json();
    let owner = &who["ports"][0]["owners"][0];
    assert_eq!(
        (&owner["pid"], &owner["project"]),
        (&up.pid().into(), &"project".into()),
        "{who}"
    );
    up.interrupt();
    up.wait().with(130);
    assert!(is_free(api));
}

#[test]
fn a_port_that_is_lost_before_they_are_open_is_code_3_and_shows_the_owner() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --inherit\"\nlisten = true\n\
         port = {{ number = {port}, host = \"0.0.0.0\" }}\n[services.b]\ncommand = \"SERVICE\"\n"
    ));
    let up = sandbox.up(&["b"]);
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let ended = sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains(&format!("(pid {})", stranger.pid())), "{ended:?}");
    assert!(!up.has_ended());
}

#[test]
fn an_edit_of_the_port_opens_another_and_lets_go_of_the_first() {
    let (first, second) = (port(), port());
    let sandbox = api(first, "");
    sandbox.run(&["up", "-d"]).with(0);
    let edited = fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write(
        "devtasks.toml",
        &edited.replace(&first.to_string(), &second.to_string()),
    );
    sandbox.run(&["up"]).with(0);
    assert!(is_free(first));
    assert_eq!(ask(second).unwrap(), 200);
    sandbox.run(&["down"]).with(0);
    assert!(is_free(second));
}

#[test]
fn the_supervisor_is_no_stranger_at_the_port_that_it_holds() {
    let port = port();
    let sandbox = api(port, "");
    sandbox.run(&["up", "-d"]).with(0);
    sandbox.run(&["doctor"]).with(0);
    let who = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0);
    let owners = who.json()["ports"][0]["owners"].clone();
    assert_eq!(owners.as_array().unwrap().len(), 1, "{owners}");
    assert_eq!(
        (&owners[0]["service"], &owners[0]["pid"]),
        (&"api".into(), &pid(&sandbox).into())
    );
    // Neither is ended by a kill.
    sandbox.run(&["port", "kill", &port.to_string(), "--yes"]).with(6);
    sandbox.run(&["status"]).with(0);
}

#[test]
fn a_program_that_opens_the_port_itself_is_told_that_it_was_opened_for_it() {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{port}\"\nport = {port}\nlisten = true\n"
    ));
    let ended = sandbox.run(&["up"]).with(3);
    let hint = "\nhint: let `api` take descriptor 3, which `listen = true` has opened for it, instead of opening that port itself, \
                or leave `listen` out\n";
    assert!(ended.stderr.contains(hint), "{ended:?}");
    assert_eq!(ended.stderr.matches("hint:").count(), 1, "{ended:?}");
}

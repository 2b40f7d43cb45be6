//! `port who`: the owner card, in any directory.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::no_project;
use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox, eventually_gone, port, signal};

#[test]
fn a_free_port_is_free() {
    let sandbox = no_project();
    let port = port();
    let ended = sandbox.run(&["port", "who", &port.to_string()]).with(0);
    assert_eq!(
        (ended.stdout, ended.stderr),
        (format!("Port {port} is free.\n"), String::new())
    );
}

#[test]
fn a_busy_port_shows_its_owner() {
    let sandbox = no_project();
    let port = port();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}"), "--hang", "--fork"]);
    let client = sandbox.client(port);
    let ended = sandbox.run(&["port", "who", &port.to_string()]).with(0);
    let text = ended.stdout;
    assert!(
        text.starts_with(&format!(
            "Port {port} is busy.\n\n  service   pid {}   yours   running   started ",
            stranger.pid()
        )),
        "{text}"
    );
    assert!(
        text.contains("  in        [project]\n") || sandbox.plain(&text).contains("  in        [project]\n"),
        "{text}"
    );
    let client = format!("  children  1     clients  1 (sleep {})\n", client.pid());
    assert!(text.contains(&client), "{text}");
    assert!(
        text.contains(&format!("hint: stop it with `xtask port kill {port}`\n")),
        "{text}"
    );
}

#[test]
fn several_ports_are_shown_in_their_order() {
    let sandbox = no_project();
    let (busy, free) = (port(), port());
    sandbox.stranger(&["--listen", &format!("127.0.0.1:{busy}")]);
    let ended = sandbox
        .run(&["port", "who", &free.to_string(), &busy.to_string()])
        .with(0);
    assert!(
        ended
            .stdout
            .starts_with(&format!("Port {free} is free.\n\nPort {busy} is busy.\n")),
        "{ended:?}"
    );
}

#[test]
fn udp_is_another_port_and_shown_too_where_somebody_has_bound_it() {
    let sandbox = no_project();
    let port = port();
    let stranger = sandbox.stranger(&["--udp", &format!("127.0.0.1:{port}")]);
    let tcp = sandbox.run(&["port", "who", &format!("{port}/tcp")]).with(0).stdout;
    assert_eq!(tcp, format!("Port {port} is free.\n"));
    let udp = sandbox.run(&["port", "who", &format!("{port}/udp")]).with(0).stdout;
    let taken = format!("UDP port {port} is taken by `service` (pid {})", stranger.pid());
    assert!(
        udp.starts_with(&format!("UDP port {port} is busy.\n")) && udp.contains(&taken),
        "{udp}"
    );
    let both = sandbox.run(&["port", "who", &port.to_string()]).with(0).stdout;
    assert!(
        both.starts_with(&format!("{tcp}\nUDP port")) && both.contains(&taken),
        "{both}"
    );
    let document = sandbox.run(&["port", "who", &port.to_string(), "--format", "json"]);
    let document = document.with(0).json();
    let shown = document["ports"].as_array().unwrap().iter();
    let shown: Vec<_> = shown.map(|it| (&it["protocol"], &it["code"])).collect();
    assert_eq!(
        shown,
        [
            (&json!("tcp"), &json!("port.free")),
            (&json!("udp"), &json!("port.busy.foreign"))
        ]
    );
}

#[test]
fn of_a_range_those_are_shown_that_somebody_holds() {
    let sandbox = no_project();
    let port = port();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    // Other tests may hold ports beside it.
    let range = format!("{}-{}", port - 1, port + 1);
    let document = sandbox.run(&["port", "who", &range, "--format", "json"]).with(0).json();
    let shown = document["ports"].as_array().unwrap();
    assert!(shown.iter().all(|it| it["code"] != "port.free"), "{document:#}");
    let ours = shown.iter().find(|it| it["number"] == port).unwrap();
    assert_eq!(ours["owners"][0]["pid"], stranger.pid());

    let free = sandbox.run(&["port", "who", "1-2"]).with(0).stdout;
    assert_eq!(free, "No process uses ports 1 to 2.\n");
}

#[test]
fn the_json_has_the_shape_of_the_contract() {
    let sandbox = no_project();
    let (busy, free) = (port(), port());
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{busy}")]);
    let ended = sandbox
        .run(&["port", "who", &busy.to_string(), &free.to_string(), "--format", "json"])
        .with(0);
    let mut document = ended.json();
    let owner = &mut document["ports"][0]["owners"][0];
    assert!(owner["started_at"].take().is_string());
    assert!(owner["uid"].take().is_u64());
    assert!(owner["user"].take().is_string());
    let parents = owner["parents"].take();
    assert_eq!(parents[0]["pid"], std::process::id(), "{parents}");
    assert!(owner["command"].take().as_array().unwrap().contains(&json!("--listen")));
    assert_eq!(
        document,
        json!({
            "schema_version": 1,
            "ports": [
                {
                    "number": busy, "protocol": "tcp", "code": "port.busy.foreign",
                    "bindable": {"0.0.0.0": false, "127.0.0.1": false, "::": false, "::1": true},
                    "owners": [{
                        "pid": stranger.pid(), "name": "service", "command": null, "user": null, "uid": null,
                        "cwd": sandbox.project(), "started_at": null, "state": "running",
                        "addresses": [format!("127.0.0.1:{busy}")], "holds_by": "listening",
                        "parents": null, "children": 0, "clients": 0,
                        "project": null, "service": null, "checkout": null, "run": null,
                        "container": null, "unit": null, "protected": null,
                    }],
                    "hints": [format!("stop it with `xtask port kill {busy}`")],
                },
                {
                    "number": free, "protocol": "tcp", "code": "port.free",
                    "bindable": {"0.0.0.0": true, "127.0.0.1": true, "::": true, "::1": true},
                    "owners": [], "hints": [],
                },
            ],
        })
    );
}

#[test]
fn a_suspended_owner_is_shown_as_such() {
    let sandbox = no_project();
    let port = port();
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    signal(stranger.pid(), Signal::STOP);
    let document = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0)
        .json();
    assert_eq!(document["ports"][0]["owners"][0]["state"], "suspended");
    let text = sandbox.run(&["port", "who", &port.to_string()]).with(0).stdout;
    assert!(text.contains("suspended"), "{text}");
}

#[test]
fn a_service_of_ours_names_its_project_service_checkout_and_run() {
    let (sandbox, port) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    let run = sandbox.run(&["status", "--format", "json"]).with(0).json()["run"].clone();
    let document = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0)
        .json();
    let shown = &document["ports"][0];
    let owner = &shown["owners"][0];
    assert_eq!(shown["code"], "port.busy.own_running");
    assert_eq!(
        [&owner["project"], &owner["service"], &owner["checkout"], &owner["run"]],
        [&json!("project"), &json!("api"), &json!(sandbox.project()), &run]
    );
}

#[test]
fn from_outside_the_project_its_service_belongs_to_another_project() {
    let (sandbox, port) = Sandbox::with_api();
    let _up = sandbox.up(&[]);
    let elsewhere = sandbox.home();
    let ended = sandbox
        .start_in(&elsewhere, &["port", "who", &port.to_string(), "--format", "json"])
        .wait()
        .with(0);
    assert_eq!(ended.json()["ports"][0]["code"], "port.busy.other_project");
}

#[test]
fn a_leftover_is_recognised() {
    let (sandbox, port) = Sandbox::with_api();
    let up = sandbox.up(&[]);
    up.kill();
    eventually_gone(up.pid());
    let document = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0)
        .json();
    assert_eq!(document["ports"][0]["code"], "port.busy.own_leftover");
}

#[test]
fn a_secret_in_the_arguments_is_masked() {
    let sandbox = no_project();
    let port = port();
    let mut stranger = sandbox.other(crate::sandbox::service());
    stranger.args([
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--announce",
        "here",
        "--say",
        "postgres://kim:hunter2@db/x",
    ]);
    let stranger = Running::start(stranger);
    stranger.wait_for("here");
    for format in ["human", "json"] {
        let ended = sandbox
            .run(&["port", "who", &port.to_string(), "--format", format])
            .with(0);
        assert!(!ended.stdout.contains("hunter2"), "{ended:?}");
    }
}

#[test]
fn what_another_process_calls_itself_cannot_steer_the_terminal() {
    let sandbox = no_project();
    let port = port();
    let mut stranger = sandbox.other(crate::sandbox::service());
    stranger.args([
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--announce",
        "here",
        "--say",
        "\x1b[2J\x1b]0;gotcha\x07",
    ]);
    let stranger = Running::start(stranger);
    stranger.wait_for("here");
    let ended = sandbox.run(&["port", "who", &port.to_string()]).with(0);
    assert!(
        !ended.stdout.contains('\x1b') && !ended.stdout.contains('\x07'),
        "{ended:?}"
    );
}

#[test]
fn a_broken_devtasks_toml_is_no_hindrance() {
    let sandbox = Sandbox::new("this is = = no toml");
    sandbox.run(&["port", "who", &port().to_string()]).with(0);
}

#[test]
fn what_is_no_port_is_2() {
    let sandbox = no_project();
    for wrong in [
        "0",
        "65536",
        "70000",
        "-1",
        "http",
        "80/sctp",
        "",
        "8000/tcp/udp",
        "8000/udp/udp",
        "+80",
        "80-",
        "-80",
        "90-80",
        "80-90-95",
        "0-80",
    ] {
        let ended = sandbox.run(&["port", "who", "--", wrong]).with(2);
        assert!(ended.stderr.starts_with("error: "), "{wrong} {ended:?}");
    }
    sandbox.run(&["port", "who"]).with(2);
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let sandbox = no_project();
    let mut command = sandbox.other("bash");
    let who = format!(
        "set -o pipefail; {} port who 1 2 3 --format json | true",
        env!("CARGO_BIN_EXE_xtask")
    );
    let ended = Running::start({
        command.args(["-c", &who]);
        command
    })
    .wait()
    .with(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn every_listener_of_a_shared_port_is_shown() {
    let sandbox = no_project();
    let port = port();
    let listen = format!("127.0.0.1:{port}");
    let one = sandbox.stranger(&["--listen", &listen, "--reuseport"]);
    let two = sandbox.stranger(&["--listen", &listen, "--reuseport"]);
    let document = sandbox
        .run(&["port", "who", &port.to_string(), "--format", "json"])
        .with(0)
        .json();
    let pids: Vec<&Value> = document["ports"][0]["owners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["pid"])
        .collect();
    let mut expected = [one.pid(), two.pid()];
    expected.sort_unstable();
    assert_eq!(pids, expected.map(|pid| json!(pid)).iter().collect::<Vec<_>>());
}

#[test]
fn a_service_stands_for_all_of_its_ports() {
    let (main, debug) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.backend]
        command = "SERVICE --listen 127.0.0.1:{main}"
        ports = {{ http = {main}, debug = {debug} }}
        [services.worker]
        command = "SERVICE"
        "#
    ));
    // Where it would be, while nothing runs.
    let stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{debug}")]);
    let pid = stranger.pid();
    let both = sandbox
        .run(&["port", "who", &main.to_string(), &debug.to_string()])
        .with(0)
        .stdout;
    let named = sandbox.run(&["port", "who", "backend"]).with(0).stdout;
    assert!(
        named.starts_with(&format!(
            "Port {main} is free.\n\nPort {debug} is busy.\n\n  service   pid {pid} "
        )),
        "{named}"
    );
    assert_eq!(sandbox.plain(&named), sandbox.plain(&both));
    let seen = sandbox
        .run(&["port", "who", "backend", &main.to_string(), "--format", "json"])
        .with(0)
        .json();
    let numbers: Vec<&Value> = seen["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["number"])
        .collect();
    assert_eq!(numbers, [&json!(main), &json!(debug), &json!(main)]);

    assert_eq!(
        sandbox.run(&["port", "who", "bakend"]).with(2).stderr,
        "error: unknown service `bakend`\n\nhint: did you mean `backend`?\n"
    );
    assert_eq!(
        sandbox.run(&["port", "who", "worker"]).with(2).stderr,
        "error: service `worker` has no port\n\nhint: see all listening ports with `xtask port ls`\n"
    );
    // What is signalled is typed as a number.
    sandbox.run(&["port", "kill", "backend"]).with(2);
    let outside = sandbox
        .start_in(&sandbox.home(), &["port", "who", "backend"])
        .wait()
        .with(2);
    assert!(
        outside.stderr.starts_with("error: there is no `devtasks.toml` in"),
        "{outside:?}"
    );
}

#[test]
fn a_service_that_has_moved_has_the_port_that_it_has_now() {
    let first = row(10);
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {first}\non_conflict = \"next\"\n"
    ));
    let _stranger = sandbox.stranger(&["--listen", &format!("127.0.0.1:{first}")]);
    let _up = sandbox.up(&[]);
    let shown = sandbox.run(&["port", "who", "api"]).with(0).stdout;
    assert!(
        shown.contains(&format!("{}", first + 1)) && !shown.contains(&format!("ort {first} ")),
        "{shown}"
    );
    let waited = sandbox
        .run(&["port", "wait", "api", "--busy", "--timeout", "10s"])
        .with(0)
        .stderr;
    assert!(
        waited.starts_with(&format!("Port {} is busy, after ", first + 1)),
        "{waited}"
    );
    let late = sandbox
        .run(&["port", "wait", "api", "--free", "--timeout", "1ms"])
        .with(4)
        .stderr;
    assert!(late.contains(&format!("port {} is still busy", first + 1)), "{late}");
}

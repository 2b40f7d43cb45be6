//! `port kill`: who is ended, in which order, and what is said of it.

mod kinds;
mod question;
mod refused;

use std::collections::BTreeMap;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::no_project;
use crate::sandbox::{Ended, Running, Sandbox, eventually_gone, is_free, port, service, signal};

/// Somebody who holds a port, with no project near.
struct Scene {
    sandbox: Sandbox,
    port: u16,
    /// What is written in place of a pid.
    names: BTreeMap<u32, &'static str>,
    running: BTreeMap<&'static str, Running>,
}

impl Scene {
    fn empty() -> Self {
        Scene {
            sandbox: no_project(),
            port: port(),
            names: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    /// The fixture as `holder`; `PORT` in its arguments stands for the port.
    #[track_caller]
    fn with(arguments: &str) -> Self {
        let mut scene = Scene::empty();
        scene.start("holder", arguments);
        scene
    }

    #[track_caller]
    fn start(&mut self, name: &'static str, arguments: &str) {
        let arguments = arguments.replace("PORT", &self.port.to_string());
        let mut command = self.sandbox.other(service());
        command.args(arguments.split(' ')).args(["--announce", "open"]);
        self.follow(name, command);
    }

    /// `SERVICE` in the script stands for the fixture.
    #[track_caller]
    fn shell(&mut self, name: &'static str, script: &str) {
        let script = script.replace("PORT", &self.port.to_string());
        let mut command = self.sandbox.other("bash");
        command.args(["-c", &script.replace("SERVICE", &service().display().to_string())]);
        self.follow(name, command);
    }

    #[track_caller]
    fn follow(&mut self, name: &'static str, command: Command) {
        let running = Running::start(command);
        running.wait_for("open");
        self.names.insert(running.pid(), name);
        self.running.insert(name, running);
    }

    /// Gives names to all that live and have none yet, in the order of their pids.
    #[track_caller]
    fn name_the_others(&mut self, names: &[&'static str]) {
        let mut others = self.sandbox.processes();
        others.retain(|pid| !self.names.contains_key(pid));
        others.sort_unstable();
        assert_eq!(others.len(), names.len(), "{names:?} were expected");
        self.names.extend(others.into_iter().zip(names.iter().copied()));
    }

    fn pid(&self, name: &str) -> u32 {
        let (pid, _) = self.names.iter().find(|(_, other)| **other == name).unwrap();
        *pid
    }

    fn typed(&self, arguments: &[&str]) -> Vec<String> {
        let words = ["port", "kill"].iter().chain(arguments);
        words.map(|word| word.replace("PORT", &self.port.to_string())).collect()
    }

    fn kill(&self, arguments: &[&str]) -> Ended {
        let words = self.typed(arguments);
        self.sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What the document says of its only port.
    #[track_caller]
    fn document(&self, ended: &Ended) -> Value {
        let document = ended.json();
        assert_eq!(document["schema_version"], 1);
        let [port] = document["ports"].as_array().unwrap().as_slice() else {
            panic!("{document:#}");
        };
        port.clone()
    }

    /// Everybody was ended by these signals, in this order, and the port is free.
    #[track_caller]
    fn is_ended(&self, signals: &[&str]) {
        self.is_ended_with(&["PORT", "--yes"], signals);
    }

    #[track_caller]
    fn is_ended_with(&self, arguments: &[&str], signals: &[&str]) {
        let ended = self.kill(arguments).with(0);
        for pid in self.names.keys() {
            eventually_gone(*pid);
        }
        assert!(is_free(self.port), "{ended:?}");
        let how = if signals.iter().any(|signal| signal.starts_with("SIGKILL")) {
            "killed"
        } else {
            "stopped"
        };
        let said = self.named(&ended.stderr);
        assert!(said.contains(&format!("  {how} in ")), "{said}");
        assert_eq!(self.signals(), signals);
    }

    /// Nobody was signalled.
    #[track_caller]
    fn all_live(&self) {
        assert_eq!(self.signals(), [""; 0]);
        let mut living = self.sandbox.processes();
        living.sort_unstable();
        assert_eq!(living, self.names.keys().copied().collect::<Vec<_>>());
    }

    /// The audit log, as `SIGTERM holder`.
    fn signals(&self) -> Vec<String> {
        let log = self.sandbox.home().join(".local/state/devtasks/audit.log");
        let log = std::fs::read_to_string(log).unwrap_or_default();
        let entry = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            assert_eq!(entry["outcome"], "sent", "{entry}");
            let pid = u32::try_from(entry["pid"].as_u64().unwrap()).unwrap();
            let name = self.names.get(&pid).copied().unwrap_or("another");
            format!("{} {name}", entry["signal"].as_str().unwrap())
        };
        log.lines().map(entry).collect()
    }

    /// With names for pids, and `[port]`.
    fn named(&self, text: &str) -> String {
        let mut text = text.replace(&self.port.to_string(), "[port]");
        for (pid, name) in &self.names {
            for after in [" ", ")"] {
                text = text.replace(&format!("pid {pid}{after}"), &format!("pid of {name}{after}"));
            }
        }
        text
    }
}

#[test]
fn the_owner_ends_and_the_port_is_free() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    let ended = scene.kill(&["PORT", "--yes"]).with(0);
    assert_eq!(ended.stdout, "");
    let said = scene.sandbox.plain(&scene.named(&ended.stderr));
    assert!(
        said.starts_with("Port [port] is busy.\n\n  service   pid of holder   yours   running"),
        "{said}"
    );
    assert!(
        said.ends_with("clients  0\n\n  stopped in [time], port [port] is free\n"),
        "{said}"
    );
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
    assert!(is_free(scene.port));
}

#[test]
fn a_free_port_is_said_to_be_free() {
    let scene = Scene::empty();
    let ended = scene.kill(&["PORT"]).with(0);
    assert_eq!(ended.stdout, "");
    assert_eq!(scene.named(&ended.stderr), "Port [port] is free.\n");
    let port = scene.document(&scene.kill(&["PORT", "--format", "json"]).with(0));
    let expected = json!({
        "number": scene.port, "protocol": "tcp", "code": "port.free", "owners": [], "targets": [], "result": "free",
        "hints": [],
    });
    assert_eq!(port, expected);
}

#[test]
fn the_document_names_owners_targets_and_the_result() {
    let mut scene = Scene::empty();
    scene.shell("wrapper", "SERVICE --listen 127.0.0.1:PORT --announce open; true");
    scene.name_the_others(&["holder"]);
    let ended = scene.kill(&["PORT", "--yes", "--format", "json"]).with(0);
    assert_eq!(ended.stderr, "");
    let port = scene.document(&ended);
    assert_eq!(port["owners"][0]["pid"], scene.pid("holder"));
    let expected = json!([
        {"pid": scene.pid("wrapper"), "name": "bash"},
        {"pid": scene.pid("holder"), "name": "service"},
    ]);
    assert_eq!(
        [&port["code"], &port["result"], &port["targets"]],
        [&json!("port.busy.foreign"), &json!("killed"), &expected]
    );
}

#[test]
fn a_dry_run_shows_who_would_be_signalled_and_signals_nobody() {
    let mut scene = Scene::empty();
    scene.shell("wrapper", "SERVICE --listen 127.0.0.1:PORT --announce open; true");
    scene.name_the_others(&["holder"]);
    signal(scene.pid("holder"), Signal::STOP);
    let ended = scene.kill(&["PORT", "--dry-run", "--yes"]).with(0);
    let said = scene.named(&ended.stdout);
    assert!(
        said.starts_with("Port [port] is busy.\n\n  service   pid of holder "),
        "{said}"
    );
    let (_, plan) = said.split_once("\n\nWould be sent").unwrap();
    assert_eq!(
        plan,
        ", in this order:
  SIGTERM  `bash` (pid of wrapper)
  SIGTERM  `service` (pid of holder), if it still lives 200 ms later
  SIGCONT  `service` (pid of holder), if it still lives 200 ms later
and after 10 s, with another yes, SIGKILL to those that still live.
"
    );
    let port = scene.document(&scene.kill(&["PORT", "--dry-run", "--format", "json"]).with(0));
    assert_eq!(port["result"], "would_kill");
    assert_eq!(port["targets"][1]["pid"], scene.pid("holder"));
    scene.all_live();
}

#[test]
fn several_ports_and_ranges_are_cleared_together_and_the_worst_code_counts() {
    let mut scene = Scene::with("--listen 127.0.0.1:PORT");
    let first = scene.port;
    scene.port = port();
    scene.start("two", "--listen 127.0.0.1:PORT --listen [::1]:PORT");
    let typed = [format!("{first}-{first}"), scene.port.to_string(), port().to_string()];
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let ended = scene
        .kill(&[&typed[..], &["--yes", "--format", "json"]].concat())
        .with(0);
    let document = ended.json();
    let results: Vec<_> = document["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["number"], &it["result"]))
        .collect();
    assert_eq!(
        results,
        [
            (&json!(first), &json!("killed")),
            (&json!(scene.port), &json!("killed")),
            (&json!(typed[2].parse::<u16>().unwrap()), &json!("free"))
        ]
    );
    assert_eq!(scene.signals(), ["SIGTERM holder", "SIGTERM two"]);
}

#[test]
fn of_a_range_only_those_are_told_that_somebody_holds() {
    let scene = Scene::empty();
    let ended = scene.kill(&["1-2"]).with(0);
    assert_eq!(ended.stderr, "No process uses ports 1 to 2.\n");
    assert_eq!(
        scene.kill(&["1-2", "--format", "json"]).with(0).json()["ports"],
        json!([])
    );
}

#[test]
fn an_owner_of_two_ports_is_ended_once() {
    let mut scene = Scene::empty();
    let other = port();
    scene.start("holder", &format!("--listen 127.0.0.1:PORT --listen 127.0.0.1:{other}"));
    let ended = scene.kill(&["PORT", &other.to_string(), "--yes"]).with(0);
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
    let said = scene.named(&ended.stderr);
    let freed = format!("port [port] is free\n  already gone, port {other} is free\n");
    assert!(said.ends_with(&freed), "{said}");
}

#[test]
fn what_is_no_port_is_2() {
    let scene = Scene::empty();
    for wrong in ["0", "70000", "http", "80/sctp", "90-80"] {
        scene.kill(&["--", wrong]).with(2);
    }
    scene.kill(&[]).with(2);
    scene.kill(&["PORT", "--grace", "soon"]).with(2);
}

//! The zoo: the 24 conflicts of `docs/design/ports.md` and some more, each against the real program.
//!
//! Whoever holds the port was started beside the program and is none of its business until a flag says so. Each test
//! compares all that is said of the port, and then looks who still lives.

mod addresses;
mod astray;
mod borders;
mod bystanders;
mod keepers;
mod namespace;
mod neighbours;
mod trees;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{Ended, Running, Sandbox, eventually, port, service, signal};

/// A project with one service, `api`, and others who want its port.
struct Zoo {
    sandbox: Sandbox,
    port: u16,
    /// What is written in place of a pid.
    names: BTreeMap<u32, &'static str>,
    running: BTreeMap<&'static str, Running>,
}

impl Zoo {
    fn new() -> Self {
        let zoo = Zoo {
            sandbox: Sandbox::new(""),
            port: port(),
            names: BTreeMap::new(),
            running: BTreeMap::new(),
        };
        zoo.write_config("5s");
        zoo
    }

    fn write_config(&self, grace: &str) {
        let port = self.port;
        self.sandbox.write(
            "devtasks.toml",
            &format!(
                r#"
                [services.api]
                command = "SERVICE --listen 127.0.0.1:env"
                port = {port}
                stop_grace_period = "{grace}"
                "#
            ),
        );
    }

    /// Starts the fixture; see its own description. `PORT` in the arguments stands for the zoo's port.
    #[track_caller]
    fn start(&mut self, name: &'static str, arguments: &str) {
        self.start_by(name, self.sandbox.other(service()), arguments);
    }

    /// The same through another program that becomes it, or another path to it.
    #[track_caller]
    fn start_by(&mut self, name: &'static str, mut command: Command, arguments: &str) {
        let arguments = arguments.replace("PORT", &self.port.to_string());
        command.args(arguments.split(' ')).args(["--announce", "open"]);
        self.follow(name, command);
    }

    /// A program in Python's standard library. `PORT` in its text is the zoo's port; it prints `open` once that is taken.
    #[track_caller]
    fn python(&mut self, name: &'static str, program: &str) {
        let file = format!("{name}.py");
        self.sandbox
            .write(&file, &program.replace("PORT", &self.port.to_string()));
        let mut command = self.sandbox.other("python3");
        command.arg(file);
        self.follow(name, command);
    }

    #[track_caller]
    fn follow(&mut self, name: &'static str, command: Command) {
        let running = Running::start(command);
        running.wait_for("open");
        self.names.insert(running.pid(), name);
        self.running.insert(name, running);
    }

    fn pid(&self, name: &str) -> u32 {
        let (pid, _) = self.names.iter().find(|(_, other)| **other == name).unwrap();
        *pid
    }

    /// Ends it, as if it had crashed, and waits for it.
    #[track_caller]
    fn kill(&mut self, name: &str) {
        let running = self.running.remove(name).unwrap();
        self.names.remove(&running.pid());
        running.kill();
        running.wait();
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

    fn command(&self, arguments: &[&str]) -> Ended {
        let port = self.port.to_string();
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|word| if *word == "PORT" { &port } else { *word })
            .collect();
        self.sandbox.run(&arguments)
    }

    /// All that `port who` and `doctor` say of the port.
    #[track_caller]
    fn says(&self, expected: &str) {
        self.says_through(|arguments| self.command(arguments), expected);
    }

    /// The same where the program is run in another way.
    #[track_caller]
    fn says_through(&self, run: impl Fn(&[&str]) -> Ended, expected: &str) {
        let mut text = String::new();
        let who = run(&["port", "who", "PORT", "--format", "json"]);
        assert_eq!(who.code, Some(0), "{who:?}");
        let who = &document(&who)["ports"][0];
        writeln!(text, "who {}", word(&who["code"])).unwrap();
        self.write_owners_and_hints(&mut text, who);

        let doctor = run(&["doctor", "--format", "json"]);
        let document = document(&doctor);
        let findings = document["findings"].as_array().unwrap();
        for finding in findings.iter().filter(|finding| !finding["port"].is_null()) {
            let (level, code) = (word(&finding["level"]), word(&finding["code"]));
            let message = anywhere(word(&finding["message"]));
            writeln!(text, "doctor {level} {code}: {message}").unwrap();
            assert_eq!(finding["owners"], self.owners_in_the_way(who, finding), "{finding:#}");
            self.write_hints(&mut text, finding);
        }
        let fails = findings.iter().any(|finding| finding["level"] == "fail");
        assert_eq!(doctor.code, Some(i32::from(fails)), "{doctor:?}");
        assert_eq!(lines(&self.named(&text)), lines(expected));
    }

    /// `doctor` names whom `port who` names, unless the service would not even notice them.
    fn owners_in_the_way(&self, who: &Value, finding: &Value) -> Value {
        if finding["code"] == "port.free" || finding["code"] == "port.ephemeral" {
            return Value::Array(Vec::new());
        }
        who["owners"].clone()
    }

    fn write_owners_and_hints(&self, text: &mut String, who: &Value) {
        for owner in who["owners"].as_array().unwrap() {
            let addresses: Vec<&str> = owner["addresses"].as_array().unwrap().iter().map(word).collect();
            let held = format!("{} {}", word(&owner["holds_by"]), addresses.join(" "));
            write!(
                text,
                "{} {} {} {held}",
                owner["pid"],
                word(&owner["name"]),
                word(&owner["state"])
            )
            .unwrap();
            match owner["clients"].as_u64().unwrap() {
                0 => {}
                clients => write!(text, ", clients {clients}").unwrap(),
            }
            if let Some(reason) = owner["protected"].as_str() {
                write!(text, ", protected: {reason}").unwrap();
            }
            text.push('\n');
        }
        self.write_hints(text, who);
    }

    fn write_hints(&self, text: &mut String, of: &Value) {
        let hints = of["hints"].as_array().unwrap().iter();
        for hint in hints.filter(|hint| !looks_outside(word(hint))) {
            writeln!(text, "hint {}", word(hint)).unwrap();
        }
    }

    /// With names for pids, and what differs from run to run replaced: the port, and durations.
    fn named(&self, text: &str) -> String {
        let mut named = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
            let (before, number) = rest.split_at(at);
            let end = number.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
            let number = number[..end.unwrap_or(number.len())].trim_end_matches('.');
            rest = &rest[at + number.len()..];
            named.push_str(before);
            let unit = [" s", " ms"].into_iter().find(|unit| {
                let after = rest.strip_prefix(unit);
                after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
            });
            match (unit, number.parse()) {
                (Some(unit), _) => {
                    named.push_str("[time]");
                    rest = &rest[unit.len()..];
                }
                (None, Ok(number)) if number == u32::from(self.port) => named.push_str("[port]"),
                (None, Ok(pid)) if self.names.contains_key(&pid) => named.push_str(&format!("[{}]", self.names[&pid])),
                (None, Ok(_) | Err(_)) => named.push_str(number),
            }
        }
        named + rest
    }

    /// Without a flag that says so, and with one that forbids it, `up` ends with 3 and signals nobody. It finds what
    /// `doctor` finds.
    #[track_caller]
    fn is_left_alone(&self) {
        self.refuses(&["up", "--yes", "--on-conflict", "fail"]);
        let up = self.refuses(&["up", "--format", "json"]);
        let found = up
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found: Vec<Value> = found.filter(|event| event["event"] == "finding").collect();
        let doctor = document(&self.command(&["doctor", "--format", "json"]));
        for (event, finding) in found.iter().zip(doctor["findings"].as_array().unwrap()) {
            for key in ["code", "level", "service", "owners"] {
                assert_eq!(event["finding"][key], finding[key], "{found:#?}\n{doctor:#}");
            }
        }
        assert_eq!(found.len(), 1, "{found:#?}");
    }

    /// Whatever is asked for.
    #[track_caller]
    fn is_never_touched(&self) {
        self.is_left_alone();
        self.refuses(&["up", "--on-conflict", "kill", "--yes"]);
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str]) -> Ended {
        let up = self.command(arguments);
        assert_eq!(up.code, Some(3), "{up:?}");
        assert!(up.stderr.contains(&self.port.to_string()), "{up:?}");
        self.all_live();
        assert!(!self.audit_log().exists(), "somebody was signalled: {up:?}");
        up
    }

    /// `up` gets the port by ending everybody here, and says so. `signals` are the first that it sends; some may follow,
    /// to those whom a master should have ended.
    #[track_caller]
    fn is_ended(&self, signals: &[&str]) {
        let said = self.starts(&["--on-conflict", "kill", "--yes"]);
        let how = match signals.last() {
            Some(last) if last.starts_with("SIGKILL") => "killed",
            Some(_) | None => "stopped",
        };
        let expected = format!("{how} in [time], port [port] is free");
        assert!(said.contains(&expected), "{said}");
        let living: Vec<_> = self.names.iter().filter(|(pid, _)| lives(**pid)).collect();
        assert!(living.is_empty(), "{living:?} live\n{said}");
        let sent = self.signals_sent();
        assert!(sent.starts_with(&signals.join("\n")), "{sent}");
    }

    /// All that the audit log holds: `SIGTERM [holder]`, and more where it could not be sent.
    fn signals_sent(&self) -> String {
        let audit = std::fs::read_to_string(self.audit_log()).unwrap();
        let entry = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            let outcome = match word(&entry["outcome"]) {
                "sent" => "",
                other => &format!(": {other}"),
            };
            format!("{} {}{outcome}\n", word(&entry["signal"]), entry["pid"])
        };
        self.named(&audit.lines().map(entry).collect::<String>())
    }

    /// `up` starts `api`, which is ready; then Ctrl-C. What it said, named and with times replaced.
    #[track_caller]
    fn starts(&self, arguments: &[&str]) -> String {
        let up = self.sandbox.up(arguments);
        up.interrupt();
        let ended = up.wait();
        assert_eq!(ended.code, Some(130), "{ended:?}");
        self.named(&ended.stderr)
    }

    #[track_caller]
    fn all_live(&self) {
        let dead: Vec<_> = self.names.iter().filter(|(pid, _)| !lives(**pid)).collect();
        assert!(dead.is_empty(), "{dead:?} ended");
    }

    /// Waits until somebody holds the port.
    #[track_caller]
    fn is_seen(&self) {
        let who = || self.command(&["port", "who", "PORT", "--format", "json"]);
        let owners = || document(&who())["ports"][0]["owners"].as_array().unwrap().len();
        eventually(|| format!("an owner: {:?}", who()), || owners() > 0);
    }

    fn audit_log(&self) -> PathBuf {
        self.sandbox.home().join(".local/state/devtasks/audit.log")
    }
}

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} in {ended:?}"))
}

/// The message without what only those read who run this in a container, a codespace or WSL.
fn anywhere(message: &str) -> &str {
    let around = message.split_once("; this is ");
    around.map_or(message, |(before, around)| {
        if around.ends_with("cannot be seen") {
            before
        } else {
            message
        }
    })
}

/// Whether only those have the hint who run this there.
fn looks_outside(hint: &str) -> bool {
    const THERE: [&str; 6] = [
        "on the host",
        "`network_mode`",
        "gh codespace",
        "kubectl exec",
        "wsl.exe",
        "netstat.exe",
    ];
    THERE.iter().any(|there| hint.contains(there))
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// It exists and is no zombie.
fn lives(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// As in ps(1).
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[track_caller]
fn suspend(pid: u32) {
    signal(pid, Signal::STOP);
    eventually(|| format!("{pid} to be suspended"), || state(pid) == Some('T'));
}

/// A second name for a program, by which it then goes.
fn known_as(program: &Path, alias: &Path) -> PathBuf {
    std::os::unix::fs::symlink(program, alias).unwrap();
    alias.to_owned()
}

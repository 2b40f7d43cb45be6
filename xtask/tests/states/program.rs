//! The program with real services, as the scripts drive it.

use std::collections::BTreeMap;

use devtasks::simulation::{SimulatedEvent, Simulation};
use rustix::process::Signal;
use serde_json::Value;

use crate::it::sandbox::{Running, Sandbox, eventually, port, signal};
use crate::script::Service;

pub(crate) struct Program {
    pub(crate) config: String,
    sandbox: Sandbox,
    up: Running,
    /// Other commands, some of which wait until a service is ready.
    commands: Vec<Running>,
    /// What ends the run, and the code that `up` then ends with.
    ended_by: Option<i32>,
}

/// Services and the states they came into, one after another.
type States = BTreeMap<String, Vec<String>>;

impl Program {
    pub(crate) fn start(services: &[Service]) -> Program {
        let config: String = services.iter().map(|service| service.config(port())).collect();
        let sandbox = Sandbox::new(&config);
        let up = sandbox.start(&["up", "--format", "json"]);
        Program {
            config,
            sandbox,
            up,
            commands: Vec::new(),
            ended_by: None,
        }
    }

    /// `machine` is where it was before.
    pub(crate) fn happen(&mut self, what: &SimulatedEvent, machine: &Simulation) {
        match what {
            SimulatedEvent::Opens(name) => self.tell(name, "opens", ""),
            SimulatedEvent::Exits(name, code) => self.tell(name, "exits", &code.to_string()),
            SimulatedEvent::IsKilled(name) => signal(self.pid(name), Signal::KILL),
            SimulatedEvent::FallsSick(name) => self.tell(name, "sick", ""),
            SimulatedEvent::GetsWell(name) => {
                std::fs::remove_file(self.sandbox.project().join(format!("{name}.sick"))).unwrap();
            }
            SimulatedEvent::Up(name) => self.command(&["up", name]),
            SimulatedEvent::Restart(name) => self.command(&["restart", name]),
            SimulatedEvent::Down(name) => {
                let mut others = machine.told().iter().filter(|(other, _)| other != name);
                let is_over = |other: &str| matches!(machine.state(other), "exited" | "failed" | "stopped");
                if others.all(|(other, _)| is_over(other)) {
                    self.ended_by = Some(0);
                }
                self.command(&["down", name]);
            }
            SimulatedEvent::DownAll => {
                self.ended_by = Some(0);
                self.command(&["down"]);
            }
            SimulatedEvent::Interrupt => {
                self.ended_by = Some(130);
                self.up.interrupt();
            }
        }
    }

    fn command(&mut self, words: &[&str]) {
        self.commands.push(self.sandbox.start(words));
    }

    /// The file is there as a whole or not at all.
    fn tell(&self, name: &str, what: &str, text: &str) {
        self.sandbox.write("told", text);
        let directory = self.sandbox.project();
        std::fs::rename(directory.join("told"), directory.join(format!("{name}.{what}"))).unwrap();
    }

    fn events(&self) -> Vec<Value> {
        let stdout = self.up.stdout();
        // The last line may not be whole yet.
        stdout
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn states(&self) -> States {
        let mut states = States::new();
        for event in self.events().iter().filter(|event| event["event"] == "state") {
            let text = |key: &str| event[key].as_str().unwrap().to_owned();
            states.entry(text("service")).or_default().push(text("state"));
        }
        states
    }

    fn pid(&self, name: &str) -> u32 {
        let events = self.events();
        let pid = events.iter().rev().find_map(|event| {
            let is_it = event["event"] == "state" && event["service"] == name;
            is_it.then(|| event["pid"].as_u64()).flatten()
        });
        u32::try_from(pid.unwrap()).unwrap()
    }

    /// Waits until every service has gone through what the machine foretells.
    #[track_caller]
    pub(crate) fn arrives(&self, machine: &Simulation, script: &[String]) {
        let mut foretold = States::new();
        for (service, state) in machine.told() {
            foretold.entry(service.clone()).or_default().push((*state).to_owned());
        }
        eventually(
            || {
                let (seen, said) = (self.states(), self.up.stderr());
                let script = script.join("\n");
                format!("these states\n{foretold:#?}\ninstead of\n{seen:#?}\nin\n{script}\n{said}")
            },
            || self.states() == foretold,
        );
    }

    /// The end of the script is the end of the run; nothing may follow that was not foretold, and nobody hangs.
    #[track_caller]
    pub(crate) fn ends(mut self, machine: &mut Simulation, script: &mut Vec<String>) {
        if !machine.is_over() {
            script.push("the end".to_owned());
            self.happen(&SimulatedEvent::DownAll, machine);
            machine.happen(&SimulatedEvent::DownAll);
        }
        self.arrives(machine, script);
        let code = self.ended_by.unwrap_or(machine.exit());
        eventually(
            || format!("the end of `up` in\n{}\n{}", script.join("\n"), self.up.stderr()),
            || self.up.has_ended(),
        );
        self.arrives(machine, script);
        let ended = self.up.wait();
        assert_eq!(ended.code, Some(code), "{}\n{ended:?}", script.join("\n"));
        for command in self.commands {
            command.wait();
        }
        self.sandbox.nothing_is_left();
    }
}

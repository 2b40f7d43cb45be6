//! Random stacks, and what may happen to one in the state it is in.

use std::fmt::Write;

use devtasks::simulation::{SimulatedEvent, Simulation};

use crate::random::Random;

pub(crate) struct Service {
    pub(crate) name: String,
    /// A port, with a health check or without; else it is ready when it was spawned.
    pub(crate) has_port: bool,
    pub(crate) is_checked: bool,
    restart: &'static str,
    depends_on: String,
}

pub(crate) fn services(random: &mut Random) -> Vec<Service> {
    let n_services = 1 + random.below(4);
    let service = |n: usize| {
        let has_port = random.chance(75);
        let mut depends_on = String::new();
        for other in 0..n {
            if random.chance(40) {
                let how = random.pick(&["\"healthy\"", "\"started\"", "{ restart = true }", "{ restart = true }"]);
                let _ = write!(depends_on, "s{other} = {how}, ");
            }
        }
        Service {
            name: format!("s{n}"),
            has_port,
            is_checked: has_port && random.chance(50),
            restart: random.pick(&["no", "no", "on-failure", "always"]),
            depends_on,
        }
    };
    (0..n_services).map(service).collect()
}

impl Service {
    /// Its table, where it is told by files what to do. `SERVICE` is the fixture.
    pub(crate) fn config(&self, port: u16) -> String {
        let Service {
            name,
            restart,
            depends_on,
            ..
        } = self;
        let listen = match self.has_port {
            true => format!("--wait-for {name}.opens --listen 127.0.0.1:{port} --http --sick-while {name}.sick"),
            false => String::new(),
        };
        let port = match self.has_port {
            true => format!("port = {port}\n"),
            false => String::new(),
        };
        let health = match self.is_checked {
            true => "healthcheck = { http = \"/\", interval = \"20ms\", retries = 2 }\n",
            false => "",
        };
        format!(
            "[services.{name}]\ncommand = \"SERVICE --exit-with {name}.exits {listen}\"\n{port}{health}\
             restart = \"{restart}\"\ndepends_on = {{ {depends_on} }}\n"
        )
    }
}

/// One of those that may happen now.
pub(crate) fn happening(services: &[Service], machine: &Simulation, random: &mut Random) -> SimulatedEvent {
    let mut all = Vec::new();
    for service in services {
        let name = || service.name.clone();
        let runs = matches!(machine.state(&service.name), "starting" | "ready" | "unhealthy");
        if runs && service.has_port && machine.is_closed(&service.name) {
            // What starts is more often ready than not.
            all.extend([
                SimulatedEvent::Opens(name()),
                SimulatedEvent::Opens(name()),
                SimulatedEvent::Opens(name()),
            ]);
        }
        if runs {
            let code = random.pick(&[0, 1, 3]);
            all.extend([SimulatedEvent::Exits(name(), code), SimulatedEvent::IsKilled(name())]);
        }
        if runs && service.is_checked && !machine.is_closed(&service.name) {
            all.push(match machine.is_sick(&service.name) {
                true => SimulatedEvent::GetsWell(name()),
                false => SimulatedEvent::FallsSick(name()),
            });
        }
        // A command that changes nothing could come after the next happening: nobody sees when it was taken in.
        match machine.state(&service.name) {
            "exited" | "failed" | "stopped" => {
                all.extend([SimulatedEvent::Up(name()), SimulatedEvent::Restart(name())])
            }
            "waiting" => all.push(SimulatedEvent::Down(name())),
            _ => all.extend([SimulatedEvent::Down(name()), SimulatedEvent::Restart(name())]),
        }
    }
    if random.chance(10) {
        all.push(SimulatedEvent::DownAll);
        all.push(SimulatedEvent::Interrupt);
    }
    all.swap_remove(random.below(all.len()))
}

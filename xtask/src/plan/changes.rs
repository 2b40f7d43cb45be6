//! What an edit changed: compares a service as it was started with the same service in the new plan.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use serde::Serialize;

use super::{Port, Service};

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SettingChange {
    /// The name in the file, such as `command`, `port` or `environment.LOG_LEVEL`.
    pub(crate) setting: String,
    /// Both values, if they are short and not secret.
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

/// All changes that require a restart of `running` to become `planned`; `all` are the services planned with it.
///
/// Of the environment only variables that the project sets are compared, because the rest differs between terminals.
/// The port of a dependent is not a change, because no service connects to its dependents. Port changes do not repeat a
/// task; if it uses a port, its command or environment changes too.
pub(crate) fn changes(running: &Service, planned: &Service, all: &[Service]) -> Vec<SettingChange> {
    // All fields are listed, so that a new one must be compared, or named here if it needs no restart.
    let Service {
        name: _,
        place: _,
        task,
        runs,
        command,
        working_dir,
        working_dir_place: _,
        environment: _,
        own_variables: _,
        from_env_files: _,
        env_files: _,
        venv: _,
        ports,
        // What refers to the URL has another environment or command then.
        scheme: _,
        depends_on: _,
        restarts_with: _,
        health: _,
        start_period: _,
        stdin,
        // It is looked at before the next start.
        pidfile: _,
        tty,
        listen,
        restart,
        stop_signal,
        stop_grace_period,
        watch: _,
    } = planned;
    let mut changes = Changes(Vec::new());
    changes.compare("task", &running.task, task);
    let was = (&running.runs, &running.command.words);
    changes.compare("command", &was, &(runs, &command.words));
    changes.compare("working_dir", &running.working_dir, working_dir);
    let venv = |service: &Service| service.venv.as_ref().map(|venv| venv.path.clone());
    changes.compare("venv", &venv(running), &venv(planned));
    changes.ports(&running.ports, ports);
    changes.environment(running, planned, all);
    let needs = |service: &Service| (service.depends_on.clone(), service.restarts_with.clone());
    changes.compare("depends_on", &needs(running), &needs(planned));
    let health = |service: &Service| (service.health.clone(), service.start_period);
    changes.compare("healthcheck", &health(running), &health(planned));
    changes.compare("stdin", &running.stdin, stdin);
    changes.compare("tty", &running.tty, tty);
    changes.compare("listen", &running.listen, listen);
    changes.compare("restart", &running.restart, restart);
    changes.compare("stop_signal", &running.stop_signal, stop_signal);
    changes.compare("stop_grace_period", &running.stop_grace_period, stop_grace_period);
    let globs = |service: &Service| service.watch.as_ref().map(|watch| watch.globs.clone());
    changes.compare("watch", &globs(running), &globs(planned));
    changes.0
}

struct Changes(Vec<SettingChange>);

impl Changes {
    fn compare<T: PartialEq>(&mut self, setting: &str, running: &T, planned: &T) {
        if running != planned {
            self.add(setting.to_owned(), None, None);
        }
    }

    fn add(&mut self, setting: String, from: Option<String>, to: Option<String>) {
        self.0.push(SettingChange { setting, from, to });
    }

    fn ports(&mut self, running: &[Port], planned: &[Port]) {
        let find = |ports: &[Port], key: &str| ports.iter().find(|port| port.key == key).map(display_port);
        let is_one = |ports: &[Port]| ports.len() == 1;
        let setting = |key: &str| match is_one(running) && is_one(planned) {
            true => "port".to_owned(),
            false => format!("ports.{key}"),
        };
        let keys: BTreeSet<&str> = running.iter().chain(planned).map(|port| port.key.as_str()).collect();
        let before = self.0.len();
        for key in keys {
            let (from, to) = (find(running, key), find(planned, key));
            if from != to {
                self.add(setting(key), from, to);
            }
        }
        // The same ports in another order: the main port changed.
        let main = |ports: &[Port]| ports.first().map(|port| port.key.clone());
        if self.0.len() == before && main(running) != main(planned) {
            self.add("ports".to_owned(), main(running), main(planned));
        }
    }

    fn environment(&mut self, running: &Service, planned: &Service, all: &[Service]) {
        let own_ports = planned.ports.iter().chain(&running.ports);
        let others = match planned.task {
            true => all.iter().collect(),
            false => dependents(&planned.name, all),
        };
        let told: BTreeSet<&OsStr> = own_ports
            .chain(others.into_iter().flat_map(|it| &it.ports))
            .filter_map(|port| port.variable.as_deref())
            .map(OsStr::new)
            .collect();
        for name in running.own_variables.union(&planned.own_variables) {
            let differs = running.environment.get(name) != planned.environment.get(name);
            if differs && !told.contains(name.as_os_str()) {
                self.add(format!("environment.{}", name.to_string_lossy()), None, None);
            }
        }
    }
}

/// All services that depend on `name`, directly or indirectly.
fn dependents<'a>(name: &str, all: &'a [Service]) -> Vec<&'a Service> {
    let mut found: Vec<&Service> = Vec::new();
    let mut left = vec![name];
    while let Some(name) = left.pop() {
        let needs_it = |it: &&Service| it.depends_on.iter().any(|(needed, _)| needed == name);
        for dependent in all.iter().filter(needs_it) {
            if found.iter().all(|it| it.name != dependent.name) {
                found.push(dependent);
                left.push(&dependent.name);
            }
        }
    }
    found
}

fn display_port(port: &Port) -> String {
    let number = match port.host {
        Some(host) => std::net::SocketAddr::new(host, port.number).to_string(),
        None => port.number.to_string(),
    };
    match port.protocol {
        super::Protocol::Tcp => number,
        super::Protocol::Udp => format!("{number}/udp"),
    }
}

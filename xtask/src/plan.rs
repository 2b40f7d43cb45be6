//! Config and what was asked → [`Plan`]: which services, in which order, with which command, environment, ports and
//! venv.
//!
//! A plan is complete: whoever runs it asks nothing else. It can be sent to the running supervisor as JSON.

mod allocation;
mod changes;
mod draft;
mod env_files;
mod environment;
mod literals;
mod ports;
mod scope;
mod selection;
mod services;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Config;
pub(crate) use crate::config::{Condition, OnConflict, OnExit, Protocol, PythonVersions, Restart, Stdin, StopSignal};
use crate::diagnostic::{Diagnostic, Place};
pub(crate) use allocation::{
    Allocation, DeclaredNumber, DeclaredPort, PortId, RegistryView, Requirement, Reservation, allocate,
};
pub(crate) use changes::{SettingChange, changes};
pub(crate) use draft::{Draft, draft};
pub(crate) use environment::{Environment, bin, without_cargo};
pub(crate) use selection::{Selection, unknown};

/// What planning needs from outside. Which files matter depends on variables, and these depend on other files. So files
/// are read as planning goes, by functions that `run::project` gives and a test writes down.
#[derive(Clone, Copy)]
pub(crate) struct PlanInputs<'a> {
    /// The project's directory, canonical.
    pub(crate) checkout: &'a Path,
    /// The environment that the command was called in, without what cargo adds.
    pub(crate) calling: &'a Environment,
    /// The bytes of an env file; `None` if it is missing.
    pub(crate) read: &'a ReadFile<'a>,
    /// The nearest venv from the first directory upward to the second.
    pub(crate) nearest_venv: &'a dyn Fn(&Path, &Path) -> Option<PathBuf>,
    /// The base of an `auto` port that the file gives none, by the name of the project and the port.
    pub(crate) default_base: &'a dyn Fn(&str, &PortId) -> u16,
}

type ReadFile<'a> = dyn Fn(&Path) -> Option<Result<Vec<u8>, Diagnostic>> + 'a;

/// The project's name, or that of its directory.
pub(crate) fn project_name(config: &Config, checkout: &Path) -> String {
    let directory = || {
        checkout
            .file_name()
            .map_or("project".into(), |name| name.to_string_lossy().into_owned())
    };
    config.project.name.clone().unwrap_or_else(directory)
}

/// What `up` is going to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) project: String,
    /// The project's directory, canonical.
    pub(crate) checkout: PathBuf,
    pub(crate) on_exit: OnExit,
    /// Dependencies stand before their dependents; otherwise in the order of the file.
    pub(crate) services: Vec<Service>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// It runs to its end, once.
    pub(crate) task: bool,
    pub(crate) place: Place,
    pub(crate) command: Command,
    /// Absolute.
    pub(crate) working_dir: PathBuf,
    /// Where `working_dir` was written, or the service itself.
    pub(crate) working_dir_place: Place,
    /// All of it: nothing else reaches the process but the tags of the run.
    #[serde(with = "environment::as_list")]
    pub(crate) environment: Environment,
    /// The variables in it that the project sets, whatever else `up` was called with.
    pub(crate) own_variables: BTreeSet<OsString>,
    /// The project's, if they were named, then its own.
    pub(crate) env_files: Vec<EnvFile>,
    pub(crate) venv: Option<Venv>,
    /// The first is the main one.
    pub(crate) ports: Vec<Port>,
    pub(crate) depends_on: Vec<(String, Condition)>,
    /// Those of its dependencies that it is restarted with.
    pub(crate) restarts_with: Vec<String>,
    pub(crate) health: Option<Health>,
    pub(crate) start_period: Duration,
    pub(crate) stdin: Stdin,
    /// A terminal is all three of its standard streams.
    pub(crate) tty: bool,
    /// Its sockets are opened for it and handed over.
    pub(crate) listen: bool,
    pub(crate) restart: Restart,
    pub(crate) stop_signal: StopSignal,
    pub(crate) stop_grace_period: Duration,
}

/// A command line without variables, never empty. A shell's is `["sh", "-c", TEXT]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) words: Vec<String>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EnvFile {
    /// Absolute.
    pub(crate) path: PathBuf,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Venv {
    /// The name of its `[venvs.NAME]`; `None` when found by `venv = "auto"`.
    pub(crate) name: Option<String>,
    /// Absolute.
    pub(crate) path: PathBuf,
    pub(crate) python: Option<PythonVersions>,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Port {
    pub(crate) key: String,
    pub(crate) number: u16,
    #[serde(default)]
    pub(crate) origin: Origin,
    /// `None`: preflight asks for 127.0.0.1, and any local address counts as listening.
    pub(crate) host: Option<IpAddr>,
    pub(crate) protocol: Protocol,
    pub(crate) on_conflict: OnConflict,
    /// The variable that sets it: `BACKEND_PORT` in `"${BACKEND_PORT:-8000}"`.
    pub(crate) variable: Option<String>,
    pub(crate) place: Place,
}

/// How a port came to its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// It stands in the file, or in a variable.
    #[default]
    Declared,
    Auto,
    /// `from` was taken, and `on_conflict` was `next`.
    Moved {
        from: u16,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Health {
    pub(crate) check: Check,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Check {
    /// `GET` of a path at the main port.
    HttpPath(String),
    /// `GET` of a whole URL.
    HttpUrl(String),
    Tcp,
    Command(Vec<String>),
}

impl Plan {
    pub(crate) fn port(&self, id: &PortId) -> Option<(&Service, &Port)> {
        let service = self.services.iter().find(|it| it.name == id.service)?;
        let port = service.ports.iter().find(|it| it.key == id.key)?;
        Some((service, port))
    }

    /// The port has moved, and its service does not say the declared number by itself.
    pub(crate) fn follows(&self, id: &PortId) -> bool {
        self.port(id).is_some_and(|(service, port)| match port.origin {
            Origin::Moved { from } => service.names(from).is_none(),
            Origin::Declared | Origin::Auto => false,
        })
    }
}

impl Service {
    /// `http://127.0.0.1:8000`: where a person or another service reaches the main port; `None` without a TCP port.
    pub(crate) fn url(&self) -> Option<String> {
        url(&self.ports)
    }

    /// By which variable its own command names a port.
    pub(crate) fn variable_of(&self, port: &Port) -> String {
        let is_main = self.ports.first().is_some_and(|main| main.key == port.key);
        let own = || match is_main {
            true => "PORT".to_owned(),
            false => services::own_variable(&port.key),
        };
        port.variable.clone().unwrap_or_else(own)
    }
}

/// That of the main port, if it speaks TCP.
fn url(ports: &[Port]) -> Option<String> {
    let main = ports.first().filter(|port| port.protocol == Protocol::Tcp)?;
    Some(main.url())
}

impl Port {
    pub(crate) fn url(&self) -> String {
        match self.host {
            Some(IpAddr::V6(host)) if !host.is_unspecified() => format!("http://[{host}]:{}", self.number),
            Some(IpAddr::V4(host)) if !host.is_unspecified() => format!("http://{host}:{}", self.number),
            Some(IpAddr::V6(_)) => format!("http://[::1]:{}", self.number),
            Some(IpAddr::V4(_)) | None => format!("http://127.0.0.1:{}", self.number),
        }
    }
}

#[cfg(test)]
mod tests;

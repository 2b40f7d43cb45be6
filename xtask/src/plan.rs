//! Config and request → [`Plan`]: which services, in which order, with which command, environment, ports and venv.
//!
//! A plan is complete: running it needs no other input. It can be sent to the running supervisor as JSON.

mod allocation;
mod changes;
mod draft;
mod env_files;
mod environment;
mod literals;
mod metrics;
mod paths;
#[cfg(test)]
pub(crate) mod planned;
mod ports;
mod scheme;
mod scope;
mod selection;
mod services;
mod venvs;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{self, Config};
pub(crate) use crate::config::{
    Condition, LogTarget, OnConflict, OnExit, Protocol, Restart, ShellSyntax, Stdin, StopSignal, Versions,
};
use crate::diagnostic::{Diagnostic, Place};
pub(crate) use allocation::{
    Allocation, DeclaredNumber, DeclaredPort, PortId, RegistryView, Requirement, Reservation, allocate,
};
pub(crate) use changes::{SettingChange, changes};
pub(crate) use draft::{Draft, draft};
pub(crate) use env_files::Elsewhere;
pub(crate) use environment::{Environment, EnvironmentChange, bin, interpreter_of, with_plain_path, without_cargo};
pub(crate) use paths::seen_from;
pub(crate) use scheme::Scheme;
pub(crate) use selection::{Selection, unknown};
pub(crate) use services::own_variable;

/// Inputs from outside the config. Which files are read depends on variables, which depend on other files. So files are
/// read during planning, by functions that `run::project` or a test provides.
#[derive(Clone, Copy)]
pub(crate) struct PlanInputs<'a> {
    /// The project's directory, canonical.
    pub(crate) checkout: &'a Path,
    /// The environment of the command, without the variables that cargo adds.
    pub(crate) calling: &'a Environment,
    /// The bytes of an env file; `None` if it is missing.
    pub(crate) read: &'a ReadFile<'a>,
    /// A file in the main checkout that is missing in the second, a worktree.
    pub(crate) in_main: &'a dyn Fn(&Path, &Path) -> Option<PathBuf>,
    /// The nearest venv from the first directory upward to the second.
    pub(crate) nearest_venv: &'a dyn Fn(&Path, &Path) -> Option<PathBuf>,
    /// The base of an `auto` port without a base in the file, by project and port.
    pub(crate) default_base: &'a dyn Fn(&str, &PortId) -> u16,
    /// Where the others reach a service: [`on_this_machine`], unless each has a host of its own.
    pub(crate) address: &'a dyn Fn(&config::Service, &Port) -> String,
}

/// The address of a port for a client on this machine: `127.0.0.1:8000`.
pub(crate) fn on_this_machine(_: &config::Service, port: &Port) -> String {
    port.address().to_string()
}

type ReadFile<'a> = dyn Fn(&Path) -> Option<Result<Vec<u8>, Diagnostic>> + 'a;

/// The configured name of the project, or that of its directory.
pub(crate) fn project_name(config: &Config, checkout: &Path) -> String {
    let directory = || {
        checkout
            .file_name()
            .map_or("project".into(), |name| name.to_string_lossy().into_owned())
    };
    config.project.name.clone().unwrap_or_else(directory)
}

/// What `up` will run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) project: String,
    /// The project's directory, canonical.
    pub(crate) checkout: PathBuf,
    pub(crate) on_exit: OnExit,
    /// Files are absolute.
    pub(crate) log_export: Vec<LogTarget>,
    /// Dependencies come before their dependents; otherwise in file order.
    pub(crate) services: Vec<Service>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// It runs to completion.
    pub(crate) task: bool,
    pub(crate) place: Place,
    pub(crate) runs: Runs,
    /// Without words unless it is [`Runs::Command`].
    pub(crate) command: Command,
    /// Absolute.
    pub(crate) working_dir: PathBuf,
    /// The position of `working_dir`, or of the service itself.
    pub(crate) working_dir_place: Place,
    /// The complete environment of the process, except for the run's tags.
    #[serde(with = "environment::as_list")]
    pub(crate) environment: Environment,
    /// The variables in it that the project sets, independent of the caller's environment.
    pub(crate) own_variables: BTreeSet<OsString>,
    /// Those of them that have the value of an env file.
    #[serde(default)]
    pub(crate) from_env_files: BTreeSet<OsString>,
    /// The project's env files, if listed, then the service's own.
    pub(crate) env_files: Vec<EnvFile>,
    pub(crate) venv: Option<Venv>,
    /// The first is the main one.
    pub(crate) ports: Vec<Port>,
    /// Of the main port's URL; `None` if it has no URL.
    #[serde(default)]
    pub(crate) scheme: Option<Scheme>,
    pub(crate) depends_on: Vec<(String, Condition)>,
    /// The dependencies that it is restarted with.
    pub(crate) restarts_with: Vec<String>,
    pub(crate) health: Option<Health>,
    pub(crate) start_period: Duration,
    pub(crate) stdin: Stdin,
    /// Absolute.
    #[serde(default)]
    pub(crate) pidfile: Option<PathBuf>,
    /// All three standard streams are a terminal.
    pub(crate) tty: bool,
    /// The supervisor opens its sockets and passes them on.
    pub(crate) listen: bool,
    pub(crate) restart: Restart,
    pub(crate) stop_signal: StopSignal,
    pub(crate) stop_grace_period: Duration,
    #[serde(default)]
    pub(crate) watch: Option<Watch>,
}

/// The files whose change restarts a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// Relative to the working directory; at least one.
    pub(crate) globs: Vec<String>,
    pub(crate) place: Place,
}

/// What a service consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Runs {
    /// Its command, as a child of the supervisor.
    Command,
    /// A container that Compose starts.
    Compose(ComposeService),
    /// Whatever somebody else has started.
    External,
}

/// A service of a Compose file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ComposeService {
    pub(crate) name: String,
    /// Absolute. `None`: Compose looks for it in the project's directory.
    pub(crate) file: Option<PathBuf>,
    /// How long its container may take to stop; `None` leaves it to the Compose file.
    pub(crate) stop_timeout: Option<Duration>,
}

/// A command line without variables. A shell command is `["sh", "-c", TEXT]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) words: Vec<String>,
    #[serde(default)]
    pub(crate) is_for_shell: bool,
    #[serde(default)]
    pub(crate) shell_syntax: Option<ShellSyntax>,
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
    /// The name of its `[venvs.NAME]`; `None` if found by `venv = "auto"`.
    pub(crate) name: Option<String>,
    /// Absolute.
    pub(crate) path: PathBuf,
    pub(crate) python: Option<Versions>,
    #[serde(default)]
    pub(crate) inputs: VenvInputs,
    /// Whether `up` creates and updates it.
    #[serde(default)]
    pub(crate) sync: bool,
    pub(crate) place: Place,
}

/// What is installed into a venv. Paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum VenvInputs {
    /// `devtasks.toml` does not say.
    #[default]
    Unknown,
    /// Requirement files.
    Requirements(Vec<PathBuf>),
    /// A directory with a `pyproject.toml` or a lock file.
    Project(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Port {
    pub(crate) key: String,
    pub(crate) number: u16,
    #[serde(default)]
    pub(crate) origin: Origin,
    /// If `None`, preflight checks 127.0.0.1, and any local address counts as listening.
    pub(crate) host: Option<IpAddr>,
    pub(crate) protocol: Protocol,
    pub(crate) on_conflict: OnConflict,
    /// The variable that sets it: `BACKEND_PORT` in `"${BACKEND_PORT:-8000}"`.
    pub(crate) variable: Option<String>,
    pub(crate) place: Place,
}

/// Where a port number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// From the file or a variable.
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

impl Command {
    /// `python -m MODULE`, also of a module within it.
    pub(crate) fn runs_module(&self, module: &str) -> bool {
        let is_it = |name: &str| name.split('.').next() == Some(module);
        self.words.windows(2).any(|pair| pair[0] == "-m" && is_it(&pair[1]))
    }

    /// The words, and those within a word that is a command line for a shell: `sh`, `-c`, `npm`, `start`.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.words.iter().flat_map(|word| word.split_whitespace()).collect()
    }

    /// Adds words at the end; a shell gets them quoted.
    pub(crate) fn append(&mut self, words: &[String]) {
        match self.words.last_mut() {
            Some(text) if self.is_for_shell && !words.is_empty() => {
                *text = format!("{text} {}", shell_words::join(words));
            }
            Some(_) | None => self.words.extend_from_slice(words),
        }
    }
}

impl ComposeService {
    /// The argument of `stop --timeout`, in whole seconds.
    pub(crate) fn stop_timeout_seconds(&self) -> Option<String> {
        let seconds = |timeout: Duration| timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        self.stop_timeout.map(|timeout| seconds(timeout).to_string())
    }
}

impl Plan {
    /// The venv of each service that has one.
    pub(crate) fn venvs(&self) -> impl Iterator<Item = &Venv> {
        self.services.iter().filter_map(|service| service.venv.as_ref())
    }

    /// What the service depends on, in the order of the file.
    pub(crate) fn dependencies<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = (&'a Service, Condition)> {
        let known = |name: &str| self.services.iter().find(|it| it.name == *name);
        let dependencies = service.depends_on.iter();
        dependencies.map(move |(name, condition)| {
            let dependency = known(name).expect("a plan has the dependencies of its services");
            (dependency, *condition)
        })
    }

    /// What depends on the service itself, in start order.
    pub(crate) fn dependents<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a Service> {
        let needs = |other: &&Service| other.depends_on.iter().any(|(name, _)| *name == service.name);
        self.services.iter().filter(needs)
    }

    pub(crate) fn port(&self, id: &PortId) -> Option<(&Service, &Port)> {
        let service = self.services.iter().find(|it| it.name == id.service)?;
        let port = service.ports.iter().find(|it| it.key == id.key)?;
        Some((service, port))
    }

    /// The port was reassigned, and its service does not use the declared number literally.
    pub(crate) fn follows(&self, id: &PortId) -> bool {
        self.port(id).is_some_and(|(service, port)| match port.origin {
            Origin::Moved { from } => service.names(from).is_none(),
            Origin::Declared | Origin::Auto => false,
        })
    }
}

impl Service {
    /// The URL of the main port for a browser, such as `http://127.0.0.1:8000`.
    pub(crate) fn url(&self) -> Option<String> {
        self.url_at(self.ports.first()?.address())
    }

    /// The same if it listens at another address, such as `[::1]:8000`.
    pub(crate) fn url_at(&self, address: impl Display) -> Option<String> {
        let scheme = self.scheme.as_ref().filter(|scheme| scheme.is_for_browsers())?;
        Some(format!("{}://{address}", scheme.name))
    }

    /// The variable by which the service's own command can refer to a port.
    pub(crate) fn variable_of(&self, port: &Port) -> String {
        let is_main = self.ports.first().is_some_and(|main| main.key == port.key);
        let own = || match is_main {
            true => "PORT".to_owned(),
            false => own_variable(&port.key),
        };
        port.variable.clone().unwrap_or_else(own)
    }
}

impl Port {
    /// Where a client on this machine connects: `127.0.0.1:8000`.
    pub(crate) fn address(&self) -> SocketAddr {
        let host = match self.host {
            Some(host) if !host.is_unspecified() => host,
            Some(IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
            Some(IpAddr::V4(_)) | None => Ipv4Addr::LOCALHOST.into(),
        };
        SocketAddr::new(host, self.number)
    }

    /// The number before it moved.
    pub(crate) fn declared(&self) -> u16 {
        match self.origin {
            Origin::Moved { from } => from,
            Origin::Declared | Origin::Auto => self.number,
        }
    }
}

#[cfg(test)]
mod tests;

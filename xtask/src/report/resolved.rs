//! The resolved configuration, as `config` prints it: every variable filled in, every port a number, secrets masked.

mod secrets;
mod toml;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::secrets::hidden;
use super::environment::shown;
use super::json::{self, milliseconds};
use crate::config::{self, Config, ContainerSettings, LogTarget, Template};
use crate::plan::{self, Check, Origin, Plan, Port, Runs, Venv, VenvInputs};
use crate::process::secrets::{is_secret, mask};

/// What `config` shows. Paths are absolute.
pub(crate) struct Resolved<'a> {
    pub(crate) config: &'a Config,
    /// Of every service and task of the file.
    pub(crate) plan: &'a Plan,
    pub(crate) file: &'a Path,
    /// Those of the project: the listed ones, or `.env` if it is there.
    pub(crate) env_files: Vec<PathBuf>,
    /// Every venv of the file, perhaps with more that services find.
    pub(crate) venvs: &'a [Venv],
    pub(crate) metrics: Option<SocketAddr>,
    /// Also the values of secrets.
    pub(crate) reveal: bool,
}

impl Resolved<'_> {
    /// One JSON document.
    pub(crate) fn json(&self) -> String {
        json::line(&self.document())
    }

    /// A `devtasks.toml` that means the same in this directory; what is left out is the default.
    pub(crate) fn toml(&self) -> String {
        toml::text(&self.document())
    }

    fn document(&self) -> Document<'_> {
        Document {
            schema_version: json::SCHEMA_VERSION,
            project: &self.plan.project,
            checkout: &self.plan.checkout,
            file: self.file,
            env_files: &self.env_files,
            requires: self.config.project.requires.as_ref().map(|it| it.text.as_str()),
            on_exit: self.plan.on_exit.name(),
            metrics: self.metrics,
            log_export: self.plan.log_export.iter().map(|it| self.log_export(it)).collect(),
            venvs: self.venvs.iter().filter_map(venv).collect(),
            services: self.config.services.iter().filter_map(|it| self.service(it)).collect(),
            export: Export {
                root: self.config.export.root.as_ref().map(|root| root.value.as_str()),
                user: self.config.export.user.as_ref().map(|user| user.value.as_str()),
                compose: containers(&self.config.export.compose),
                kubernetes: containers(&self.config.export.kubernetes),
            },
        }
    }

    fn service<'a>(&'a self, written: &'a config::Service) -> Option<Service<'a>> {
        let planned = self.plan.services.iter().find(|it| it.name == written.name)?;
        let health = written.healthcheck.as_ref().map(|it| self.healthcheck(it, planned));
        let grace = match &written.runs {
            config::Runs::Compose(compose) => compose.stop_timeout,
            config::Runs::Command(_) | config::Runs::External(_) => Some(written.stop_grace_period),
        };
        let (n_project_files, all_files) = (self.listed_files().len(), &planned.env_files);
        Some(Service {
            name: &written.name,
            task: written.task,
            command: match &written.runs {
                config::Runs::Command(command) => Some(self.command(&command.value, &planned.command.words, planned)),
                config::Runs::Compose(_) | config::Runs::External(_) => None,
            },
            shell: planned.command.is_for_shell,
            compose: match &planned.runs {
                Runs::Compose(compose) => Some(&compose.name),
                Runs::Command | Runs::External => None,
            },
            compose_file: match &planned.runs {
                Runs::Compose(compose) => compose.file.as_deref(),
                Runs::Command | Runs::External => None,
            },
            external: planned.runs == Runs::External,
            working_dir: &planned.working_dir,
            venv: planned.venv.as_ref().map(|venv| VenvOf {
                name: venv.name.as_deref(),
                path: &venv.path,
            }),
            ports: planned.ports.iter().map(port).collect(),
            scheme: planned.scheme.as_ref().map(|scheme| scheme.name.as_str()),
            url: planned.url(),
            environment: self.environment(written, planned),
            env_files: all_files.iter().skip(n_project_files).map(|it| &*it.path).collect(),
            depends_on: written.depends_on.iter().map(dependency).collect(),
            healthcheck: health,
            stdin: written.stdin.name(),
            tty: written.tty,
            listen: written.listen,
            restart: written.restart.name(),
            stop_signal: written.stop_signal.name(),
            stop_grace_period: grace.map(milliseconds),
            on_conflict: written.on_conflict.name(),
            watch: written.watch.as_ref().map_or(&[], |watch| &watch.value),
            profiles: &written.profiles,
            pidfile: planned.pidfile.as_deref(),
            has_scheme: written.scheme.is_some(),
            finds_venv: matches!(written.venv, config::VenvChoice::Auto(_)),
        })
    }

    fn healthcheck(&self, written: &config::Healthcheck, planned: &plan::Service) -> Healthcheck {
        let check = written.check.as_ref().zip(planned.health.as_ref());
        let check = check.map(|(written, planned)| (written, &planned.check));
        Healthcheck {
            http: match check {
                Some((config::Check::Http(written), Check::HttpPath(target) | Check::HttpUrl(target))) => Some(
                    self.words(&[&written.value], std::slice::from_ref(target), planned)
                        .remove(0),
                ),
                Some(_) | None => None,
            },
            tcp: matches!(check, Some((config::Check::Tcp, _))),
            command: match check {
                Some((config::Check::Command(written), Check::Command(words))) => {
                    Some(self.command(&written.value, words, planned))
                }
                Some(_) | None => None,
            },
            interval: milliseconds(written.interval),
            timeout: milliseconds(written.timeout),
            retries: written.retries,
            start_period: milliseconds(written.start_period),
        }
    }

    /// The project's env files that `[project]` lists; a plan has them in front of a service's own.
    fn listed_files(&self) -> &[config::Located<String>] {
        self.config.project.env_file.as_deref().unwrap_or_default()
    }

    /// What `environment` says, and the variables that name ports. Env files have the rest.
    fn environment(&self, written: &config::Service, planned: &plan::Service) -> BTreeMap<String, String> {
        let of_ports = self.plan.services.iter().flat_map(|service| &service.ports);
        let of_ports = of_ports.filter_map(|port| Some((port.variable.as_deref()?, None)));
        let own = written.environment.iter();
        let own = own.map(|(name, value)| (name.as_str(), Some(&value.value)));
        let set = of_ports.chain(own).filter_map(|(name, template)| {
            let value = planned
                .environment
                .get(OsStr::new(name))?
                .to_string_lossy()
                .into_owned();
            let value = match template {
                Some(template) if !self.reveal && !is_secret(name) => hidden(template, &value, &planned.environment),
                Some(_) | None => value,
            };
            Some((name.to_owned(), shown(name, value, self.reveal)))
        });
        set.collect()
    }

    /// The words; of a command for a shell, its text.
    fn command(&self, written: &config::Command, filled: &[String], planned: &plan::Service) -> Vec<String> {
        match written {
            config::Command::Words { words, .. } => self.words(&words.iter().collect::<Vec<_>>(), filled, planned),
            config::Command::Shell(text) => self.words(&[text], &filled[filled.len() - 1..], planned),
        }
    }

    fn log_export(&self, target: &LogTarget) -> LogExport {
        let url = |url: String| match self.reveal {
            true => Some(url),
            false => Some(mask(&[url]).remove(0)),
        };
        let none = LogExport::default();
        match target {
            LogTarget::Otlp(otlp) => LogExport {
                otlp: url(otlp.clone()),
                ..none
            },
            LogTarget::Syslog(address) => LogExport {
                syslog: url(address.to_string()),
                ..none
            },
            LogTarget::Journald => LogExport { journald: true, ..none },
            LogTarget::File(path) => LogExport {
                file: Some(path.clone()),
                ..none
            },
        }
    }

    fn words(&self, written: &[&Template], filled: &[String], planned: &plan::Service) -> Vec<String> {
        if self.reveal {
            return filled.to_vec();
        }
        let pairs = written.iter().zip(filled);
        let words: Vec<String> = pairs
            .map(|(written, filled)| hidden(written, filled, &planned.environment))
            .collect();
        mask(&words)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    project: &'a str,
    checkout: &'a Path,
    file: &'a Path,
    env_files: &'a [PathBuf],
    requires: Option<&'a str>,
    on_exit: &'static str,
    metrics: Option<SocketAddr>,
    log_export: Vec<LogExport>,
    venvs: Vec<VenvDocument<'a>>,
    /// In file order, services before tasks.
    services: Vec<Service<'a>>,
    export: Export<'a>,
}

/// One of these is set.
#[derive(Serialize, Default)]
struct LogExport {
    otlp: Option<String>,
    syslog: Option<String>,
    journald: bool,
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct VenvDocument<'a> {
    name: &'a str,
    path: &'a Path,
    python: Option<&'a str>,
    requirements: &'a [PathBuf],
    project: Option<&'a Path>,
    sync: bool,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    task: bool,
    command: Option<Vec<String>>,
    /// `command` is one text for a shell.
    shell: bool,
    compose: Option<&'a str>,
    compose_file: Option<&'a Path>,
    external: bool,
    working_dir: &'a Path,
    venv: Option<VenvOf<'a>>,
    ports: Vec<PortDocument<'a>>,
    scheme: Option<&'a str>,
    url: Option<String>,
    environment: BTreeMap<String, String>,
    env_files: Vec<&'a Path>,
    depends_on: Vec<Dependency<'a>>,
    healthcheck: Option<Healthcheck>,
    stdin: &'static str,
    tty: bool,
    listen: bool,
    restart: &'static str,
    stop_signal: &'static str,
    stop_grace_period: Option<u64>,
    on_conflict: &'static str,
    watch: &'a [String],
    profiles: &'a [String],
    pidfile: Option<&'a Path>,
    #[serde(skip)]
    has_scheme: bool,
    #[serde(skip)]
    finds_venv: bool,
}

#[derive(Serialize)]
struct VenvOf<'a> {
    name: Option<&'a str>,
    path: &'a Path,
}

#[derive(Serialize)]
struct PortDocument<'a> {
    name: &'a str,
    number: u16,
    /// `declared`, `auto` or `moved`.
    origin: &'static str,
    variable: Option<&'a str>,
    host: Option<String>,
    protocol: &'static str,
    on_conflict: &'static str,
}

#[derive(Serialize)]
struct Dependency<'a> {
    name: &'a str,
    condition: &'static str,
    restart: bool,
}

/// Times are milliseconds.
#[derive(Serialize)]
struct Healthcheck {
    http: Option<String>,
    tcp: bool,
    command: Option<Vec<String>>,
    interval: u64,
    timeout: u64,
    retries: u32,
    start_period: u64,
}

#[derive(Serialize)]
struct Export<'a> {
    root: Option<&'a str>,
    user: Option<&'a str>,
    compose: Containers<'a>,
    kubernetes: Containers<'a>,
}

#[derive(Serialize)]
struct Containers<'a> {
    all: &'a config::ContainerOf,
    by_name: &'a BTreeMap<String, config::ContainerOf>,
}

fn containers(settings: &ContainerSettings) -> Containers<'_> {
    Containers {
        all: &settings.all,
        by_name: &settings.by_name,
    }
}

/// `None` if a service found it: then that service shows it.
fn venv(venv: &Venv) -> Option<VenvDocument<'_>> {
    Some(VenvDocument {
        name: venv.name.as_deref()?,
        path: &venv.path,
        python: venv.python.as_ref().map(|python| python.text.as_str()),
        requirements: match &venv.inputs {
            VenvInputs::Requirements(files) => files,
            VenvInputs::Unknown | VenvInputs::Project(_) => &[],
        },
        project: match &venv.inputs {
            VenvInputs::Project(directory) => Some(directory),
            VenvInputs::Unknown | VenvInputs::Requirements(_) => None,
        },
        sync: venv.sync,
    })
}

fn port(port: &Port) -> PortDocument<'_> {
    PortDocument {
        name: &port.key,
        number: port.number,
        origin: match port.origin {
            Origin::Declared => "declared",
            Origin::Auto => "auto",
            Origin::Moved { .. } => "moved",
        },
        variable: port.variable.as_deref(),
        host: port.host.map(|host| host.to_string()),
        protocol: port.protocol.name(),
        on_conflict: port.on_conflict.name(),
    }
}

fn dependency(dependency: &config::Dependency) -> Dependency<'_> {
    Dependency {
        name: &dependency.service.value,
        condition: dependency.condition.name(),
        restart: dependency.restart,
    }
}

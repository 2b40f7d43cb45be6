//! One service of the file → one of the plan: every template filled in, every path absolute.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::environment::activate;
use super::ports::Numbers;
use super::scope::{Pairs, Scope};
use super::{Check, Command, EnvFile, Environment, Health, PlanInputs, Port, Protocol, Service, Venv};
use crate::config::{self, Config, Located, Template, VenvChoice, dotenv};
use crate::diagnostic::{Diagnostic, Exit, Place};

/// The env files of the project, in their order.
pub(super) struct ProjectFiles {
    pairs: Vec<Pairs>,
    /// What every service's environment begins with: they and, above them, the calling environment.
    environment: Environment,
    /// Those that were named; `.env` without being named may be missing.
    named: Vec<EnvFile>,
    /// As the user would name the one that wins.
    settable: Option<String>,
}

impl ProjectFiles {
    pub(super) fn read(config: &Config, outside: &PlanInputs) -> Result<Self, Vec<Diagnostic>> {
        let mut files = ProjectFiles {
            pairs: Vec::new(),
            environment: Environment::new(),
            named: Vec::new(),
            settable: match &config.project.env_file {
                None => Some(".env".to_owned()),
                Some(named) => named.last().map(|file| file.value.clone()),
            },
        };
        let mut paths = Vec::new();
        match &config.project.env_file {
            None => paths.push(outside.checkout.join(".env")),
            Some(named) => {
                for file in named {
                    let path = absolute(outside, &file.value);
                    files.named.push(EnvFile {
                        path: path.clone(),
                        place: file.place.clone(),
                    });
                    paths.push(path);
                }
            }
        }
        let mut problems = Vec::new();
        for path in paths {
            let earlier: Vec<&Pairs> = files.pairs.iter().rev().collect();
            match pairs(&path, &earlier, outside) {
                Ok(pairs) => files.pairs.push(pairs),
                Err(more) => problems.extend(more),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        files.environment.extend(files.pairs.iter().flatten().map(os));
        files.environment.extend(outside.calling.clone());
        Ok(files)
    }

    /// The pairs of a service's own env files, one list for each.
    pub(super) fn of_service(
        &self,
        service: &config::Service,
        outside: &PlanInputs,
    ) -> Result<Vec<Pairs>, Vec<Diagnostic>> {
        let mut own: Vec<Pairs> = Vec::new();
        let mut problems = Vec::new();
        for file in self.paths(service, outside)? {
            match pairs(&file.path, &self.last_first(&own), outside) {
                Ok(pairs) => own.push(pairs),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(own) } else { Err(problems) }
    }

    /// Where a service's own env files are; their names may hold variables of the project's.
    fn paths(&self, service: &config::Service, outside: &PlanInputs) -> Result<Vec<EnvFile>, Vec<Diagnostic>> {
        let nothing = BTreeMap::new();
        let scope = Scope {
            exported: BTreeMap::new(),
            calling: outside.calling,
            files: self.last_first(&[]),
            addresses: &nothing,
            settable: self.settable(),
        };
        let mut files = Vec::new();
        let mut problems = Vec::new();
        for file in &service.env_file {
            match scope.fill(file) {
                Ok(path) => files.push(EnvFile {
                    path: absolute(outside, &path),
                    place: file.place.clone(),
                }),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }

    pub(super) fn settable(&self) -> Option<&str> {
        self.settable.as_deref()
    }

    /// All files that `${…}` of a service looks into.
    pub(super) fn last_first<'a>(&'a self, own: &'a [Pairs]) -> Vec<&'a Pairs> {
        own.iter().rev().chain(self.pairs.iter().rev()).collect()
    }
}

/// A missing file has no pairs; preflight says that it is missing.
fn pairs(path: &Path, earlier: &[&Pairs], outside: &PlanInputs) -> Result<Pairs, Vec<Diagnostic>> {
    let Some(bytes) = (outside.read)(path) else {
        return Ok(Pairs::new());
    };
    let bytes = bytes.map_err(|problem| vec![problem])?;
    let shown = path.strip_prefix(outside.checkout).unwrap_or(path);
    let earlier: Pairs = earlier.iter().rev().flat_map(|pairs| pairs.iter().cloned()).collect();
    let calling = |name: &str| {
        outside
            .calling
            .get(OsStr::new(name))
            .map(|value| value.to_string_lossy().into_owned())
    };
    dotenv::parse(&earlier, shown, &bytes, &calling)
}

/// # Errors
/// A variable is missing.
pub(super) fn service(
    config: &Config,
    service: &config::Service,
    files: &ProjectFiles,
    numbers: &Numbers,
    outside: &PlanInputs,
) -> Result<Service, Vec<Diagnostic>> {
    // A service whose ports could not be worked out has had its problems told.
    let Some(ports) = numbers.by_service.get(&service.name) else {
        return Err(Vec::new());
    };
    let own = files.of_service(service, outside)?;
    let exported = exported(ports, numbers);
    let scope = Scope {
        exported,
        calling: outside.calling,
        files: files.last_first(&own),
        addresses: &numbers.addresses,
        settable: files.settable(),
    };
    let mut fill = Filling {
        scope: &scope,
        problems: Vec::new(),
        has_failed: false,
    };

    let working_dir = match &service.working_dir {
        Some(directory) => absolute(outside, &fill.text(directory)),
        None => outside.checkout.to_owned(),
    };
    let command = fill.command(&service.command);
    let venv = fill.venv(config, &service.venv, &working_dir, outside);
    let health = service
        .healthcheck
        .as_ref()
        .and_then(|health| fill.health(health, ports));
    let environment: Pairs = service
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), fill.text(value)))
        .collect();
    if fill.has_failed {
        return Err(fill.problems);
    }

    let pairs = files.pairs.iter().chain(&own).flatten().chain(&environment);
    let own_variables = pairs
        .map(|(name, _)| name.into())
        .chain(numbers.exported.keys().map(OsString::from));
    let own_variables = own_variables.collect();
    let mut layers = files.environment.clone();
    layers.extend(own.iter().flatten().chain(&environment).map(os));
    layers.extend(scope.exported.iter().map(|(name, value)| (name.into(), value.into())));
    if let Some(venv) = &venv {
        activate(&mut layers, &venv.path);
    }
    if service.tty {
        let terminal = layers.entry("TERM".into());
        terminal.or_insert_with(|| "xterm-256color".into());
    }
    let env_files = files
        .named
        .iter()
        .cloned()
        .chain(files.paths(service, outside)?)
        .collect();
    Ok(Service {
        name: service.name.clone(),
        task: service.task,
        place: service.place.clone(),
        command,
        working_dir,
        working_dir_place: service
            .working_dir
            .as_ref()
            .map_or(&service.place, |directory| &directory.place)
            .clone(),
        environment: layers,
        own_variables,
        env_files,
        venv,
        ports: ports.clone(),
        depends_on: service
            .depends_on
            .iter()
            .map(|it| (it.service.value.clone(), it.condition))
            .collect(),
        restarts_with: service
            .depends_on
            .iter()
            .filter(|it| it.restart)
            .map(|it| it.service.value.clone())
            .collect(),
        health,
        start_period: service
            .healthcheck
            .as_ref()
            .map_or(config::START_PERIOD, |health| health.start_period),
        stdin: service.stdin,
        tty: service.tty,
        listen: service.listen,
        restart: service.restart,
        stop_signal: service.stop_signal,
        stop_grace_period: service.stop_grace_period,
    })
}

fn os(pair: &(String, String)) -> (OsString, OsString) {
    (pair.0.clone().into(), pair.1.clone().into())
}

/// What every service gets told of the project's ports, and this one of its own.
fn exported(ports: &[Port], numbers: &Numbers) -> BTreeMap<String, String> {
    let mut exported = numbers.exported.clone();
    for (at, port) in ports.iter().enumerate() {
        let number = port.number.to_string();
        if at == 0 {
            exported.insert("PORT".to_owned(), number.clone());
        }
        exported.insert(own_variable(&port.key), number);
    }
    exported
}

/// The variable of a service's own port.
pub(super) fn own_variable(key: &str) -> String {
    let key = key.to_uppercase().replace(|it: char| !it.is_ascii_alphanumeric(), "_");
    format!("PORT_{key}")
}

/// Fills templates and collects what is missing, so that all of a service is reported at once.
struct Filling<'a> {
    scope: &'a Scope<'a>,
    problems: Vec<Diagnostic>,
    /// Also where the problem is told elsewhere.
    has_failed: bool,
}

impl Filling<'_> {
    fn text(&mut self, template: &Located<Template>) -> String {
        self.scope.fill(template).unwrap_or_else(|problems| {
            self.has_failed = true;
            self.problems.extend(problems);
            String::new()
        })
    }

    fn report(&mut self, problem: Diagnostic, place: &Place) {
        self.has_failed = true;
        self.problems.push(problem.at(place).exit(Exit::Usage));
    }

    fn command(&mut self, command: &Located<config::Command>) -> Command {
        let at = |value: &Template| Located {
            value: value.clone(),
            place: command.place.clone(),
        };
        let words = match &command.value {
            config::Command::Words(words) => words.iter().map(|word| self.text(&at(word))).collect(),
            config::Command::Shell(text) => shell(self.text(&at(text))),
        };
        if words.first().is_some_and(String::is_empty) && !self.has_failed {
            let problem = Diagnostic::new("the first word of the command is empty");
            self.report(problem.hint("name the program to run"), &command.place);
        }
        Command {
            words,
            place: command.place.clone(),
        }
    }

    fn venv(&mut self, config: &Config, choice: &VenvChoice, directory: &Path, outside: &PlanInputs) -> Option<Venv> {
        match choice {
            VenvChoice::None => None,
            VenvChoice::Auto(place) => {
                let nearest = (outside.nearest_venv)(directory, outside.checkout);
                let path = nearest.unwrap_or_else(|| directory.join(".venv"));
                Some(Venv {
                    name: None,
                    path,
                    python: None,
                    place: place.clone(),
                })
            }
            VenvChoice::Named(name) => {
                let venv = config.venvs.iter().find(|venv| venv.name == name.value);
                let venv = venv.expect("config refuses unknown venvs");
                let path = absolute(outside, &self.text(&venv.path));
                let python = venv.python.as_ref().map(|python| python.value.clone());
                Some(Venv {
                    name: Some(venv.name.clone()),
                    path,
                    python,
                    place: venv.path.place.clone(),
                })
            }
        }
    }

    /// What the file could not know where the target begins with a variable.
    fn http(&mut self, target: &Located<Template>, ports: &[Port]) -> Option<Check> {
        let text = self.text(target);
        if self.has_failed {
            return None;
        }
        let has_port = ports.first().is_some_and(|port| port.protocol == Protocol::Tcp);
        let problem = match text {
            path if path.starts_with('/') && has_port => return Some(Check::HttpPath(path)),
            url if url.starts_with("http://") => return Some(Check::HttpUrl(url)),
            path if path.starts_with('/') => {
                Diagnostic::new("the path is asked at the main TCP port, and the service has none")
                    .hint("give it a `port`")
            }
            _ => Diagnostic::new("the health check is neither a path nor an `http://` URL")
                .hint("let it begin with `/` or `http://`"),
        };
        self.report(problem, &target.place);
        None
    }

    fn health(&mut self, health: &config::Healthcheck, ports: &[Port]) -> Option<Health> {
        let check = match health.check.as_ref()? {
            config::Check::Http(target) => self.http(target, ports)?,
            config::Check::Tcp => Check::Tcp,
            config::Check::Command(command) => Check::Command(self.command(command).words),
        };
        Some(Health {
            check,
            interval: health.interval,
            timeout: health.timeout,
            retries: health.retries,
        })
    }
}

fn absolute(outside: &PlanInputs, path: &str) -> PathBuf {
    // `./backend` is shown as `backend`; what `..` leads to only the system knows.
    outside.checkout.join(path).components().collect()
}

fn shell(text: String) -> Vec<String> {
    let (shell, flag) = if std::env::consts::FAMILY == "windows" {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    vec![shell.to_owned(), flag.to_owned(), text]
}

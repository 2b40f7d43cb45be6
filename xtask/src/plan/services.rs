//! A service of the file → a service of the plan, with all templates filled and all paths absolute.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use super::env_files::{ProjectFiles, absolute, os};
use super::environment::activate;
use super::ports::Numbers;
use super::scope::{Pairs, Scope};
use super::{
    Check, Command, ComposeService, Environment, Health, PlanInputs, Port, Protocol, Runs, Scheme, Service, Watch,
    venvs,
};
use crate::config::{self, Config, Located, Template};
use crate::diagnostic::{Diagnostic, Exit, Place};

/// # Errors
/// A variable is missing.
pub(super) fn service(
    config: &Config,
    service: &config::Service,
    files: &ProjectFiles,
    numbers: &Numbers,
    outside: &PlanInputs,
) -> Result<Service, Vec<Diagnostic>> {
    // The problems of a service without ports have been reported already.
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
    let mut fill = Filling::new(&scope);

    let working_dir = match &service.working_dir {
        Some(directory) => absolute(outside, &fill.text(directory)),
        None => outside.checkout.to_owned(),
    };
    let (runs, command) = fill.runs(&service.runs, outside);
    let venv = venvs::chosen(&mut fill, config, &service.venv, &working_dir, outside);
    let health = service
        .healthcheck
        .as_ref()
        .and_then(|health| fill.health(health, ports));
    let pidfile = service.pidfile.as_ref();
    let pidfile = pidfile.map(|path| working_dir.join(fill.text(path)).components().collect());
    let environment: Pairs = service
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), fill.text(value)))
        .collect();
    fill.finish()?;

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
    let of_files: Environment = files.pairs.iter().chain(&own).flatten().map(os).collect();
    let is_kept = |(name, value): &(&OsString, &OsString)| layers.get(*name) == Some(value);
    let from_env_files = of_files.iter().filter(is_kept).map(|(name, _)| name.clone()).collect();
    let stop_grace_period = match &runs {
        Runs::Compose(compose) => compose.stop_timeout.unwrap_or(CONTAINER_STOP_TIMEOUT) + COMPOSE_TIMEOUT,
        Runs::Command | Runs::External => service.stop_grace_period,
    };
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
        runs,
        command,
        working_dir,
        working_dir_place: service
            .working_dir
            .as_ref()
            .map_or(&service.place, |directory| &directory.place)
            .clone(),
        environment: layers,
        own_variables,
        from_env_files,
        env_files,
        venv,
        ports: ports.clone(),
        scheme: Scheme::of(service, ports),
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
        pidfile,
        tty: service.tty,
        listen: service.listen,
        restart: service.restart,
        stop_signal: service.stop_signal,
        stop_grace_period,
        watch: service.watch.as_ref().map(|watch| Watch {
            globs: watch.value.clone(),
            place: watch.place.clone(),
        }),
    })
}

/// The time for a container to stop of which only the Compose file says how long it may take.
const CONTAINER_STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// The time for Compose to notice that.
const COMPOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The port variables of a service: those of the project, and those of its own ports.
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
pub(crate) fn own_variable(key: &str) -> String {
    let key = key.to_uppercase().replace(|it: char| !it.is_ascii_alphanumeric(), "_");
    format!("PORT_{key}")
}

/// Fills templates and collects missing variables, so that all problems of a service are reported at once.
pub(super) struct Filling<'a> {
    scope: &'a Scope<'a>,
    problems: Vec<Diagnostic>,
    /// Set even if the problem is reported elsewhere.
    has_failed: bool,
}

impl<'a> Filling<'a> {
    pub(super) fn new(scope: &'a Scope<'a>) -> Self {
        Filling {
            scope,
            problems: Vec::new(),
            has_failed: false,
        }
    }

    /// # Errors
    /// The problems of everything that was filled so far.
    pub(super) fn finish(self) -> Result<(), Vec<Diagnostic>> {
        if self.has_failed { Err(self.problems) } else { Ok(()) }
    }

    pub(super) fn text(&mut self, template: &Located<Template>) -> String {
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
        let (words, shell_syntax): (Vec<String>, _) = match &command.value {
            config::Command::Words { words, shell_syntax } => (
                words.iter().map(|word| self.text(&at(word))).collect(),
                shell_syntax.clone(),
            ),
            config::Command::Shell(text) => (shell(self.text(&at(text))), None),
        };
        if words.first().is_some_and(String::is_empty) && !self.has_failed {
            let problem = Diagnostic::new("the first word of the command is empty");
            self.report(problem.hint("name the program to run"), &command.place);
        }
        Command {
            is_for_shell: matches!(command.value, config::Command::Shell(_)),
            words,
            shell_syntax,
            place: command.place.clone(),
        }
    }

    fn runs(&mut self, runs: &config::Runs, outside: &PlanInputs) -> (Runs, Command) {
        let without_words = |place: &Place| Command {
            words: Vec::new(),
            is_for_shell: false,
            shell_syntax: None,
            place: place.clone(),
        };
        match runs {
            config::Runs::Command(command) => (Runs::Command, self.command(command)),
            config::Runs::Compose(service) => {
                let file = service.file.as_ref().map(|file| absolute(outside, &self.text(file)));
                let name = service.name.value.clone();
                let runs = Runs::Compose(ComposeService {
                    name,
                    file,
                    stop_timeout: service.stop_timeout,
                });
                (runs, without_words(&service.name.place))
            }
            config::Runs::External(place) => (Runs::External, without_words(place)),
        }
    }

    /// Checks a target that begins with a variable, which could not be checked when the file was read.
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

fn shell(text: String) -> Vec<String> {
    let (shell, flag) = if std::env::consts::FAMILY == "windows" {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    vec![shell.to_owned(), flag.to_owned(), text]
}

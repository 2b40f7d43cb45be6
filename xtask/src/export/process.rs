//! A service of the plan as one process of a target: its words and its variables, and nothing of this machine.

use std::ffi::OsStr;

use super::Request;
use super::unix::bin;
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{ComposeService, Plan, Runs, Service, own_variable};

/// What a target runs for a service or a task.
pub(super) struct Process<'a> {
    pub(super) service: &'a Service,
    /// At least one.
    pub(super) words: Vec<String>,
    /// By name, without `PATH`.
    pub(super) variables: Vec<(&'a str, &'a str)>,
    /// Its `PATH`; `None`: that of the target.
    pub(super) search_path: Option<SearchPath<'a>>,
}

pub(super) enum SearchPath<'a> {
    /// This directory, then those of the target.
    After(String),
    /// The project sets all of it.
    Own(&'a str),
}

impl<'a> Process<'a> {
    /// `None` for an external service.
    ///
    /// # Errors
    /// A word or a variable that no target can hold.
    pub(super) fn of(service: &'a Service) -> Result<Option<Self>, Vec<Diagnostic>> {
        let words = match &service.runs {
            Runs::Command => service.command.words.clone(),
            Runs::Compose(compose) => compose_up(compose),
            Runs::External => return Ok(None),
        };
        let mut problems = Vec::new();
        if words.first().is_some_and(|program| program.contains('=')) {
            let problem = Diagnostic::new(format!(
                "the program of `{}` has `=` in its name, which `env` would take for a variable",
                service.name
            ));
            problems.push(problem.at(&service.command.place).exit(Exit::Usage));
        }
        let mut variables = Vec::new();
        for (name, value) in &service.environment {
            if !is_the_projects(service, name) {
                continue;
            }
            match (name.to_str(), value.to_str()) {
                (Some(name), Some(value)) => variables.push((name, value)),
                (_, _) => problems.push(not_utf8(service, name)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let own_path = variables.iter().position(|(name, _)| *name == "PATH");
        let own_path = own_path.map(|at| variables.remove(at).1);
        let search_path = match (own_path, &service.venv) {
            (Some(path), _) => Some(SearchPath::Own(path)),
            (None, Some(venv)) => Some(SearchPath::After(bin(&venv.path))),
            (None, None) => None,
        };
        Ok(Some(Process {
            service,
            words,
            variables,
            search_path,
        }))
    }
}

/// Every service that is a process, in the order of the plan.
///
/// # Errors
/// All problems of all services.
pub(super) fn processes<'a>(request: &Request<'a>) -> Result<Vec<Process<'a>>, Vec<Diagnostic>> {
    each(request.plan, Process::of)
}

/// What `of` makes of each service.
///
/// # Errors
/// All problems of all services.
pub(super) fn each<'a, T>(
    plan: &'a Plan,
    of: impl Fn(&'a Service) -> Result<Option<T>, Vec<Diagnostic>>,
) -> Result<Vec<T>, Vec<Diagnostic>> {
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for service in &plan.services {
        match of(service) {
            Ok(it) => all.extend(it),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// Set by an env file, `environment`, a port or the venv; not by the shell that called us.
fn is_the_projects(service: &Service, name: &OsStr) -> bool {
    let of_port = service
        .ports
        .iter()
        .any(|port| name == OsStr::new(&own_variable(&port.key)));
    let of_venv = service.venv.is_some() && ["VIRTUAL_ENV", "PYTHONUNBUFFERED"].iter().any(|it| name == *it);
    let is_main_port = !service.ports.is_empty() && name == "PORT";
    service.own_variables.contains(name) || of_port || is_main_port || of_venv
}

/// It runs until it is stopped, and stops its container then.
///
/// Source: docs.docker.com, `docker compose up`.
fn compose_up(compose: &ComposeService) -> Vec<String> {
    let file = compose
        .file
        .iter()
        .flat_map(|file| ["-f".to_owned(), file.display().to_string()]);
    let command = ["docker", "compose"].map(str::to_owned);
    let up = ["up", "--no-log-prefix", &compose.name].map(str::to_owned);
    command.into_iter().chain(file).chain(up).collect()
}

fn not_utf8(service: &Service, name: &OsStr) -> Diagnostic {
    let (service, name) = (&service.name, name.to_string_lossy());
    Diagnostic::new(format!(
        "variable `{name}` of `{service}` is not UTF-8 text, which files of other programs cannot hold"
    ))
    .hint(format!("set `{name}` to text, or unset it"))
    .exit(Exit::Usage)
}

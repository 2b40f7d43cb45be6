//! What runs in front of a service where the target starts everything at once: tasks, and waits for other services.

use std::time::Duration;

use super::loss::Loss;
use super::process::{Process, SearchPath, processes};
use super::{Request, Target, shell};
use crate::diagnostic::Diagnostic;
use crate::plan::{Check, Condition, Protocol, Service};

/// The pause between two looks of a wait, in seconds.
const PAUSE: Duration = Duration::from_millis(200);

/// A service, and what runs in front of it.
pub(super) struct Gated<'a> {
    pub(super) process: Process<'a>,
    /// In order: dependencies are run or waited for; those of a task before it.
    steps: Vec<Step>,
}

/// A line of a script that ends the script if it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// The service or task that it is about.
    about: String,
    script: String,
}

/// Every service that is a process, in the order of the plan, with the tasks and waits in front of it.
///
/// # Errors
/// As [`processes`].
pub(super) fn gated<'a>(request: &Request<'a>) -> Result<Vec<Gated<'a>>, Vec<Diagnostic>> {
    let processes = processes(request)?;
    let steps: Vec<_> = processes
        .iter()
        .map(|it| steps(&processes, request, it.service))
        .collect();
    let gated = processes
        .into_iter()
        .zip(steps)
        .map(|(process, steps)| Gated { process, steps });
    Ok(gated.filter(|it| !it.process.service.task).collect())
}

impl Gated<'_> {
    /// The steps as one line of shell that ends with a blank; empty if there are none.
    pub(super) fn gate(&self) -> String {
        self.steps.iter().map(|step| format!("{}; ", step.script)).collect()
    }
}

/// What a target loses that knows neither tasks nor health: the gates are put in their place.
pub(super) fn losses(gated: &[Gated], request: &Request, target: Target) -> Vec<Loss> {
    let mut losses = Vec::new();
    for service in &request.plan.services {
        let behind = gated
            .iter()
            .filter(|it| it.steps.iter().any(|step| step.about == service.name));
        let behind: Vec<String> = behind.map(|it| format!("`{}`", it.process.service.name)).collect();
        let behind = (!behind.is_empty()).then(|| behind.join(", "));
        let title = target.title();
        let mut needs = gated.iter().flat_map(|it| &it.process.service.depends_on);
        let needs_health = needs.any(|(name, condition)| *name == service.name && *condition == Condition::Healthy);
        let loss = match (service.task, &service.health) {
            (true, _) => Loss::new(service, "tasks", format!("{title} does not run tasks"))
                .instead_if(behind, |behind| format!("it runs in front of {behind}, at every start")),
            (false, Some(_)) => Loss::new(service, "healthcheck", format!("{title} does not look at health"))
                .instead_if(behind, |behind| format!("a wait for it in front of {behind}")),
            (false, None) if needs_health && check(service).is_none() => Loss::new(
                service,
                "healthcheck",
                "nothing waits until it is ready: it has no health check here",
            ),
            (false, None) => continue,
        };
        losses.push(loss);
    }
    losses
}

fn steps(processes: &[Process], request: &Request, service: &Service) -> Vec<Step> {
    let mut steps = Vec::new();
    for (dependency, condition) in request.plan.dependencies(service) {
        let more = match (condition, dependency.task) {
            (Condition::Completed, _) | (_, true) => task(processes, request, dependency),
            (Condition::Healthy, false) => wait(dependency).into_iter().collect(),
            // Everything is started at once.
            (Condition::Started, false) => Vec::new(),
        };
        for step in more {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
    }
    steps
}

fn task(processes: &[Process], request: &Request, task: &Service) -> Vec<Step> {
    let process = processes.iter().find(|it| it.service.name == task.name);
    let run = process.map(|process| Step {
        about: task.name.clone(),
        script: format!("( {} ) || exit", script(process)),
    });
    steps(processes, request, task).into_iter().chain(run).collect()
}

/// `None` if it is ready once it is started.
fn wait(service: &Service) -> Option<Step> {
    Some(Step {
        about: service.name.clone(),
        script: until(service, &check(service)?),
    })
}

/// Looks again until the service is ready, and ends the script if it is not after its start period.
pub(super) fn until(service: &Service, check: &str) -> String {
    let name = &service.name;
    let seconds = service.start_period.as_secs_f64();
    // The shell knows the time in whole seconds only.
    let limit = seconds.ceil().max(1.0);
    let too_late = shell::word(&format!("`{name}` is not ready after {seconds} s")).into_owned();
    let pause = PAUSE.as_secs_f64();
    format!(
        "end=$(($(date +%s)+{limit})); until {check}; do [ $(date +%s) -lt $end ] || {{ echo {too_late} >&2; exit 1; }}; sleep {pause}; done"
    )
}

/// A command of a shell that ends with 0 if the service is ready, seen from the same machine. `None` if it has no health
/// check and no TCP port.
pub(super) fn check(service: &Service) -> Option<String> {
    check_with(service, &|words| command(service, words))
}

/// The same, where `command` makes the text of a health check that is a command.
pub(super) fn check_with(service: &Service, command: &dyn Fn(&[String]) -> Option<String>) -> Option<String> {
    let main = service.ports.first();
    let address = main.map(|port| port.address());
    let health = service.health.as_ref();
    let limit = limit(service);
    let connect = || {
        main.filter(|port| port.protocol == Protocol::Tcp).map(|port| {
            // `nc` has as many dialects as systems; only bash connects by itself.
            let (host, number) = (port.address().ip(), port.number);
            format!("timeout {limit} bash -c ': </dev/tcp/{host}/{number}' 2>/dev/null")
        })
    };
    let get = |url: &str| format!("curl -fs --noproxy '*' -m {limit} -o /dev/null {}", shell::word(url));
    match health.map(|health| &health.check) {
        Some(Check::HttpPath(path)) => address.map(|address| get(&format!("http://{address}{path}"))),
        Some(Check::HttpUrl(url)) => Some(get(url)),
        Some(Check::Tcp) | None => connect(),
        Some(Check::Command(words)) => command(words),
    }
}

/// How long one look may take, in whole seconds.
pub(super) fn limit(service: &Service) -> u64 {
    service
        .health
        .as_ref()
        .map_or(2, |health| health.timeout.as_secs().max(1))
}

/// It runs as a health check of `up` does: in the directory and with the variables of its service, for a limited time.
fn command(service: &Service, words: &[String]) -> Option<String> {
    let process = Process::of(service).ok().flatten()?;
    let limited = ["timeout".to_owned(), limit(service).to_string()];
    let words: Vec<String> = limited.into_iter().chain(words.iter().cloned()).collect();
    Some(format!("( {} ) >/dev/null 2>&1", run(&process, &words)))
}

/// What starts the process in its directory, with its variables, in place of the shell.
pub(super) fn script(process: &Process) -> String {
    run(process, &process.words)
}

fn run(process: &Process, words: &[String]) -> String {
    let directory = process.service.working_dir.display().to_string();
    let path = process.search_path.as_ref().map(|path| match path {
        SearchPath::After(first) => format!("{}:\"$PATH\" ", shell::word(&format!("PATH={first}"))),
        SearchPath::Own(path) => format!("{} ", shell::word(&format!("PATH={path}"))),
    });
    let variables = process.variables.iter();
    let variables = variables.map(|(name, value)| format!("{} ", shell::word(&format!("{name}={value}"))));
    let assignments: String = path.into_iter().chain(variables).collect();
    let words = shell::words(words.iter().map(String::as_str));
    let env = if assignments.is_empty() { "" } else { "env " };
    format!("cd {} && exec {env}{assignments}{words}", shell::word(&directory))
}

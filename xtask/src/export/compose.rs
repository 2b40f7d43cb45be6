//! `compose.yaml`: the stack in containers, for Docker Compose 2.17 or newer.
//!
//! Source: docs.docker.com, "Compose file reference". Older versions refuse `name`, and `restart` of `depends_on`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::containers::{self, Container, check, containers, placeholder, shows_readiness, stack_name, within};
use super::loss::{self, Loss};
use super::unix::text;
use super::yaml::{Yaml, map, texts};
use super::{ExportFile, Exported, Request, Target, header};
use crate::config::{self, MAX_RESTARTS};
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{
    ComposeService, Condition, Port, Protocol, Restart, Runs, Service, Stdin, StopSignal, on_this_machine,
};

mod profiles;

const TARGET: Target = Target::Compose;

/// How often it is looked whether a port takes connections, if nobody says it. Engines look first when one has passed.
const PORT_INTERVAL: Duration = Duration::from_secs(2);

/// Of Compose, if the file does not say it.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// A container is reached by its service's name; an external service stays where it is.
pub(super) fn address(service: &config::Service, port: &Port) -> String {
    match service.runs {
        config::Runs::External(_) => on_this_machine(service, port),
        config::Runs::Command(_) | config::Runs::Compose(_) => format!("{}:{}", service.name, port.number),
    }
}

/// # Errors
/// As [`containers`], and a service of a Compose file that is not named.
pub(super) fn export(request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    let settings = &request.config.export.compose;
    let containers = containers(request.plan, settings)?;
    let mut problems = Vec::new();
    let mut services = Vec::new();
    for container in &containers {
        match service(request, container) {
            Ok(service) => services.push((container.service.name.clone(), service)),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let file = map([
        ("name", stack_name(request.plan).into()),
        ("services", Yaml::Map(services)),
    ]);
    let mut losses = loss::everywhere(request, TARGET);
    losses.extend(containers::losses(request.plan, &containers, TARGET));
    losses.extend(containers.iter().flat_map(|container| lost(container.service)));
    Ok(Exported {
        files: vec![ExportFile {
            name: "compose.yaml".to_owned(),
            text: header(TARGET, request, "# ") + &file.document(),
            has_variables: true,
        }],
        losses,
    })
}

fn lost(service: &Service) -> Vec<Loss> {
    let mut losses = Vec::new();
    let mut lost = |key, message: &str| losses.push(Loss::new(service, key, message));
    if matches!(service.runs, Runs::Compose(_)) {
        lost(
            "compose",
            "named volumes, networks, secrets and configs of its Compose file are not carried over: declare them in a compose.override.yaml",
        );
        lost(
            "healthcheck",
            "whether its Compose file has a health check is not known here: the others wait until it is started",
        );
        if !service.ports.is_empty() {
            lost(
                "port",
                "the others reach its container itself, so its port must be the same there and on the host",
            );
        }
    }
    if service.restart != Restart::No && service.health.is_some() {
        lost("restart", "Compose does not restart it when it is unhealthy");
    }
    losses
}

fn service(request: &Request, container: &Container) -> Result<Yaml, Diagnostic> {
    let (plan, service) = (request.plan, container.service);
    let mut entries = Vec::new();
    let mut add = |key: &str, value: Yaml| entries.push((key.to_owned(), value));
    if let Runs::Compose(other) = &service.runs {
        add("extends", extends(request, service, other)?);
    }
    if let Some(directory) = container.build {
        add("build", path(request, Path::new(directory)).into());
    }
    match (container.image, container.build, &service.runs) {
        (Some(image), _, _) => add("image", literal(image)),
        (None, None, Runs::Command) => add("image", placeholder(plan, container).into()),
        (None, _, _) => {}
    }
    if !container.words.is_empty() {
        add("command", literals(&container.words));
    }
    if let Some(directory) = &container.working_dir {
        add("working_dir", literal(directory));
    }
    let profiles = profiles::of(request, service);
    if !profiles.is_empty() {
        add("profiles", texts(profiles));
    }
    if service.runs == Runs::Command {
        // Process 1 gets no signal that it has not asked for, and must wait for the children of others.
        add("init", Yaml::Bool(true));
    }
    if service.tty {
        add("tty", Yaml::Bool(true));
    }
    if service.tty || service.stdin == Stdin::Open {
        add("stdin_open", Yaml::Bool(true));
    }
    if service.runs == Runs::Command {
        let files = env_files(request, service);
        if !files.is_empty() {
            add("env_file", texts(files));
        }
        let variables = container.variables.iter();
        let variables = variables.filter(|(name, _)| !service.from_env_files.contains(OsStr::new(name)));
        let variables: Vec<_> = variables
            .map(|(name, value)| ((*name).to_owned(), literal(value)))
            .collect();
        if !variables.is_empty() {
            add("environment", Yaml::Map(variables));
        }
        if !service.ports.is_empty() {
            add("ports", texts(service.ports.iter().map(published)));
        }
    }
    let dependencies = depends_on(request, service);
    if !dependencies.is_empty() {
        add("depends_on", Yaml::Map(dependencies));
    }
    if is_looked_at(request, service) {
        add("healthcheck", healthcheck(service));
    }
    match service.restart {
        Restart::No => {}
        Restart::OnFailure => add("restart", format!("on-failure:{MAX_RESTARTS}").into()),
        Restart::Always => add("restart", "unless-stopped".into()),
    }
    if service.runs == Runs::Command {
        if service.stop_signal != StopSignal::Term {
            add("stop_signal", service.stop_signal.name().into());
        }
        if service.stop_grace_period != GRACE_PERIOD {
            add("stop_grace_period", duration(service.stop_grace_period).into());
        }
    }
    Ok(Yaml::Map(entries))
}

fn extends(request: &Request, service: &Service, other: &ComposeService) -> Result<Yaml, Diagnostic> {
    let Some(file) = &other.file else {
        let problem = Diagnostic::new(format!("`{}` does not say in which Compose file it is", service.name));
        let hint = format!("add `compose_file = \"…\"` to [services.{}]", service.name);
        return Err(problem.at(&service.command.place).hint(hint).exit(Exit::Usage));
    };
    let file = path(request, within(request.plan, file));
    Ok(map([("file", file.into()), ("service", literal(&other.name))]))
}

/// The env files that were there. The values in them stay there: Compose reads them as devtasks does.
fn env_files(request: &Request, service: &Service) -> Vec<String> {
    let default = request.config.project.env_file.is_none().then(|| Path::new(".env"));
    let listed = service.env_files.iter().map(|file| within(request.plan, &file.path));
    let mut files: Vec<String> = Vec::new();
    for file in default.into_iter().chain(listed) {
        let was_read = request.made_from.iter().any(|name| Path::new(name) == file);
        let file = path(request, file);
        // The last one wins.
        files.retain(|earlier| *earlier != file);
        files.extend(was_read.then_some(file));
    }
    files
}

fn published(port: &Port) -> String {
    let host = port
        .host
        .map_or_else(|| "127.0.0.1".to_owned(), |host| host.to_string());
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let protocol = match port.protocol {
        Protocol::Tcp => "",
        Protocol::Udp => "/udp",
    };
    format!("{host}:{0}:{0}{protocol}", port.number)
}

fn depends_on(request: &Request, service: &Service) -> Vec<(String, Yaml)> {
    let mut entries = Vec::new();
    for (dependency, condition) in request.plan.dependencies(service) {
        let name = &dependency.name;
        let condition = match condition {
            _ if dependency.runs == Runs::External => continue,
            Condition::Completed => "service_completed_successfully",
            Condition::Healthy if shows_readiness(dependency) => "service_healthy",
            Condition::Healthy | Condition::Started => "service_started",
        };
        let mut terms = vec![("condition".to_owned(), condition.into())];
        if service.restarts_with.contains(name) {
            terms.push(("restart".to_owned(), Yaml::Bool(true)));
        }
        entries.push((name.clone(), Yaml::Map(terms)));
    }
    entries
}

/// It has a health check, or somebody waits for its port.
fn is_looked_at(request: &Request, service: &Service) -> bool {
    let waits = |other: &Service| other.depends_on.contains(&(service.name.clone(), Condition::Healthy));
    let is_awaited = || request.plan.services.iter().any(waits);
    shows_readiness(service) && (service.health.is_some() || is_awaited())
}

/// Always a line of shell: podman 4.3 splits the words of `CMD` at blanks.
fn healthcheck(service: &Service) -> Yaml {
    let mut entries = vec![("test".to_owned(), literals(&["CMD-SHELL".to_owned(), check(service)]))];
    let mut add = |key: &str, value: Yaml| entries.push((key.to_owned(), value));
    match &service.health {
        Some(health) => {
            add("interval", duration(health.interval).into());
            add("timeout", duration(health.timeout).into());
            add("retries", Yaml::Number(health.retries.into()));
        }
        None => add("interval", duration(PORT_INTERVAL).into()),
    }
    add("start_period", duration(service.start_period).into());
    Yaml::Map(entries)
}

fn duration(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// Seen from the file: Compose looks from there.
fn path(request: &Request, path: &Path) -> String {
    let joined = request.to_project.join(path);
    let path = if request.to_project == Path::new(".") {
        path
    } else {
        &joined
    };
    let path: PathBuf = path.components().collect();
    text(&path).replace('$', "$$")
}

/// Compose fills in `$NAME`.
fn literal(text: &str) -> Yaml {
    text.replace('$', "$$").into()
}

fn literals(values: &[String]) -> Yaml {
    Yaml::List(values.iter().map(|value| literal(value)).collect())
}

//! What becomes of the services of a Compose file: those with an image stay there, those built from our sources run here.

use super::candidate::Candidate;
use super::compose::{self, ComposeFile, ComposeService};
use super::naming::{Ports, name};
use super::proposal::{Health, Runs, Service};
use super::repository::{Repository, below};
use super::tool::Role;

/// The Compose file, as far as its services stay there.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    path: String,
    kept: Vec<ComposeService>,
    /// Those that run here, each with its directory.
    here: Vec<ComposeService>,
}

impl Containers {
    /// Decides about every service. What runs here gets its environment, with the addresses of this machine.
    pub(crate) fn of(
        file: Option<(String, Option<ComposeFile>)>,
        candidates: &mut [Candidate],
        repository: &Repository,
        left: &mut Vec<String>,
    ) -> Containers {
        let Some((path, file)) = file else {
            return Containers::default();
        };
        let Some(file) = file else {
            left.push(format!(
                "{path}: it could not be read; `docker compose config` says why"
            ));
            return Containers::default();
        };
        let has_program = |service: &ComposeService| {
            service
                .build
                .as_deref()
                .is_some_and(|build| candidates.iter().any(|it| is_in(build, it)))
        };
        let (tests, services): (Vec<_>, Vec<_>) =
            file.services.into_iter().partition(|it| is_test(it) && has_program(it));
        left.extend(
            tests
                .iter()
                .map(|it| format!("{path}: `{}` runs tests; it is left out", it.name)),
        );
        let (here, mut kept): (Vec<_>, Vec<_>) = services.into_iter().partition(has_program);
        // Compose would start what they depend on, once more.
        let needs_here = |service: &ComposeService| {
            service
                .depends_on
                .iter()
                .any(|needed| here.iter().any(|it| it.name == *needed))
        };
        for service in kept.iter().filter(|service| needs_here(service)) {
            left.push(format!(
                "{path}: `{}` needs a service that runs on the host here, so it is left out",
                service.name
            ));
        }
        kept.retain(|service| !needs_here(service));
        let unreachable = kept
            .iter()
            .filter(|service| service.is_store() && service.ports.is_empty());
        for service in unreachable.filter(|_| !candidates.is_empty()) {
            let add = service
                .usual_port()
                .map_or_else(|| "`ports`".to_owned(), |port| format!("`ports: [\"{port}:{port}\"]`"));
            left.push(format!(
                "{path}: `{}` publishes no port, so nothing on the host reaches it; add {add}",
                service.name
            ));
        }
        for service in &here {
            let directory = service.build.as_deref().unwrap_or_default();
            let of_it: Vec<&mut Candidate> = candidates.iter_mut().filter(|it| is_in(directory, it)).collect();
            // The one at the top reaches every service anyway.
            for file in service.env_files.iter().filter(|file| *file != ".env") {
                left.push(format!(
                    "{path}: `{}` reads {file}; name it in `env_file` of the service if the program does not read it itself",
                    service.name
                ));
            }
            match first_of(&here, directory) {
                Some(first) if first.name == service.name => hand_over(&path, service, &kept, of_it),
                Some(_) if is_for_one_of(service, &of_it) => {}
                Some(first) => left.push(format!(
                    "{path}: `{}` is built from the directory of `{}`, which runs on the host here; it is left out",
                    service.name, first.name
                )),
                None => {}
            }
        }
        if !kept.is_empty()
            && !["docker", "docker-compose", "podman"]
                .iter()
                .any(|engine| repository.commands.contains(*engine))
        {
            left.push(format!("{path}: neither docker nor podman is on PATH here"));
        }
        Containers { path, kept, here }
    }

    /// Whether a container is of this image.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.kept
            .iter()
            .any(|service| service.kind().starts_with(kind) || service.kind() == "valkey" && kind == "redis")
    }

    pub(crate) fn services(&self, ports: &mut Ports) -> Vec<Service> {
        self.kept.iter().map(|service| self.service(service, ports)).collect()
    }

    fn service(&self, service: &ComposeService, ports: &mut Ports) -> Service {
        let kind = match (&service.image, &service.build) {
            (Some(image), _) => format!("image {image}"),
            (None, Some(build)) => format!("built from {build}"),
            (None, None) => "a service".to_owned(),
        };
        let port = service.ports.first().map(|port| {
            let why = match &port.variable {
                Some(_) => format!("{} publishes it", self.path),
                None => format!("{} publishes {}", self.path, port.number),
            };
            ports.of_compose(port.number, port.variable.clone(), why)
        });
        let is_checked = service.has_healthcheck;
        Service {
            name: name(&service.name),
            why: vec![format!("{}: {}, {kind}", self.path, service.name)],
            runs: Runs::Compose {
                service: service.name.clone(),
                file: (!compose::is_found_by_compose(&self.path)).then(|| self.path.clone()),
            },
            health: (port.is_some() && service.is_store() && !is_checked).then_some(Health::Tcp),
            port,
            more_ports: service.ports.iter().skip(1).map(|port| port.number).collect(),
            environment: Vec::new(),
            depends_on: self.kept_names(&service.depends_on),
            profiles: service.profiles.clone(),
        }
    }

    /// What servers and workers wait for, unless the file says more.
    pub(crate) fn stores(&self) -> Vec<String> {
        let stores = self
            .kept
            .iter()
            .filter(|service| service.is_store() && service.profiles.is_empty());
        stores.map(|service| name(&service.name)).collect()
    }

    /// What a program of ours waits for.
    pub(crate) fn needed_by(&self, candidate: &Candidate, stores: &[String]) -> Vec<String> {
        let of_it = self
            .here
            .iter()
            .filter(|service| service.build.as_deref().is_some_and(|build| is_in(build, candidate)));
        let mut needed: Vec<String> = of_it.flat_map(|service| self.kept_names(&service.depends_on)).collect();
        if needed.is_empty()
            && matches!(
                candidate.role,
                Role::Server | Role::NodeServer | Role::Worker | Role::Scheduler
            )
        {
            needed = stores.to_vec();
        }
        needed.sort();
        needed.dedup();
        needed
    }

    fn kept_names(&self, names: &[String]) -> Vec<String> {
        let kept = names
            .iter()
            .filter(|needed| self.kept.iter().any(|it| it.name == **needed && it.profiles.is_empty()));
        kept.map(|it| name(it)).collect()
    }
}

fn is_test(service: &ComposeService) -> bool {
    ["test", "e2e", "playwright", "cypress"]
        .iter()
        .any(|name| service.name.contains(name))
}

/// Of several services that are built from one directory, the server.
fn first_of<'s>(services: &'s [ComposeService], directory: &str) -> Option<&'s ComposeService> {
    let of_it = || {
        services
            .iter()
            .filter(|service| service.build.as_deref() == Some(directory))
    };
    let named = of_it().find(|service| directory.ends_with(&service.name));
    named
        .or_else(|| of_it().find(|service| !service.ports.is_empty()))
        .or_else(|| of_it().next())
}

/// Whether a service of Compose is a worker that was found in the sources, too.
fn is_for_one_of(service: &ComposeService, programs: &[&mut Candidate]) -> bool {
    let is_named = |names: &[&str]| names.iter().any(|name| service.name.contains(name));
    let role = match () {
        () if is_named(&["beat", "scheduler", "clock"]) => Role::Scheduler,
        () if is_named(&["worker", "celery", "queue", "jobs"]) => Role::Worker,
        () => return false,
    };
    programs.iter().any(|program| program.role == role)
}

fn is_in(build: &str, candidate: &Candidate) -> bool {
    candidate.directory == build
        || !build.is_empty() && below(build, &candidate.directory).is_some()
        || build.is_empty() && candidate.kind == super::tool::Kind::Python
}

/// The environment and the port of a service that was built from the sources of these programs.
fn hand_over(path: &str, service: &ComposeService, kept: &[ComposeService], mut programs: Vec<&mut Candidate>) {
    let environment: Vec<(String, String)> = service
        .environment
        .iter()
        .filter(|(name, _)| name != "PORT" && name != "HOST")
        .map(|(name, value)| (name.clone(), on_this_machine(name, value, kept)))
        .collect();
    for program in &mut programs {
        program.why.push(format!(
            "{path}: `{}` is built from it; it runs on the host here",
            service.name
        ));
        let news: Vec<_> = environment
            .iter()
            .filter(|(name, _)| !program.environment.iter().any(|(known, _)| known == name))
            .cloned()
            .collect();
        program.environment.extend(news);
    }
    let mut servers = programs
        .iter_mut()
        .filter(|program| matches!(program.role, Role::Server | Role::NodeServer | Role::Frontend));
    if let (Some(program), None, Some(published)) = (servers.next(), servers.next(), service.ports.first())
        && let Some(port) = program.port.as_mut().filter(|port| port.follows)
    {
        port.number.value = published.number;
        port.number.why = format!("{path} publishes {}", published.number);
        port.variable = port.variable.take().or_else(|| published.variable.clone());
    }
}

/// `postgres://app@db:5432/app` → `postgres://app@127.0.0.1:${services.db.port}/app`.
fn on_this_machine(variable: &str, value: &str, kept: &[ComposeService]) -> String {
    let mut value = value.to_owned();
    let unset = regex_lite::Regex::new(r"\$\{(\w+)\}").expect("it is a pattern");
    value = unset.replace_all(&value, "$${$1:-}").into_owned();
    for service in kept {
        let Some(published) = service.ports.first() else {
            continue;
        };
        let port = format!("${{services.{}.port}}", name(&service.name));
        if value == service.name {
            return "127.0.0.1".to_owned();
        }
        if variable.ends_with("PORT") && value == published.container.to_string() {
            return port;
        }
        value = value.replace(
            &format!("{}:{}", service.name, published.container),
            &format!("127.0.0.1:{port}"),
        );
        for before in ["@", "//"] {
            value = value.replace(
                &format!("{before}{}/", service.name),
                &format!("{before}127.0.0.1:{port}/"),
            );
        }
    }
    value
}

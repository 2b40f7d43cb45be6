//! What Compose and Kubernetes share: a service in a container, its name, its variables, and commands that look whether
//! another one answers.

mod checks;
mod loopback;
mod losses;

use std::path::Path;

use super::process::{Process, SearchPath, each};
use crate::config::{ContainerOf, ContainerSettings};
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Protocol, Runs, Service};

pub(super) use checks::{check, connect, of_health};
pub(super) use losses::{losses, placeholder};

/// The project's directory in an image: what the documentation of Docker uses.
pub(super) const ROOT: &str = "/app";

/// A service or task that runs in a container.
pub(super) struct Container<'a> {
    pub(super) service: &'a Service,
    pub(super) image: Option<&'a str>,
    /// The directory with its Dockerfile, from the project's directory.
    pub(super) build: Option<&'a str>,
    /// What `[export]` says of it alone.
    pub(super) own: Option<&'a ContainerOf>,
    /// None: what its image runs.
    pub(super) words: Vec<String>,
    /// With `PATH` only if the project sets it.
    pub(super) variables: Vec<(&'a str, &'a str)>,
    /// `None`: that of its image.
    pub(super) working_dir: Option<String>,
}

/// All but external services, in the order of the plan.
///
/// # Errors
/// As [`Process::of`].
pub(super) fn containers<'a>(
    plan: &'a Plan,
    settings: &'a ContainerSettings,
) -> Result<Vec<Container<'a>>, Vec<Diagnostic>> {
    each(plan, |service| container(plan, settings, service))
}

fn container<'a>(
    plan: &Plan,
    settings: &'a ContainerSettings,
    service: &'a Service,
) -> Result<Option<Container<'a>>, Vec<Diagnostic>> {
    let Some(process) = Process::of(service)? else {
        return Ok(None);
    };
    let own = settings.by_name.get(&service.name);
    let with_image = own.filter(|own| own.image.is_some() || own.build.is_some());
    // The image of the project is not that of a service of another file.
    let is_ours = service.runs == Runs::Command;
    let with_image = with_image.or(is_ours.then_some(&settings.all));
    let mut container = Container {
        service,
        image: with_image.and_then(|it| it.image.as_deref()),
        build: with_image.and_then(|it| it.build.as_deref()),
        own,
        words: Vec::new(),
        variables: Vec::new(),
        working_dir: None,
    };
    if service.runs == Runs::Command {
        let own_path = process.search_path.iter().filter_map(|path| match path {
            SearchPath::Own(path) => Some(("PATH", *path)),
            SearchPath::After(_) => None,
        });
        // A venv of this machine is not in the image.
        let variables = process.variables.iter().copied();
        let variables = variables.filter(|(name, _)| service.venv.is_none() || *name != "VIRTUAL_ENV");
        container.variables = own_path.chain(variables).collect();
        container.words = process.words;
        let is_own = service.working_dir != plan.checkout;
        container.working_dir = is_own.then(|| service.working_dir.display().to_string());
    }
    Ok(Some(container))
}

/// A name for DNS: small letters, digits and `-` in place of all else, at most 63. Empty if nothing remains.
///
/// Source: RFC 1123, 2.1; RFC 1035, 2.3.4.
pub(super) fn dns_label(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
        _ => '-',
    });
    let label: String = letters.collect();
    let label: String = label.trim_matches('-').chars().take(63).collect();
    label.trim_end_matches('-').to_owned()
}

/// The name of the whole stack.
pub(super) fn stack_name(plan: &Plan) -> String {
    let name = dns_label(&plan.project);
    if name.is_empty() { "stack".to_owned() } else { name }
}

/// Whether something shows that it is ready: its health check, or a port to which one can connect.
pub(super) fn shows_readiness(service: &Service) -> bool {
    let is_tcp = service.ports.first().is_some_and(|port| port.protocol == Protocol::Tcp);
    service.runs == Runs::Command && !service.task && (service.health.is_some() || is_tcp)
}

/// `path`, which the plan has in the project's directory there, from that directory.
pub(super) fn within<'p>(plan: &Plan, path: &'p Path) -> &'p Path {
    path.strip_prefix(&plan.checkout).unwrap_or(path)
}

//! The selected services in start order.

use crate::config::{Config, Service, suggest};
use crate::diagnostic::{Diagnostic, Exit};

/// The selection on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Named services; empty means all except those in inactive profiles.
    pub(crate) services: Vec<String>,
    pub(crate) profiles: Vec<String>,
    /// Also tasks that nothing depends on.
    pub(crate) tasks: bool,
    /// Every service of the file regardless of profiles, for checks.
    pub(crate) everything: bool,
}

/// The selected services and all their dependencies, dependencies first, otherwise in file order. Tasks are selected
/// only by name.
///
/// # Errors
/// A service or profile that the file does not have.
pub(super) fn start_set<'a>(config: &'a Config, asked: &Selection) -> Result<Vec<&'a Service>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    for name in &asked.services {
        if !config.services.iter().any(|service| service.name == *name) {
            let names = config.services.iter().map(|service| service.name.as_str());
            problems.push(unknown("service", name, names));
        }
    }
    let profiles: Vec<&str> = config
        .services
        .iter()
        .flat_map(|service| &service.profiles)
        .map(String::as_str)
        .collect();
    for name in &asked.profiles {
        if !profiles.contains(&name.as_str()) {
            problems.push(unknown("profile", name, profiles.iter().copied()));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut order = Vec::new();
    for service in config.services.iter().filter(|service| is_meant(service, asked)) {
        add(config, service, &mut order);
    }
    Ok(order)
}

fn is_meant(service: &Service, asked: &Selection) -> bool {
    let in_profile = || service.profiles.iter().any(|profile| asked.profiles.contains(profile));
    asked.everything
        || asked.services.contains(&service.name)
        || in_profile()
        || (asked.services.is_empty() && service.profiles.is_empty() && (asked.tasks || !service.task))
}

/// Depth first; `config` has rejected cycles.
fn add<'a>(config: &'a Config, service: &'a Service, order: &mut Vec<&'a Service>) {
    if order.iter().any(|known| known.name == service.name) {
        return;
    }
    for dependency in &service.depends_on {
        let dependency = config
            .services
            .iter()
            .find(|other| other.name == dependency.service.value);
        add(config, dependency.expect("config refuses unknown dependencies"), order);
    }
    order.push(service);
}

/// The problem that the file has no such service or profile.
pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let mut names: Vec<&str> = Vec::new();
    for name in known {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let problem = Diagnostic::new(format!("unknown {what} `{name}`")).exit(Exit::Usage);
    match suggest::did_you_mean(name, names.iter().copied()) {
        Some(hint) => problem.hint(hint),
        None if names.is_empty() => problem,
        None => problem.hint(format!("choose {}", suggest::any_of(&names))),
    }
}

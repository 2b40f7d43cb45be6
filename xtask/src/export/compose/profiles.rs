//! Profiles of Compose: a service starts only with one of them, also if another one depends on it.

use std::collections::BTreeSet;

use crate::export::Request;
use crate::plan::Service;

/// Of a task that no service needs.
const TASKS: &str = "tasks";

/// Empty: it always starts.
pub(super) fn of<'a>(request: &Request<'a>, service: &'a Service) -> BTreeSet<&'a str> {
    if is_always_started(request, service) {
        return BTreeSet::new();
    }
    let mut profiles: BTreeSet<&str> = own(request, service).collect();
    for other in request.plan.dependents(service) {
        profiles.extend(of(request, other));
    }
    if profiles.is_empty() {
        profiles.insert(TASKS);
    }
    profiles
}

fn is_always_started(request: &Request, service: &Service) -> bool {
    let is_wanted = !service.task && own(request, service).next().is_none();
    is_wanted
        || request
            .plan
            .dependents(service)
            .any(|other| is_always_started(request, other))
}

fn own<'a>(request: &Request<'a>, service: &Service) -> impl Iterator<Item = &'a str> {
    let config: &'a crate::config::Config = request.config;
    let found = config.services.iter().find(|it| it.name == service.name);
    found.into_iter().flat_map(|it| &it.profiles).map(String::as_str)
}

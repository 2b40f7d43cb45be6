//! Where the user can reach the services of a start.

use crate::plan::{self, Plan};

/// The maximum number of URLs in the summary line.
const MAX_URLS: usize = 3;

/// The services that no other depends on, each with its URL.
pub(super) fn front(plan: &Plan) -> Vec<(String, String)> {
    let is_needed = |name: &str| {
        plan.services
            .iter()
            .filter(|it| !it.task)
            .any(|it| it.depends_on.iter().any(|(needed, _)| needed == name))
    };
    let urls = |services: &dyn Fn(&&plan::Service) -> bool| -> Vec<(String, String)> {
        let services = plan.services.iter().filter(services);
        let urls = services.filter_map(|it| Some((it.name.clone(), it.url()?)));
        urls.take(MAX_URLS).collect()
    };
    let front = urls(&|service| !is_needed(&service.name));
    // The only web service may have a dependent, such as a worker.
    if front.is_empty() { urls(&|_| true) } else { front }
}

/// Where the user can reach the service: a URL if it may speak HTTP, otherwise the addresses.
pub(super) fn address(service: &plan::Service, url: Option<&String>) -> String {
    match (url, service.ports.as_slice()) {
        (Some(url), _) => url.clone(),
        (None, []) => String::new(),
        (None, [main, others @ ..]) => {
            let others = others.iter().map(|port| format!(" :{}", port.number));
            format!("{}{}", main.address(), others.collect::<String>())
        }
    }
}

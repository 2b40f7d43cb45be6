//! What is lost in every container.

use super::{Container, loopback};
use crate::export::Target;
use crate::export::loss::Loss;
use crate::plan::{Plan, Runs};

/// Service by service.
pub(crate) fn losses(plan: &Plan, containers: &[Container], target: Target) -> Vec<Loss> {
    let title = target.title();
    let mut losses = Vec::new();
    for service in plan.services.iter().filter(|service| service.runs == Runs::External) {
        let address = service.ports.first().map(|port| port.address());
        let inside = match address {
            Some(address) if address.ip().is_loopback() => {
                format!(", and its address stays `{address}`, which in a container is the container itself")
            }
            Some(_) | None => String::new(),
        };
        let message = format!("somebody else runs it, so {title} is not told of it{inside}");
        losses.push(Loss::new(service, "external", message));
    }
    for container in containers {
        let service = container.service;
        if container.image.is_none() && container.build.is_none() && needs_image(container, target) {
            let message = format!(
                "no image is known: set {} in [export.{}], or in a table of its name there",
                keys(target),
                target.name()
            );
            losses.push(
                Loss::new(service, "image", message)
                    .instead_if(Some(placeholder(plan, container)), |name| format!("the name `{name}`")),
            );
        }
        if service.venv.is_some() {
            losses.push(Loss::new(
                service,
                "venv",
                "its image must bring the packages: no venv of this machine is in it",
            ));
        }
        losses.extend(loopback::losses(container));
    }
    losses
}

/// Compose takes that of the other Compose file.
fn needs_image(container: &Container, target: Target) -> bool {
    container.service.runs == Runs::Command || target != Target::Compose
}

fn keys(target: Target) -> &'static str {
    match target == Target::Compose {
        true => "`image` or `build`",
        false => "`image`",
    }
}

/// What stands for an image that nobody has named.
pub(crate) fn placeholder(plan: &Plan, container: &Container) -> String {
    let (stack, name) = (super::stack_name(plan), super::dns_label(&container.service.name));
    format!("{stack}-{name}").trim_end_matches('-').to_owned()
}

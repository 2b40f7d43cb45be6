//! Remarks about ports that moved in an earlier `up`, about those that `--reset-ports` moved back, about containers that
//! run already, and about a `.env` that only the main checkout has.

use super::preflight::Preflight;
use crate::plan::{Origin, Plan, PortId};
use crate::ports::Endpoint;
use crate::ports::conflict::finding;
use crate::preflight::{ComposeState, Facts};
use crate::process::compose::is_alive;
use crate::report::reassignment;
use crate::run::container;
use crate::system::owners::{self, Addresses};
use crate::system::runs::StateDir;

pub(super) fn remarks(up: &Preflight<'_>, plan: &Plan) {
    let elsewhere = up.project.env_file_elsewhere().filter(|_| up.live.is_none());
    if let Some(finding) = elsewhere {
        up.context.say(up.context.render_finding(&finding).trim_end());
    }
    for service in &plan.services {
        for port in &service.ports {
            let id = PortId::new(&service.name, &port.key);
            let Some((_, before)) = up.request.before.port(&id) else {
                continue;
            };
            match port.origin {
                _ if up.request.reset_ports => {
                    if port.number != before.number {
                        up.context.say(&reassignment::reset(service, port, before.number));
                    }
                }
                Origin::Moved { from } if port.number == before.number => {
                    let declared = Endpoint {
                        number: from,
                        ..Endpoint::from(port)
                    };
                    let facts = owners::look_up(&[declared], Addresses::Service);
                    let ours = up.ours(plan).for_service(&service.name, port);
                    let found = finding(&declared, &facts[&declared], &ours);
                    let program = &up.context.program;
                    up.context
                        .say(&reassignment::moved_earlier(service, port, from, &found, program));
                }
                Origin::Declared | Origin::Auto | Origin::Moved { .. } => {}
            }
        }
    }
}

/// Containers that run before the start: ours from an earlier run, or somebody else's, which are left running.
pub(super) fn containers(up: &Preflight<'_>, plan: &Plan, facts: &Facts, directory: &StateDir) {
    let left = container::of(directory);
    for service in &plan.services {
        let Some(Ok(ComposeState { containers, .. })) = facts.compose.get(&service.name) else {
            continue;
        };
        let Some(first) = containers.first().filter(|_| is_alive(containers)) else {
            continue;
        };
        let what = match left.iter().any(|it| it.service == service.name) {
            true => "was left by an earlier run, and is taken over",
            false => "runs already, and will be left running",
        };
        let text = format!("Container `{}` of `{}` {what}.", first.name, service.name);
        up.context.say(&text);
    }
}

//! Remarks about ports that moved in an earlier `up`, and about those that `--reset-ports` moved back.

use super::preflight::Preflight;
use crate::plan::{Origin, Plan, PortId};
use crate::ports::Endpoint;
use crate::ports::conflict::finding;
use crate::report::reassignment;
use crate::system::owners::{self, Addresses};

pub(super) fn remarks(up: &Preflight<'_>, plan: &Plan) {
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

//! Ports that have another number than `devtasks.toml` declares, since an earlier `up` moved them.

use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Level};
use crate::plan::{Origin, Plan};
use crate::ports::{Endpoint, Finding, Subject};

/// A note for each.
pub(crate) fn moved(plan: &Plan) -> Vec<Finding> {
    let ports = plan
        .services
        .iter()
        .flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let moved = ports.filter_map(|(service, port)| {
        let Origin::Moved { from } = port.origin else {
            return None;
        };
        let message = format!(
            "`{}` is on port {} instead of {from}: an earlier `up` moved it",
            service.name, port.number
        );
        let finding = Diagnostic::new(message)
            .code(Code::PortMoved)
            .level(Level::Ok)
            .exit(Exit::Done)
            .at(&port.place)
            .hint(Hint::run(
                &format!("go back to {from}, once it is free, with"),
                "up --reset-ports",
            ));
        Some(finding.about(Subject {
            port: Some(Endpoint::from(port)),
            ..Subject::service(&service.name)
        }))
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::planned::planned;

    #[test]
    fn a_port_that_has_moved_is_told_with_the_way_back() {
        let mut plan = planned(
            Path::new("/shop"),
            "[services.api]\ncommand = 'serve'\nport = 8001\n[services.db]\ncommand = 'serve'\nport = 6390",
        );
        assert_eq!(moved(&plan), []);
        plan.services[0].ports[0].origin = Origin::Moved { from: 8000 };
        let told = moved(&plan);
        assert_eq!(told.len(), 1);
        assert_eq!(
            told[0].message,
            "`api` is on port 8001 instead of 8000: an earlier `up` moved it"
        );
        assert!(told[0].is_note());
        assert_eq!(
            told[0].hints[0].render("devtasks"),
            "go back to 8000, once it is free, with `devtasks up --reset-ports`"
        );
    }
}

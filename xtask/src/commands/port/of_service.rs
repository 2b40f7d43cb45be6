//! The ports of services that are named instead of numbers.

use super::port_arg::{Asked, PortRange};
use crate::commands::Context;
use crate::diagnostic::{Diagnostic, Diagnostics, Exit, Hint};
use crate::plan;
use crate::run::project::Project;

/// All ports that were asked about. Those of a service have the numbers that it has now or, if it does not run, that it
/// would get.
///
/// # Errors
/// A name that is no service of the project, or a service without ports; or the project cannot be read.
pub(super) fn ports(asked: &[Asked], context: &Context) -> Result<Vec<PortRange>, Diagnostics> {
    let mut ports = Vec::new();
    let mut project = None;
    for it in asked {
        match it {
            Asked::Ports(span) => ports.push(*span),
            Asked::Service(name) => {
                let project = match &project {
                    Some(project) => project,
                    None => project.insert(Project::find(context.file.as_deref())?),
                };
                ports.extend(ports_of(name, project)?);
            }
        }
    }
    Ok(ports)
}

fn ports_of(name: &str, project: &Project) -> Result<Vec<PortRange>, Diagnostics> {
    if !project.service_names().any(|known| known == name) {
        return Err(plan::unknown("service", name, project.service_names()).into());
    }
    let service = project.service_beside(name)?;
    if service.ports.is_empty() {
        let problem = Diagnostic::new(format!("service `{name}` has no port")).exit(Exit::Usage);
        return Err(problem
            .hint(Hint::run("see all listening ports with", "port ls"))
            .into());
    }
    let span = |port: &plan::Port| PortRange {
        first: port.number,
        last: port.number,
        protocol: Some(port.protocol),
    };
    Ok(service.ports.iter().map(span).collect())
}

//! A plan before its ports have numbers: what the file and the env files say of them. It is read once, and becomes a
//! [`Plan`] with every [`Allocation`].

use super::env_files::ProjectFiles;
use super::ports::DeclaredPorts;
use super::{Allocation, DeclaredPort, Plan, PlanInputs, PortId, Selection, ports, project_name, selection, services};
use crate::config::{Config, Service};
use crate::diagnostic::Diagnostic;

pub(crate) struct Draft<'a> {
    config: &'a Config,
    inputs: PlanInputs<'a>,
    /// Dependencies stand before their dependents.
    start_set: Vec<&'a Service>,
    files: ProjectFiles,
    ports: DeclaredPorts<'a>,
}

/// Reads what was asked for.
///
/// # Errors
/// What was asked for does not exist, or a file that concerns every service is wrong.
pub(crate) fn draft<'a>(
    config: &'a Config,
    asked: &Selection,
    inputs: PlanInputs<'a>,
) -> Result<Draft<'a>, Vec<Diagnostic>> {
    let start_set = selection::start_set(config, asked)?;
    let files = ProjectFiles::read(config, &inputs)?;
    let ports = ports::declared(config, &start_set, &files, &inputs);
    Ok(Draft {
        config,
        inputs,
        start_set,
        files,
        ports,
    })
}

impl Draft<'_> {
    /// The ports of all services of the file, as far as they can be worked out.
    pub(crate) fn declared(&self) -> Vec<DeclaredPort> {
        self.ports.declared()
    }

    /// The plan with these numbers. Services that cannot be planned are left out, and their problems stand beside the plan.
    pub(crate) fn plan(&self, allocation: &Allocation) -> (Plan, Vec<Diagnostic>) {
        let (numbers, mut problems) = ports::numbers(&self.ports, allocation);
        let mut planned = Vec::new();
        for service in &self.start_set {
            match services::service(self.config, service, &self.files, &numbers, &self.inputs) {
                Ok(service) => planned.push(service),
                Err(more) => problems.extend(more),
            }
        }
        // What several services share, such as an env file, is told once.
        let mut told = Vec::new();
        problems.retain(|problem| {
            let is_new = !told.contains(problem);
            if is_new {
                told.push(problem.clone());
            }
            is_new
        });
        let plan = Plan {
            project: project_name(self.config, self.inputs.checkout),
            checkout: self.inputs.checkout.to_owned(),
            on_exit: self.config.project.on_exit,
            services: planned,
        };
        (plan, problems)
    }

    /// The same, where everything of it has to be right.
    ///
    /// # Errors
    /// Every problem of the services that were asked for.
    pub(crate) fn complete_plan(&self, allocation: &Allocation) -> Result<Plan, Vec<Diagnostic>> {
        let (plan, problems) = self.plan(allocation);
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// Would its service and everything that refers to it follow this port to another number?
    pub(crate) fn could_move(&self, allocation: &Allocation, id: &PortId) -> bool {
        let (plan, _) = self.plan(&allocation.reassign_anywhere(id));
        plan.follows(id)
    }
}

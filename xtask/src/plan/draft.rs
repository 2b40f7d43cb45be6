//! A plan before its ports have numbers. It is read once, and gives a [`Plan`] for each [`Allocation`].

use std::net::SocketAddr;

use super::env_files::ProjectFiles;
use super::ports::DeclaredPorts;
use super::{
    Allocation, DeclaredPort, Plan, PlanInputs, PortId, Selection, Venv, metrics, ports, project_name, selection,
    services, venvs,
};
use crate::config::{Config, LogTarget, Service};
use crate::diagnostic::Diagnostic;

pub(crate) struct Draft<'a> {
    config: &'a Config,
    inputs: PlanInputs<'a>,
    /// Dependencies come before their dependents.
    start_set: Vec<&'a Service>,
    files: ProjectFiles,
    ports: DeclaredPorts<'a>,
}

/// Reads the config for what was requested.
///
/// # Errors
/// A requested service or profile does not exist, or a file that affects every service is invalid.
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
    /// The ports of all services of the file that have no errors.
    pub(crate) fn declared(&self) -> Vec<DeclaredPort> {
        self.ports.declared()
    }

    /// The plan with these numbers, and the problems of services that cannot be planned and are left out.
    pub(crate) fn plan(&self, allocation: &Allocation) -> (Plan, Vec<Diagnostic>) {
        let (numbers, mut problems) = ports::numbers(&self.ports, allocation, &self.inputs);
        let mut planned = Vec::new();
        for service in &self.start_set {
            match services::service(self.config, service, &self.files, &numbers, &self.inputs) {
                Ok(service) => planned.push(service),
                Err(more) => problems.extend(more),
            }
        }
        // A problem that several services share, such as an env file, is reported once.
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
            log_export: self.log_export(),
            services: planned,
        };
        (plan, problems)
    }

    fn log_export(&self) -> Vec<LogTarget> {
        let targets = self.config.project.log_export.iter();
        let absolute = targets.map(|target| match &target.value {
            LogTarget::File(path) => LogTarget::File(self.inputs.checkout.join(path)),
            target @ (LogTarget::Otlp(_) | LogTarget::Syslog(_) | LogTarget::Journald) => target.clone(),
        });
        absolute.collect()
    }

    /// Every venv of the file, then those that services find; and the problems of venvs that are left out.
    pub(crate) fn venvs(&self, plan: &Plan) -> (Vec<Venv>, Vec<Diagnostic>) {
        venvs::all(self.config, &self.files, plan, &self.inputs)
    }

    /// Where the file wants metrics to be served.
    ///
    /// # Errors
    /// A variable in it is missing, or it is no address.
    pub(crate) fn metrics(&self) -> Result<Option<SocketAddr>, Vec<Diagnostic>> {
        metrics::address(self.config, &self.files, &self.inputs)
    }

    /// The same plan, but any problem is an error.
    ///
    /// # Errors
    /// All problems of the requested services.
    pub(crate) fn complete_plan(&self, allocation: &Allocation) -> Result<Plan, Vec<Diagnostic>> {
        let (plan, problems) = self.plan(allocation);
        if problems.is_empty() { Ok(plan) } else { Err(problems) }
    }

    /// Whether the service of this port, and every reference to the port, would follow it to another number.
    pub(crate) fn could_move(&self, allocation: &Allocation, id: &PortId) -> bool {
        let (plan, _) = self.plan(&allocation.reassign_anywhere(id));
        plan.follows(id)
    }
}

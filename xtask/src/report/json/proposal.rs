//! `init` and `import`.

use std::path::Path;

use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::detect::{Packages, Process, Proposal, Runs, command};

/// The document of `init` and `import`.
#[derive(Serialize)]
pub(crate) struct ProposalDocument<'p> {
    schema_version: u32,
    file: &'p Path,
    written: bool,
    found: &'p [String],
    venvs: Vec<Venv<'p>>,
    services: Vec<Service<'p>>,
    tasks: Vec<Task<'p>>,
    not_carried_over: &'p [String],
    /// Of `devtasks.toml`.
    text: &'p str,
}

#[derive(Serialize)]
struct Venv<'p> {
    name: &'p str,
    path: &'p str,
    requirements: Option<&'p [String]>,
    project: Option<&'p str>,
}

#[derive(Serialize)]
struct Service<'p> {
    name: &'p str,
    command: Option<String>,
    compose: Option<&'p str>,
    working_dir: Option<&'p str>,
    port: Option<u16>,
    depends_on: &'p [String],
    reasons: &'p [String],
}

#[derive(Serialize)]
struct Task<'p> {
    name: &'p str,
    command: String,
    working_dir: Option<&'p str>,
    reasons: &'p [String],
}

pub(crate) fn proposal<'p>(
    proposal: &'p Proposal,
    file: &'p Path,
    written: bool,
    text: &'p str,
) -> ProposalDocument<'p> {
    ProposalDocument {
        schema_version: SCHEMA_VERSION,
        file,
        written,
        found: &proposal.found,
        venvs: proposal.venvs.iter().map(venv).collect(),
        services: proposal.services.iter().map(service).collect(),
        tasks: proposal.tasks.iter().map(task).collect(),
        not_carried_over: &proposal.left,
        text,
    }
}

fn venv(venv: &crate::detect::Venv) -> Venv<'_> {
    let (requirements, project) = match &venv.packages {
        Packages::Requirements(files) => (Some(files.as_slice()), None),
        Packages::Project(directory) => (None, Some(directory.as_str())),
        Packages::Unknown => (None, None),
    };
    Venv {
        name: &venv.name,
        path: &venv.path,
        requirements,
        project,
    }
}

fn service(service: &crate::detect::Service) -> Service<'_> {
    let variable = service.port.as_ref().and_then(|port| port.variable.as_deref());
    let (own, compose) = match &service.runs {
        Runs::Command(process) => (Some(process), None),
        Runs::Compose { service, .. } => (None, Some(service.as_str())),
    };
    Service {
        name: &service.name,
        command: own.map(|process| command(&process.run, variable)),
        compose,
        working_dir: own.and_then(working_dir),
        port: service.port.as_ref().map(|port| port.number),
        depends_on: &service.depends_on,
        reasons: &service.why,
    }
}

fn task(task: &crate::detect::Task) -> Task<'_> {
    Task {
        name: &task.name,
        command: command(&task.process.run, None),
        working_dir: working_dir(&task.process),
        reasons: &task.why,
    }
}

/// `None` is the project's directory.
fn working_dir(process: &Process) -> Option<&str> {
    Some(process.directory.as_str()).filter(|directory| !directory.is_empty())
}

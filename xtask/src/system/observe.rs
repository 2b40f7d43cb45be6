//! Fills [`Facts`] from the machine: everything preflight needs to know about a plan.

mod command;
mod env_files;
mod machine;
mod node;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::compose::Compose;
use super::interrupt::Interrupt;
use super::venvs::VenvLooks;
use super::{os, owners, pidfiles, threads};
use crate::config::suggest::closest;
use crate::plan::{Plan, Runs, Service};
use crate::ports::Endpoint;
use crate::preflight::{ComposeFact, ComposeState, DirectoryFact, Facts, ServiceFact};
pub(crate) use command::{find_program, near};
pub(crate) use env_files::{MAX_BYTES as MAX_ENV_FILE_BYTES, env_files};
pub(crate) use machine::machine;
pub(crate) use node::node_of;

/// Inspects everything that the plan's services need. Slow checks, such as starting an interpreter, run in parallel.
/// After an interrupt the result is incomplete and must not be used.
pub(crate) fn facts(plan: &Plan, venvs: &VenvLooks, interrupt: &Interrupt) -> Facts {
    let ports: BTreeSet<Endpoint> = plan
        .services
        .iter()
        .flat_map(|service| &service.ports)
        .map(Endpoint::from)
        .collect();
    let ports: Vec<Endpoint> = ports.into_iter().collect();
    let mut ports = owners::look_up(&ports, owners::Addresses::Service);
    owners::loopback_and_ephemeral_facts(&mut ports);
    Facts {
        ports,
        ..facts_without_ports(plan, venvs, interrupt)
    }
}

/// The same without a look at any port.
pub(crate) fn facts_without_ports(plan: &Plan, venvs: &VenvLooks, interrupt: &Interrupt) -> Facts {
    let mut directories = BTreeMap::new();
    let mut commands = BTreeMap::new();
    let services = plan
        .services
        .iter()
        .filter(|service| service.runs == Runs::Command)
        .map(|service| {
            let working_dir = directories
                .entry(&service.working_dir)
                .or_insert_with_key(|path| directory(path, &plan.checkout));
            let search_path = command::search_path(&service.environment);
            let command = commands
                .entry((&service.command.words[0], &service.working_dir, search_path))
                .or_insert_with(|| command::command(service, &plan.checkout));
            let fact = ServiceFact {
                working_dir: working_dir.clone(),
                node: node::node(service, command, &plan.checkout),
                pidfile: service.pidfile.as_deref().and_then(pidfiles::stale),
                command: command.clone(),
            };
            (service.name.clone(), fact)
        })
        .collect();
    let files = plan
        .services
        .iter()
        .flat_map(|service| &service.env_files)
        .map(|file| &file.path);
    Facts {
        ports: BTreeMap::new(),
        services,
        compose: compose_facts(plan, interrupt),
        venvs: venvs.at(plan.venvs(), interrupt),
        missing_files: files
            .filter(|path| !path.is_file())
            .map(|path| (path.clone(), owners::in_main(path, &plan.checkout)))
            .collect(),
        open_files: os::open_files_at_most(),
    }
}

fn compose_facts(plan: &Plan, interrupt: &Interrupt) -> BTreeMap<String, ComposeFact> {
    let of_compose = |service: &Service| match &service.runs {
        Runs::Compose(compose) => Some((service.clone(), compose.clone())),
        Runs::Command | Runs::External => None,
    };
    let services: Vec<_> = plan.services.iter().filter_map(of_compose).collect();
    let is_wanted = || !interrupt.was_heard();
    let looks = threads::share(&services, threads::UNLIMITED, |(service, compose)| {
        let found = Compose::find(compose, &service.working_dir, &service.environment, &is_wanted);
        found.map(|(program, containers)| ComposeState {
            containers,
            declared: match service.ports.is_empty() {
                true => None,
                false => program.declared(&is_wanted),
            },
        })
    });
    let names = services.into_iter().map(|(service, _)| service.name);
    names.zip(looks).collect()
}

fn directory(path: &Path, checkout: &Path) -> DirectoryFact {
    // Looking up `.` inside a directory requires permission to enter it.
    match fs::metadata(path).and_then(|directory| fs::metadata(path.join(".")).map(|_| directory)) {
        Ok(directory) if directory.is_dir() => DirectoryFact::Found,
        Ok(_) => DirectoryFact::NotADirectory,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => DirectoryFact::Denied,
        Err(error) if error.kind() == ErrorKind::NotADirectory => DirectoryFact::NotADirectory,
        Err(_) => DirectoryFact::Missing {
            near: near_directory(path, checkout),
        },
    }
}

/// The path with its first missing name replaced by a similar one, if that makes it exist.
fn near_directory(path: &Path, checkout: &Path) -> Option<PathBuf> {
    let existing = path.ancestors().find(|it| it.is_dir())?;
    let mut missing = path.strip_prefix(existing).ok()?.components();
    let name = missing.next()?.as_os_str().to_str()?;
    let names = command::names(existing);
    let directories = names
        .iter()
        .filter(|name| existing.join(name).is_dir())
        .map(String::as_str);
    let near = existing.join(closest(name, directories)?).join(missing.as_path());
    (near.is_dir() && near.starts_with(checkout)).then_some(near)
}

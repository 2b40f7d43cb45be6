//! Fills [`Facts`] from the machine: everything preflight needs to know about a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use super::compose::Compose;
use super::interrupt::Interrupt;
use super::venvs::VenvLooks;
use super::{os, owners, threads};
use crate::plan::{Environment, Plan, Runs, Service};
use crate::ports::Endpoint;
use crate::preflight::{CommandFact, ComposeFact, DirectoryFact, Facts, ServiceFact};

/// Inspects everything that the plan's services need. Slow checks, such as starting an interpreter, run in parallel.
/// After an interrupt the result is incomplete and must not be used.
pub(crate) fn facts(plan: &Plan, venvs: &VenvLooks, interrupt: &Interrupt) -> Facts {
    let mut directories = BTreeMap::new();
    let mut commands = BTreeMap::new();
    let services = plan
        .services
        .iter()
        .filter(|service| service.runs == Runs::Command)
        .map(|service| {
            let fact = ServiceFact {
                working_dir: *directories
                    .entry(&service.working_dir)
                    .or_insert_with_key(|path| directory(path)),
                command: commands
                    .entry((
                        &service.command.words[0],
                        &service.working_dir,
                        search_path(&service.environment),
                    ))
                    .or_insert_with(|| command(service))
                    .clone(),
            };
            (service.name.clone(), fact)
        })
        .collect();
    let ports: BTreeSet<Endpoint> = plan
        .services
        .iter()
        .flat_map(|service| &service.ports)
        .map(Endpoint::from)
        .collect();
    let ports: Vec<Endpoint> = ports.into_iter().collect();
    let files = plan
        .services
        .iter()
        .flat_map(|service| &service.env_files)
        .map(|file| &file.path);
    let mut ports = owners::look_up(&ports, owners::Addresses::Service);
    owners::loopback_and_ephemeral_facts(&mut ports);
    Facts {
        ports,
        services,
        compose: compose_facts(plan, interrupt),
        venvs: venvs.at(plan.venvs(), interrupt),
        missing_files: files.filter(|path| !path.is_file()).cloned().collect(),
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
        found.map(|(_, containers)| containers)
    });
    let names = services.into_iter().map(|(service, _)| service.name);
    names.zip(looks).collect()
}

fn directory(path: &Path) -> DirectoryFact {
    // Looking up `.` inside a directory requires permission to enter it.
    match fs::metadata(path).and_then(|directory| fs::metadata(path.join(".")).map(|_| directory)) {
        Ok(directory) if directory.is_dir() => DirectoryFact::Found,
        Ok(_) => DirectoryFact::NotADirectory,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => DirectoryFact::Denied,
        Err(error) if error.kind() == ErrorKind::NotADirectory => DirectoryFact::NotADirectory,
        Err(_) => DirectoryFact::Missing,
    }
}

fn command(service: &Service) -> CommandFact {
    let word = &service.command.words[0];
    match find_program(word, &service.working_dir, &service.environment) {
        Ok(path) => match missing_interpreter(&path) {
            Some(interpreter) => CommandFact::InterpreterMissing {
                script: path,
                interpreter,
            },
            None => CommandFact::Found(path),
        },
        Err(_) if word.contains('/') && service.working_dir.join(word).is_file() => {
            CommandFact::NotExecutable(service.working_dir.join(word))
        }
        Err(_) => CommandFact::NotFound,
    }
}

/// The interpreter of a script's first line if it is missing; exec would report "no such file" for the script itself.
fn missing_interpreter(script: &Path) -> Option<PathBuf> {
    let mut first = Vec::new();
    BufReader::new(fs::File::open(script).ok()?)
        .read_until(b'\n', &mut first)
        .ok()?;
    let line = String::from_utf8_lossy(first.strip_prefix(b"#!")?).trim().to_owned();
    let interpreter = PathBuf::from(line.split_whitespace().next()?);
    (interpreter.is_absolute() && !interpreter.exists()).then_some(interpreter)
}

/// Finds a command as its service would: in the `PATH` of that environment, relative to the working directory.
pub(crate) fn find_program(
    program: &str,
    working_dir: &Path,
    environment: &Environment,
) -> Result<PathBuf, which::Error> {
    which::which_in(program, search_path(environment), working_dir)
}

/// The `PATH` of that environment.
fn search_path(environment: &Environment) -> Option<&OsString> {
    environment.get(OsStr::new("PATH"))
}

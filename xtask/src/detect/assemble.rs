//! Candidates → services and tasks: names, ports, venvs, and who waits for whom.

use std::collections::BTreeSet;

use super::candidate::{Candidate, candidate};
use super::combine::combined;
use super::compose::ComposeFile;
use super::containers::Containers;
use super::line::Run;
use super::naming::{self, Ports, name};
use super::program::Program;
use super::proposal::{Health, Packages, Process, Proposal, Runs, Service, Task, Venv};
use super::python::{self, Packages as Lists};
use super::repository::{Repository, base};
use super::tool::{Kind, Role};
use super::{env, installs, node, redis, vite};

/// The proposal that these programs and this Compose file are together. `is_whole`: what else the repository needs is added.
pub(crate) fn assembled(
    programs: Vec<Program>,
    file: Option<(String, Option<ComposeFile>)>,
    is_whole: bool,
    repository: &Repository,
) -> Proposal {
    let unfolded = programs
        .into_iter()
        .flat_map(|program| node::unfold(program, repository));
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut proposal = Proposal {
        name: repository.name.clone(),
        ..Proposal::default()
    };
    let mut unknown: Vec<String> = Vec::new();
    for program in unfolded {
        match candidate(&program, repository) {
            Some(candidate) => candidates.push(candidate),
            None => unknown.extend(
                program
                    .why
                    .first()
                    .map(|why| format!("{why}: nothing that runs in this project")),
            ),
        }
    }
    if is_whole {
        let (kept, left) = combined(candidates, repository);
        candidates = kept;
        proposal.left = left;
    }
    proposal.left.extend(unknown);
    let containers = Containers::of(file, &mut candidates, repository, &mut proposal.left);
    if is_whole && !containers.has("redis") {
        candidates.extend(redis::candidate(repository, &candidates));
    }
    candidates.sort_by_key(|it| rank(it.role));
    let mut ports = Ports::new(env::ports(repository));
    proposal.services = containers.services(&mut ports);
    let mut taken: BTreeSet<String> = proposal.services.iter().map(|service| service.name.clone()).collect();
    let stores = containers.stores();
    let mut servers: Vec<(u16, String)> = Vec::new();
    for candidate in &candidates {
        let name = naming::service_name(candidate, &taken);
        taken.insert(name.clone());
        let process = process(candidate, repository, &mut proposal.venvs);
        if candidate.is_task {
            proposal.tasks.push(Task {
                name,
                why: candidate.why.clone(),
                process,
                environment: candidate.environment.clone(),
                depends_on: stores.clone(),
            });
            continue;
        }
        let port = ports.of_service(&name, candidate);
        if candidate.role != Role::Frontend {
            servers.extend(candidate.port.as_ref().map(|port| (port.number.value, name.clone())));
        }
        if port.is_none() && matches!(candidate.role, Role::Server | Role::NodeServer) {
            proposal.left.push(format!(
                "`{name}` opens a port whose number was not found; add `port = …` to [services.{name}]"
            ));
        }
        let health = match (&candidate.health, candidate.role) {
            (_, Role::Redis) => Some(Health::Tcp),
            (Some((path, why)), _) => Some(Health::Http {
                path: path.clone(),
                why: why.clone(),
            }),
            (None, _) => None,
        };
        proposal.services.push(Service {
            why: candidate.why.clone(),
            runs: Runs::Command(process),
            environment: candidate.environment.clone(),
            depends_on: containers.needed_by(candidate, &stores),
            profiles: Vec::new(),
            health: health.filter(|_| port.is_some()),
            port,
            more_ports: Vec::new(),
            name,
        });
    }
    if is_whole {
        redis::wire(&mut proposal, &candidates, repository);
    }
    frontends(&mut proposal, &candidates, &servers, repository);
    installs::add(&mut proposal, repository);
    if is_whole {
        django_migrations(&mut proposal, &stores);
        remarks(&mut proposal, repository);
    }
    proposal
}

/// What others need comes first.
fn rank(role: Role) -> usize {
    let order = [
        Role::Redis,
        Role::Server,
        Role::NodeServer,
        Role::Worker,
        Role::Scheduler,
        Role::Other,
        Role::Frontend,
    ];
    order.iter().position(|it| *it == role).unwrap_or(order.len())
}

fn process(candidate: &Candidate, repository: &Repository, venvs: &mut Vec<Venv>) -> Process {
    let is_python =
        candidate.kind == Kind::Python || matches!(&candidate.run, Run::Shell(text) if text.contains("python"));
    Process {
        run: candidate.run.clone(),
        directory: candidate.directory.clone(),
        venv: is_python
            .then(|| venv(&candidate.directory, repository, venvs))
            .flatten(),
    }
}

/// The name of the venv of a directory, which is added if it is new.
fn venv(directory: &str, repository: &Repository, venvs: &mut Vec<Venv>) -> Option<String> {
    let home = python::project_of(repository, directory)?;
    let project = python::projects(repository)
        .into_iter()
        .find(|project| project.directory == home)?;
    let path = project.venv(repository);
    if let Some(known) = venvs.iter().find(|venv| venv.path == path) {
        return Some(known.name.clone());
    }
    let own = match home {
        "" => "python".to_owned(),
        home => name(base(home)),
    };
    let is_taken = |name: &String| venvs.iter().any(|venv| venv.name == *name);
    let own = std::iter::once(own.clone())
        .chain((2..).map(|n| format!("{own}-{n}")))
        .find(|name| !is_taken(name) && !name.is_empty())?;
    let packages = match project.packages(repository)? {
        Lists::Requirements(files) => Packages::Requirements(files),
        Lists::Project(directory) => Packages::Project(directory),
        Lists::Pipfile => Packages::Unknown,
    };
    venvs.push(Venv {
        name: own.clone(),
        path,
        packages,
        why: project.evidence(repository),
    });
    Some(own)
}

/// A frontend whose settings send requests to a server of the stack waits for it.
fn frontends(proposal: &mut Proposal, candidates: &[Candidate], servers: &[(u16, String)], repository: &Repository) {
    for candidate in candidates.iter().filter(|candidate| candidate.role == Role::Frontend) {
        let is_it = |service: &&mut Service| matches!(&service.runs, Runs::Command(process) if process.directory == candidate.directory && process.run == candidate.run);
        let Some(frontend) = proposal.services.iter_mut().find(is_it) else {
            continue;
        };
        for target in vite::targets(repository, &candidate.directory) {
            let Some((number, server)) = servers.iter().find(|(it, _)| *it == target.port) else {
                continue;
            };
            if !frontend.depends_on.contains(server) {
                frontend.depends_on.push(server.clone());
            }
            match &target.variable {
                Some((name, _)) if env::is_set(repository, name) => {}
                Some((name, path)) => {
                    let value = format!("${{services.{server}.url}}{path}");
                    let is_known = frontend.environment.iter().any(|(known, _)| known == name);
                    if !is_known {
                        frontend.environment.push((name.clone(), value));
                        frontend.why.push(format!("{} reads {name}", target.file));
                    }
                }
                None => {
                    let variable = format!("{}_PORT", server.to_uppercase().replace('-', "_"));
                    proposal.left.push(format!(
                        "{} sends requests to port {number}; read `process.env.{variable}` there, so that it follows when `{server}` moves",
                        target.file
                    ));
                }
            }
        }
    }
}

/// A task that is there to be called: what it changes may be somebody else's, so nothing waits for it.
fn django_migrations(proposal: &mut Proposal, stores: &[String]) {
    let django = proposal.services.iter().find_map(|service| match &service.runs {
        Runs::Command(
            process @ Process {
                run: Run::Words(words), ..
            },
        ) if words.iter().any(|word| word.ends_with("manage.py")) => Some(process),
        Runs::Command(_) | Runs::Compose { .. } => None,
    });
    let Some(django) = django.filter(|_| {
        !proposal
            .tasks
            .iter()
            .any(|task| task.name == "migrate" || task.name == "release")
    }) else {
        return;
    };
    let words = ["python", "manage.py", "migrate"].map(str::to_owned).to_vec();
    proposal.tasks.push(Task {
        name: "migrate".to_owned(),
        why: vec![
            "It runs when it is asked for; `depends_on = [\"migrate\"]` of a service runs it at every start."
                .to_owned(),
        ],
        process: Process {
            run: Run::Words(words),
            directory: django.directory.clone(),
            venv: django.venv.clone(),
        },
        environment: Vec::new(),
        depends_on: stores.to_vec(),
    });
}

fn remarks(proposal: &mut Proposal, repository: &Repository) {
    for project in python::projects(repository) {
        let runs_uvicorn = |service: &Service| match &service.runs {
            Runs::Command(process) => {
                let is_uvicorn =
                    matches!(&process.run, Run::Words(words) if words.iter().any(|word| word == "uvicorn"));
                is_uvicorn && python::project_of(repository, &process.directory) == Some(project.directory.as_str())
            }
            Runs::Compose { .. } => false,
        };
        // `fastapi[standard]` and `fastapi[all]` bring it.
        let is_listed = ["uvicorn", "standard", "all"].iter().any(|name| project.lists(name));
        if !is_listed && proposal.services.iter().any(runs_uvicorn) {
            let file = project.evidence(repository);
            proposal.left.push(format!(
                "{file} does not list uvicorn, which runs the app here; add it if nothing else brings it"
            ));
        }
    }
    if let Some(example) = env::missing(repository) {
        proposal.left.push(format!(
            "{example}: there is no .env yet; `cp {example} .env`, and fill it in"
        ));
    }
    for store in env::stores(repository) {
        let is_there = |service: &Service| service.port.as_ref().is_some_and(|port| port.number == store.port);
        if !proposal.services.iter().any(is_there) {
            proposal.left.push(format!(
                "{}: {} names {} on port {}, which nothing here starts; if it runs on this machine, add a service with \
                 `external = true` and `port = {}`",
                store.file, store.variable, store.kind, store.port, store.port
            ));
        }
    }
    if proposal.venvs.iter().any(|venv| venv.packages == Packages::Unknown) {
        proposal
            .left
            .push("Pipfile: `PIPENV_VENV_IN_PROJECT=1 pipenv install` makes the venv".to_owned());
    }
    if repository.is_cut {
        proposal
            .left
            .push("the repository has more files than were read".to_owned());
    }
}

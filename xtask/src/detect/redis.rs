//! Redis, where the sources need it and no Compose file has it.

use regex_lite::Regex;

use super::candidate::Candidate;
use super::line::Run;
use super::program::{Number, Origin, Program};
use super::proposal::{Proposal, Runs};
use super::repository::{Repository, parent, upwards};
use super::tool::Role;
use super::{env, node, python};

const EXTENSIONS: [&str; 7] = ["py", "js", "ts", "mjs", "cjs", "go", "rb"];

/// A server of our own, if something uses Redis and nothing starts it.
pub(crate) fn candidate(repository: &Repository, others: &[Candidate]) -> Option<Candidate> {
    if others.iter().any(|candidate| candidate.role == Role::Redis) || others.is_empty() {
        return None;
    }
    let why = evidence(repository)?;
    let number = store(repository).map(|store| Number::new(store.port, format!("{}: {}", store.file, store.variable)));
    let program = Program::new(Origin::Guess, "", "redis-server --save ''", why);
    let program = program.named("redis").on(number);
    super::candidate::candidate(&program, repository)
}

/// What uses Redis of this machine.
fn evidence(repository: &Repository) -> Option<String> {
    let lists = python::projects(repository)
        .iter()
        .any(|project| ["redis", "rq", "arq", "celery"].iter().any(|name| project.lists(name)))
        || node::packages(repository).iter().any(|package| {
            ["redis", "ioredis", "bullmq", "bull"]
                .iter()
                .any(|name| package.depends_on(name))
        });
    if !lists {
        return None;
    }
    let local =
        Regex::new(r"redis://(?:localhost|127\.0\.0\.1)|\bRedis\(|[Rr]edis\.from_url\(|createClient\(|new IORedis\(");
    let local = local.expect("it is a pattern");
    let mut sources = repository.sources("", &EXTENSIONS).into_iter();
    let in_source = sources.find_map(|(file, text)| Some(format!("{file}: {}", local.find(text)?.as_str())));
    in_source.or_else(|| Some(format!("{}: {}", store(repository)?.file, store(repository)?.variable)))
}

/// Redis as an env file names it.
fn store(repository: &Repository) -> Option<env::Store> {
    env::stores(repository).into_iter().find(|store| store.kind == "Redis")
}

/// A variable that sources read the address from.
struct Address {
    name: String,
    /// `/0`.
    path: String,
    file: String,
}

/// Those that are named after Redis or have an address of it as their default, and no env file sets.
fn addresses(repository: &Repository) -> Vec<Address> {
    let pattern = Regex::new(
        r#"(?:environ\.get|getenv|environ\[|env\(|config\(|process\.env[.\[])\(?["']?(\w*(?:REDIS|BROKER|BACKEND|CACHE)\w*)["']?\]?(?:\s*(?:,|\|\||\?\?)\s*(?:default=)?["']([^"']*)["'])?"#,
    );
    let pattern = pattern.expect("it is a pattern");
    let local = Regex::new(r"^redis://(?:localhost|127\.0\.0\.1)(?::\d+)?(/\d+)?$").expect("it is a pattern");
    let mut found: Vec<Address> = Vec::new();
    let names = ["REDIS", "BROKER", "BACKEND", "CACHE"];
    let sources = repository.sources("", &EXTENSIONS).into_iter();
    for (file, text) in sources.filter(|(_, text)| names.iter().any(|name| text.contains(name))) {
        for variable in pattern.captures_iter(text) {
            let Some(name) = variable.get(1).map(|name| name.as_str().to_owned()) else {
                continue;
            };
            let path = match variable.get(2).map(|default| default.as_str()) {
                Some(default) => local
                    .captures(default)
                    .map(|it| it.get(1).map_or("/0", |path| path.as_str()).to_owned()),
                None if name.contains("REDIS") && (name.ends_with("URL") || name.ends_with("URI")) => {
                    Some("/0".to_owned())
                }
                None => None,
            };
            let is_new = !found.iter().any(|known| known.name == name) && !env::is_set(repository, &name);
            found.extend(path.filter(|_| is_new).map(|path| Address {
                name,
                path,
                file: file.to_owned(),
            }));
        }
    }
    found
}

/// Whoever uses Redis waits for it, and gets its address.
pub(crate) fn wire(proposal: &mut Proposal, candidates: &[Candidate], repository: &Repository) {
    let is_redis = |service: &super::proposal::Service| match &service.runs {
        Runs::Command(process) => matches!(&process.run, Run::Words(words) if words[0] == "redis-server"),
        Runs::Compose { .. } => {
            ["redis", "cache", "broker", "valkey"].contains(&service.name.as_str()) && service.port.is_some()
        }
    };
    let Some(found) = proposal.services.iter().find(|service| is_redis(service)) else {
        return;
    };
    let (redis, port) = (found.name.clone(), found.port.as_ref().map(|port| port.number));
    let addresses = addresses(repository);
    let in_files: Vec<env::RedisAddress> = env::redis_addresses(repository)
        .into_iter()
        .filter(|address| Some(address.port) == port)
        .collect();
    let used = evidence(repository).is_some()
        || candidates
            .iter()
            .any(|it| matches!(it.role, Role::Worker | Role::Scheduler));
    for service in proposal.services.iter_mut().filter(|service| service.name != redis) {
        let Runs::Command(process) = &service.runs else {
            continue;
        };
        let role = candidates
            .iter()
            .find(|it| it.run == process.run && it.directory == process.directory)
            .map(|it| it.role);
        if !used
            || !matches!(
                role,
                Some(Role::Server | Role::NodeServer | Role::Worker | Role::Scheduler)
            )
        {
            continue;
        }
        if !service.depends_on.contains(&redis) {
            service.depends_on.push(redis.clone());
        }
        for address in &addresses {
            if !service.environment.iter().any(|(known, _)| *known == address.name) {
                let value = format!("redis://127.0.0.1:${{services.{redis}.port}}{}", address.path);
                service.environment.push((address.name.clone(), value));
                service.why.push(format!("{} reads {}", address.file, address.name));
            }
        }
        let (mut file, mut names) = ("", Vec::new());
        for address in &in_files {
            let is_read = upwards(&process.directory).any(|above| above == parent(&address.file));
            let is_known = service.environment.iter().any(|(known, _)| *known == address.variable);
            if is_read && !is_known {
                let value = format!("redis://127.0.0.1:${{services.{redis}.port}}{}", address.path);
                service.environment.push((address.variable.clone(), value));
                (file, names) = (&address.file, [names, vec![address.variable.as_str()]].concat());
            }
        }
        if !names.is_empty() {
            service.why.push(format!(
                "`environment` wins over {} of {file}, and follows when `{redis}` moves",
                names.join(", ")
            ));
        }
    }
    let is_ours = proposal
        .services
        .iter()
        .any(|service| service.name == redis && matches!(service.runs, Runs::Command(_)));
    if is_ours && !repository.commands.contains("redis-server") {
        proposal.left.push("`redis-server` is not on PATH here; install it, as with `apt install redis-server` or `brew install redis`".to_owned());
    }
}

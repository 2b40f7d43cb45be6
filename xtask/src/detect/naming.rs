//! Names of services, and the variables and numbers of their ports.

use std::collections::BTreeSet;

use super::candidate::Candidate;
use super::env::EnvPort;
use super::line::Run;
use super::proposal::Port;
use super::repository::{base, parent};
use super::tool::{Kind, Role};

/// Letters, digits, `_` and `-`, as a name in `devtasks.toml` has them.
pub(crate) fn name(text: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let plain: String = text
        .trim()
        .chars()
        .map(|letter| {
            if allowed(letter) {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(63).collect()
}

/// A name that no other has: its own, its directory's, or what it is there for.
pub(crate) fn service_name(candidate: &Candidate, taken: &BTreeSet<String>) -> String {
    let directory = candidate.directory.as_str();
    let program = program(&candidate.run);
    let by_role = match (candidate.role, candidate.kind) {
        (Role::Frontend, _) => "frontend",
        (Role::NodeServer, _) | (Role::Server, Kind::Python | Kind::Go | Kind::Rust) => "backend",
        (Role::Worker, _) => "worker",
        (Role::Scheduler, _) => "scheduler",
        (Role::Redis, _) => "redis",
        (Role::Other, _) if program.is_some() => program.as_deref().unwrap_or_default(),
        (Role::Server, _) | (Role::Other, _) => "web",
    };
    let of_directory = match directory {
        "" => by_role.to_owned(),
        // Every project has such a directory.
        directory if ["app", "src"].contains(&base(directory)) && !parent(directory).is_empty() => {
            name(base(parent(directory)))
        }
        directory => name(base(directory)),
    };
    let own = candidate.name.as_deref().map(name).filter(|name| !name.is_empty());
    let first = own.unwrap_or(of_directory);
    let above = name(base(parent(directory)));
    let prefixed = [name(base(directory)), above]
        .into_iter()
        .filter(|prefix| !prefix.is_empty() && *prefix != first)
        .map(|prefix| format!("{prefix}-{first}"));
    let role = std::iter::once(format!("{first}-{by_role}"));
    let numbered = (2..).map(|n| format!("{first}-{n}"));
    let mut names = std::iter::once(first.clone())
        .chain(prefixed)
        .chain(role)
        .chain(numbered);
    names
        .find(|name| !name.is_empty() && name != "auto" && !taken.contains(name))
        .expect("there is always another number")
}

/// What a command runs, as a name: `tsc` of `npx tsc -w`, `watch` of `node watch.js`.
fn program(run: &Run) -> Option<String> {
    const FINDERS: [&str; 6] = ["npx", "bunx", "pnpm", "yarn", "npm", "bun"];
    const STARTERS: [&str; 8] = ["node", "nodemon", "tsx", "ts-node", "python", "python3", "ruby", "php"];
    let Run::Words(words) = run else {
        return None;
    };
    let mut words = words.iter().filter(|word| !word.starts_with('-')).map(String::as_str);
    let mut word = words.next()?;
    if FINDERS.contains(&word) {
        word = words.find(|word| !["exec", "run", "dlx"].contains(word))?;
    }
    if STARTERS.contains(&word) {
        word = words.find(|word| word.contains(['.', '/'])).unwrap_or(word);
    }
    let stem = base(word).split('.').next()?;
    Some(name(stem)).filter(|name| !name.is_empty())
}

/// Names that people give to the port of one and the same thing.
const ALIKE: [&[&str]; 4] = [
    &[
        "BACKEND", "API", "SERVER", "APP", "WEB", "DJANGO", "FLASK", "FASTAPI", "UVICORN", "HTTP",
    ],
    &["FRONTEND", "CLIENT", "UI", "WEB", "VITE", "NEXT", "NUXT", "FRONT"],
    &["REDIS", "CACHE"],
    &["POSTGRES", "DB", "DATABASE", "PG", "POSTGRESQL"],
];

/// The ports that were given out so far, and those of env files.
pub(crate) struct Ports {
    pub(crate) declared: Vec<EnvPort>,
    pub(crate) numbers: BTreeSet<u16>,
    variables: BTreeSet<String>,
}

impl Ports {
    pub(crate) fn new(declared: Vec<EnvPort>) -> Self {
        Ports {
            declared,
            numbers: BTreeSet::new(),
            variables: BTreeSet::new(),
        }
    }

    /// A port of Compose, whose number is the one it publishes.
    pub(crate) fn of_compose(&mut self, number: u16, variable: Option<String>, why: String) -> Port {
        self.numbers.insert(number);
        self.variables.extend(variable.clone());
        Port { number, variable, why }
    }

    /// The variable and number of a service's port.
    pub(crate) fn of_service(&mut self, service: &str, candidate: &Candidate) -> Option<Port> {
        let port = candidate.port.as_ref()?;
        let own_name = format!("{}_PORT", service.to_uppercase().replace('-', "_"));
        let declared = self.declared(&own_name, candidate).cloned();
        let (mut number, mut why) = (port.number.value, port.number.why.clone());
        if let Some(declared) = &declared {
            number = declared.number;
            why = format!("{}: {}={number}", declared.file, declared.name);
        }
        if !port.follows {
            self.numbers.insert(port.number.value);
            return Some(Port {
                number: port.number.value,
                variable: None,
                why: format!("{}; it reads no PORT", port.number.why),
            });
        }
        let free = (number..=u16::MAX)
            .find(|number| !self.numbers.contains(number))
            .unwrap_or(number);
        if free != number {
            why = format!("{why}, and {number} is another service's");
        }
        self.numbers.insert(free);
        let declared = declared.map(|declared| declared.name).filter(|name| name != "PORT");
        let variable = port.variable.clone().or(declared).unwrap_or(own_name);
        self.variables.insert(variable.clone());
        Some(Port {
            number: free,
            variable: Some(variable),
            why,
        })
    }

    /// The variable of an env file that is meant for this service.
    fn declared(&self, own_name: &str, candidate: &Candidate) -> Option<&EnvPort> {
        let port = candidate.port.as_ref()?;
        let free = || self.declared.iter().filter(|it| !self.variables.contains(&it.name));
        if let Some(variable) = &port.variable {
            return free().find(|it| it.name == *variable);
        }
        let exact = free().find(|it| it.name == own_name);
        let of_directory = || {
            let is_server = candidate.role == Role::Server || candidate.role == Role::NodeServer;
            let is_his = is_server || !candidate.directory.is_empty();
            let plain = |it: &&EnvPort| it.name == "PORT" && parent(&it.file) == candidate.directory && is_his;
            free().find(plain)
        };
        let alike = || {
            let groups: &[usize] = match candidate.role {
                Role::Server | Role::NodeServer => &[0],
                Role::Frontend => &[1],
                Role::Redis => &[2],
                Role::Worker | Role::Scheduler | Role::Other => &[],
            };
            let names = groups.iter().flat_map(|group| ALIKE[*group]);
            names
                .map(|name| format!("{name}_PORT"))
                .find_map(|name| free().find(|it| it.name == name))
        };
        let same_number = || free().find(|it| it.number == port.number.value && it.name != "PORT");
        exact.or_else(of_directory).or_else(same_number).or_else(alike)
    }
}

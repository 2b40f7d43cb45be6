//! Ports in env files: `BACKEND_PORT=8000`. No other value is taken from them.

use regex_lite::Regex;

use super::repository::{Repository, base, join, parent};

/// A variable whose name ends with `PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvPort {
    pub(crate) name: String,
    pub(crate) number: u16,
    pub(crate) file: String,
}

/// Env files that are read, the real one first.
const FILES: [&str; 8] = [
    ".env",
    ".env.local",
    ".env.development",
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
];

pub(crate) fn is_env_file(name: &str) -> bool {
    FILES.contains(&name)
}

/// Every port of every env file; of two with one name in one directory, the first.
pub(crate) fn ports(repository: &Repository) -> Vec<EnvPort> {
    let pattern =
        Regex::new(r#"(?m)^\s*(?:export\s+)?([A-Z][A-Z0-9_]*PORT|PORT)\s*=\s*["']?(\d{2,5})["']?\s*(?:#.*)?\r?$"#)
            .expect("it is a pattern");
    let mut found: Vec<EnvPort> = Vec::new();
    for (file, text) in FILES.into_iter().flat_map(|name| repository.named(name)) {
        for port in pattern.captures_iter(text) {
            let (Some(name), Some(Ok(number))) = (port.get(1), port.get(2).map(|digits| digits.as_str().parse()))
            else {
                continue;
            };
            let is_known = found
                .iter()
                .any(|it| it.name == name.as_str() && parent(&it.file) == parent(file));
            if !is_known && number > 0 {
                found.push(EnvPort {
                    name: name.as_str().to_owned(),
                    number,
                    file: file.to_owned(),
                });
            }
        }
    }
    found
}

/// A variable that holds the address of a database on this machine. The rest of the address stays unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) variable: String,
    pub(crate) kind: &'static str,
    pub(crate) port: u16,
    pub(crate) file: String,
}

/// Databases of this machine that env files name.
pub(crate) fn stores(repository: &Repository) -> Vec<Store> {
    const KINDS: [(&str, &str, u16); 6] = [
        ("postgres", "Postgres", 5432),
        ("postgresql", "Postgres", 5432),
        ("mysql", "MySQL", 3306),
        ("mongodb", "MongoDB", 27017),
        ("amqp", "RabbitMQ", 5672),
        ("redis", "Redis", 6379),
    ];
    let pattern = Regex::new(
        r#"(?m)^\s*(?:export\s+)?(\w+)\s*=\s*["']?(\w+)(?:\+\w+)?://(?:[^@\s]*@)?(?:localhost|127\.0\.0\.1)(?::(\d+))?"#,
    );
    let pattern = pattern.expect("it is a pattern");
    let mut found: Vec<Store> = Vec::new();
    for (file, text) in FILES.into_iter().flat_map(|name| repository.named(name)) {
        for address in pattern.captures_iter(text) {
            let part = |group: usize| address.get(group).map(|part| part.as_str());
            let kind = KINDS.iter().find(|(scheme, ..)| part(2) == Some(*scheme));
            let (Some(variable), Some((_, kind, usual))) = (part(1), kind) else {
                continue;
            };
            let port = part(3).and_then(|digits| digits.parse().ok()).unwrap_or(*usual);
            if !found.iter().any(|known| known.kind == *kind && known.port == port) {
                found.push(Store {
                    variable: variable.to_owned(),
                    kind,
                    port,
                    file: file.to_owned(),
                });
            }
        }
    }
    found
}

/// A variable of an env file in use that holds nothing but an address of Redis on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedisAddress {
    pub(crate) variable: String,
    pub(crate) port: u16,
    /// `/0`; may be empty.
    pub(crate) path: String,
    pub(crate) file: String,
}

/// Those without a password, and that no other env file beside it sets.
pub(crate) fn redis_addresses(repository: &Repository) -> Vec<RedisAddress> {
    let pattern = Regex::new(
        r#"(?m)^\s*(?:export\s+)?(\w+)\s*=\s*["']?redis://(?:localhost|127\.0\.0\.1)(?::(\d+))?(/\d*)?["']?\s*(?:#.*)?$"#,
    );
    let pattern = pattern.expect("it is a pattern");
    let is_replaced = |file: &str, name: &str| {
        let mut others = FILES[1..3].iter().map(|other| join(parent(file), other));
        others.any(|other| repository.text(&other).is_some_and(|text| sets(text, name)))
    };
    let mut found: Vec<RedisAddress> = Vec::new();
    for (file, text) in repository.named(FILES[0]) {
        for address in pattern.captures_iter(text) {
            let part = |group: usize| address.get(group).map(|part| part.as_str());
            let Some(variable) = part(1).filter(|name| !is_replaced(file, name)) else {
                continue;
            };
            found.push(RedisAddress {
                variable: variable.to_owned(),
                port: part(2).and_then(|digits| digits.parse().ok()).unwrap_or(6379),
                path: part(3).unwrap_or_default().to_owned(),
                file: file.to_owned(),
            });
        }
    }
    found
}

fn sets(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        line.trim()
            .trim_start_matches("export ")
            .strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

/// Whether an env file that is in use sets this variable.
pub(crate) fn is_set(repository: &Repository, name: &str) -> bool {
    repository
        .files
        .iter()
        .any(|(path, text)| base(path) == ".env" && text.as_deref().is_some_and(|text| sets(text, name)))
}

/// An example without the file that it is one of, if it sets more than ports.
pub(crate) fn missing(repository: &Repository) -> Option<&'static str> {
    let example = FILES[3..].iter().find(|name| repository.has(name))?;
    let is_port = |line: &str| line.split('=').next().is_some_and(|name| name.trim().ends_with("PORT"));
    let mut lines = repository.text(example)?.lines().map(str::trim);
    let says_more = lines.any(|line| line.contains('=') && !line.starts_with('#') && !is_port(line));
    (says_more && !repository.has(".env")).then_some(example)
}

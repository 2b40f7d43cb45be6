//! Compose files: as an engine resolves them, or as their YAML has them.

mod published;

use serde_json::Value;

use super::repository::{Repository, join, parent};
use super::yaml;
pub(crate) use published::Published;

/// A Compose file.
#[derive(Debug)]
pub(crate) struct ComposeFile {
    pub(crate) services: Vec<ComposeService>,
}

/// One of its services.
#[derive(Debug)]
pub(crate) struct ComposeService {
    pub(crate) name: String,
    pub(crate) image: Option<String>,
    /// The directory that it is built from.
    pub(crate) build: Option<String>,
    pub(crate) ports: Vec<Published>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) env_files: Vec<String>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) has_healthcheck: bool,
}

/// The names that Compose looks for itself, in its order.
const DEFAULTS: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// Names that people give to a file for development.
const OTHERS: [&str; 6] = [
    "compose.dev.yaml",
    "compose.dev.yml",
    "docker-compose.dev.yml",
    "docker-compose.dev.yaml",
    "docker-compose.local.yml",
    "local.yml",
];

/// Files that Compose reads after each of its own, if they are there.
const OVERRIDES: [&str; 4] = [
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Whether a file of this name is a Compose file.
pub(crate) fn is_compose_file(name: &str) -> bool {
    // `process-compose.yaml` is of a program of that name.
    let is_another = name.starts_with("process-compose");
    DEFAULTS.contains(&name)
        || OTHERS.contains(&name)
        || (name.contains("compose") && !is_another && (name.ends_with(".yml") || name.ends_with(".yaml")))
}

/// The Compose file of a repository, and whether it could be read.
pub(crate) fn file(repository: &Repository) -> Option<(String, Option<ComposeFile>)> {
    let names = DEFAULTS.iter().chain(&OTHERS);
    let top = names
        .clone()
        .find(|name| repository.has(name))
        .map(|name| (*name).to_owned());
    let path = top.or_else(|| {
        names
            .flat_map(|name| repository.named(name))
            .next()
            .map(|(path, _)| path.to_owned())
    })?;
    let read = read(repository, &path);
    Some((path, read))
}

/// Whether Compose finds this file by itself.
pub(crate) fn is_found_by_compose(path: &str) -> bool {
    DEFAULTS.contains(&path)
}

pub(crate) fn read(repository: &Repository, path: &str) -> Option<ComposeFile> {
    let resolved = repository
        .compose
        .get(path)
        .and_then(|json| serde_json::from_str(json).ok());
    let value: Value = resolved.or_else(|| with_override(repository, path))?;
    let services = value.get("services")?.as_object()?;
    let mut services: Vec<ComposeService> = services
        .iter()
        .map(|(name, value)| service(path, name, value))
        .collect();
    // In the order of the file, which JSON does not keep.
    let text = repository.text(path).unwrap_or_default();
    services.sort_by_key(|service| text.find(&format!("\n  {}:", service.name)).unwrap_or(usize::MAX));
    Some(ComposeFile { services })
}

/// The YAML, and what its override adds, as far as this module reads it.
fn with_override(repository: &Repository, path: &str) -> Option<Value> {
    let mut value = yaml::value(repository.text(path)?)?;
    let mut names = OVERRIDES.iter().filter(|_| is_found_by_compose(path));
    let more = names.find_map(|name| yaml::value(repository.text(name)?));
    let more = more.as_ref().and_then(|more| more.get("services")?.as_object());
    let services = value.get_mut("services")?.as_object_mut()?;
    for (name, service) in more.into_iter().flatten() {
        let own = services
            .entry(name.clone())
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        let (Some(own), Some(service)) = (own.as_object_mut(), service.as_object()) else {
            continue;
        };
        for (key, value) in service {
            match (own.get_mut(key), value) {
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
                (Some(Value::Object(table)), Value::Object(more)) => table.extend(more.clone()),
                (_, value) => {
                    own.insert(key.clone(), value.clone());
                }
            }
        }
    }
    Some(value)
}

fn service(path: &str, name: &str, value: &Value) -> ComposeService {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let build = value.get("build").and_then(|build| match build {
        Value::Object(build) => {
            let context = build.get("context").and_then(text).unwrap_or_else(|| ".".to_owned());
            // Some build everything from the top, each with a file in its own directory.
            let file = build.get("dockerfile").and_then(text).unwrap_or_default();
            Some(join(&context, parent(&file)))
        }
        build => text(build),
    });
    let ports = value.get("ports").and_then(Value::as_array).into_iter().flatten();
    ComposeService {
        name: name.to_owned(),
        image: value.get("image").and_then(text),
        build: build.map(|context| join(parent(path), &context)),
        ports: ports.filter_map(Published::read).collect(),
        environment: environment(value.get("environment")),
        env_files: env_files(path, value.get("env_file")),
        depends_on: names(value.get("depends_on")),
        profiles: names(value.get("profiles")),
        has_healthcheck: value.get("healthcheck").is_some(),
    }
}

fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect(),
        Some(Value::Object(names)) => names.keys().cloned().collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => Vec::new(),
    }
}

/// One path, a list of them, or tables with a `path`.
fn env_files(compose: &str, value: Option<&Value>) -> Vec<String> {
    let path = |value: &Value| {
        let path = value.as_str().or_else(|| value.get("path")?.as_str());
        path.map(|path| join(parent(compose), path))
    };
    match value {
        Some(Value::Array(files)) => files.iter().filter_map(path).collect(),
        Some(one) => path(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn environment(value: Option<&Value>) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Some(Value::Object(pairs)) => pairs
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
            .collect(),
        Some(Value::Array(pairs)) => {
            let pair = |pair: &Value| {
                pair.as_str()?
                    .split_once('=')
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
            };
            pairs.iter().filter_map(pair).collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => Vec::new(),
    }
}

impl ComposeService {
    /// What the image is, such as `postgres` for `docker.io/library/postgres:16`.
    pub(crate) fn kind(&self) -> &str {
        let image = self.image.as_deref().unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default();
        name.split([':', '@']).next().unwrap_or_default()
    }

    /// The port that its image opens, for a hint.
    pub(crate) fn usual_port(&self) -> Option<u16> {
        Some(match self.kind() {
            "postgres" | "postgis" | "pgvector" | "timescaledb" => 5432,
            "redis" | "redis-stack" | "valkey" | "keydb" => 6379,
            "mysql" | "mariadb" => 3306,
            "mongo" => 27017,
            "rabbitmq" => 5672,
            _ => return None,
        })
    }

    /// Whether others keep their data in it, so that they wait for it.
    pub(crate) fn is_store(&self) -> bool {
        const STORES: [&str; 20] = [
            "postgres",
            "postgis",
            "pgvector",
            "timescaledb",
            "mysql",
            "mariadb",
            "redis",
            "redis-stack",
            "valkey",
            "keydb",
            "mongo",
            "rabbitmq",
            "memcached",
            "elasticsearch",
            "opensearch",
            "kafka",
            "nats",
            "minio",
            "localstack",
            "clickhouse-server",
        ];
        STORES.contains(&self.kind())
    }
}

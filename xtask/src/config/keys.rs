//! Every key of `devtasks.toml`. The parser and the documentation both use these tables.

mod export;
mod key;
mod kind;
mod project;
mod service;
mod service_tables;
mod shared;
mod task;

pub(crate) use key::Key;
pub(crate) use kind::{Kind, SIGNALS};

pub(crate) const PROJECT: &str = "project";
/// An entry of `log_export`.
pub(crate) const LOG_EXPORT: &str = "project.log_export";
pub(crate) const VENV: &str = "venvs.NAME";
pub(crate) const SERVICE: &str = "services.NAME";
/// The table form of `port` and of each entry of `ports`.
pub(crate) const PORT: &str = "services.NAME.port";
/// The table form of a dependency.
pub(crate) const DEPENDENCY: &str = "services.NAME.depends_on.NAME";
pub(crate) const HEALTHCHECK: &str = "services.NAME.healthcheck";
pub(crate) const TASK: &str = "tasks.NAME";
pub(crate) const EXPORT: &str = "export";
pub(crate) const COMPOSE: &str = "export.compose";
pub(crate) const COMPOSE_OF: &str = "export.compose.NAME";
pub(crate) const KUBERNETES: &str = "export.kubernetes";
pub(crate) const KUBERNETES_OF: &str = "export.kubernetes.NAME";

/// In the order of the documentation.
pub(crate) fn keys() -> impl Iterator<Item = &'static Key> {
    let tables = [
        project::KEYS,
        service::KEYS,
        service_tables::KEYS,
        task::KEYS,
        export::KEYS,
    ];
    tables.into_iter().flatten()
}

/// The keys of one table.
pub(crate) fn keys_of(table: &str) -> impl Iterator<Item = &'static Key> {
    keys().filter(move |key| key.table == table)
}

#[cfg(test)]
mod tests;

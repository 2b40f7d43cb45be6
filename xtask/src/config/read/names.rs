//! The names of venvs, services, tasks and ports. They are collected before anything that refers to them is read.

use super::item::Table;
use super::reader::meant;
use crate::config::template::TemplatePart;

/// The key of a port that `port` declares.
pub(super) const MAIN_PORT: &str = "main";

/// In file order.
pub(super) struct Names {
    pub(super) venvs: Vec<String>,
    pub(super) services: Vec<ServiceName>,
    pub(super) tasks: Vec<String>,
}

pub(super) struct ServiceName {
    pub(super) name: String,
    /// The keys of its ports.
    pub(super) ports: Vec<String>,
}

/// What a name denotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    Venv,
    Service,
    Task,
    Port,
    Profile,
}

impl NameKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            NameKind::Venv => "venv",
            NameKind::Service => "service",
            NameKind::Task => "task",
            NameKind::Port => "port",
            NameKind::Profile => "profile",
        }
    }
}

/// Names appear in arguments, labels and file names: letters, digits, `-` and `_`, at most 63 bytes, no leading `-`.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=63).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('-')
}

impl Names {
    pub(super) fn of(root: &Table) -> Self {
        let venvs = root.get("venvs").and_then(|item| item.as_table());
        // A mistyped `[service.backend]` is one problem, and not one for each place that names `backend`.
        let services = root.items();
        let services = services
            .iter()
            .filter(|item| item.key == "services" || meant(item.key, "") == Some("services"));
        let services = services.filter_map(|item| item.as_table());
        let tasks = root.get("tasks").and_then(|item| item.as_table());
        Names {
            venvs: venvs.map(|table| table.keys()).unwrap_or_default(),
            services: services
                .flat_map(|table| table.items())
                .map(|item| ServiceName {
                    name: item.key.to_owned(),
                    ports: item.as_table().map(|table| ports(&table)).unwrap_or_default(),
                })
                .collect(),
            tasks: tasks.map(|table| table.keys()).unwrap_or_default(),
        }
    }

    pub(super) fn service(&self, name: &str) -> Option<&ServiceName> {
        self.services.iter().find(|service| service.name == name)
    }

    pub(super) fn is_task(&self, name: &str) -> bool {
        self.tasks.iter().any(|task| task == name)
    }

    pub(super) fn service_names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.name.as_str())
    }
}

impl ServiceName {
    /// Whether `${services.NAME.PART}` can be resolved.
    pub(super) fn has(&self, part: &TemplatePart) -> bool {
        match part {
            TemplatePart::Port | TemplatePart::Url | TemplatePart::Address => !self.ports.is_empty(),
            TemplatePart::PortKey(key) => self.ports.contains(key),
        }
    }
}

fn ports(service: &Table) -> Vec<String> {
    let one = service.get("port").map(|_| MAIN_PORT.to_owned());
    let several = service.get("ports").and_then(|item| item.as_table());
    one.into_iter()
        .chain(several.map(|table| table.keys()).unwrap_or_default())
        .collect()
}

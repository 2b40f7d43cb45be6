//! What `${…}` means in one service: exported ports, the calling environment, its env files, the project's env files.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::Environment;
use crate::config::template::{Missing, Part};
use crate::config::{At, Template};
use crate::error::{Exit, Problem};

/// Name and value, in the order of the file.
pub(super) type Pairs = Vec<(String, String)>;

/// Layers in the order in which they are asked.
pub(super) struct Scope<'a> {
    /// `PORT`, `PORT_<KEY>` of this service and the variables that ports of the project are named by.
    pub(super) exported: BTreeMap<String, String>,
    pub(super) calling: &'a Environment,
    /// The last one first.
    pub(super) files: Vec<&'a Pairs>,
    pub(super) addresses: &'a Addresses,
}

/// What references such as `${services.db.port}` stand for; a service whose ports could not be worked out is not here.
pub(super) type Addresses = BTreeMap<String, Address>;

pub(super) struct Address {
    /// By key, the main one first.
    pub(super) ports: Vec<(String, u16)>,
    pub(super) url: Option<String>,
}

impl Scope<'_> {
    /// # Errors
    /// One problem for each variable that is missing.
    pub(super) fn fill(&self, template: &At<Template>) -> Result<String, Vec<Problem>> {
        let filled = template.value.fill(&|name| self.variable(name), &|service, part| {
            self.reference(service, part)
        });
        filled.map_err(|missing| missing.into_iter().map(|it| unset(it).at(&template.place)).collect())
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let exported = self.exported.get(name).cloned();
        exported.or_else(|| outside(self.calling, &self.files, name))
    }

    fn reference(&self, service: &str, part: &Part) -> Result<String, String> {
        let address = self
            .addresses
            .get(service)
            .ok_or_else(|| format!("the port of `{service}` is not known"))?;
        let value = match part {
            Part::Port => address.ports.first().map(|(_, port)| port.to_string()),
            Part::PortKey(key) => address
                .ports
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, port)| port.to_string()),
            Part::Url => address.url.clone(),
        };
        value.ok_or_else(|| format!("`{service}` has no such port"))
    }
}

/// A variable from the calling environment or, failing that, the env files.
pub(super) fn outside(calling: &Environment, files: &[&Pairs], name: &str) -> Option<String> {
    if let Some(value) = calling.get(OsStr::new(name)) {
        return Some(value.to_string_lossy().into_owned());
    }
    let value = |file: &&Pairs| {
        file.iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    files.iter().find_map(value)
}

fn unset(missing: Missing) -> Problem {
    let problem = match missing {
        Missing::Variable(name) => Problem::new(format!("variable `{name}` is not set"))
            .hint(format!("set `{name}` in `.env`, or write `${{{name}:-default}}`")),
        Missing::Required { name, message } => {
            Problem::new(format!("variable `{name}` is not set: {message}")).hint(format!("set `{name}` in `.env`"))
        }
        Missing::Reference { why, .. } => Problem::new(why),
    };
    problem.code("env.missing").exit(Exit::Usage)
}

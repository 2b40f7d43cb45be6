//! What `${…}` means in one service: exported ports, the calling environment, its env files, the project's env files.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::Environment;
use super::env_files::Elsewhere;
use crate::config::suggest::did_you_mean;
use crate::config::template::{Missing, TemplatePart};
use crate::config::{Located, Template};
use crate::diagnostic::{Code, Diagnostic, Exit, Hint};

/// Names and values in file order.
pub(super) type Pairs = Vec<(String, String)>;

/// Where variables are looked up, highest priority first.
pub(super) struct Scope<'a> {
    /// `PORT` and `PORT_<KEY>` of this service, and the variables that name ports of the project.
    pub(super) exported: BTreeMap<String, String>,
    pub(super) calling: &'a Environment,
    /// In reverse order.
    pub(super) files: Vec<&'a Pairs>,
    pub(super) addresses: &'a ServiceAddresses,
    pub(super) settable: Settable<'a>,
}

/// Where hints say that a variable is to be set.
#[derive(Clone, Copy)]
pub(super) struct Settable<'a> {
    /// An env file, as the user would write it; `None` for the environment.
    pub(super) file: Option<&'a str>,
    /// An env file that only the main checkout has.
    pub(super) elsewhere: Option<&'a Elsewhere>,
}

/// The values of references such as `${services.db.port}`.
pub(super) type ServiceAddresses = BTreeMap<String, Address>;

pub(super) enum Address {
    Known {
        /// By key; the main port comes first.
        ports: Vec<(String, u16)>,
        /// `127.0.0.1:8000`, `db:5432`.
        main: Option<String>,
        /// Of the main port's URL; `None` if it has no URL.
        scheme: Option<String>,
    },
    /// Its ports are invalid, which is reported already.
    Told,
    /// Its ports are invalid in this way, which is reported only if they are referred to.
    Untold(String),
}

impl Scope<'_> {
    /// # Errors
    /// One problem for each missing variable, unless a reported problem explains it.
    pub(super) fn fill(&self, template: &Located<Template>) -> Result<String, Vec<Diagnostic>> {
        let filled = template.value.fill(&|name| self.variable(name), &|service, part| {
            self.reference(service, part)
        });
        let problem = |it: Missing| {
            let place = match &it {
                Missing::Variable(name) | Missing::Required { name, .. } => template.place.variable(name),
                Missing::Reference { service, .. } => template.place.variable(&format!("services.{service}")),
            };
            let problem = self.missing(it)?.at(&place);
            Some(match self.settable.elsewhere {
                Some(elsewhere) => first(elsewhere.copied(&place), problem),
                None => problem,
            })
        };
        filled.map_err(|missing| missing.into_iter().filter_map(problem).collect())
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let exported = self.exported.get(name).cloned();
        exported.or_else(|| outside(self.calling, &self.files, name))
    }

    fn reference(&self, service: &str, part: &TemplatePart) -> Result<String, String> {
        let value = match (self.addresses.get(service), part) {
            (Some(Address::Known { ports, .. }), TemplatePart::Port) => ports.first().map(|(_, port)| port.to_string()),
            (Some(Address::Known { ports, .. }), TemplatePart::PortKey(key)) => {
                let port = ports.iter().find(|(name, _)| name == key);
                port.map(|(_, port)| port.to_string())
            }
            (Some(Address::Known { main, .. }), TemplatePart::Address) => main.clone(),
            (Some(Address::Known { main, scheme, .. }), TemplatePart::Url) => main
                .as_ref()
                .zip(scheme.as_ref())
                .map(|(main, scheme)| format!("{scheme}://{main}")),
            (Some(Address::Told), _) => return Err(String::new()),
            (Some(Address::Untold(why)), _) => return Err(format!("the port of `{service}` is not known: {why}")),
            (None, _) => return Err(format!("the port of `{service}` is not known here")),
        };
        value.ok_or_else(|| match part {
            TemplatePart::Port | TemplatePart::Address => format!("`{service}` has no port"),
            TemplatePart::PortKey(key) => format!("`{service}` has no port `{key}`"),
            TemplatePart::Url => format!("`{service}` has no URL: set its `scheme`, or refer to its `.address`"),
        })
    }

    /// The variables of the project. Those of the calling environment are too many to guess from.
    fn known_variables(&self) -> impl Iterator<Item = &str> {
        let of_files = self
            .files
            .iter()
            .flat_map(|file| file.iter().map(|(name, _)| name.as_str()));
        self.exported.keys().map(String::as_str).chain(of_files)
    }

    fn missing(&self, missing: Missing) -> Option<Diagnostic> {
        let settable = self
            .settable
            .file
            .map_or("the environment".to_owned(), |file| format!("`{file}`"));
        let state = |name: &str| match self.variable(name) {
            Some(_) => "empty",
            None => "not set",
        };
        let problem = match missing {
            Missing::Variable(name) => {
                let hint = did_you_mean(&name, self.known_variables());
                let hint =
                    hint.unwrap_or_else(|| format!("set `{name}` in {settable}, or write `${{{name}:-default}}`"));
                Diagnostic::new(format!("variable `{name}` is not set")).hint(hint)
            }
            Missing::Required { name, message } => {
                let message = match message.as_str() {
                    "" => String::new(),
                    message => format!(": {message}"),
                };
                Diagnostic::new(format!("variable `{name}` is {}{message}", state(&name)))
                    .hint(format!("set `{name}` in {settable}"))
            }
            Missing::Reference { why, .. } if why.is_empty() => return None,
            Missing::Reference { why, .. } => Diagnostic::new(why),
        };
        Some(problem.code(Code::EnvMissing).exit(Exit::Usage))
    }
}

/// The problem with a hint before its own: more may be missing for the same reason.
fn first(hint: Hint, problem: Diagnostic) -> Diagnostic {
    let hints = std::iter::once(hint).chain(problem.hints.into_iter().map(Hint::or));
    Diagnostic {
        hints: hints.collect(),
        ..problem
    }
}

/// A variable from the calling environment or else from the env files.
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

//! The variables that a config uses.

use std::collections::BTreeSet;

use super::{Check, Command, Config, Runs, Service, Template};

impl Config {
    /// The names in every `${…}`, including those in defaults.
    pub(crate) fn variables(&self) -> BTreeSet<&str> {
        let paths = self.venvs.iter().map(|venv| &venv.path.value);
        let paths = paths.chain(self.project.metrics.iter().map(|address| &address.value));
        let templates = paths.chain(self.services.iter().flat_map(Service::templates));
        templates.flat_map(Template::variables).collect()
    }
}

impl Service {
    fn templates(&self) -> Vec<&Template> {
        let mut templates = match &self.runs {
            Runs::Command(command) => command.value.templates(),
            Runs::Compose(service) => service.file.iter().map(|file| &file.value).collect(),
            Runs::External(_) => Vec::new(),
        };
        templates.extend(self.working_dir.iter().map(|it| &it.value));
        for port in &self.ports {
            let parts = [Some(&port.number), port.base.as_ref(), port.host.as_ref()];
            templates.extend(parts.into_iter().flatten().map(|it| &it.value));
        }
        templates.extend(self.environment.iter().map(|(_, it)| &it.value));
        templates.extend(self.env_file.iter().chain(&self.pidfile).map(|it| &it.value));
        match self.healthcheck.as_ref().and_then(|health| health.check.as_ref()) {
            Some(Check::Http(target)) => templates.push(&target.value),
            Some(Check::Command(command)) => templates.extend(command.value.templates()),
            Some(Check::Tcp) | None => {}
        }
        templates
    }
}

impl Command {
    fn templates(&self) -> Vec<&Template> {
        match self {
            Command::Words { words, .. } => words.iter().collect(),
            Command::Shell(text) => vec![text],
        }
    }
}

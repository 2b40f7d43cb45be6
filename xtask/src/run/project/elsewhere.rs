//! The plan of the stack for another place, from which `export` writes files.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Project, default_base, read_env_file};
use crate::config::{self, Config};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{self, Allocation, Environment, Plan, PlanInputs, Port, Selection};
use crate::preflight::needs::no_env_file;
use crate::system::{owners, venvs};

/// A plan for another place, and what decided it.
#[derive(Debug)]
pub(crate) struct PlanElsewhere {
    pub(crate) plan: Plan,
    /// Where metrics are served.
    pub(crate) metrics: Option<SocketAddr>,
    /// The files of the project it was made from, from the project's directory; `devtasks.toml` first.
    pub(crate) made_from: Vec<String>,
    /// The variables of the calling environment without which it would be another.
    pub(crate) from_calling: Vec<String>,
}

impl Project {
    /// The requested services where the project lies in `[export] root` or else in `root`, with the ports of the file: what
    /// this checkout moved is left out. `address` says how services reach each other there.
    ///
    /// # Errors
    /// As [`plan::draft`], all problems of the requested services, and env files that are missing.
    pub(crate) fn plan_elsewhere(
        &self,
        asked: &Selection,
        root: Option<&str>,
        address: &dyn Fn(&config::Service, &Port) -> String,
    ) -> Result<PlanElsewhere, Diagnostics> {
        let elsewhere = Elsewhere {
            project: self,
            config: Config {
                // The directory there may have another name.
                project: config::ProjectSettings {
                    name: Some(self.name.clone()),
                    ..self.config.project.clone()
                },
                ..self.config.clone()
            },
            root: match (&self.config.export.root, root) {
                (Some(root), _) => PathBuf::from(&root.value),
                (None, Some(root)) => PathBuf::from(root),
                (None, None) => self.checkout.clone(),
            },
            read: RefCell::default(),
            asked,
            address,
        };
        let (whole, _) = elsewhere.plan(&self.calling)?;
        let used = self.config.variables();
        let own: BTreeSet<_> = whole
            .services
            .iter()
            .flat_map(|service| &service.own_variables)
            .collect();
        let mut calling = self.calling.clone();
        calling.retain(|name, _| own.contains(name) || name.to_str().is_some_and(|name| used.contains(name)));
        let planned = elsewhere.plan(&calling)?;
        elsewhere.has_env_files(&planned.0)?;
        let decides = |name: &&std::ffi::OsString| {
            let mut without = calling.clone();
            without.remove(*name);
            elsewhere.plan(&without).ok().as_ref() != Some(&planned)
        };
        let from_calling = calling.keys().filter(decides);
        let from_calling = from_calling.map(|name| name.to_string_lossy().into_owned()).collect();
        let file = self.file.strip_prefix(&self.checkout).unwrap_or(&self.file);
        let env_files = elsewhere.read.take().into_iter();
        let made_from = std::iter::once(file.to_owned()).chain(env_files);
        let (plan, metrics) = planned;
        Ok(PlanElsewhere {
            plan,
            metrics,
            made_from: made_from.map(|path| path.display().to_string()).collect(),
            from_calling,
        })
    }
}

struct Elsewhere<'a> {
    project: &'a Project,
    config: Config,
    root: PathBuf,
    /// The env files that were there, from the project's directory.
    read: RefCell<BTreeSet<PathBuf>>,
    asked: &'a Selection,
    address: &'a dyn Fn(&config::Service, &Port) -> String,
}

impl Elsewhere<'_> {
    fn plan(&self, calling: &Environment) -> Result<(Plan, Option<SocketAddr>), Vec<Diagnostic>> {
        let inputs = PlanInputs {
            checkout: &self.root,
            calling,
            read: &|path| {
                let here = self.here(path);
                let bytes = read_env_file(&here)?;
                let within = here.strip_prefix(&self.project.checkout).unwrap_or(&here);
                self.read.borrow_mut().insert(within.to_owned());
                Some(bytes)
            },
            in_main: &|path, _| owners::in_main(&self.here(path), &self.project.checkout),
            nearest_venv: &|from, to| venvs::nearest(&self.here(from), &self.here(to)).map(|venv| self.there(&venv)),
            default_base: &default_base,
            address: self.address,
        };
        let draft = plan::draft(&self.config, self.asked, inputs)?;
        let plan = draft.complete_plan(&Allocation::as_written(&draft.declared()))?;
        Ok((plan, draft.metrics()?))
    }

    /// # Errors
    /// The listed env files that are missing, each once.
    fn has_env_files(&self, plan: &Plan) -> Result<(), Vec<Diagnostic>> {
        let mut problems = Vec::new();
        for file in plan.services.iter().flat_map(|service| &service.env_files) {
            let here = self.here(&file.path);
            let shown = here.strip_prefix(&self.project.checkout).unwrap_or(&here);
            let main = owners::in_main(&here, &self.project.checkout);
            let problem = no_env_file(plan, file, main.as_deref());
            if !self.read.borrow().contains(shown) && !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// A path of the other place, in this checkout.
    fn here(&self, path: &Path) -> PathBuf {
        let within = path.strip_prefix(&self.root);
        within.map_or_else(|_| path.to_owned(), |within| self.project.checkout.join(within))
    }

    /// A path of this checkout, in the other place.
    fn there(&self, path: &Path) -> PathBuf {
        let within = path.strip_prefix(&self.project.checkout);
        within.map_or_else(|_| path.to_owned(), |within| self.root.join(within))
    }
}

//! The current project: its `devtasks.toml`, its directory, and the environment of the command.

mod elsewhere;
mod new_file;
mod place;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::reexec::VARIABLE;
use super::reservations::{CheckoutRef, Registry};
use super::run_status;
use crate::config::{self, Config, DeclaredNames};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Exit, Level};
use crate::hash::fnv;
use crate::plan::{
    self, Draft, Elsewhere, Environment, EnvironmentChange, Plan, PlanInputs, PortId, Selection, on_this_machine,
    with_plain_path, without_cargo,
};
use crate::ports::{Finding, Subject};
use crate::preflight::env_files::{EnvFileFact, KnownVariables, env_files};
use crate::supervise::steps::numbers;
use crate::system::{files, observe, os, owners, problem, venvs};
pub(crate) use new_file::NewFile;
pub(crate) use place::{ProjectPath, directory};

/// Of `devtasks.toml` and env files, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// A project whose file was read.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its directory, canonical.
    pub(crate) checkout: PathBuf,
    pub(crate) config: Config,
    /// The name in reports.
    pub(crate) name: String,
    file: PathBuf,
    /// The environment of the command, without what cargo adds.
    pub(crate) calling: Environment,
}

impl Project {
    /// Reads `file` or, without one, the nearest `devtasks.toml` from the current directory upward.
    ///
    /// # Errors
    /// There is no file, it cannot be read, or all problems in it.
    pub(crate) fn find(file: Option<&Path>) -> Result<Project, Diagnostics> {
        let ProjectPath { file, shown, directory } = ProjectPath::find(file)?;
        let bytes = files::read_regular(&file, MAX_FILE_BYTES)
            .map_err(|error| problem("read", &shown, &error).exit(Exit::Usage))?;
        let text = String::from_utf8(bytes).map_err(|_| not_utf8(&shown))?;
        let config = config::read(&shown, &text)?;
        Ok(Project {
            name: plan::project_name(&config, &directory),
            checkout: directory,
            config,
            file,
            calling: calling(),
        })
    }

    /// All services and tasks of the file, in its order.
    pub(crate) fn service_names(&self) -> impl Iterator<Item = &str> {
        self.config.services.iter().map(|service| service.name.as_str())
    }

    /// The env files that the plan reads, each once, if they or their examples exist: `.env`, unless others are named, and those of
    /// services.
    pub(crate) fn env_files(&self, plan: &Plan) -> Vec<EnvFileFact> {
        let by_itself = self
            .config
            .project
            .env_file
            .is_none()
            .then(|| self.checkout.join(".env"));
        let of_services = plan.services.iter().flat_map(|service| &service.env_files);
        let mut paths: Vec<PathBuf> = by_itself
            .into_iter()
            .chain(of_services.map(|file| file.path.clone()))
            .collect();
        paths.sort();
        paths.dedup();
        observe::env_files(&paths, &self.checkout)
    }

    /// That `.env`, which need not exist, is missing in this worktree and the main checkout has it.
    pub(crate) fn env_file_elsewhere(&self) -> Option<Finding> {
        let path = self.checkout.join(".env");
        let place = &self.config.services.first()?.place;
        let is_default = self.config.project.env_file.is_none();
        let main = owners::in_main(&path, &self.checkout).filter(|_| is_default)?;
        let elsewhere = Elsewhere {
            main,
            path,
            checkout: self.checkout.clone(),
        };
        let message = "`.env` is missing in this worktree, and the main checkout has one";
        let problem = Diagnostic::new(message).code(Code::EnvFileMissing).level(Level::Warn);
        let problem = problem.exit(Exit::Done).hint(elsewhere.copied(place));
        Some(problem.about(Subject::default()))
    }

    /// The findings about them.
    pub(crate) fn env_findings(&self, files: &[EnvFileFact]) -> Vec<Finding> {
        let known = KnownVariables {
            used: self.config.variables(),
            is_set: &|name| self.calling.contains_key(OsStr::new(name)),
        };
        let elsewhere = self.env_file_elsewhere();
        // Its example is no better.
        let is_told = |file: &EnvFileFact| elsewhere.is_some() && file.path == Path::new(".env");
        let rest: Vec<_> = files.iter().filter(|file| !is_told(file)).cloned().collect();
        elsewhere.into_iter().chain(env_files(&rest, &known)).collect()
    }

    /// The requested services, before their ports have numbers.
    ///
    /// # Errors
    /// As [`plan::draft`].
    pub(crate) fn draft(&self, asked: &Selection) -> Result<Draft<'_>, Vec<Diagnostic>> {
        let inputs = PlanInputs {
            checkout: &self.checkout,
            calling: &self.calling,
            read: &read_env_file,
            in_main: &owners::in_main,
            nearest_venv: &venvs::nearest,
            default_base: &default_base,
            address: &on_this_machine,
        };
        plan::draft(&self.config, asked, inputs)
    }

    /// The plan for the request with the current port numbers, and the problems of services that are not in it. Changes
    /// nothing.
    ///
    /// # Errors
    /// As [`plan::draft`], or the port registry cannot be read.
    pub(crate) fn plan(&self, asked: &Selection) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
        let registry = Registry::read(self.reference()).map_err(|problem| vec![problem])?;
        let draft = self.draft(asked)?;
        Ok(draft.plan(&registry.allocate(&draft.declared(), &BTreeMap::new())))
    }

    /// One service or task with the numbers that the running stack has, for a command beside it.
    ///
    /// # Errors
    /// There is no such service, it cannot be planned, or the supervisor does not reply.
    pub(crate) fn service_beside(&self, name: &str) -> Result<plan::Service, Diagnostics> {
        let running = run_status::running_services(&self.checkout)?;
        let registry = Registry::read(self.reference())?;
        let draft = self.draft(&Selection {
            services: vec![name.to_owned()],
            ..Selection::default()
        })?;
        let (plan, problems) = draft.plan(&registry.allocate(&draft.declared(), &numbers(&running)));
        let service = plan.services.into_iter().find(|service| service.name == name);
        service.ok_or_else(|| problems.into())
    }

    /// Every service and task of the file with the numbers that the running stack has, every venv, and the address of
    /// metrics.
    ///
    /// # Errors
    /// All problems of the file's values, or the supervisor does not reply.
    pub(crate) fn resolve(&self) -> Result<ResolvedProject, Diagnostics> {
        let running = run_status::running_services(&self.checkout)?;
        let registry = Registry::read(self.reference())?;
        let draft = self.draft(&Selection {
            everything: true,
            ..Selection::default()
        })?;
        let plan = draft.complete_plan(&registry.allocate(&draft.declared(), &numbers(&running)))?;
        let (venvs, problems) = draft.venvs(&plan);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let default = self.checkout.join(".env");
        let env_files = match &self.config.project.env_file {
            Some(files) => files.iter().map(|file| self.checkout.join(&file.value)).collect(),
            None => Vec::from_iter(default.is_file().then_some(default)),
        };
        Ok(ResolvedProject {
            metrics: draft.metrics()?,
            plan,
            venvs,
            file: self.file.clone(),
            env_files,
        })
    }

    /// What this environment has beyond that of the command.
    pub(crate) fn beyond_calling(&self, environment: &Environment) -> EnvironmentChange {
        EnvironmentChange::new(&self.calling, environment)
    }

    /// The key of this checkout in the port registry.
    pub(crate) fn reference(&self) -> CheckoutRef<'_> {
        CheckoutRef {
            checkout: &self.checkout,
            file: &self.file,
            project: &self.name,
        }
    }
}

/// The names in the file of a project, found as by [`Project::find`]; the file may have any problem but that it cannot be
/// read.
pub(crate) fn declared_names(file: Option<&Path>) -> Option<DeclaredNames> {
    let place = ProjectPath::find(file).ok()?;
    let bytes = files::read_regular(&place.file, MAX_FILE_BYTES).ok()?;
    Some(config::declared_names(&String::from_utf8_lossy(&bytes)))
}

/// What every value of a project's file came to.
pub(crate) struct ResolvedProject {
    pub(crate) plan: Plan,
    pub(crate) venvs: Vec<plan::Venv>,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) file: PathBuf,
    /// The project's: those that it lists, or `.env` if it is there.
    pub(crate) env_files: Vec<PathBuf>,
}

/// The bytes of an env file; `None` if it is missing.
fn read_env_file(path: &Path) -> Option<Result<Vec<u8>, Diagnostic>> {
    match files::read_regular(path, MAX_FILE_BYTES) {
        Ok(bytes) => Some(Ok(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(unreadable(path, &error))),
    }
}

/// The default base of an `auto` port: derived from the names, so that it is the same on every machine.
fn default_base(project: &str, port: &PortId) -> u16 {
    const FIRST: u16 = 10_000;
    const N: u16 = 20_000;
    let hash = fnv(format!("{project}\0{}\0{}", port.service, port.key).into_bytes());
    let start = u16::try_from(hash % u64::from(N)).expect("it is below 20,000");
    let ephemeral = os::ephemeral_ports();
    let mut numbers = (0..N).map(|step| FIRST + (start + step) % N);
    numbers
        .find(|number| !ephemeral.contains(number))
        .unwrap_or(FIRST + start)
}

/// The problem that an existing env file cannot be read.
fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let problem = problem("read", path, error).exit(Exit::Missing);
    match files::is_pipe(path) {
        // Source: developer.1password.com/docs/environments/local-env-file, "mounted as a UNIX named pipe".
        true => problem.hint(
            "write its variables into an ordinary file; or set `env_file = []` in [project], and let the tool that \
             serves the pipe start this one, as `op run -- …` of 1Password does",
        ),
        false => problem,
    }
}

fn calling() -> Environment {
    let program = std::env::current_exe().ok();
    let ours = std::env::vars_os().filter(|(name, _)| name != VARIABLE);
    let environment = with_plain_path(ours.collect());
    without_cargo(environment, program.as_deref())
}

fn not_utf8(file: &Path) -> Diagnostic {
    Diagnostic::new(format!("`{}` is not UTF-8 text", file.display()))
        .hint("save it as UTF-8")
        .exit(Exit::Usage)
}

//! What another program needs to run the stack: a plan → files, and what they do not express.
//!
//! Each target has one file. Texts are deterministic: no date, no version, nothing of this machine.

mod alloy;
mod collector;
mod compose;
mod containers;
mod gate;
mod grafana;
mod kubernetes;
mod loss;
mod pm2;
mod process;
mod procfile;
mod prometheus;
mod shell;
mod supervisor;
mod systemd;
mod unix;
mod vector;
mod yaml;

use std::net::SocketAddr;
use std::path::Path;

use crate::config::{self, Config};
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Port, Selection, on_this_machine};
pub(crate) use loss::Loss;

/// The program that will run the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Systemd,
    SystemdUser,
    Supervisor,
    Pm2,
    Procfile,
    Compose,
    Kubernetes,
    Prometheus,
    Grafana,
    Vector,
    Alloy,
}

impl Target {
    /// As typed.
    pub(crate) fn name(self) -> &'static str {
        self.words().0
    }

    /// In a sentence.
    pub(crate) fn title(self) -> &'static str {
        self.words().1
    }

    /// As typed, and in a sentence.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Target::Systemd => ("systemd", "systemd"),
            Target::SystemdUser => ("systemd --user", "a user's systemd"),
            Target::Supervisor => ("supervisor", "supervisor"),
            Target::Pm2 => ("pm2", "PM2"),
            Target::Procfile => ("procfile", "a Procfile"),
            Target::Compose => ("compose", "Compose"),
            Target::Kubernetes => ("kubernetes", "Kubernetes"),
            Target::Prometheus => ("prometheus", "Prometheus"),
            Target::Grafana => ("grafana", "Grafana"),
            Target::Vector => ("vector", "Vector"),
            Target::Alloy => ("alloy", "Alloy"),
        }
    }

    /// Each service has a container of its own, made from an image.
    fn has_containers(self) -> bool {
        matches!(self, Target::Compose | Target::Kubernetes)
    }

    /// The project's directory there, unless `[export] root` says it. `None`: where it is.
    pub(crate) fn root(self) -> Option<&'static str> {
        self.has_containers().then_some(containers::ROOT)
    }

    /// What is planned if these profiles are asked for.
    pub(crate) fn selection(self, profiles: &[String]) -> Selection {
        Selection {
            profiles: profiles.to_vec(),
            // Compose has profiles itself.
            everything: self == Target::Compose,
            // They run when somebody wants it.
            tasks: self == Target::Kubernetes,
            ..Selection::default()
        }
    }

    /// How services reach each other there.
    pub(crate) fn address(self) -> fn(&config::Service, &Port) -> String {
        match self {
            Target::Compose => compose::address,
            Target::Kubernetes => kubernetes::address,
            Target::Systemd
            | Target::SystemdUser
            | Target::Supervisor
            | Target::Pm2
            | Target::Procfile
            | Target::Prometheus
            | Target::Grafana
            | Target::Vector
            | Target::Alloy => on_this_machine,
        }
    }
}

/// What is exported.
pub(crate) struct Request<'a> {
    /// Of the place where the stack will run: its checkout is the project's directory there.
    pub(crate) plan: &'a Plan,
    /// The files of the project it was made from, from the project's directory.
    pub(crate) made_from: &'a [String],
    /// Where the stack serves metrics.
    pub(crate) metrics: Option<SocketAddr>,
    /// What the plan was made of.
    pub(crate) config: &'a Config,
    /// The project's directory, from that of the files.
    pub(crate) to_project: &'a Path,
}

impl Request<'_> {
    /// Whose processes the services will be; `None`: whoever starts them.
    fn user(&self) -> Option<&str> {
        self.config.export.user.as_ref().map(|user| user.value.as_str())
    }
}

/// The files, and what they lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exported {
    /// In the order in which people would read them.
    pub(crate) files: Vec<ExportFile>,
    pub(crate) losses: Vec<Loss>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExportFile {
    pub(crate) name: String,
    pub(crate) text: String,
    /// It holds variables, some of which may be secrets: only its owner may read it.
    pub(crate) has_variables: bool,
}

/// # Errors
/// What the target cannot hold at all, by name.
pub(crate) fn export(target: Target, request: &Request) -> Result<Exported, Vec<Diagnostic>> {
    unix::root_is_there(target, request.plan)?;
    let plan = &unix::plan(request.plan);
    let request = &Request { plan, ..*request };
    match target {
        Target::Systemd => systemd::export(request, systemd::Manager::System),
        Target::SystemdUser => systemd::export(request, systemd::Manager::User),
        Target::Supervisor => supervisor::export(request),
        Target::Pm2 => pm2::export(request),
        Target::Procfile => procfile::export(request),
        Target::Compose => compose::export(request),
        Target::Kubernetes => kubernetes::export(request),
        Target::Prometheus => Ok(prometheus::export(request)),
        Target::Grafana => Ok(grafana::export(request)),
        Target::Vector => Ok(vector::export(request)),
        Target::Alloy => Ok(alloy::export(request)),
    }
}

/// What every file begins with, each line after the target's comment sign. A file without the first was written by somebody
/// else.
fn header(target: Target, request: &Request, sign: &str) -> String {
    let (mark, name, from) = (mark(target), target.name(), request.made_from.join(", "));
    format!("{sign}{mark} from {from}.\n{sign}Changes are lost: edit those, and run `devtasks export {name}` again.\n")
}

/// The same for a file without variables, which is the same whether the env files are there or not.
fn header_of_file(target: Target, request: &Request, sign: &str) -> String {
    let made_from = &request.made_from[..1];
    header(target, &Request { made_from, ..*request }, sign)
}

/// A string of JSON, which is also one of YAML, TypeScript and Alloy. Source: YAML 1.2.2, 1.3.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A project may have any name, a file and a section of some targets not.
fn file_name(project: &str) -> String {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    project.replace(|letter| !is_allowed(letter), "-")
}

/// What tells that a file was made by this command.
pub(crate) fn mark(target: Target) -> String {
    format!("Made by `devtasks export {}`", target.name())
}

#[cfg(test)]
mod tests;

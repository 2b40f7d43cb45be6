//! What `doctor` has checked, by kind, and what of it is fine.

use std::collections::BTreeSet;
use std::path::Path;

use super::env_files::EnvFileFact;
use super::limit::descriptors;
use super::machine::MachineFacts;
use super::{CommandFact, DirectoryFact, Facts, NodeState, VenvContents, VenvState};
use crate::diagnostic::{Code, ConflictKind, Level};
use crate::plan::{Plan, Runs, seen_from};
use crate::ports::Finding;

/// The kinds of checks, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    File,
    Ports,
    Venvs,
    Directories,
    Commands,
    Packages,
    Containers,
    EnvFiles,
    Processes,
    Machine,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::File => "devtasks.toml",
            Kind::Ports => "ports",
            Kind::Venvs => "venvs",
            Kind::Directories => "directories",
            Kind::Commands => "commands",
            Kind::Packages => "packages",
            Kind::Containers => "containers",
            Kind::EnvFiles => "env files",
            Kind::Processes => "processes",
            Kind::Machine => "machine",
        }
    }

    pub(crate) fn of(code: Code) -> Kind {
        match code {
            Code::Config | Code::FileUntrusted | Code::WatchReloader => Kind::File,
            Code::PortFree
            | Code::PortBusy(_)
            | Code::PortShared
            | Code::PortSplit
            | Code::PortDenied
            | Code::PortDuplicate
            | Code::PortEphemeral
            | Code::PortMismatch
            | Code::PortMoved => Kind::Ports,
            Code::VenvMissing
            | Code::VenvInterpreterMissing
            | Code::VenvMoved
            | Code::VenvPythonVersion
            | Code::VenvRequirements => Kind::Venvs,
            Code::WorkingDirMissing => Kind::Directories,
            Code::CommandNotFound | Code::CommandNotExecutable | Code::CommandShellSyntax => Kind::Commands,
            Code::NodeModulesMissing => Kind::Packages,
            Code::ComposeInvalid | Code::EngineUnreachable => Kind::Containers,
            Code::EnvMissing
            | Code::EnvAmbiguous
            | Code::EnvFileMissing
            | Code::EnvMistyped
            | Code::EnvExample
            | Code::EnvReadable
            | Code::EnvTracked => Kind::EnvFiles,
            Code::PidfileStale | Code::RunLeftovers | Code::LockHeld | Code::ServiceNotReady => Kind::Processes,
            Code::LimitOpenFiles | Code::LimitInotify | Code::HostsLocalhost | Code::Ipv6Off => Kind::Machine,
        }
    }
}

/// A check that found nothing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) kind: Kind,
    /// What was checked: a service, a path, a limit.
    pub(crate) what: String,
    /// What it is like.
    pub(crate) fact: String,
}

/// Everything that was looked at.
#[derive(Clone, Copy)]
pub(crate) struct Looked<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) facts: &'a Facts,
    pub(crate) machine: &'a MachineFacts,
    pub(crate) env_files: &'a [EnvFileFact],
}

/// What of it is fine, by kind; `findings` tell the rest.
pub(crate) fn passed(looked: Looked<'_>, findings: &[Finding]) -> Vec<Passed> {
    let mut passed: Vec<Passed> = Vec::new();
    let mut add = |kind: Kind, what: &str, fact: String| {
        let what = what.to_owned();
        passed.push(Passed { kind, what, fact });
    };
    ports(findings, &mut add);
    let Looked {
        plan,
        facts,
        machine,
        env_files,
    } = looked;
    let shown = |path: &Path| seen_from(&plan.checkout, path);
    for (path, fact) in &facts.venvs {
        if let (Some(version), VenvContents::NotLookedAt | VenvContents::Complete) =
            (fact.state.version(), &fact.contents)
        {
            let contents = match &fact.contents {
                VenvContents::Complete => ", with all packages that are asked for",
                _ => "",
            };
            add(Kind::Venvs, &shown(path), format!("Python {version}{contents}"));
        }
    }
    let mut directories = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for service in &plan.services {
        let Some(fact) = facts.services.get(&service.name) else {
            continue;
        };
        if fact.working_dir == DirectoryFact::Found && directories.insert(&service.working_dir) {
            add(Kind::Directories, &shown(&service.working_dir), "is there".to_owned());
        }
        if let CommandFact::Found(path) = &fact.command {
            add(Kind::Commands, &service.name, shown(path));
        }
        if let Some(node) = fact.node.as_ref().filter(|node| node.state == NodeState::Installed)
            && packages.insert(&node.directory)
        {
            let modules = shown(&node.directory.join("node_modules"));
            add(Kind::Packages, &modules, "as its lock file says".to_owned());
        }
        if let Some(path) = service.pidfile.as_ref().filter(|_| fact.pidfile.is_none()) {
            add(
                Kind::Processes,
                &service.name,
                format!("pid file `{}` is not stale", shown(path)),
            );
        }
    }
    containers(looked, &mut add);
    for file in env_files.iter().filter(|file| file.exists) {
        let variables = match file.names.len() {
            1 => "1 variable".to_owned(),
            n => format!("{n} variables"),
        };
        add(Kind::EnvFiles, &file.path.display().to_string(), variables);
    }
    let is_told = |code: Code| {
        findings
            .iter()
            .any(|finding| finding.code == code && finding.level != Level::Ok)
    };
    for server in &machine.dev_servers {
        let is_told = findings
            .iter()
            .any(|it| it.code == Code::LockHeld && it.subject.service.as_ref() == Some(&server.service));
        if !is_told {
            let fact = format!("no other dev server of {} has its lock", server.framework.name);
            add(Kind::Processes, &server.service, fact);
        }
    }
    if !is_told(Code::RunLeftovers) {
        add(Kind::Processes, "earlier runs", "left nothing".to_owned());
    }
    limits(looked, &is_told, &mut add);
    passed.sort_by_key(|it| it.kind);
    passed
}

fn ports(findings: &[Finding], add: &mut dyn FnMut(Kind, &str, String)) {
    for finding in findings.iter().filter(|finding| finding.level == Level::Ok) {
        let is_fine = matches!(finding.code, Code::PortFree | Code::PortBusy(ConflictKind::OwnRunning));
        if let Some(service) = finding.subject.service.as_ref().filter(|_| is_fine) {
            add(Kind::Ports, service, finding.message.clone());
        }
    }
}

fn containers(looked: Looked<'_>, add: &mut dyn FnMut(Kind, &str, String)) {
    for service in &looked.plan.services {
        if let (Runs::Compose(compose), Some(Ok(_))) = (&service.runs, looked.facts.compose.get(&service.name)) {
            let fact = format!("Compose knows `{}`, and an engine answers", compose.name);
            add(Kind::Containers, &service.name, fact);
        }
        if let Some(fact) = looked.machine.engines.get(&service.name)
            && fact.answers.is_ok()
        {
            add(
                Kind::Containers,
                &service.name,
                format!("`{}` has an engine that answers", fact.program),
            );
        }
    }
}

fn limits(looked: Looked<'_>, is_told: &dyn Fn(Code) -> bool, add: &mut dyn FnMut(Kind, &str, String)) {
    let Looked {
        plan, facts, machine, ..
    } = looked;
    if let Some(limit) = facts.open_files.filter(|_| !is_told(Code::LimitOpenFiles)) {
        let needed = descriptors(&plan.services);
        add(
            Kind::Machine,
            "open files",
            format!("{needed} of {limit} are needed at most"),
        );
    }
    if let Some(inotify) = &machine.inotify {
        for (share, what) in [
            (inotify.watches, "watches of inotify"),
            (inotify.instances, "instances of inotify"),
        ] {
            if share.suffices() {
                let fact = format!("{} of {} are needed, {} in use", share.needed, share.limit, share.used);
                add(Kind::Machine, what, fact);
            }
        }
    }
    if let Some(localhost) = machine.localhost.as_ref().filter(|_| !is_told(Code::HostsLocalhost)) {
        let addresses: Vec<String> = localhost.named.iter().map(ToString::to_string).collect();
        let fact = match addresses.as_slice() {
            [] => "is known without the hosts file".to_owned(),
            addresses => format!("is {} in `{}`", addresses.join(" and "), localhost.file),
        };
        add(Kind::Machine, "localhost", fact);
    }
    if machine.has_ipv6 == Some(true) {
        add(Kind::Machine, "IPv6", "::1 can be bound".to_owned());
    }
}

/// The versions of Python of the venvs that work.
pub(crate) fn pythons(facts: &Facts) -> Vec<String> {
    let states = facts.venvs.values().map(|fact| &fact.state);
    states.filter_map(VenvState::version).collect()
}

//! Units of systemd: a target for the stack, and for each service and task a unit with an env file. A service with
//! `listen` has a socket unit too.
//!
//! Source: the manuals of systemd 252, and what it did. Units are copied to one directory, so env files have fixed paths.

mod commands;
mod losses;
mod names;
mod sandbox;
mod service;
mod syntax;

use std::net::{Ipv4Addr, SocketAddr};

use super::process::{Process, processes};
use super::{ExportFile, Exported, Request, Target, header};
use crate::diagnostic::Diagnostic;
use names::Names;
use syntax::{UnitText, env_file, quoted};

/// Which systemd runs the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    /// The one of the machine.
    System,
    /// The one of a user.
    User,
}

impl Manager {
    fn target(self) -> Target {
        match self {
            Manager::System => Target::Systemd,
            Manager::User => Target::SystemdUser,
        }
    }

    /// Where the files are copied to, as units name it.
    ///
    /// Source: systemd.unit(5), "Specifiers": `%E` is `~/.config`, or what `XDG_CONFIG_HOME` says.
    fn directory(self) -> &'static str {
        match self {
            Manager::System => "/etc/systemd/system",
            Manager::User => "%E/systemd/user",
        }
    }

    /// What talks to it.
    fn systemctl(self) -> &'static str {
        match self {
            Manager::System => "systemctl",
            Manager::User => "systemctl --user",
        }
    }
}

/// What all units of one export share.
struct Stack<'a> {
    request: &'a Request<'a>,
    manager: Manager,
    names: Names,
}

/// # Errors
/// As [`processes`]; a name, a variable or a directory that systemd refuses.
pub(super) fn export(request: &Request, manager: Manager) -> Result<Exported, Vec<Diagnostic>> {
    let processes = processes(request)?;
    let mut problems = Vec::new();
    let names = Names::of(&request.plan.project).map_err(|problem| problems.push(problem));
    for process in &processes {
        problems.extend(service::refused(process));
    }
    let Ok(names) = names else {
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let stack = Stack {
        request,
        manager,
        names,
    };
    let mut files = vec![target(&stack, &processes)];
    for process in &processes {
        let name = &process.service.name;
        let text = service::unit(&stack, process);
        files.push(stack.file(stack.names.unit(name), text, false));
        if process.service.listen {
            files.push(stack.file(stack.names.socket(name), socket(&stack, process), false));
        }
        let text = env_file(&process.variables, service::own_path(process));
        files.push(stack.file(stack.names.env_file(name), text, true));
    }
    Ok(Exported {
        files,
        losses: losses::losses(&stack, &processes),
    })
}

impl Stack<'_> {
    fn file(&self, name: String, text: String, has_variables: bool) -> ExportFile {
        let header = header(self.manager.target(), self.request, "# ");
        ExportFile {
            name,
            text: header + &text,
            has_variables,
        }
    }
}

/// Services are wanted, not required: one that cannot start leaves the others alone.
fn target(stack: &Stack, processes: &[Process]) -> ExportFile {
    let services = processes.iter().filter(|process| !process.service.task);
    let services = services.map(|process| stack.names.unit(&process.service.name));
    let (installed_to, wanted_by) = match stack.manager {
        Manager::System => ("/etc/systemd/system", "multi-user.target"),
        Manager::User => ("~/.config/systemd/user", "default.target"),
    };
    let (name, systemctl) = (stack.names.target(), stack.manager.systemctl());
    let mut unit = UnitText::new(format!(
        "# Copy these files to {installed_to}, then: {systemctl} daemon-reload && {systemctl} enable --now {name}\n"
    ));
    unit.section("Unit");
    unit.set("Description", quoted(&stack.request.plan.project));
    for service in services {
        unit.set("Wants", service);
    }
    unit.section("Install");
    unit.set("WantedBy", wanted_by);
    stack.file(name, unit.text(), false)
}

/// It belongs to the stack rather than to its service, so that it stays open while that restarts.
fn socket(stack: &Stack, process: &Process) -> String {
    let service = process.service;
    let mut unit = UnitText::default();
    unit.section("Unit");
    unit.set(
        "Description",
        service::description(stack, &format!("sockets of {}", service.name)),
    );
    unit.set("PartOf", stack.names.target());
    unit.section("Socket");
    for port in &service.ports {
        unit.set("ExecStartPre", commands::by_shell(&commands::port_is_free(port)));
    }
    for port in &service.ports {
        // As `up` binds it.
        let host = port.host.unwrap_or(Ipv4Addr::LOCALHOST.into());
        unit.set("ListenStream", SocketAddr::new(host, port.number));
    }
    if let [port] = service.ports.as_slice() {
        unit.set("FileDescriptorName", &port.key);
    }
    unit.text()
}

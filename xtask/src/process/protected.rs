//! Processes that are never signalled, with a reason that completes "it is left alone: …".
//!
//! Whether another process may be signalled is up to the user; this module only lists the ones that never may.

mod programs;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::arguments::{program_file, without_exe};
use super::managed_service::script_manager;
use super::shells::is_interactive_shell;
use super::{Ancestry, Details, Process};
use crate::process::managed_service::ManagedService;
use programs::{OF_WINDOWS, PROTECTED_PROGRAMS};

/// The reason why `process` must not be signalled; `None` if it may be.
pub(crate) fn protection(process: &Process, details: &Details, ours: &Ancestry) -> Option<String> {
    let pid = process.identity.pid;
    if is_windows_kernel(process) {
        return Some(ProtectedKind::WindowsHttp.reason().to_owned());
    }
    if pid == 0 || process.kernel {
        return Some("it is a part of the kernel".to_owned());
    }
    if pid == 1 {
        return Some("it is the first process of this system or container".to_owned());
    }
    if pid == ours.us {
        return Some("it is this very command".to_owned());
    }
    if ours.ancestors.contains(&pid) {
        return Some("it is an ancestor of this command".to_owned());
    }
    if let Some(why) = &details.unknown {
        return Some(format!("whose it is could not be looked up: {why}"));
    }
    if let Some(class) = class(process, details) {
        return Some(class.reason().to_owned());
    }
    if let Some(terminal) = &process.terminal
        && is_interactive_shell(process, details.command.raw())
    {
        return Some(format!("it is the shell of a terminal ({terminal})"));
    }
    if let Some(container) = &details.container {
        return Some(format!("it runs in container `{container}`"));
    }
    details.manager.as_ref().map(ManagedService::reason)
}

/// A kind of program that is never signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProtectedKind {
    Proxy,
    Engine,
    Sshd,
    Systemd,
    Launchd,
    System,
    /// A part of macOS.
    MacOs,
    /// A part of Windows, such as the host of its services.
    Windows,
    Manager,
    AirPlay,
    WindowsHttp,
    WslRelay,
    Desktop,
    /// An editor that works in another machine or container and forwards its ports.
    Editor,
    EditorServer,
    Multiplexer,
}

impl ProtectedKind {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            ProtectedKind::Proxy => "it is the container engine's port proxy",
            ProtectedKind::Engine => "it belongs to the container engine",
            ProtectedKind::Sshd => "it is the SSH server",
            ProtectedKind::Systemd | ProtectedKind::Launchd | ProtectedKind::System => {
                "it is the system's service manager or belongs to it"
            }
            ProtectedKind::MacOs => "it is a part of macOS",
            ProtectedKind::Windows => "it is a part of Windows",
            ProtectedKind::Manager => "it is a service manager",
            ProtectedKind::AirPlay => "it is the AirPlay Receiver of macOS, and would come back",
            ProtectedKind::WindowsHttp => "it is the kernel of Windows, with its own HTTP server (http.sys)",
            ProtectedKind::WslRelay => "it passes the port on to a server inside WSL",
            ProtectedKind::Desktop => "it belongs to the desktop",
            ProtectedKind::Editor | ProtectedKind::EditorServer => "it belongs to the editor",
            ProtectedKind::Multiplexer => "it is a terminal multiplexer's server",
        }
    }
}

/// The command name, the file name of the executable, and the program in the first argument.
pub(crate) fn names<'a>(process: &'a Process, details: &'a Details) -> impl Iterator<Item = &'a str> {
    let exe = details.exe.as_deref().and_then(Path::file_name);
    let names = [
        Some(process.name.raw().as_str()),
        exe.and_then(|name| name.to_str()).map(program_file),
        details.command.raw().first().map(|word| program_file(word)),
    ];
    names.into_iter().flatten()
}

/// The protected kind that matches any of the process's names.
pub(crate) fn class(process: &Process, details: &Details) -> Option<ProtectedKind> {
    let exe = details.exe.as_deref();
    let command = details.command.raw();
    // Colima, Lima and Rancher Desktop forward ports with the ssh of their virtual machine.
    let is_of_lima = |word: &String| {
        let homes = ["/.colima/", "/.lima/", "/_lima/", "/rancher-desktop/lima/"];
        homes.iter().any(|home| word.contains(home))
    };
    match names(process, details).find_map(by_name) {
        Some(kind) => Some(kind),
        None if is_windows_kernel(process) => Some(ProtectedKind::WindowsHttp),
        None if names(process, details).any(|name| name == "ssh") && command.iter().any(is_of_lima) => {
            Some(ProtectedKind::Proxy)
        }
        None if script_manager(command).is_some() => Some(ProtectedKind::Manager),
        None => is_editor_server(exe, command).then_some(ProtectedKind::EditorServer),
    }
}

fn by_name(name: &str) -> Option<ProtectedKind> {
    let everywhere = PROTECTED_PROGRAMS.iter();
    let of_windows = OF_WINDOWS.iter().filter(|_| without_exe(name).is_some());
    let mut lists = everywhere.chain(of_windows);
    let found = lists.find(|(_, names)| names.iter().any(|never| is_named(name, never)));
    found.map(|(kind, _)| *kind)
}

/// The process by which the kernel of Windows holds ports, such as those of http.sys.
fn is_windows_kernel(process: &Process) -> bool {
    process.identity.pid == 4 && process.name == "System"
}

/// Whether the command name alone shows a protected program: a service manager, an engine, an editor …
pub(crate) fn is_never_signalled(name: &str) -> bool {
    by_name(name).is_some()
}

/// Whether `name` matches an entry of a list. A trailing `*` of the entry matches any suffix.
///
/// Linux truncates names to 15 bytes, macOS to 16. Windows compares names without regard to case.
///
/// Source: proc_pid_comm(5), TASK_COMM_LEN; XNU, sys/param.h, MAXCOMLEN.
pub(crate) fn is_named(name: &str, never: &str) -> bool {
    let (start, is_open) = match never.strip_suffix('*') {
        Some(start) => (start, true),
        None => (never, false),
    };
    if let Some(stem) = without_exe(name) {
        let begins = || stem.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start));
        return stem.eq_ignore_ascii_case(start) || (is_open && begins());
    }
    let is_cut = (name.len() == 15 || name.len() == 16) && start.starts_with(name);
    name == start || is_cut || (is_open && name.starts_with(start))
}

/// Whether an interpreter runs the server of an editor. A debugged program runs with the user's own interpreter.
fn is_editor_server(exe: Option<&Path>, command: &[String]) -> bool {
    const HOMES: &[&str] = &[
        ".vscode-server",
        ".vscode-server-insiders",
        ".vscode-remote",
        ".cursor-server",
        ".windsurf-server",
        "code-server",
    ];
    let lives_there = exe.is_some_and(|exe| {
        exe.components()
            .any(|part| HOMES.iter().any(|home| part.as_os_str() == *home))
    });
    lives_there || command.iter().any(|word| word == "com.intellij.idea.Main")
}

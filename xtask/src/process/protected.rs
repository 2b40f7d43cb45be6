//! Processes that are never signalled, with a reason that completes "it is left alone: …".
//!
//! Whether another process may be signalled is up to the user; this module only lists the ones that never may.

#[cfg(test)]
mod tests;

use std::path::Path;

use super::arguments::program;
use super::shells::is_interactive_shell;
use super::{Ancestry, Details, Process};
use crate::process::managed_service::ManagedService;

/// The reason why `process` must not be signalled; `None` if it may be.
pub(crate) fn protection(process: &Process, details: &Details, ours: &Ancestry) -> Option<String> {
    let pid = process.identity.pid;
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
    System,
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
            ProtectedKind::Systemd | ProtectedKind::System => "it is the system's service manager or belongs to it",
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

/// A trailing `*` matches any suffix.
const PROTECTED_PROGRAMS: &[(ProtectedKind, &[&str])] = &[
    (
        ProtectedKind::Proxy,
        &[
            "docker-proxy",
            "rootlessport*",
            "rootlesskit*",
            "slirp4netns",
            "pasta",
            "pasta.avx2",
            "passt",
            "passt.avx2",
            "gvproxy",
            "vpnkit*",
            "com.docker.vpnkit*",
        ],
    ),
    (
        ProtectedKind::Engine,
        &[
            "dockerd",
            "containerd",
            "containerd-shim*",
            "com.docker.*",
            "Docker Desktop*",
            "conmon",
            "conmonrs",
            "podman",
            "runc",
            "crun",
            "OrbStack*",
            "colima",
            "limactl",
            "lima-guestagent",
        ],
    ),
    (ProtectedKind::WslRelay, &["wslrelay"]),
    (ProtectedKind::AirPlay, &["ControlCenter"]),
    (ProtectedKind::Systemd, &["systemd"]),
    (ProtectedKind::Sshd, &["sshd", "sshd-session", "sshd-auth", "dropbear"]),
    (
        ProtectedKind::System,
        &[
            "systemd-resolved",
            "systemd-journald",
            "systemd-networkd",
            "systemd-logind",
            "systemd-udevd",
            "(sd-pam)",
            "init",
            "launchd",
            "openrc*",
            "supervise-daemon",
            "xinetd",
            "inetd",
            "dbus-daemon",
            "dbus-broker",
            "svchost",
        ],
    ),
    (
        ProtectedKind::Manager,
        &[
            "supervisord",
            "runsvdir",
            "runsv",
            "s6-svscan",
            "s6-supervise",
            "PM2 v*",
        ],
    ),
    (
        ProtectedKind::Desktop,
        &[
            "WindowServer",
            "loginwindow",
            "Finder",
            "rapportd",
            "sharingd",
            "gnome-shell",
            "gnome-session*",
            "gnome-terminal-server",
            "gdm*",
            "sddm*",
            "lightdm",
            "kwin_*",
            "plasmashell",
            "konsole",
            "sway",
            "Hyprland",
            "Xorg",
            "Xwayland",
            "pipewire",
            "pulseaudio",
        ],
    ),
    (
        ProtectedKind::Editor,
        &[
            "code",
            "code-insiders",
            "code-oss",
            "Code Helper*",
            "Code - *",
            "codium",
            "vscodium",
            "cursor",
            "Cursor",
            "Cursor Helper*",
            "windsurf",
            "Windsurf*",
            "jetbrains_client*",
            "JetBrains Client*",
            "JetBrains Gatew*",
            "gateway64",
        ],
    ),
    (
        ProtectedKind::EditorServer,
        &[
            "code-server",
            "code-tunnel",
            "cursor-server",
            "zed-editor",
            "zed-remote-server*",
            "idea",
            "pycharm",
            "webstorm",
            "phpstorm",
            "goland",
            "clion",
            "rubymine",
            "rustrover",
            "jetbrains-toolbox",
            "remote-dev-server",
            "fsnotifier",
        ],
    ),
    (
        ProtectedKind::Multiplexer,
        &[
            "tmux",
            "tmux: server",
            "tmux: client",
            "screen",
            "SCREEN",
            "zellij",
            "mosh-server",
        ],
    ),
];

/// The command name, the file name of the executable, and the program in the first argument.
pub(crate) fn names<'a>(process: &'a Process, details: &'a Details) -> impl Iterator<Item = &'a str> {
    let exe = details.exe.as_deref().and_then(Path::file_name);
    let names = [
        Some(process.name.raw().as_str()),
        exe.and_then(|name| name.to_str()).map(program),
        details.command.raw().first().map(|word| program(word)),
    ];
    names.into_iter().flatten()
}

/// The protected kind that matches any of the process's names.
pub(crate) fn class(process: &Process, details: &Details) -> Option<ProtectedKind> {
    let exe = details.exe.as_deref();
    let is_called = |never: &&str| names(process, details).any(|name| is_named(name, never));
    let known = PROTECTED_PROGRAMS
        .iter()
        .find(|(_, never)| never.iter().any(&is_called));
    // Colima and Lima forward ports with the ssh of their virtual machine.
    let is_of_lima = |word: &String| ["/.colima/", "/.lima/"].iter().any(|home| word.contains(home));
    match known {
        Some((class, _)) => Some(*class),
        None if process.identity.pid == 4 && process.name == "System" => Some(ProtectedKind::WindowsHttp),
        None if is_called(&"ssh") && details.command.raw().iter().any(is_of_lima) => Some(ProtectedKind::Proxy),
        None => is_editor_server(exe, details.command.raw()).then_some(ProtectedKind::EditorServer),
    }
}

/// Whether the command name alone shows a protected program: a service manager, an engine, an editor …
pub(crate) fn is_never_signalled(name: &str) -> bool {
    let mut names = PROTECTED_PROGRAMS.iter().flat_map(|(_, never)| *never);
    names.any(|never| is_named(name, never))
}

/// Whether `name`, which Linux truncates to 15 bytes, matches an entry of the list.
///
/// Source: proc_pid_comm(5), TASK_COMM_LEN.
pub(crate) fn is_named(name: &str, never: &str) -> bool {
    match never.strip_suffix('*') {
        Some(start) => name.starts_with(start) || (name.len() == 15 && start.starts_with(name)),
        None => name == never || (name.len() == 15 && never.starts_with(name)),
    }
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

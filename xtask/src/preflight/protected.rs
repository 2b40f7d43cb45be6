//! Which process is never signalled, and why, in words that complete "it is left alone: …".
//!
//! Whether another one may be signalled is for the user to say; this module only knows whom nobody may.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::Process;

/// What is known of a process besides its row of the table. What could not be read is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) exe: Option<PathBuf>,
    pub(crate) command: Vec<String>,
    pub(crate) user: Option<String>,
    /// The innermost systemd unit it runs under.
    pub(crate) unit: Option<String>,
    /// The container it runs in, where that is another one than ours.
    pub(crate) container: Option<String>,
}

/// Where this program stands among the processes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ancestry {
    pub(crate) us: u32,
    /// Nearest first.
    pub(crate) ancestors: Vec<u32>,
    /// The systemd unit that we run under: it says nothing about others under the same one.
    pub(crate) unit: Option<String>,
}

impl Ancestry {
    /// `us` and everyone above in `table`.
    pub(crate) fn of(us: u32, unit: Option<String>, table: &[Process]) -> Self {
        let mut ancestors = Vec::new();
        let mut below = us;
        while let Some(process) = table.iter().find(|process| process.identity.pid == below) {
            // A table read while processes come and go may hold a circle.
            if process.parent == 0 || process.parent == us || ancestors.contains(&process.parent) {
                break;
            }
            ancestors.push(process.parent);
            below = process.parent;
        }
        Ancestry { us, ancestors, unit }
    }
}

/// Why `process` must not be signalled; `None` when nothing forbids it.
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
    if let Some(reason) = by_name(process, details) {
        return Some(reason.to_owned());
    }
    if let Some(terminal) = &process.terminal
        && is_interactive_shell(process, &details.command)
    {
        return Some(format!("it is the shell of a terminal ({terminal})"));
    }
    if let Some(container) = &details.container {
        return Some(format!("it runs in container `{container}`"));
    }
    let unit = details.unit.as_deref().filter(|unit| manages(unit))?;
    (ours.unit.as_deref() != Some(unit)).then(|| format!("it runs under `{unit}`"))
}

/// The last part of a path, without the title that some programs append to it (`sshd: kim@pts/0`) and without `.exe`.
pub(super) fn program(word: &str) -> &str {
    let title = word.split(": ").next().unwrap_or(word);
    let name = title.rsplit(['/', '\\']).next().unwrap_or(title);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// A shell that reads what it runs from its input rather than from `-c` or a script. One whose arguments could not be
/// read counts as interactive.
pub(super) fn is_interactive_shell(process: &Process, command: &[String]) -> bool {
    if !is_shell(process, command) {
        return false;
    }
    let mut words = command.iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-o" | "+o" | "-O" | "+O" | "--rcfile" | "--init-file" => drop(words.next()),
            word if word.starts_with("--command") => return false,
            word if word.starts_with("--") => {}
            word if word.starts_with('-') && word.contains('s') => return true,
            word if word.starts_with('-') && word.contains('c') => return false,
            word if word.starts_with(['-', '+']) => {}
            _ => return false,
        }
    }
    true
}

pub(super) fn is_shell(process: &Process, command: &[String]) -> bool {
    let by_argument = command.first().map(|word| program(word).trim_start_matches('-'));
    SHELLS.contains(&process.name.as_str()) || by_argument.is_some_and(|name| SHELLS.contains(&name))
}

const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "nu", "elvish", "xonsh", "pwsh",
];

/// A name that ends with `*` stands for all that begin so.
const NEVER: &[(&str, &[&str])] = &[
    (
        "it is the container engine's port proxy",
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
            "wslrelay",
        ],
    ),
    (
        "it belongs to the container engine",
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
    (
        "it is the SSH server",
        &["sshd", "sshd-session", "sshd-auth", "dropbear"],
    ),
    (
        "it is the system's service manager or belongs to it",
        &[
            "systemd",
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
        "it is a service manager",
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
        "it belongs to the desktop",
        &[
            "ControlCenter",
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
        "it belongs to the editor",
        &[
            "code",
            "code-insiders",
            "code-oss",
            "code-server",
            "code-tunnel",
            "Code Helper*",
            "Code - *",
            "codium",
            "vscodium",
            "cursor",
            "cursor-server",
            "Cursor",
            "Cursor Helper*",
            "windsurf",
            "Windsurf*",
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
        "it is a terminal multiplexer's server",
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

fn by_name(process: &Process, details: &Details) -> Option<&'static str> {
    let exe = details.exe.as_deref();
    let names = [
        Some(process.name.as_str()),
        exe.and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .map(program),
        details.command.first().map(|word| program(word)),
    ];
    for (reason, never) in NEVER {
        if never
            .iter()
            .any(|never| names.iter().flatten().any(|name| is_named(name, never)))
        {
            return Some(reason);
        }
    }
    is_editor_server(exe, &details.command).then_some("it belongs to the editor")
}

/// Linux cuts a command name off after 15 bytes.
///
/// Source: proc_pid_comm(5), TASK_COMM_LEN.
fn is_named(name: &str, never: &str) -> bool {
    match never.strip_suffix('*') {
        Some(start) => name.starts_with(start) || (name.len() == 15 && start.starts_with(name)),
        None => name == never || (name.len() == 15 && never.starts_with(name)),
    }
}

/// Editors' servers that are an interpreter by name. What a user debugs runs with the user's own interpreter.
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

/// Whether `unit` means that a service manager looks after its processes. A login's scope, the user's own manager and
/// an application of the desktop are only where a terminal's processes happen to be.
///
/// Source: systemd.io/DESKTOP_ENVIRONMENTS, "XDG standardization for applications" (`app-…`); systemd-logind(8).
fn manages(unit: &str) -> bool {
    unit.ends_with(".service")
        && !unit.starts_with("user@")
        && !unit.starts_with("app-")
        && !unit.starts_with("gnome-terminal-server")
}

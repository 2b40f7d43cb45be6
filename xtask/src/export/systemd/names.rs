//! Names of units and of their files.

use crate::diagnostic::{Diagnostic, Exit};

/// Units that systemd has itself, or that distributions have; a file of this name in `/etc` would replace them.
///
/// Source: systemd.special(7), and the units of Debian 12.
const TAKEN: [&str; 44] = [
    "basic",
    "bluetooth",
    "cryptsetup",
    "default",
    "emergency",
    "exit",
    "final",
    "getty",
    "graphical",
    "graphical-session",
    "halt",
    "hibernate",
    "initrd",
    "kexec",
    "local-fs",
    "multi-user",
    "network",
    "network-online",
    "network-pre",
    "nss-lookup",
    "paths",
    "poweroff",
    "printer",
    "reboot",
    "remote-fs",
    "rescue",
    "rpcbind",
    "shutdown",
    "sigpwr",
    "sleep",
    "slices",
    "smartcard",
    "sockets",
    "sound",
    "suspend",
    "swap",
    "sysinit",
    "system-update",
    // Not a target, but the beginning of systemd's own services.
    "systemd",
    "time-set",
    "time-sync",
    "timers",
    "umount",
    "usb-gadget",
];

/// Of a unit's name, in bytes. Source: systemd.unit(5).
const MAX_BYTES: usize = 255;

/// The longest name of a service, after a dash, and the longest ending.
const REST: usize = "-".len() + 63 + ".service".len();

pub(super) struct Names {
    project: String,
}

impl Names {
    /// The project's name, with `_` for what a name of a unit cannot hold, or what a glob would give a meaning to.
    ///
    /// # Errors
    /// A unit of this name exists everywhere, or the name is too long.
    pub(super) fn of(project: &str) -> Result<Names, Diagnostic> {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        let mut name: String = project
            .chars()
            .map(|letter| if allowed(letter) { letter } else { '_' })
            .collect();
        // A hidden file would not be copied, and a leading dash is an option.
        if name.starts_with(['.', '-']) {
            name.replace_range(..1, "_");
        }
        let problem = if TAKEN.contains(&name.as_str()) {
            format!("the stack cannot be `{name}.target`: systemd itself has units of this name")
        } else if name.len() + REST > MAX_BYTES {
            format!(
                "the project's name has {} bytes, too many for the name of a unit",
                name.len()
            )
        } else {
            return Ok(Names { project: name });
        };
        let hint = "set another `name` in [project]";
        Err(Diagnostic::new(problem).hint(hint).exit(Exit::Usage))
    }

    pub(super) fn target(&self) -> String {
        format!("{}.target", self.project)
    }

    /// Of a service or a task, without an ending.
    pub(super) fn plain(&self, service: &str) -> String {
        format!("{}-{service}", self.project)
    }

    pub(super) fn unit(&self, service: &str) -> String {
        self.plain(service) + ".service"
    }

    pub(super) fn socket(&self, service: &str) -> String {
        self.plain(service) + ".socket"
    }

    pub(super) fn env_file(&self, service: &str) -> String {
        self.plain(service) + ".env"
    }
}
